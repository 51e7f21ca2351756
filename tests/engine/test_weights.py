"""A row of weight 2 counts as two rows."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gmmlab.mixture import COVARIANCE_TYPES, Parameters, as_parameters, best_fit, em, random_parameters

RNG = np.random.default_rng(5)
X = np.vstack([RNG.normal(size=(60, 3)), RNG.normal([3, 1, -2], [1, 0.5, 2], size=(40, 3))])
TWICE = RNG.integers(0, 4, size=len(X))
SHARES = RNG.uniform(0.1, 3, size=len(X))
START = random_parameters(X, 2, "full", seed=3)
EM = {"max_iter": 15, "tol": 0, "reg_covar": 0}


def by_hand(X, weights, start, rounds):
    """EM row by row, with matrices throughout; the total log-likelihood before the last M-step."""
    k, d = start.means.shape
    p, means, matrices = start.weights, start.means, start.type.matrices(start.covariances, k, d)
    for _ in range(rounds):
        densities = np.array([p[j] * multivariate_normal.pdf(X, means[j], matrices[j]) for j in range(k)])
        total = (weights * np.log(densities.sum(axis=0))).sum()
        shares = weights * densities / densities.sum(axis=0)
        p, means = shares.sum(axis=1) / weights.sum(), shares @ X / shares.sum(axis=1)[:, None]
        matrices = np.array([np.atleast_2d(np.cov(X.T, bias=True, aweights=shares[j])) for j in range(k)])
        covariances = start.type.of_matrices(matrices, np.tensordot(p, matrices, 1))
        matrices = start.type.matrices(covariances, k, d)
    return Parameters(p, means, covariances, start.covariance_type), total / weights.sum()


def assert_same(one, other, **tolerance):
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), **tolerance)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("k", [2, 1])  # with d = 3 two ways of the E-step
def test_em_with_weights_is_that_of_the_formulas(covariance_type, d, k):
    start = random_parameters(X[:, :d], k, covariance_type, seed=3)
    expected, mean = by_hand(X[:, :d], SHARES, start, rounds=15)
    found = em(X[:, :d], start, sample_weight=SHARES, **EM)
    assert_same(found.parameters, expected, rtol=1e-7, atol=1e-9)
    assert found.mean_log_likelihood == pytest.approx(mean, rel=1e-10)


def test_the_careful_way_of_em_takes_weights():
    wide = np.random.default_rng(2).normal(size=(300, 12))
    start, weights = random_parameters(wide, 2, "full", seed=1), np.arange(300) % 3 + 1
    repeated = em(np.repeat(wide, weights, axis=0), start, **EM)
    assert_same(em(wide, start, sample_weight=weights, **EM).parameters, repeated.parameters, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("kind", [float, np.float32])
def test_a_row_of_weight_2_is_two_rows_and_one_of_weight_0_none(covariance_type, kind):
    start, rows = random_parameters(X, 2, covariance_type, seed=3), X.astype(kind)
    repeated = em(np.repeat(rows, TWICE, axis=0), start, **EM)
    found = em(rows, start, sample_weight=TWICE, **EM)
    digits = 1e-9 if kind is float else 1e-3
    assert_same(found.parameters, repeated.parameters, rtol=digits, atol=digits)
    np.testing.assert_allclose(found.mean_log_likelihoods, repeated.mean_log_likelihoods, rtol=digits)


def test_rows_of_weight_0_are_absent_and_only_ratios_count_in_em():
    start, some = random_parameters(X, 2, "full", seed=3), RNG.uniform(size=len(X)) < 0.7
    absent = em(X[some], start, **EM)
    assert_same(em(X, start, sample_weight=some, **EM).parameters, absent.parameters, rtol=1e-12)
    assert_same(em(X, start, sample_weight=1e-9 * some, **EM).parameters, absent.parameters, rtol=1e-7)


WRONG = {
    "negative": (np.where(np.arange(len(X)) == 7, -1, SHARES), "The weight of row 7 is -1.0; expected"),
    "no number": (np.where(np.arange(len(X)) == 7, np.nan, SHARES), "The weight of row 7 is nan"),
    "masked": (np.ma.masked_array(SHARES, np.arange(len(X)) == 7), "The weight of row 7 is nan"),
    "infinite": (np.where(np.arange(len(X)) == 7, np.inf, SHARES), "The weight of row 7 is inf"),
    "too few": (SHARES[:-1], r"sample_weight has shape \(99,\); expected one number for each row: \(100,\)"),
    "a column": (SHARES[:, None], r"sample_weight has shape \(100, 1\)"),
    "one number": (2.0, r"sample_weight has shape \(\)"),
    "all zero": (0 * SHARES, "All weights are 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_weight_is_refused_in_a_sentence(case):
    weights, words = WRONG[case]
    for fit in (lambda: em(X, START, sample_weight=weights), lambda: best_fit(X, 2, sample_weight=weights)):
        with pytest.raises(ValueError, match=words):
            fit()


@pytest.mark.slow
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_best_fit_of_weighted_rows_is_that_of_the_rows_repeated(covariance_type):
    repeated = as_parameters(best_fit(np.repeat(X, TWICE, axis=0), 2, covariance_type=covariance_type))
    found = as_parameters(best_fit(X, 2, covariance_type=covariance_type, sample_weight=TWICE))
    assert_same(found, repeated, rtol=1e-6, atol=1e-8)


def test_best_fit_knows_no_rows_of_weight_0():
    some = np.arange(len(X)) % 3 > 0
    absent = as_parameters(best_fit(X[some], 2))
    assert_same(as_parameters(best_fit(X, 2, sample_weight=some)), absent, rtol=1e-8, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_best_fit_with_weights_reaches_the_optimum_of_many_starts(covariance_type, rows_of_six):
    weights = np.random.default_rng(1).exponential(size=len(rows_of_six))
    weights *= len(weights) / weights.sum()
    found = best_fit(rows_of_six, 6, covariance_type=covariance_type, sample_weight=weights)
    assert found.lower_bound_ == pytest.approx(weights @ found.score_samples(rows_of_six) / weights.sum(), rel=1e-9)
    # Of twenty seeds these end highest, each for a type: the others would only be slower.
    starts = [random_parameters(rows_of_six, 6, covariance_type, seed) for seed in (1, 3, 10, 13)]
    ends = [em(rows_of_six, s, sample_weight=weights, tol=1e-7, max_iter=1000).mean_log_likelihood for s in starts]
    assert found.lower_bound_ > max(ends) - 1e-5


@pytest.mark.slow
def test_with_more_weight_than_the_sample_has_rows_the_optimum_is_that_of_all():
    weights = np.where(X[:, 0] > 1, 400, 100)
    few, many = best_fit(X, 2, sample_weight=weights / 100), best_fit(X, 2, sample_weight=weights * 10)
    assert few.lower_bound_ == pytest.approx(many.lower_bound_, abs=1e-6)


def test_weights_that_sum_to_fewer_rows_than_components_are_said_so():
    with pytest.raises(ValueError, match="need at least as many samples, but got 1, the sum of the weights"):
        best_fit(X, 2, sample_weight=SHARES / SHARES.sum())
