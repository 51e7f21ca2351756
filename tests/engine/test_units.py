"""Results do not depend on units: scales from 1e-12 to 1e12, and affine maps."""

from functools import cache

import numpy as np
import pytest

from gmmlab.engine.covariances import TYPES
from gmmlab.mixture import (
    COVARIANCE_TYPES,
    Parameters,
    best_fit,
    bounding_volume,
    e_step,
    em,
    em_with_missing,
    from_parameters,
    search,
)

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
rng = np.random.default_rng(0)
X = np.vstack([rng.normal(size=(150, 3)), rng.normal([3, 1, -2], [1, 0.5, 0.8], (100, 3))])


def affine(rng):
    return rng.normal(size=(3, 3)) * 10.0 ** rng.uniform(-12, 12, size=3)


def columns(rng):
    return np.diag(10.0 ** rng.permutation([-12, rng.uniform(-12, 12), 12]))


def common(rng):
    return np.eye(3) * 10.0 ** rng.choice([-12, 12])


DRAWN = {"full": affine, "tied": affine, "diag": columns, "spherical": common}
"""The largest map that a type's likelihood does not notice."""


def start(A, covariance_type):
    kind, V = TYPES[covariance_type], np.cov(X.T, ddof=0)
    own = np.tile(np.diag(np.diag(V)) if covariance_type != "spherical" else np.eye(3), (2, 1, 1))
    return Parameters([0.5, 0.5], X[[0, -1]] @ A, kind.mapped(kind.of_matrices(own, own[0]), A), covariance_type)


@cache
def fitted(covariance_type):
    return best_fit(X, 2, covariance_type=covariance_type, n_init=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("covariance_type", "draw"), [*DRAWN.items(), ("full", columns), ("tied", columns)])
def test_the_optimum_does_not_depend_on_units(covariance_type, draw, seed):
    A = draw(np.random.default_rng(seed))
    known, moved = fitted(covariance_type), best_fit(X @ A, 2, covariance_type=covariance_type, n_init=2)
    assert moved.lower_bound_ + np.linalg.slogdet(A)[1] == pytest.approx(known.lower_bound_, abs=1e-9)
    assert moved.score(X @ A) == pytest.approx(moved.lower_bound_, abs=1e-9)
    shares, others = known.predict_proba(X), moved.predict_proba(X @ A)
    assert min(np.abs(shares - others).max(), np.abs(shares - others[:, ::-1]).max()) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_search_chooses_the_same_model_in_any_units(seed):
    A = columns(np.random.default_rng(seed))
    known, moved = (search(data, [1, 2, 3], ["full", "diag"], n_init=2) for data in (X, X @ A))
    model = ["n_components", "covariance_type", "degenerate"]
    assert (known[model] == moved[model]).all(axis=None)
    shift = -2 * len(X) * np.linalg.slogdet(A)[1]
    np.testing.assert_allclose(moved["bic"] - known["bic"], -shift, rtol=1e-6)


@every_type
@pytest.mark.parametrize("seed", range(3))
def test_em_takes_the_same_steps_in_any_units(covariance_type, seed):
    A = (columns if covariance_type != "spherical" else common)(np.random.default_rng(seed))
    known, moved = (em(X @ B, start(B, covariance_type), reg_covar=0, max_iter=20, tol=0) for B in (np.eye(3), A))
    shift = np.linalg.slogdet(A)[1]
    np.testing.assert_allclose(moved.mean_log_likelihoods + shift, known.mean_log_likelihoods, atol=1e-9)
    np.testing.assert_allclose(moved.parameters.means, known.parameters.means @ A, rtol=1e-6)
    np.testing.assert_allclose(e_step(X @ A, moved.parameters)[0], e_step(X, known.parameters)[0], atol=1e-9)


@every_type
@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_em_takes_all_numbers_whose_squares_are_numbers(covariance_type, scale):
    expected = em(X, start(np.eye(3), covariance_type), max_iter=5, reg_covar=0)
    found = em(X * scale, start(np.eye(3) * scale, covariance_type), max_iter=5, reg_covar=0)
    levels = found.mean_log_likelihoods + 3 * np.log(scale)
    np.testing.assert_allclose(levels, expected.mean_log_likelihoods, rtol=1e-10)


@every_type
@pytest.mark.parametrize("seed", range(3))
def test_missing_entries_are_filled_in_any_units(covariance_type, seed):
    A = (columns if covariance_type != "spherical" else common)(np.random.default_rng(seed))
    holes = np.where(np.random.default_rng(1).uniform(size=X.shape) < 0.2, np.nan, X)
    holes = holes[~np.isnan(holes).all(axis=1)]
    known, moved = (
        em_with_missing(holes * np.diag(B), start(B, covariance_type), reg_covar=0, max_iter=20, tol=0)
        for B in (np.eye(3), A)
    )
    np.testing.assert_allclose(moved.parameters.weights, known.parameters.weights, rtol=1e-6)
    np.testing.assert_allclose(moved.parameters.means, known.parameters.means @ A, rtol=1e-6)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize("seed", range(5))
def test_definiteness_is_decided_by_the_scales_of_the_columns(covariance_type, seed):
    rng = np.random.default_rng(seed)
    scales, sound = 10.0 ** rng.uniform(-12, 12, size=3), np.cov(X.T)
    flat = np.cov((X[:, :2] @ rng.normal(size=(2, 3))).T)  # one column is a sum of the others

    def build(matrix):
        matrix = matrix * np.outer(scales, scales)
        return from_parameters([1], [np.zeros(3)], matrix if covariance_type == "tied" else [matrix], covariance_type)

    np.testing.assert_allclose(build(sound).precisions_cholesky_.ravel()[0], 1 / scales[0] / sound[0, 0] ** 0.5)
    with pytest.raises(ValueError, match="must be positive definite"):
        build(flat)


@pytest.mark.parametrize("scale", [1e-12, 1, 1e12])
def test_rows_in_a_plane_have_no_volume_in_any_units(scale):
    scales = [1, scale, 1 / scale]
    assert bounding_volume(X * scales) > 0
    with pytest.raises(ValueError, match="lie in a plane"):
        bounding_volume(np.column_stack([X[:, :2], X[:, 0] + X[:, 1]]) * scales)
