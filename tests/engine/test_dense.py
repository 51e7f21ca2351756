"""Small dense groups in a broad cloud are found where rows lie denser than a mixture says."""

import numpy as np
import pytest

from gmmlab.engine.balls import balls_of
from gmmlab.engine.dense import dense_starts, densest_groups
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.spaces import Sample
from gmmlab.mixture import best_fit, em

GROUPS = np.array([[20.0, -30.0], [-5.0, 11.0], [-40.0, 33.0]])


@pytest.fixture(scope="module")
def X():
    """800 uniform rows, and 30 about each of three points."""
    rng = np.random.default_rng(0)
    return np.vstack([rng.uniform(-50, 50, size=(800, 2)), np.repeat(GROUPS, 30, axis=0) + rng.normal(0, 0.2, (90, 2))])


def mixture(groups: np.ndarray, covariance_type: str = "full") -> Parameters:
    """Return a broad component and one on each of some groups."""
    few = len(groups)
    variances = np.r_[np.full(few, 0.04), 833.0]
    covariances = {"full": variances[:, None, None] * np.eye(2), "diag": np.outer(variances, [1, 1])}
    covariances["spherical"] = variances
    means = np.vstack([groups, [[0, 0]]])
    return Parameters(
        np.r_[np.full(few, 30.0), 800.0] / (800 + 30 * few), means, covariances[covariance_type], covariance_type
    )


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_the_densest_groups_are_those_that_the_mixture_lacks(X, covariance_type):
    sample = Sample(X, 20, 0)
    space = sample.spaces[mixture(GROUPS, covariance_type).type.invariance]
    for known in (0, 1):
        p = space.of_mixture(mixture(GROUPS[:known], covariance_type))
        found = densest_groups(sample, p, 3 - known).means @ space.back + space.centre
        lacking = GROUPS[known:]
        np.testing.assert_allclose(found[found[:, 0].argsort()], lacking[lacking[:, 0].argsort()], atol=0.2)


def test_a_start_has_as_many_components_and_sits_on_the_groups(X):
    sample = Sample(X, 20, 0)
    space = sample.spaces["whitened"]
    broad = Parameters(np.full(4, 0.25), 20 * np.eye(4, 2), np.tile(800 * np.eye(2), (4, 1, 1)), "full")
    starts = dense_starts(sample, space.of_mixture(broad))
    assert {start.weights.shape[1] for start in starts} == {4}
    np.testing.assert_allclose(np.concatenate([start.weights.sum(axis=1) for start in starts]), 1)
    two = starts[-1].means[0, 2:] @ space.back + space.centre
    assert (np.linalg.norm(two[:, None] - GROUPS, axis=-1).min(axis=1) < 0.2).all()


def test_what_loses_least_is_joined_and_a_component_on_two_groups_is_cut():
    rng = np.random.default_rng(0)
    X = np.r_[10 * rng.normal(size=3000), 0.2 * rng.normal(size=60), 1.3 + 0.2 * rng.normal(size=60)][:, None]
    sample = Sample(X, 20, 0)
    space = sample.spaces["whitened"]
    means, sds = np.array([[0.0], [0.65], [12.0]]), np.array([10, 0.7, 5])
    stuck = Parameters(np.array([2870, 130, 120]) / 3120, means, (sds**2)[:, None, None], "full")
    first = dense_starts(sample, space.of_mixture(stuck))[0]
    sds = np.sqrt(first.covariances[0].ravel()) * space.back.item()
    order = sds.argsort()
    assert (sds[order] < [0.5, 0.5, 11]).all()
    dense = np.sort(first.means[0, order[:2], 0] * space.back.item() + space.centre)
    np.testing.assert_allclose(dense, [0, 1.3], atol=0.2)


def test_a_ball_about_a_repeated_row_reaches_the_next_value():
    V = np.repeat(np.arange(20.0), 20)[:, None]
    np.testing.assert_allclose(balls_of(V).log_volumes[:, :2], np.log(2))


def test_where_all_rows_are_equal_there_is_no_dense_group():
    sample = Sample(np.zeros((100, 1)), 20, 0)
    same = Parameters(np.full(2, 0.5), np.zeros((2, 1)), np.ones((2, 1, 1)), "full")
    assert dense_starts(sample, same) == []


def test_too_few_rows_have_no_dense_group_and_are_cut_alone():
    sample = Sample(np.arange(10.0)[:, None], 20, 0)
    (cut,) = dense_starts(sample, Parameters(np.full(2, 0.5), [[0.0], [1.0]], np.ones((2, 1, 1)), "full"))
    np.testing.assert_allclose(np.abs(cut.means), 0.87, atol=0.01)


@pytest.mark.slow
def test_the_best_fit_is_at_least_as_likely_as_em_from_the_truth(X):
    truth = em(X, mixture(GROUPS), max_iter=2000, tol=1e-10).mean_log_likelihood
    assert len(X) * best_fit(X, 4).lower_bound_ > len(X) * truth - 0.01
