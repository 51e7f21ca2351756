"""Answers to the exercises of notebook 03: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
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
        gmm = GaussianMixture(k, covariance_type=kind, tol=1, init_params="random_from_data", random_state=1).fit(X)
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


@wrong("fit-2", "covariance-type")
def full_counted_as_tied():
    return {**largest(n_parameters), "full": largest(n_parameters)["tied"]}


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


def whole(weights, means, covariances):
    """Return the covariance of a mixture, as the exercise asks."""
    offsets = means - weights @ means
    return np.einsum("k,kij->ij", weights, covariances) + (offsets.T * weights) @ offsets


@right("fit-3")
def summed_in_a_loop():
    def whole_covariance(weights, means, covariances):
        offsets = means - weights @ means
        parts = zip(weights, offsets, covariances, strict=True)
        return sum(w * (c + np.outer(o, o)) for w, o, c in parts)

    return whole_covariance


@right("fit-3")
def mean_of_products_minus_product_of_means():
    def whole_covariance(weights, means, covariances):
        second = sum(w * (c + np.outer(m, m)) for w, m, c in zip(weights, means, covariances, strict=True))
        centre = weights @ means
        return second - np.outer(centre, centre)

    return whole_covariance


@right("fit-3")
def with_weighted_np_cov():
    return lambda w, m, c: np.average(c, axis=0, weights=w) + np.cov(m.T, aweights=w, ddof=0)


@right("fit-3")
def as_a_table_in_float32():
    return lambda w, m, c: pd.DataFrame(whole(w, m, c).astype(np.float32))


@right("fit-3")
def from_pairs_of_means():
    def whole_covariance(weights, means, covariances):
        pairs = [
            0.5 * weights[j] * weights[k] * np.outer(means[j] - means[k], means[j] - means[k])
            for j in range(len(weights))
            for k in range(len(weights))
        ]
        return np.average(covariances, axis=0, weights=weights) + np.sum(pairs, axis=0)

    return whole_covariance


def between(w, m):
    offsets = m - w @ m
    return (offsets.T * w) @ offsets


@wrong("fit-3", "between-only")
def covariance_of_the_means():
    return lambda w, m, c: np.cov(m.T, aweights=w, ddof=0)


@wrong("fit-3", "equal-weights")
def all_components_count_alike():
    return lambda w, m, c: c.mean(axis=0) + np.cov(m.T, ddof=0)


@wrong("fit-3", "equal-weights")
def means_count_alike():
    return lambda w, m, c: np.average(c, axis=0, weights=w) + np.cov(m.T, ddof=0)


@wrong("fit-3", "unweighted-centre")
def around_the_plain_average_of_the_means():
    def whole_covariance(weights, means, covariances):
        offsets = means - means.mean(axis=0)
        return np.average(covariances, axis=0, weights=weights) + (offsets.T * weights) @ offsets

    return whole_covariance


@wrong("fit-3", "weights-forgotten")
def sum_without_weights():
    return lambda w, m, c: sum(s + np.outer(o, o) for o, s in zip(m - w @ m, c, strict=True))


@wrong("fit-3", "squared-weights")
def variance_of_a_weighted_sum():
    return lambda w, m, c: np.einsum("k,kij->ij", w**2, c)


@wrong("fit-3", "squared-weights")
def squared_weights_inside_only():
    return lambda w, m, c: np.einsum("k,kij->ij", w**2, c) + between(w, m)


@wrong("fit-3", "wrong-divisor")
def np_cov_with_its_default_divisor():
    return lambda w, m, c: np.average(c, axis=0, weights=w) + np.cov(m.T, aweights=w)


@wrong("fit-3", "not-summed")
def one_matrix_a_component():
    return lambda w, m, c: c + (m - w @ m)[:, :, None] * (m - w @ m)[:, None, :]


@wrong("fit-3", "wrong-kind")
def covariance_of_the_birds():
    return np.cov(split_penguins()[0].T, ddof=0)
