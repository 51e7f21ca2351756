"""The likelihood-ratio test: its statistic is that of the best fits, its p-value counts simulations."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gmmlab.data import load_faithful
from gmmlab.engine.em_steps import e_step, em
from gmmlab.engine.spaces import fault
from gmmlab.mixture import COVARIANCE_TYPES, best_fit, likelihood_ratio_test, random_parameters

SHAPES = {
    "full": lambda C: C,
    "tied": lambda C: C,
    "diag": lambda C: np.diag(np.diag(C)),
    "spherical": lambda C: np.eye(len(C)) * np.trace(C) / len(C),
}


def eruptions():
    return load_faithful().to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_one_against_two_is_the_closed_form_against_the_best_of_many_runs(covariance_type):
    X = np.random.default_rng(1).normal(size=(100, 2)) @ [[1, 0.4], [0, 2]]
    single = multivariate_normal(X.mean(axis=0), SHAPES[covariance_type](np.cov(X.T, ddof=0))).logpdf(X).sum()
    # Of twenty seeds these end highest, each for a type or two: the others would only be slower.
    runs = [em(X, random_parameters(X, 2, covariance_type, seed), max_iter=3000, tol=1e-8) for seed in (0, 4, 7)]
    sound = [run.parameters for run in runs if not fault(X, run.parameters)]
    best = max(e_step(X, p)[1].sum() for p in sound)
    test = likelihood_ratio_test(X, 1, covariance_type=covariance_type, n_simulations=1, n_init=20)
    two = best_fit(X, 2, covariance_type=covariance_type)
    assert test.statistic == pytest.approx(2 * (two.score(X) * 100 - single), abs=1e-3)
    assert test.statistic > 2 * (best - single) - 1e-3


@pytest.mark.parametrize(("k", "mclust"), [(1, 299.22), (2, 27.74)])
def test_the_statistic_is_that_of_mclust(k, mclust):
    test = likelihood_ratio_test(eruptions(), k, covariance_type="tied", n_simulations=9)
    assert test.statistic == pytest.approx(mclust, abs=0.03)  # mclust stops early: its 2 against 3 is 27.721
    assert test.p_value == 0.1
    assert not test.degenerate


@pytest.mark.slow
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_statistic_is_never_negative(covariance_type):
    X = np.random.default_rng(2).normal(size=(60, 2))
    test = likelihood_ratio_test(X, 2, covariance_type=covariance_type, n_simulations=8)
    assert (test.simulated > -1e-6).all()


def test_the_p_value_counts_the_simulations_at_least_as_large():
    X = np.random.default_rng(3).normal(size=(60, 1))
    test = likelihood_ratio_test(X, 1, covariance_type="tied", n_simulations=19)
    assert test.p_value == (1 + (test.simulated >= test.statistic).sum()) / 20
    assert len(test.simulated) == 19


@pytest.mark.slow
def test_the_same_seed_gives_the_same_simulations_on_any_number_of_processes():
    X = np.random.default_rng(4).normal(size=(50, 2))
    one, other = (likelihood_ratio_test(X, 1, n_simulations=3, random_state=5, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.simulated, other.simulated)


def test_no_simulation_is_refused():
    with pytest.raises(ValueError, match="from 1 on"):
        likelihood_ratio_test(eruptions(), 1, n_simulations=0)
