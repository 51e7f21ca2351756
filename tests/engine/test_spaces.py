"""What counts as degenerate."""

import numpy as np
import pytest

from gmmlab.engine.parameters import Parameters
from gmmlab.engine.spaces import is_degenerate
from gmmlab.mixture import COVARIANCE_TYPES

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


@every_type
def test_what_collapsed_in_single_precision_counts_as_degenerate(covariance_type):
    V = np.random.default_rng(0).normal(size=(500, 2))
    V = (V - V.mean(axis=0)) / V.std(axis=0)
    thin = 1.5e-6  # above the limit, but mostly what single precision adds
    covariances = {
        "full": np.array([np.eye(2), np.diag([1, thin])]),
        "tied": np.diag([1, thin]),
        "diag": np.array([[1, 1], [1, thin]]),
        "spherical": np.array([1, thin]),
    }[covariance_type]
    mixture = Parameters([0.5, 0.5], np.zeros((2, 2)), covariances, covariance_type)
    assert is_degenerate(V.astype(np.float32), mixture)
    assert not is_degenerate(V, mixture)
