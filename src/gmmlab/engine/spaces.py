"""Where each covariance type is fitted: the space in which its likelihood knows no units, and rows in it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from gmmlab.engine.parameters import Parameters, Result

REG_COVAR = 1e-8
"""Added to the variances, as a share of the variance of the data: too small to bias, large enough to go on."""
SINGLE_PRECISION = 1e-6
"""Variance that single precision may lose, in data with a variance of about 1."""
THINNEST = 1e-3
"""A component thinner than this in some direction, in standard deviations of the data there, is degenerate."""
SAMPLE_ROWS, FEW_ROWS = 20_000, 1700  # so many rows tell optima apart; so few tell promising starts from poor ones
FEW_PRODUCTS = 6000  # few rows times components: few components are cheap


class Space(NamedTuple):
    """Where a covariance type is fitted: v = (x - centre) @ forward, and x = v @ back + centre.

    The map is the largest that the type's likelihood does not notice, so one regularisation and one criterion of
    collapse fit all data, whatever their units.
    """

    centre: np.ndarray
    forward: np.ndarray
    back: np.ndarray

    def of_rows(self, X: np.ndarray) -> np.ndarray:
        """Return rows in the space."""
        return np.asarray((X - self.centre) @ self.forward)

    def of_mixture(self, p: Parameters) -> Parameters:
        """Return a mixture of the data in the space."""
        return _mapped(p.shifted(-self.centre), self.forward)

    def in_units(self, result: Result) -> Result:
        """Return what was fitted in the space in the units of the data."""
        mixture = _mapped(result.parameters, self.back).shifted(self.centre)
        path = result.mean_log_likelihoods + np.linalg.slogdet(self.forward)[1]
        return replace(result, parameters=mixture, mean_log_likelihoods=path)


def _mapped(p: Parameters, A: np.ndarray) -> Parameters:
    """Return the mixture of x @ A."""
    return replace(p, means=p.means @ A, covariances=p.type.mapped(p.covariances, A))


def space_of(X: np.ndarray, invariance: str) -> Space:
    """Return the whitened, standardised or uniformly scaled space of the rows.

    A direction in which the data do not vary keeps its unit.
    """
    centre, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 1e-14 * np.abs(centre), scale, 1.0)
    if invariance == "scaled":
        scale = np.full(len(scale), np.sqrt(np.mean(scale**2)))
    if invariance != "whitened":
        return Space(centre, np.diag(1 / scale), np.diag(scale))
    Z = (X - centre) / scale
    variances, axes = np.linalg.eigh(Z.T @ Z / len(Z))
    root = np.sqrt(np.where(variances > 1e-12 * variances[-1], variances, 1.0))
    return Space(centre, axes / root / scale[:, None], (axes * root).T * scale)


def is_degenerate(V: np.ndarray, p: Parameters) -> bool:
    """Say whether a component is thinner, or owns fewer rows, than `best_fit` states; in the type's space."""
    spread = np.sqrt(V.var(axis=0) + REG_COVAR)  # a direction without variance has thickness 1, not 0
    rows = len(V) * p.weights.min()
    lost = SINGLE_PRECISION if V.dtype == np.float32 else 0
    return bool(
        rows < p.type.least_rows(V.shape[1]) - 0.01 or p.type.thinnest(p.covariances, spread) < THINNEST**2 + lost
    )


class Sample:
    """Rows of the data on which optima are told apart, in single precision, in each of the three spaces.

    Parameters
    ----------
    X : array of shape (n, d)
    n_init : int
        Effort, as in `best_fit`.
    random_state : int, RandomState or None
        Draws the rows, and the seed of whatever is random in what is done with them.

    Attributes
    ----------
    spaces, rows : dict
        For each ``invariance`` of a covariance type.
    kept : int
        How many short runs are run on, and how many optima are kept.
    whole : bool
        Whether the sample has all rows of the data.
    """

    def __init__(self, X: np.ndarray, n_init: int, random_state: int | np.random.RandomState | None) -> None:
        self.n_init, self.kept = n_init, 2 + n_init // 4
        rng = check_random_state(random_state)
        drawn = X[rng.permutation(len(X))[:SAMPLE_ROWS]]
        self.seed, self.whole = rng.randint(2**31), len(drawn) == len(X)
        self.spaces = {name: space_of(X, name) for name in ("scaled", "standardised", "whitened")}
        self.rows = {
            name: np.asfortranarray(space.of_rows(drawn), dtype=np.float32) for name, space in self.spaces.items()
        }

    def few(self, invariance: str, k: int) -> np.ndarray:
        """Return the rows on which starts with k components are made."""
        return self.rows[invariance][: max(FEW_ROWS, FEW_PRODUCTS // k)]
