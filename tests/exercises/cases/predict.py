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

from exercises.case import right, wrong
from gmmlab.mixture import best_fit, from_parameters, in_original_units, match_labels
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


@wrong("predict-1", "underflow")
def densities_far_out():
    return lambda X, w, m, c: quotient(w * densities(X, m, c))


@wrong("predict-1", "density-for-probability")
def densities_alone():
    return lambda X, w, m, c: densities(X, m, c)


@wrong("predict-1", "density-for-probability")
def weighted_densities():
    return lambda X, w, m, c: w * densities(X, m, c)


@wrong("predict-1", "unweighted")
def no_weights():
    return lambda X, w, m, c: quotient(densities(X, m, c))


@wrong("predict-1", "wrong-axis")
def divided_down_the_columns():
    return lambda X, w, m, c: np.nan_to_num(quotient(w * densities(X, m, c), axis=0))


@wrong("predict-1", "transposed")
def components_as_rows():
    return lambda *arguments: log_sum_exp_by_hand()(*arguments).T


@wrong("predict-1", "hard-labels")
def one_hot():
    return lambda X, w, m, c: np.eye(len(w))[log_joint(X, w, m, c).argmax(axis=1)]


@wrong("predict-1", "hard-labels")
def labels_of_the_samples():
    return lambda X, w, m, c: log_joint(X, w, m, c).argmax(axis=1)


@wrong("predict-1", "log-for-probability")
def logarithms():
    return log_joint


@wrong("predict-1", "correlation-ignored")
def variances_alone():
    return lambda X, w, m, c: log_sum_exp_by_hand()(X, w, m, c * np.eye(c.shape[-1]))


@wrong("predict-1", "raised")
def works_for_three_components_only():
    return lambda X, w, m, c: log_sum_exp_by_hand()(X, w[[0, 1, 2]], m, c)


@wrong("predict-1", "wrong-kind")
def called_instead_of_named():
    return None


def pipeline(X: pd.DataFrame, *, seed: int = 0, **settings) -> Pipeline:
    settings = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": seed, **settings}
    return make_pipeline(StandardScaler(), GaussianMixture(3, **settings)).fit(X)


@cache
def split() -> list:
    return split_penguins(random_state=133)


@cache
def asked() -> Pipeline:
    return pipeline(split()[0])


def announced(model: Pipeline | GaussianMixture | None = None, X: pd.DataFrame | None = None) -> float:
    doubt = 1 - (model or asked()).predict_proba(split()[1] if X is None else X).max(axis=1)
    return float(doubt.sum())


def named(model: Pipeline | GaussianMixture, X: pd.DataFrame | None = None) -> NDArray:
    """Name the clusters through the training birds, as the lesson does by hand."""
    X_fit, X_held, y_fit, _ = split()
    table = pd.crosstab(model.predict(X_fit), y_fit)
    names = table.columns[linear_sum_assignment(table, maximize=True)[1]].to_numpy()
    return names[model.predict(X_held if X is None else X)]


@right("predict-2")
def as_asked():
    return named(asked()), announced()


@right("predict-2")
def another_seed_names_by_mapping():
    X_fit, X_held, y_fit, _ = split()
    model = pipeline(X_fit, seed=7)
    table = pd.crosstab(model.predict(X_fit), y_fit)
    return pd.Series(model.predict(X_held), index=X_held.index).map(table.idxmax(axis=1)), announced(model)


@right("predict-2")
def best_fit_in_raw_units():
    X_fit, X_held, y_fit, _ = split()
    scaler = StandardScaler().fit(X_fit)
    model = in_original_units(best_fit(scaler.transform(X_fit), 3), scaler)
    found = np.concatenate([model.predict(X_fit), model.predict(X_held)])
    known = dict(zip(found, match_labels(y_fit, found[: len(X_fit)]), strict=False))
    return [str(known[k]) for k in found[len(X_fit) :]], np.float32(announced(model))


@right("predict-2")
def matched_on_the_held_out_birds_in_small_letters():
    names = match_labels(split()[3], asked().predict(split()[1]))
    return np.char.lower(names).reshape(-1, 1), np.array([announced()])


@wrong("predict-2", "labels-not-matched")
def numbers_of_the_components():
    return asked().predict(split()[1]), announced()


@wrong("predict-2", "labels-not-matched")
def names_of_other_clusters():
    following = {"Adelie": "Gentoo", "Gentoo": "Chinstrap", "Chinstrap": "Adelie"}
    return [following[name] for name in named(asked())], announced()


@wrong("predict-2", "predict_proba-for-predict")
def shares_instead_of_names():
    return asked().predict_proba(split()[1]), announced()


@wrong("predict-2", "fitted-on-test")
def fitted_on_the_held_out_birds():
    model = pipeline(split()[1])
    return match_labels(split()[3], model.predict(split()[1])), announced(model)


@wrong("predict-2", "fitted-on-test")
def fitted_on_all_birds():
    model = pipeline(pd.concat(split()[:2]))
    return named(model), announced(model)


@wrong("predict-2", "fitted-on-test")
def right_names_and_the_doubt_of_another_model():
    return named(asked()), announced(pipeline(pd.concat(split()[:2])))


@wrong("predict-2", "unscaled")
def fitted_to_millimetres_and_grams():
    model = GaussianMixture(3, n_init=10, tol=1e-6, max_iter=1000, random_state=0).fit(split()[0])
    return named(model), announced(model)


@wrong("predict-2", "covariance-type")
def tied_shapes():
    model = pipeline(split()[0], covariance_type="tied")
    return named(model), announced(model)


@wrong("predict-2", "covariance-type")
def diagonal_shapes():
    model = pipeline(split()[0], covariance_type="diag")
    return named(model), announced(model)


@wrong("predict-2", "species-for-clusters")
def the_species_themselves():
    return split()[3], announced()


@wrong("predict-2", "species-for-clusters")
def the_species_with_one_mistake_copied():
    names, species = named(asked()), split()[3].to_numpy(dtype=str)
    mistaken = np.flatnonzero(names != species)[0]
    return np.where(np.arange(len(names)) == mistaken, names, species), announced()


@right("predict-2")
def a_tolerance_less_small():
    model = pipeline(split()[0], seed=3, tol=1e-4)
    return named(model), announced(model)


@right("predict-2")
def starts_by_k_means_plus_plus():
    model = pipeline(split()[0], seed=5, init_params="k-means++")
    return named(model), announced(model)


@wrong("predict-2", "other-split")
def birds_of_the_lesson():
    X_train, X_test, y_train, _ = split_penguins()
    model = pipeline(X_train)
    found = model.predict(X_train)
    known = dict(zip(found.tolist(), match_labels(y_train, found).tolist(), strict=True))
    return [known[k] for k in model.predict(X_test).tolist()], announced()


@wrong("predict-2", "wrong-length")
def names_of_the_training_birds():
    return named(asked(), split()[0]), announced()


@wrong("predict-2", "made-for-announced")
def mistakes_counted():
    names = named(asked())
    return names, int(np.sum(names != split()[3].to_numpy()))


@wrong("predict-2", "per-sample-for-total")
def mean_doubt():
    return named(asked()), announced() / len(split()[1])


@wrong("predict-2", "right-for-wrong")
def birds_expected_right():
    return named(asked()), len(split()[1]) - announced()


@wrong("predict-2", "all-shares")
def sum_of_all_responsibilities():
    return named(asked()), asked().predict_proba(split()[1]).sum()


@wrong("predict-2", "hard-labels")
def doubt_of_hard_labels():
    one_hot = np.eye(3)[asked().predict(split()[1])]
    return named(asked()), (1 - one_hot.max(axis=1)).sum()


@cache
def lesson() -> tuple[Pipeline, pd.DataFrame, pd.DataFrame]:
    X_train, X_test, _, _ = split_penguins()
    return pipeline(X_train, tol=1e-8), X_train, X_test


def sure(X: pd.DataFrame) -> pd.Series:
    return pd.Series(lesson()[0].predict_proba(X).max(axis=1), index=X.index)


def label() -> int:
    return int(sure(lesson()[1]).idxmin())


def changed(longer: float = 2, deeper: float = 0) -> pd.DataFrame:
    bird = lesson()[1].loc[[label()]].copy()
    bird["bill_length_mm"] += longer
    bird["bill_depth_mm"] += deeper
    return bird


def after(longer: float = 2, deeper: float = 0) -> NDArray:
    return by_bill_length(lesson()[0].predict_proba(changed(longer, deeper)))[0]


def by_bill_length(shares: NDArray) -> NDArray:
    """Bring the columns into the order of the lesson's sorted mixture."""
    return shares[:, lesson()[0][-1].means_[:, 0].argsort()]


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
    return int(sure(lesson()[1]).to_numpy().argmin()), after()


@wrong("predict-3", "held-out-bird")
def least_sure_of_the_held_out():
    return int(sure(lesson()[2]).idxmin()), after()


@wrong("predict-3", "density-for-probability")
def strangest_bird():
    _, X_train, _ = lesson()
    return int(X_train.index[lesson()[0].score_samples(X_train).argmin()]), after()


@wrong("predict-3", "surest-for-least")
def surest_bird():
    return int(sure(lesson()[1]).idxmax()), after()


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


@right("predict-4")
def letter():
    return "c"


@right("predict-4")
def capital_letter():
    return " C. "


@right("predict-4")
def letter_in_parentheses():
    return "(c)"


@wrong("predict-4", "chose-a")
def nearest_mean_decides():
    return "a"


@wrong("predict-4", "chose-b")
def labels_that_stay():
    return "b"


@wrong("predict-4", "chose-d")
def rare_cluster_that_grows():
    return "d"


@wrong("predict-4", "wrong-kind")
def two_options():
    return "c, d"


@wrong("predict-4", "wrong-kind")
def option_in_a_list():
    return ["c"]


@wrong("predict-4", "wrong-kind")
def number_of_the_option():
    return 3


@wrong("predict-4", "wrong-kind")
def words_of_the_option():
    return "Some birds of component 2 get the label 0"
