"""A component is added to a mixture where the rows ask for one."""

import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.mixtures import batch_of, batch_of_one
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.races import add_component, short_runs
from gmmlab.mixture import COVARIANCE_TYPES, as_parameters, best_fit, em, rough_start

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def with_a_clump(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.r_[rng.normal(size=(1000 - n, 2)), [1.5, 1.5] + 0.05 * rng.normal(size=(n, 2))]


def one_component(X: np.ndarray, covariance_type: str):
    return batch_of_one(fitted_parameters(X, covariance_type))


def fitted_parameters(X: np.ndarray, covariance_type: str) -> Parameters:
    return as_parameters(best_fit(X, 1, covariance_type=covariance_type))


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_a_component_is_added_where_rows_crowd(covariance_type):
    X = with_a_clump(20)
    larger = add_component(X, one_component(X, covariance_type), 64, np.random.RandomState(0))
    np.testing.assert_allclose(larger.means[0, 1], [1.5, 1.5], atol=0.03)
    assert larger.weights[0, 1] == pytest.approx(0.02, abs=0.003)


def test_a_component_is_added_where_the_mixture_expects_no_row():
    X = np.r_[with_a_clump(0), 30 + 0.05 * np.random.default_rng(1).normal(size=(20, 2))]
    standard = batch_of_one(Parameters([1.0], np.zeros((1, 2)), np.eye(2)[None], "full"))
    larger = add_component(X, standard, 200, np.random.RandomState(0))
    np.testing.assert_allclose(larger.means[0, 1], [30, 30], atol=0.05)


@every_type
def test_the_components_added_own_other_rows_and_enough_of_them(covariance_type, rows_of_six):
    base = one_component(rows_of_six, covariance_type)
    larger = add_component(rows_of_six, base, 64, np.random.RandomState(0))
    assert len(larger.weights) > 1
    assert len(np.unique(larger.means[:, 1].round(1), axis=0)) == len(larger.weights)
    assert (len(rows_of_six) * larger.weights[:, 1] >= 6).all()
    np.testing.assert_allclose(larger.weights.sum(axis=1), 1)


@every_type
def test_a_short_run_takes_the_steps_of_em(covariance_type):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 14)) + 3 * rng.integers(2, size=(600, 1))
    start = rough_start(X, 3, covariance_type=covariance_type)
    batch = batch_of([batch_of_one(start), batch_of_one(em(X, start, max_iter=1).parameters)])
    ends, reached = short_runs(X, batch, 3, race=False)
    steps = em(X, start, max_iter=4).mean_log_likelihoods
    np.testing.assert_allclose(reached, steps[[3, 2]], rtol=1e-5)
    np.testing.assert_allclose(ends.covariances[0], em(X, start, max_iter=3).parameters.covariances, atol=1e-4)


def test_the_components_added_are_in_falling_order_of_the_likelihood(rows_of_six):
    base = one_component(rows_of_six, "full")
    larger = add_component(rows_of_six, base, 64, np.random.RandomState(0))
    mixtures = [larger.parameters(r) for r in range(len(larger.weights))]
    reached = [
        e_step(rows_of_six, mixture)[1].mean() for mixture in [fitted_parameters(rows_of_six, "full"), *mixtures]
    ]
    assert reached[1] == max(reached) and reached[0] == min(reached)


def test_where_no_component_has_rows_enough_none_is_added():
    X = load_faithful().to_numpy()[:5]
    assert len(add_component(X, one_component(X, "spherical"), 8, np.random.RandomState(0)).weights) == 0
