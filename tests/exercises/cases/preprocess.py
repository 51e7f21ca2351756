"""Answers to the exercises of notebook 02: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import MEASURES, load_penguins
from gmmlab.mixture import best_fit
from gmmlab.preprocess import split_penguins


@cache
def birds():
    return split_penguins()[:2]


@cache
def everybody():
    return load_penguins().dropna(subset=MEASURES)[MEASURES]


@right("preprocess-1")
def by_hand():
    return lambda train, new: (new - np.mean(train, axis=0)) / np.std(train, axis=0)


@right("preprocess-1")
def with_the_scaler():
    return lambda train, new: StandardScaler().fit(train).transform(new)


@right("preprocess-1")
def with_pandas_and_ddof_0():
    def standardise(train, new):
        train, new = pd.DataFrame(train), pd.DataFrame(new)
        return (new - train.mean()) / train.std(ddof=0)

    return standardise


@right("preprocess-1")
def column_by_column_as_lists():
    def standardise(train, new):
        columns = [(n - t.mean()) / np.sqrt(((t - t.mean()) ** 2).mean()) for t, n in zip(train.T, new.T, strict=True)]
        return np.array(columns).T.tolist()

    return standardise


@right("preprocess-1")
def in_single_precision():
    return lambda train, new: ((new - train.mean(0)) / train.std(0)).astype(np.float32)


@wrong("preprocess-1", "variance-for-sd")
def divided_by_the_variance():
    return lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0)


@wrong("preprocess-1", "variance-for-sd")
def divided_by_the_diagonal_of_the_covariance():
    return lambda train, new: (new - train.mean(axis=0)) / np.diag(np.cov(train.T))


@wrong("preprocess-1", "sample-sd")
def pandas_default():
    return lambda train, new: (new - train.mean(axis=0)) / pd.DataFrame(train).std().to_numpy()


@wrong("preprocess-1", "sample-sd")
def numpy_with_ddof_1():
    return lambda train, new: (new - train.mean(axis=0)) / train.std(axis=0, ddof=1)


@wrong("preprocess-1", "wrong-axis")
def along_the_rows():
    return lambda train, new: (new - train.mean(axis=1)) / train.std(axis=1)


@wrong("preprocess-1", "wrong-axis")
def along_the_rows_kept_as_columns():
    return lambda train, new: (new - train.mean(axis=1, keepdims=True)) / train.std(axis=1, keepdims=True)


@wrong("preprocess-1", "wrong-axis")
def over_the_whole_table():
    return lambda train, new: (new - train.mean()) / train.std()


@wrong("preprocess-1", "wrong-axis")
def sd_over_the_whole_table():
    return lambda train, new: (new - train.mean(axis=0)) / np.std(train)


@wrong("preprocess-1", "scaled-by-itself")
def as_ben_did():
    return lambda train, new: StandardScaler().fit_transform(new)


@wrong("preprocess-1", "scaled-by-itself")
def own_means_and_training_sds():
    return lambda train, new: (new - new.mean(axis=0)) / train.std(axis=0)


@wrong("preprocess-1", "scaler-fitted-on-all")
def scaler_of_both_tables():
    return lambda train, new: StandardScaler().fit(np.concatenate([train, new])).transform(new)


@wrong("preprocess-1", "train-for-new")
def gave_back_the_training_table():
    return lambda train, new: StandardScaler().fit_transform(train)


@wrong("preprocess-1", "not-centred")
def divided_only():
    return lambda train, new: new / train.std(axis=0)


@wrong("preprocess-1", "not-scaled")
def subtracted_only():
    return lambda train, new: new - train.mean(axis=0)


@wrong("preprocess-1", "min-max")
def from_0_to_1():
    return lambda train, new: (new - train.min(axis=0)) / (train.max(axis=0) - train.min(axis=0))


@wrong("preprocess-1", "raised")
def asked_an_array_for_values():
    return lambda train, new: (new.values - train.values.mean(axis=0)) / train.values.std(axis=0)


@wrong("preprocess-1", "wrong-kind")
def the_scaler_itself():
    return lambda train, new: StandardScaler().fit(train)


@wrong("preprocess-1", "wrong-kind")
def a_table_for_a_function():
    return StandardScaler().fit(birds()[0]).transform(birds()[1])


def pipeline(seed=0, n_init=10, **options):
    return make_pipeline(StandardScaler(), GaussianMixture(3, n_init=n_init, random_state=seed, **options))


@right("preprocess-2")
def as_in_the_lesson():
    return pipeline().fit(birds()[0])


@right("preprocess-2")
def another_seed_and_an_array():
    return pipeline(seed=7).fit(birds()[0].to_numpy())


@right("preprocess-2")
def one_start_only():
    return pipeline(n_init=1, seed=3).fit(birds()[0])


@right("preprocess-2")
def in_float32():
    return pipeline().fit(birds()[0].to_numpy(dtype=np.float32))


@right("preprocess-2")
def put_together_from_fitted_steps():
    scaler = StandardScaler().fit(birds()[0])
    return Pipeline([("scaler", scaler), ("mixture", best_fit(scaler.transform(birds()[0]), 3))])


@right("preprocess-2")
def run_to_convergence_from_random_starts():
    return pipeline(seed=1, init_params="random_from_data", tol=1e-6, max_iter=2000).fit(birds()[0])


@wrong("preprocess-2", "scaler-fitted-on-all")
def pipeline_fitted_to_all():
    return pipeline().fit(everybody())


@wrong("preprocess-2", "mixture-fitted-on-all")
def colleague_in_a_pipeline():
    return pipeline(seed=2).fit(everybody().to_numpy())


@wrong("preprocess-2", "scaler-fitted-on-all")
def mended_the_mixture_only():
    scaler = StandardScaler().fit(everybody())
    return make_pipeline(scaler, best_fit(scaler.transform(birds()[0]), 3))


@wrong("preprocess-2", "mixture-fitted-on-all")
def mended_the_scaler_only():
    scaler = StandardScaler().fit(birds()[0])
    return make_pipeline(scaler, best_fit(scaler.transform(everybody()), 3))


@wrong("preprocess-2", "fitted-on-test")
def fitted_to_the_test_birds():
    return pipeline().fit(birds()[1])


@wrong("preprocess-2", "fitted-on-test")
def mixture_of_the_test_birds():
    scaler = StandardScaler().fit(birds()[0])
    return make_pipeline(scaler, best_fit(scaler.transform(birds()[1]), 3))


@wrong("preprocess-2", "scaled-twice")
def fitted_to_standardised_birds():
    return pipeline().fit(StandardScaler().fit_transform(birds()[0]))


@wrong("preprocess-2", "scaled-twice")
def two_scalers():
    return make_pipeline(StandardScaler(), StandardScaler(), GaussianMixture(3, random_state=0)).fit(birds()[0])


@wrong("preprocess-2", "another-split")
def split_anew_with_another_seed():
    train, _ = train_test_split(everybody(), test_size=0.3, random_state=1)
    return pipeline().fit(train)


@wrong("preprocess-2", "unscaled")
def mixture_alone_in_raw_units():
    return GaussianMixture(3, n_init=10, random_state=0).fit(birds()[0])


@wrong("preprocess-2", "unscaled")
def pipeline_without_scaler():
    return make_pipeline(GaussianMixture(3, random_state=0)).fit(birds()[0])


@wrong("preprocess-2", "unscaled")
def mixture_alone_in_standard_units():
    return best_fit(StandardScaler().fit_transform(birds()[0]), 3)


@wrong("preprocess-2", "covariance-type")
def diagonal_covariances():
    return pipeline(covariance_type="diag").fit(birds()[0])


@wrong("preprocess-2", "number-of-components")
def two_components():
    return make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0)).fit(birds()[0])


@wrong("preprocess-2", "wrong-features")
def bills_only():
    return pipeline().fit(birds()[0][MEASURES[:2]])


@wrong("preprocess-2", "wrong-kind")
def k_means_in_a_pipeline():
    return make_pipeline(StandardScaler(), KMeans(3, n_init=10, random_state=0)).fit(birds()[0])


@wrong("preprocess-2", "wrong-kind")
def not_yet_fitted():
    return pipeline()


@wrong("preprocess-2", "wrong-kind")
def the_score():
    return pipeline().fit(birds()[0]).score(birds()[1])


def without_twin(matrix):
    """Name the models whose form a linear change of the features breaks: of covariances, for k-means of distances."""
    rng = np.random.default_rng(0)
    free = np.cov(rng.normal(size=(4, 20)))
    keeps = {
        "full": lambda c: True,
        "tied": lambda c: True,
        "diag": lambda c: np.allclose(c, np.diag(np.diag(c))),
        "spherical": lambda c: np.allclose(c, c[0, 0] * np.eye(4)),
    }
    before = {"full": free, "tied": free, "diag": np.diag(np.diag(free)), "spherical": 2.5 * np.eye(4)}
    broken = [name for name, c in before.items() if not keeps[name](matrix @ c @ matrix.T)]
    same_distances = np.allclose(matrix.T @ matrix, matrix[0] @ matrix[0] * np.eye(4))
    return broken if same_distances else ["k-means", *broken]


IN_KG = np.diag([1, 1, 1, 0.001])
TURNED = np.eye(4)
TURNED[:2, :2] = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


@right("preprocess-3")
def the_letter():
    return "c"


@right("preprocess-3")
def a_capital():
    return "C"


@right("preprocess-3")
def with_a_dot():
    return " c. "


@wrong("preprocess-3", "chose-a")
def complete_is_right():
    return "a"


@wrong("preprocess-3", "chose-b")
def fewer_is_wider():
    return "B"


@wrong("preprocess-3", "chose-d")
def the_scaler_mends_it():
    return "d"


@wrong("preprocess-3", "wrong-kind")
def a_list_of_letters():
    return ["c"]


@wrong("preprocess-3", "wrong-kind")
def two_letters():
    return "a, c"


@wrong("preprocess-3", "wrong-kind")
def its_number():
    return 3


@wrong("preprocess-3", "wrong-kind")
def its_text():
    return "A heavy species that is too light, too narrow and too rare."
