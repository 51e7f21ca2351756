r"""Gaussian mixtures with a uniform component for noise.

The density is :math:`\pi_0 / V + \sum_k \pi_k N(x | \mu_k, \Sigma_k)`, where V is the volume of a box around the data
(Banfield & Raftery 1993, Biometrics 49, 803, section 4). The uniform component has no parameter but its weight: in the
E-step it takes a share of each row, and the M-step of the Gaussians is that of `gmmlab.engine.em_steps` on the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from gmmlab.engine.conversion import as_mixture
from gmmlab.engine.covariances import FULL
from gmmlab.engine.em_steps import e_step, m_step
from gmmlab.engine.fitting import check_request, fit_one
from gmmlab.engine.parameters import Parameters, Statistics
from gmmlab.engine.progress_bars import progress_bar
from gmmlab.engine.rows import read_rows
from gmmlab.engine.spaces import REG_COVAR, fault, space_of
from gmmlab.engine.threads import on_one_thread

DENSEST = (0.95, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05)  # shares of the rows, in the densest places, to which starts are fitted
NEIGHBOURS = 5
TURNS, HIGHER = 5, 1e-3  # times that the rows found to be no noise are fitted again, while the likelihood grows
TOL, LONGEST = 1e-9, 5000


@dataclass(frozen=True, eq=False)
class NoisyMixture:
    """A Gaussian mixture and a uniform component for noise.

    Attributes
    ----------
    mixture : GaussianMixture
        Of the rows that are no noise: its weights sum to 1.
    noise_weight : float
        Weight of the uniform component; the Gaussians share the rest.
    volume : float
        Of the box on which the noise is uniform: its density is 1 / volume everywhere, also outside of the data.
    log_likelihood : float
        Of all rows of the fit.
    converged : bool
    degenerate : bool
        Whether a component collapsed, as `best_fit` defines it.
    """

    mixture: GaussianMixture
    noise_weight: float
    volume: float
    log_likelihood: float
    converged: bool
    degenerate: bool

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Return the log density of each row, shape (n,)."""
        uniform, gaussian = self._parts(X)
        return np.asarray(np.logaddexp(uniform, gaussian))

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the responsibilities, shape (n, k + 1): the noise comes last."""
        uniform, gaussian = self._parts(X)
        noise = np.exp(uniform - np.logaddexp(uniform, gaussian))[:, None]
        return np.hstack([(1 - noise) * self.mixture.predict_proba(read_rows(X)), noise])

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable component of each row, -1 for noise."""
        labels = self.predict_proba(X).argmax(axis=1)
        return np.where(labels == self.mixture.n_components, -1, labels)

    def _parts(self, X: ArrayLike) -> tuple[float, np.ndarray]:
        gaussian = self.mixture.score_samples(read_rows(X)) + _log(1 - self.noise_weight)
        return _log(self.noise_weight) - np.log(self.volume), gaussian


def bounding_volume(X: ArrayLike) -> float:
    """Return the volume of a box around the rows: along the features or along the principal axes, if that is smaller.

    This is what R's mclust takes for the noise's volume (``hypvol``).

    Raises
    ------
    ValueError
        If the rows lie in a plane, or X is not finite.
    """
    rows = read_rows(X, least_rows=2)
    covariance = np.atleast_2d(np.cov(rows.T))
    try:
        FULL.root(covariance)
    except np.linalg.LinAlgError:
        raise ValueError(
            "The rows have a constant feature or lie in a plane, so a box around them has no volume."
        ) from None
    axes = np.linalg.eigh(covariance)[1]
    return float(min(np.prod(np.ptp(box, axis=0)) for box in (rows, rows @ axes)))


def fit_with_noise(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    volume: float | None = None,
    n_init: int = 20,
    random_state: int | np.random.RandomState | None = 0,
    progress: bool | None = None,
) -> NoisyMixture:
    """Fit a mixture of Gaussians and one uniform component, which takes the outliers (Banfield & Raftery 1993).

    EM climbs from where it starts. So mixtures are fitted as by `best_fit` to the rows in the densest places, those
    with the nearest neighbours (after Byers & Raftery 1998, J. Am. Stat. Assoc. 93, 577), for several shares of rows;
    the others begin as noise. EM runs from each start to convergence, and the highest log-likelihood is kept.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data.
    n_components : int
        Number of Gaussians.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Of the Gaussians.
    volume : float, optional
        Of the region where noise may fall, in units of the data. Default: `bounding_volume`.
    n_init, random_state
        As in `best_fit`, for each start.
    progress : bool, optional
        Whether to draw a progress bar over the starts. Default: after two seconds.

    Returns
    -------
    NoisyMixture

    Raises
    ------
    ValueError
        If a number or the type is out of range, or the data have no volume.
    """
    rows = read_rows(X, least_rows=2)
    check_request(len(rows), n_components, [covariance_type], n_init)
    volume = bounding_volume(rows) if volume is None else volume
    fitted = partial(
        fit_one, n_components=n_components, covariance_type=covariance_type, n_init=n_init, random_state=random_state
    )
    enough = 4 * n_components * (rows.shape[1] + 1)
    best = _run(rows, fitted(rows).parameters, 0.01, volume)
    for share in progress_bar(DENSEST, shown=progress, unit="start", desc="noise"):
        dense = densest(rows, share)
        if len(dense) >= enough:
            best = min(best, _run(rows, fitted(dense).parameters, 1 - share, volume), key=_rank)
    for _ in range(TURNS):
        dense = rows[best.predict(rows) >= 0]
        if len(dense) < enough:
            break
        fit = _run(rows, fitted(dense).parameters, max(best.noise_weight, 0.01), volume)
        if fit.log_likelihood < best.log_likelihood + HIGHER or fit.degenerate:
            break
        best = fit
    return best


def _run(X: np.ndarray, start: Parameters, noise_weight: float, volume: float) -> NoisyMixture:
    return em_with_noise(X, start, noise_weight, volume=volume, max_iter=LONGEST, tol=TOL)


def _rank(fit: NoisyMixture) -> tuple[bool, float]:
    return fit.degenerate, -fit.log_likelihood


def densest(X: np.ndarray, share: float) -> np.ndarray:
    """Return the share of the rows whose neighbours are nearest, in standardised units."""
    V = space_of(X, "standardised").of_rows(X)
    neighbours = min(NEIGHBOURS, len(V) - 1)
    distances = NearestNeighbors(n_neighbors=neighbours).fit(V).kneighbors()[0][:, -1]
    return np.asarray(X[np.argsort(distances, kind="stable")[: round(share * len(X))]])


@on_one_thread
def em_with_noise(
    X: np.ndarray, start: Parameters, noise_weight: float, *, volume: float, max_iter: int = 100, tol: float = 1e-3
) -> NoisyMixture:
    """Run EM with a uniform component from a given start.

    Parameters
    ----------
    X : array of shape (n, d)
    start : Parameters
        Of the Gaussians alone: their weights sum to 1.
    noise_weight : float
        Weight of the uniform component at the start, above 0.
    volume : float
        In units of the data.
    max_iter, tol
        As in `em`.

    Returns
    -------
    NoisyMixture
    """
    space = space_of(X, start.type.invariance)
    V, p = space.of_rows(X), space.of_mixture(start)
    shrunk = np.linalg.slogdet(space.forward)[1]
    inside, path = _log(1 / volume) - shrunk, [-np.inf]
    converged = False
    while len(path) <= max_iter and not converged:
        sums, noise = statistics_with_noise(V, p, noise_weight, inside)
        path.append(sums.log_likelihood / len(V))
        p, noise_weight = m_step(sums, REG_COVAR), noise / len(V)
        converged = abs(path[-1] - path[-2]) < tol
    degenerate = fault(V, p, len(V) * (1 - noise_weight)) != ""
    found = replace(p, means=p.means @ space.back + space.centre, covariances=p.type.mapped(p.covariances, space.back))
    fit = NoisyMixture(as_mixture(found), noise_weight, volume, np.nan, converged, False)
    return replace(fit, log_likelihood=float(fit.score_samples(X).sum()), degenerate=degenerate)


def statistics_with_noise(
    X: np.ndarray, parameters: Parameters, noise_weight: float, log_uniform: float
) -> tuple[Statistics, float]:
    """E-step: the sums for the Gaussians, and the sum of the responsibilities of the noise.

    Parameters
    ----------
    X : array of shape (n, d)
        Centred, as for `gmmlab.engine.em_steps.statistics`.
    parameters : Parameters
        Of the Gaussians: their weights sum to 1.
    noise_weight : float
    log_uniform : float
        Log density of the noise.

    Returns
    -------
    sums : Statistics
        The responsibilities of the Gaussians in it sum, for each row, to 1 minus that of the noise.
    noise : float
    """
    shares, log_density = e_step(X, parameters)
    uniform, gaussian = _log(noise_weight) + log_uniform, _log(1 - noise_weight) + log_density
    both = np.logaddexp(uniform, gaussian)
    kind, noise = parameters.type, np.exp(uniform - both)
    shares *= (1 - noise)[:, None]
    features = np.empty((kind.n_features(X.shape[1]), len(X)))
    kind.fill(X.T, features)
    products, d = shares.T @ features.T, X.shape[1]
    counts, first, second = shares.sum(axis=0), products[:, :d], kind.second(products[:, d:], d)
    likelihood, name = float(both.sum()), parameters.covariance_type
    sums = Statistics(likelihood, len(X), counts, first, second, np.zeros_like(first), name)
    return sums, float(noise.sum())


def _log(share: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(share))
