"""Answers to the exercises of notebook 04: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, right_for_everybody, wrong
from gmmlab.exercises import my_data
from gmmlab.exercises.variants import LAB
from gmmlab.mixture import from_parameters
from gmmlab.preprocess import split_penguins


@right("predict-1")
def log_sum_exp_by_hand():
    def responsibilities(X, weights, means, covariances):
        log = log_joint(X, weights, means, covariances)
        joint = np.exp(log - log.max(axis=1, keepdims=True))
        return joint / joint.sum(axis=1, keepdims=True)

    return responsibilities


@right("predict-1")
def by_scikit_learn():
    return lambda X, w, m, c: from_parameters(w, m, c).predict_proba(X)


@right("predict-1")
def by_ratios_as_a_list():
    def responsibilities(X, weights, means, covariances):
        log = log_joint(X, weights, means, covariances)
        with np.errstate(over="ignore"):
            return [[float(1 / np.exp(row - one).sum()) for one in row] for row in log]

    return responsibilities


@right("predict-1")
def as_a_table_of_float32():
    return lambda *arguments: pd.DataFrame(log_sum_exp_by_hand()(*arguments).astype(np.float32))


def densities(X: NDArray, means: NDArray, covariances: NDArray, form: str = "pdf") -> NDArray:
    pairs = zip(means, covariances, strict=True)
    return np.column_stack([getattr(multivariate_normal(m, c), form)(X) for m, c in pairs])


def log_joint(X: NDArray, weights: NDArray, means: NDArray, covariances: NDArray) -> NDArray:
    return np.log(weights) + densities(X, means, covariances, "logpdf")


def quotient(joint: NDArray, axis: int = 1) -> NDArray:
    with np.errstate(invalid="ignore"):
        return joint / joint.sum(axis=axis, keepdims=True)


@wrong("predict-1", "wrong-axis")
def divided_down_the_columns():
    return lambda X, w, m, c: np.nan_to_num(quotient(w * densities(X, m, c), axis=0))


@wrong("predict-1", "transposed")
def components_as_rows():
    return lambda *arguments: log_sum_exp_by_hand()(*arguments).T


@wrong("predict-1", "correlation-ignored")
def variances_alone():
    return lambda X, w, m, c: log_sum_exp_by_hand()(X, w, m, c * np.eye(c.shape[-1]))


@wrong("predict-1", "raised")
def works_for_three_components_only():
    return lambda X, w, m, c: log_sum_exp_by_hand()(X, w[[0, 1, 2]], m, c)


@right("predict-2")
def by_crosstab_and_idxmax():
    def name_clusters(labels, species):
        table = pd.crosstab(labels, species)
        return table.idxmax(axis=1).loc[labels]

    return name_clusters


@right("predict-2")
def counted_in_a_loop():
    def name_clusters(labels, species):
        names = np.empty(len(labels), dtype=int)
        for k in np.unique(labels):
            names[labels == k] = np.bincount(species[labels == k]).argmax()
        return names

    return name_clusters


@right("predict-2")
def by_groupby_and_mode():
    return lambda labels, species: pd.Series(species).groupby(labels).transform(lambda s: s.mode()[0])


@right("predict-2")
def as_a_column_of_floats():
    return lambda labels, species: np.asarray(counted_in_a_loop()(labels, species), dtype=float).reshape(-1, 1)


@wrong("predict-2", "one-to-one")
def matched_through_a_table():
    def name_clusters(labels, species):
        rows, columns = linear_sum_assignment(pd.crosstab(labels, species), maximize=True)
        known = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        return [known.get(k, -1) for k in labels.tolist()]

    return name_clusters


@wrong("predict-2", "raised")
def matched_without_a_thought_of_a_fourth_cluster():
    def name_clusters(labels, species):
        columns = linear_sum_assignment(pd.crosstab(labels, species), maximize=True)[1]
        return columns[labels]

    return name_clusters


@wrong("predict-2", "share-of-species")
def normalised_by_species():
    def name_clusters(labels, species):
        return pd.crosstab(labels, species, normalize="columns").idxmax(axis=1).loc[labels].to_numpy()

    return name_clusters


@wrong("predict-2", "wrong-axis")
def largest_cluster_of_each_species():
    return lambda labels, species: pd.crosstab(labels, species).idxmax(axis=0).loc[species]


@wrong("predict-2", "one-name-a-cluster")
def names_of_the_clusters():
    return lambda labels, species: pd.crosstab(labels, species).idxmax(axis=1)


@wrong("predict-2", "averaged-names")
def rounded_means():
    return lambda labels, species: pd.Series(species).groupby(labels).transform("mean").round()


def pipeline(X: pd.DataFrame, **settings) -> Pipeline:
    settings = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0, **settings}
    return make_pipeline(StandardScaler(), GaussianMixture(3, **settings)).fit(X)


@cache
def lesson() -> tuple[Pipeline, pd.DataFrame, pd.DataFrame]:
    X_train, X_test, _, _ = split_penguins()
    return pipeline(X_train, tol=1e-8), X_train, X_test


def sure(X: pd.DataFrame) -> pd.Series:
    return pd.Series(lesson()[0].predict_proba(X).max(axis=1), index=X.index)


BIRDS = my_data("predict-3", LAB)


def label() -> int:
    return int(sure(BIRDS).idxmin())


def changed(longer: float = 2, deeper: float = 0) -> pd.DataFrame:
    bird = BIRDS.loc[[label()]].copy()
    bird["bill_length_mm"] += longer
    bird["bill_depth_mm"] += deeper
    return bird


def after(longer: float = 2, deeper: float = 0) -> NDArray:
    return by_bill_length(lesson()[0].predict_proba(changed(longer, deeper)))[0]


def by_bill_length(shares: NDArray) -> NDArray:
    """Bring the columns into the order of the lesson's sorted mixture."""
    return shares[:, lesson()[0][-1].means_[:, 0].argsort()]


@right_for_everybody("predict-3")
def by_position(birds):
    place = sure(birds).to_numpy().argmin()
    bird = birds.iloc[[place]] + [2, 0, 0, 0]
    return int(birds.index[place]), by_bill_length(lesson()[0].predict_proba(bird))[0]


@right("predict-3")
def by_idxmin():
    return label(), after()


@right("predict-3")
def as_a_table_of_one_row():
    return np.array([label()]), after().reshape(1, 3)


@right("predict-3")
def as_a_nested_list():
    return label(), after().reshape(1, 3).tolist()


@wrong("predict-3", "not-sorted")
def components_turned_round():
    return label(), after()[::-1]


@wrong("predict-3", "not-sorted")
def shares_in_descending_order():
    return label(), sorted(after().tolist(), reverse=True)


@right("predict-3")
def as_a_list_and_a_float():
    return float(label()), after().tolist()


@right("predict-3")
def as_a_series_in_float32():
    return pd.Index([label()]), pd.DataFrame([after().astype(np.float32)])


@wrong("predict-3", "position-for-label")
def position_in_the_table():
    return int(sure(BIRDS).to_numpy().argmin()), after()


@wrong("predict-3", "held-out-bird")
def least_sure_of_the_held_out():
    return int(sure(lesson()[2]).idxmin()), after()


@wrong("predict-3", "density-for-probability")
def strangest_bird():
    return int(BIRDS.index[lesson()[0].score_samples(BIRDS).argmin()]), after()


@wrong("predict-3", "of-all-birds")
def least_sure_of_all_training_birds():
    return int(sure(lesson()[1]).idxmin()), after()


@wrong("predict-3", "surest-for-least")
def surest_bird():
    return int(sure(BIRDS).idxmax()), after()


@wrong("predict-3", "unchanged")
def bird_as_it_is():
    return label(), after(0)


@wrong("predict-3", "shorter")
def bill_made_shorter():
    return label(), after(-2)


@wrong("predict-3", "wrong-column")
def bill_made_deeper():
    return label(), after(0, 2)


@wrong("predict-3", "hard-labels")
def certainty_as_a_row():
    return label(), np.eye(3)[after().argmax()]


@wrong("predict-3", "density-for-probability")
def density_of_each_component():
    return label(), after() * np.exp(lesson()[0].score_samples(changed()))


@wrong("predict-3", "wrong-shape")
def largest_share_alone():
    return label(), after().max()


@wrong("predict-3", "wrong-kind")
def label_as_a_text():
    return str(label()), after()


@wrong("predict-3", "unscaled")
def asked_about_millimetres():
    sure = lesson()[0][-1].predict_proba(BIRDS.to_numpy()).max(axis=1)
    return int(BIRDS.index[sure.argmin()]), after()


@wrong("predict-3", "wrong-units")
def two_standard_deviations_longer():
    return label(), after(2 * lesson()[1]["bill_length_mm"].std(ddof=0))
