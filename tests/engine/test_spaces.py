"""What counts as degenerate: thickness and rows together."""

from dataclasses import replace

import numpy as np
import pytest

from gmmlab.engine.covariances import TYPES
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.spaces import fault
from gmmlab.mixture import COVARIANCE_TYPES

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def with_thin(covariance_type, rows, width, of=1000, second_width=1.0):
    """Rows in two dimensions, some of which lie in a thin layer, and the mixture of both groups."""
    rng = np.random.default_rng(0)
    thin = rng.normal(size=(rows, 2)) * [width if covariance_type == "spherical" else second_width, width]
    V = np.vstack([rng.normal(size=(of - rows, 2)), thin])
    scale = V.std(axis=0)
    matrices = np.array([np.eye(2), np.cov(thin.T, ddof=0)]) / np.outer(scale, scale)
    kind = TYPES[covariance_type]
    means = np.array([V.mean(axis=0), thin.mean(axis=0)]) / scale
    return V / scale, Parameters([1 - rows / of, rows / of], means, kind.of_matrices(matrices, matrices[1]),
                                 covariance_type)  # fmt: skip


@every_type
@precision
def test_a_thin_component_of_many_rows_is_sound(covariance_type, dtype):
    V, mixture = with_thin(covariance_type, 300, 5e-4)
    assert fault(V.astype(dtype), mixture) == ""


@precision
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_a_thin_component_of_few_rows_may_be_chance(covariance_type, dtype):
    V, mixture = with_thin(covariance_type, 5, 5e-3)
    assert "by chance" in fault(V.astype(dtype), mixture)


def test_the_more_rows_there_are_the_more_lie_in_a_thin_layer_by_chance():
    faults = [fault(*with_thin("full", 15, 2e-3, of=of)) for of in (300, 30_000)]
    assert [words != "" for words in faults] == [False, True]


def test_a_component_that_is_thin_in_all_directions_needs_fewer_rows():
    faults = [fault(*with_thin("full", 8, 5e-3, second_width=width)) for width in (1, 5e-3)]
    assert [words != "" for words in faults] == [True, False]


@precision
@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_rows_in_a_plane_are_a_collapse_however_many_they_are(covariance_type, dtype):
    V, mixture = with_thin(covariance_type, 400, 0)
    floor = 1e-6 if dtype == np.float32 else 1e-10  # what the fit adds
    covariances = mixture.covariances + floor * (np.eye(2) if covariance_type == "full" else 1)
    mixture = replace(mixture, covariances=covariances)
    assert "repeated values" in fault(V.astype(dtype), mixture)


@pytest.mark.parametrize(("covariance_type", "needed"), [("full", 3), ("diag", 2), ("spherical", 2)])
def test_a_component_of_too_few_rows_is_degenerate(covariance_type, needed):
    V, mixture = with_thin(covariance_type, needed - 1, 0.5)
    assert f"owns {needed - 1}.00 samples, and its covariance needs {needed}" in fault(V, mixture)


def test_a_tied_component_may_own_one_row():
    V = np.random.default_rng(0).normal(size=(100, 2))
    assert fault(V, Parameters([0.99, 0.01], np.zeros((2, 2)), 0.9 * np.eye(2), "tied")) == ""
    assert "needs 4" in fault(V[:3], Parameters([0.5, 0.5], np.zeros((2, 2)), 0.9 * np.eye(2), "tied"))


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
@pytest.mark.parametrize("dtype", [np.float32, float])
def test_a_variance_that_rounding_made_negative_is_a_collapse(covariance_type, dtype):
    V = np.random.default_rng(0).normal(size=(200, 2)).astype(dtype)
    covariances = {"diag": np.array([[1, 1], [-1e-7, 1]]), "spherical": np.array([1, -1e-7])}[covariance_type]
    assert fault(V, Parameters(np.array([0.5, 0.5]), np.zeros((2, 2)), covariances, covariance_type))
