"""Answers to the exercises of notebook 03: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import MEASURES, load_banknotes, load_penguins
from gmmlab.mixture import best_fit, in_original_units, n_parameters, sort_components
from gmmlab.preprocess import split_penguins

PAIR = ["bill_depth_mm", "flipper_length_mm"]
KINDS = ["full", "tied", "diag", "spherical"]


def pair(part="train"):
    if part == "all":
        return load_penguins().dropna(subset=MEASURES)[PAIR]
    return split_penguins()[["train", "test"].index(part)][PAIR]


@cache
def two(part="train", covariance_type="full"):
    return sort_components(best_fit(pair(part), 2, covariance_type=covariance_type), by=1)


def read(covariance):
    """Return the standard deviation of the flippers and the correlation, as the exercise asks."""
    sd = np.sqrt(np.diag(covariance))
    return sd[1], covariance[0, 1] / (sd[0] * sd[1])


@right("fit-1")
def read_from_best_fit():
    return read(two().covariances_[1])


@right("fit-1")
def fitted_standardised_with_defaults_and_another_seed():
    scaler = StandardScaler().fit(pair())
    gmm = GaussianMixture(2, random_state=7).fit(scaler.transform(pair()))
    return read(in_original_units(sort_components(gmm, by=1), scaler).covariances_[1])


@right("fit-1")
def rounded_by_hand():
    sd, correlation = read(two().covariances_[1])
    return round(sd, 1), round(correlation, 2)


@right("fit-1")
def from_the_birds_with_weights_in_float32():
    shares = two().predict_proba(pair())[:, 1]
    covariance = np.cov(pair().T, aweights=shares, ddof=0).astype(np.float32)
    return [read(covariance)[0]], np.array(read(covariance)[1])


@wrong("fit-1", "variance-for-sd")
def the_diagonal_entry():
    return two().covariances_[1, 1, 1], read(two().covariances_[1])[1]


@wrong("fit-1", "wrong-units")
def spread_of_standardised_flippers():
    gmm = sort_components(best_fit(StandardScaler().fit_transform(pair()), 2), by=1)
    return read(gmm.covariances_[1])


@wrong("fit-1", "other-component")
def sorted_by_bill_depth():
    return read(sort_components(two(), by=0).covariances_[1])


@wrong("fit-1", "other-measure")
def the_first_entry():
    covariance = two().covariances_[1]
    return np.sqrt(covariance[0, 0]), read(covariance)[1]


@wrong("fit-1", "whole-sample")
def one_spread_for_all_birds():
    return pair()[PAIR[1]].std(), pair().corr().iloc[0, 1]


@wrong("fit-1", "covariance-for-correlation")
def the_entry_off_the_diagonal():
    covariance = two().covariances_[1]
    return np.sqrt(covariance[1, 1]), covariance[0, 1]


@wrong("fit-1", "half-divided")
def divided_by_the_variances():
    covariance = two().covariances_[1]
    return np.sqrt(covariance[1, 1]), covariance[0, 1] / (covariance[0, 0] * covariance[1, 1])


@wrong("fit-1", "fitted-on-test")
def fitted_on_the_test_set():
    return read(two("test").covariances_[1])


@wrong("fit-1", "not-the-training-set")
def fitted_on_all_birds():
    return read(two("all").covariances_[1])


@wrong("fit-1", "covariance-type")
def tied_for_full():
    return read(two("train", "tied").covariances_)


@wrong("fit-1", "covariance-type")
def correlation_of_diag():
    covariance = np.diag(two("train", "diag").covariances_[1])
    return read(covariance)


@wrong("fit-1", "wrong-shape")
def both_spreads():
    return np.sqrt(np.diag(two().covariances_[1])), read(two().covariances_[1])[1]


@wrong("fit-1", "wrong-kind")
def the_model_itself():
    return two(), read(two().covariances_[1])[1]


def largest(parameters):
    """Return for each type the largest K whose count is within the budget."""
    return {kind: sum(parameters(kind, k, 6) <= 83 for k in range(1, 84)) for kind in KINDS}


def with_covariances(entries):
    """Return a count with K - 1 weights, and the given number of entries of the covariances."""
    return lambda kind, k, d: k - 1 + k * d + entries[kind](k)


@right("fit-2")
def searched_with_n_parameters():
    return largest(n_parameters)


@right("fit-2")
def solved_by_hand():
    return {"full": 84 // 28, "tied": 63 // 7, "diag": 84 // 13, "spherical": 84 // 8}


@right("fit-2")
def counted_in_a_series_of_floats():
    return pd.Series(largest(n_parameters), dtype=np.float32)


@right("fit-2")
def counted_from_fitted_models():
    X = lengths()

    def free(kind, k, d):
        gmm = GaussianMixture(k, covariance_type=kind, tol=0.1, random_state=1).fit(X)
        return round((gmm.bic(X) + 2 * gmm.score(X) * len(X)) / np.log(len(X)))

    return {kind: np.int64(max(k for k in range(1, 14) if free(kind, k, 6) <= 83)) for kind in KINDS}


@wrong("fit-2", "weights-sum-to-one")
def all_weights_counted():
    return largest(lambda kind, k, d: n_parameters(kind, k, d) + 1)


@wrong("fit-2", "weights-forgotten")
def no_weights_counted():
    return largest(lambda kind, k, d: n_parameters(kind, k, d) - (k - 1))


@wrong("fit-2", "means-forgotten")
def no_means_counted():
    return {**largest(lambda kind, k, d: n_parameters(kind, k, d) - k * d), "full": 3}


@wrong("fit-2", "square-matrix")
def every_entry_counted():
    entries = {"full": lambda k: 36 * k, "tied": lambda k: 36, "diag": lambda k: 6 * k, "spherical": lambda k: k}
    return largest(with_covariances(entries))


@wrong("fit-2", "covariance-type")
def tied_counted_as_full():
    return {**largest(n_parameters), "tied": largest(n_parameters)["full"]}


@wrong("fit-2", "covariance-type")
def one_diagonal_shared_by_all():
    entries = {"full": lambda k: 21 * k, "tied": lambda k: 21, "diag": lambda k: 6, "spherical": lambda k: k}
    return largest(with_covariances(entries))


@wrong("fit-2", "over-budget")
def first_one_above_the_budget():
    return {kind: k + 1 for kind, k in largest(n_parameters).items() if kind != "tied"} | {"tied": 12}


@wrong("fit-2", "too-few")
def one_below_the_largest():
    return {kind: k - 1 for kind, k in largest(n_parameters).items()}


@wrong("fit-2", "wrong-keys")
def short_keys():
    return {kind[0]: k for kind, k in largest(n_parameters).items()}


@wrong("fit-2", "wrong-kind")
def numbers_without_names():
    return list(largest(n_parameters).values())


@wrong("fit-2", "wrong-kind")
def numbers_as_texts():
    return {kind: str(k) for kind, k in largest(n_parameters).items()}


def lengths():
    return load_banknotes().drop(columns="Status")


@cache
def notes(covariance_type="diag", **options):
    chosen = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0, **options}
    return GaussianMixture(3, covariance_type=covariance_type, **chosen).fit(lengths())


def loglik(gmm):
    return gmm.score(lengths()) * 200


@right("fit-3")
def the_recipe_and_minus_bic():
    gmm = best_fit(lengths(), 3, covariance_type="diag")
    return gmm, -gmm.bic(lengths())


@right("fit-3")
def many_starts_and_formula():
    gmm = notes(random_state=5)
    return gmm, 2 * loglik(gmm) - 38 * np.log(200)


@right("fit-3")
def array_sorted_and_rounded():
    X = lengths().to_numpy()
    gmm = sort_components(best_fit(X, 3, covariance_type="diag", random_state=4), by=3)
    return gmm, np.float32(round(-gmm.bic(X), 1))


@right("fit-3")
def bic_of_the_published_optimum():
    return notes(random_state=3), [2 * -825.385255078 - 38 * np.log(200)]


@wrong("fit-3", "covariance-type")
def tied_for_diag():
    return notes("tied"), -notes("tied").bic(lengths())


@wrong("fit-3", "covariance-type")
def full_by_default():
    gmm = GaussianMixture(3, random_state=0).fit(lengths())
    return gmm, -gmm.bic(lengths())


@wrong("fit-3", "stopped-early")
def starts_without_patience():
    gmm = notes(tol=1e-3, max_iter=100)
    return gmm, -gmm.bic(lengths())


@wrong("fit-3", "wrong-hill")
def patience_without_starts():
    fits = [notes(n_init=1, random_state=seed) for seed in range(12)]
    lowest = min(fits, key=loglik)
    return lowest, -lowest.bic(lengths())


@wrong("fit-3", "collapsed")
def shrunk_on_one_note():
    X = lengths().to_numpy()
    means, precisions = [X[0], X[50], X[150]], np.array([[1e9] * 6, [1.0] * 6, [1.0] * 6])
    gmm = GaussianMixture(3, covariance_type="diag", means_init=means, precisions_init=precisions,
                          weights_init=[0.005, 0.4975, 0.4975], reg_covar=1e-12, max_iter=500)  # fmt: skip
    return gmm.fit(X), -gmm.bic(X)


@wrong("fit-3", "not-a-mixture")
def weights_raised_until_the_number_fits():
    gmm = GaussianMixture(3, covariance_type="diag", random_state=0).fit(lengths())
    gmm.weights_ *= np.exp((loglik(notes()) - loglik(gmm)) / 200)
    return gmm, -notes().bic(lengths())


@wrong("fit-3", "other-units")
def standardised_lengths():
    X = StandardScaler().fit_transform(lengths())
    gmm = best_fit(X, 3, covariance_type="diag")
    return gmm, -gmm.bic(X)


@wrong("fit-3", "other-units")
def scaled_in_a_pipeline():
    model = GaussianMixture(3, covariance_type="diag", random_state=0)
    return make_pipeline(StandardScaler(), model).fit(lengths()), -notes().bic(lengths())


@wrong("fit-3", "wrong-size")
def two_components():
    gmm = best_fit(lengths(), 2, covariance_type="diag")
    return gmm, -gmm.bic(lengths())


@wrong("fit-3", "bic-sign")
def bic_of_scikit_learn():
    return notes(), notes().bic(lengths())


@wrong("fit-3", "per-sample-for-total")
def score_for_log_likelihood():
    return notes(), 2 * notes().score(lengths()) - 38 * np.log(200)


@wrong("fit-3", "aic-for-bic")
def minus_aic():
    return notes(), -notes().aic(lengths())


@wrong("fit-3", "factor-two")
def log_likelihood_once():
    return notes(), loglik(notes()) - 38 * np.log(200)


@wrong("fit-3", "parameter-count")
def all_three_weights_priced():
    return notes(), 2 * loglik(notes()) - 39 * np.log(200)


@wrong("fit-3", "log-likelihood")
def nothing_priced():
    return notes(), loglik(notes())


@wrong("fit-3", "wrong-kind")
def labels_for_the_model():
    return notes().predict(lengths()), -notes().bic(lengths())


@right("fit-4")
def root_of_smallest_eigenvalue():
    return lambda covariances: np.sqrt(np.linalg.eigvalsh(covariances)[:, 0])


@right("fit-4")
def loop_over_components():
    return lambda covariances: [float(np.linalg.eigh(c).eigenvalues.min() ** 0.5) for c in covariances]


@right("fit-4")
def singular_values_in_float32():
    return lambda covariances: np.sqrt(np.linalg.svd(covariances.astype(np.float32), compute_uv=False)[:, -1])


@right("fit-4")
def widest_direction_of_the_precision():
    return lambda covariances: pd.Series([np.linalg.norm(np.linalg.inv(c), 2) ** -0.5 for c in covariances])


@wrong("fit-4", "axes-only")
def root_of_smallest_diagonal_entry():
    return lambda covariances: np.sqrt(np.diagonal(covariances, axis1=1, axis2=2)).min(axis=1)


@wrong("fit-4", "variance-for-sd")
def eigenvalue_without_root():
    return lambda covariances: np.linalg.eigvalsh(covariances).min(axis=1)


@wrong("fit-4", "variance-for-sd")
def smallest_variance_on_the_diagonal():
    return lambda covariances: [np.diag(c).min() for c in covariances]


@wrong("fit-4", "widest-for-narrowest")
def last_eigenvalue():
    return lambda covariances: np.sqrt(np.linalg.eigvalsh(covariances)[:, -1])


@wrong("fit-4", "mean-width")
def root_of_mean_variance():
    return lambda covariances: np.sqrt(np.trace(covariances, axis1=1, axis2=2) / covariances.shape[1])


@wrong("fit-4", "mean-width")
def from_the_determinant():
    return lambda covariances: np.linalg.det(covariances) ** (0.5 / covariances.shape[1])


@wrong("fit-4", "smallest-entry")
def smallest_number_in_the_matrix():
    return lambda covariances: covariances.min(axis=(1, 2))


@wrong("fit-4", "one-for-all")
def narrowest_of_all_components():
    return lambda covariances: np.sqrt(np.linalg.eigvalsh(covariances).min())


@wrong("fit-4", "all-directions")
def widths_along_all_eigenvectors():
    return lambda covariances: np.sqrt(np.linalg.eigvalsh(covariances))


@wrong("fit-4", "wrong-axis")
def minimum_over_the_components():
    return lambda covariances: np.sqrt(np.linalg.eigvalsh(covariances)).min(axis=0)


@wrong("fit-4", "raised")
def called_the_model():
    return lambda covariances: covariances.covariances_


@wrong("fit-4", "wrong-kind")
def widths_without_a_function():
    return np.sqrt(np.linalg.eigvalsh(best_fit(split_penguins()[0], 3).covariances_)[:, 0])


@right("fit-5")
def the_letter():
    return "c"


@right("fit-5")
def the_letter_in_capitals():
    return "C"


@right("fit-5")
def the_letter_with_a_full_stop():
    return np.str_(" c. ")


@wrong("fit-5", "chose-a")
def a_rare_kind():
    return "a"


@wrong("fit-5", "chose-b")
def more_iterations():
    return "b"


@wrong("fit-5", "chose-d")
def more_starts():
    return "d"


@wrong("fit-5", "chose-e")
def trust_in_bic():
    return "E"


@wrong("fit-5", "wrong-kind")
def two_letters():
    return "cd"


@wrong("fit-5", "wrong-kind")
def a_list_of_letters():
    return ["c"]


@wrong("fit-5", "wrong-kind")
def the_number_of_the_option():
    return 3


@wrong("fit-5", "wrong-kind")
def the_words_of_the_option():
    return "One component sits on a single bird"
