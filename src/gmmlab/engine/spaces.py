"""Where each covariance type is fitted: the space in which its likelihood knows no units, and rows in it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from gmmlab.engine.balls import balls_of
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.parameters import Parameters, Result

REG_COVAR = 1e-10
"""Added to the variances, as a share of the variance of the data: too small to bias, large enough to go on."""
SINGLE_PRECISION = 1e-6
"""Variance that single precision may lose, in data with a variance of about 1."""
THIN = 1e-2
"""A component thinner than this in some direction, in standard deviations of the data there, is looked at closely."""
TIES = 1e-5
"""Rows whose middle half is closer together than this, in the same units, lie in a plane."""
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


def space_of(X: np.ndarray, invariance: str, weights: np.ndarray | None = None) -> Space:
    """Return the whitened, standardised or uniformly scaled space of the rows, which may have weights.

    A direction in which the data do not vary keeps its unit.
    """
    centre = np.average(X, axis=0, weights=weights)
    scale = np.sqrt(np.average((X - centre) ** 2, axis=0, weights=weights))
    scale = np.where(scale > 1e-14 * np.abs(centre), scale, 1.0)
    if invariance == "scaled":
        scale = np.full(len(scale), np.sqrt(np.mean(scale**2)))
    if invariance != "whitened":
        return Space(centre, np.diag(1 / scale), np.diag(scale))
    Z = (X - centre) / scale
    if weights is not None:
        Z *= np.sqrt(weights / weights.mean())[:, None]
    variances, axes = np.linalg.eigh(Z.T @ Z / len(Z))
    root = np.sqrt(np.where(variances > 1e-12 * variances[-1], variances, 1.0))
    return Space(centre, axes / root / scale[:, None], (axes * root).T * scale)


def fault(V: np.ndarray, p: Parameters, rows: float | None = None, weights: np.ndarray | None = None) -> str:
    """Say by which rule of `best_fit` a mixture is degenerate; nothing where it is sound.

    Parameters
    ----------
    V : array of shape (n, d)
        In the type's space.
    p : Parameters
        There.
    rows : float, optional
        How many rows the mixture owns. Default: n.
    weights : array of shape (n,), optional
        How many rows each row stands for.
    """
    (k, d), n = p.means.shape, len(V) if weights is None else weights.sum()
    floor = SINGLE_PRECISION if V.dtype == np.float32 else REG_COVAR
    centre = np.average(V, axis=0, weights=weights)
    spread = np.sqrt(
        np.average((V - centre) ** 2, axis=0, weights=weights) + floor
    )  # a direction without variance has thickness 1, not 0
    widths, fixed = p.type.widths(p.covariances, spread).reshape(-1, d), p.type.fixed_rows(k, d)
    rows = n if rows is None else rows
    owned = np.array([float(rows)]) if p.type.shared else rows * p.weights
    few = int(owned.argmin())
    if owned[few] < fixed + 0.99:
        return f"A component owns {owned[few]:.2f} samples, and its covariance needs {fixed + 1}."
    depth = -np.log(widths.clip(1e-300, 1)).sum(axis=1)
    by_chance = (owned - fixed) * depth < owned * np.log(n * np.e / owned)
    for j in np.flatnonzero(widths[:, 0] < THIN):
        if by_chance[j]:
            return (
                f"A component with a width of {widths[j, 0]:.1g} standard deviations owns {owned[j]:.1f} samples, and "
                "so few may lie so close together by chance."
            )
        flat = widths[j, 0] == 0 or floor == REG_COVAR  # single precision may have lost a width
        if widths[j, 0] ** 2 < 4 * floor and (flat or _in_a_plane(V, p, spread, int(j))):
            return "A component lies on repeated values or in a plane: only the regularisation gives it a width."
    return ""


def _in_a_plane(V: np.ndarray, p: Parameters, spread: np.ndarray, j: int) -> bool:
    """Say whether half of the rows of covariance j are as good as equal in its thinnest direction."""
    labels, matrices = e_step(V, p)[0].argmax(axis=1), p.type.matrices(p.covariances, *p.means.shape)
    theirs = np.full(len(V), True) if p.type.shared else labels == j
    thinnest = np.linalg.eigh(matrices[j] / np.outer(spread, spread))[1][:, 0]
    across = ((V[theirs] - p.means[labels[theirs]]) / spread) @ thinnest
    return bool(len(across) == 0 or np.subtract(*np.percentile(across, [75, 25])) < TIES)


class Sample:
    """Rows of the data on which optima are told apart, in single precision, in each of the three spaces.

    Parameters
    ----------
    X : array of shape (n, d)
    n_init : int
        Effort, as in `best_fit`.
    random_state : int, RandomState or None
        Draws the rows, and the seed of whatever is random in what is done with them.
    weights : array of shape (n,), optional
        How many rows each row stands for: as often it is in the sample, but for rounding.

    Attributes
    ----------
    spaces, rows : dict
        For each ``invariance`` of a covariance type.
    balls : Balls
        About some of the rows, in whitened units.
    log_scales : dict
        For each ``invariance`` the log volume of a whitened unit there.
    kept : int
        How many short runs are run on, and how many optima are kept.
    whole : bool
        Whether the sample has all rows of the data.
    weights : array of shape (n,) or None
    """

    def __init__(
        self,
        X: np.ndarray,
        n_init: int,
        random_state: int | np.random.RandomState | None,
        weights: np.ndarray | None = None,
    ) -> None:
        self.n_init, self.kept, self.weights = n_init, 2 + n_init // 4, weights
        rng, n = check_random_state(random_state), len(X) if weights is None else max(round(weights.sum()), 1)
        places = rng.permutation(n)[:SAMPLE_ROWS]
        self.seed, self.whole = rng.randint(2**31), len(places) == n
        if weights is not None:  # row i lies at the places from the sum of the weights before it to that with its own
            ladder = np.cumsum(weights) * (n / weights.sum())
            places = np.searchsorted(ladder, places + rng.uniform(size=len(places)), side="right").clip(max=len(X) - 1)
            self.whole &= bool((np.bincount(places, minlength=len(X)) == weights).all())
        drawn = X[places]
        self.spaces = {name: space_of(X, name, weights) for name in ("scaled", "standardised", "whitened")}
        self.rows = {
            name: np.asfortranarray(space.of_rows(drawn), dtype=np.float32) for name, space in self.spaces.items()
        }
        self.balls = balls_of(self.rows["whitened"])
        volumes = {name: np.linalg.slogdet(space.forward)[1] for name, space in self.spaces.items()}
        self.log_scales = {name: volume - volumes["whitened"] for name, volume in volumes.items()}

    def few(self, invariance: str, k: int) -> np.ndarray:
        """Return the rows on which starts with k components are made."""
        return self.rows[invariance][: max(FEW_ROWS, FEW_PRODUCTS // k)]
