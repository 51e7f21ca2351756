"""How sure the parameters of a mixture are: fits to resamples of the rows, with their components matched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state

from gmmlab.engine.accelerated import accelerated_em
from gmmlab.engine.conversion import as_mixture, as_parameters
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.progress_bars import progress_bar
from gmmlab.engine.rows import read_rows
from gmmlab.engine.spaces import space_of
from gmmlab.engine.threads import on_one_thread

TOL, LONGEST = 1e-9, 5000  # gain per row at which a fit counts as converged, and iterations at most


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The parameters of a mixture in B resamples; component k of each is the partner of the original component k.

    Attributes
    ----------
    weights : array of shape (B, k)
    means : array of shape (B, k, d)
    covariances : array of shape (B, ...)
        Shaped as in scikit-learn after the first axis.
    degenerate : array of shape (B,)
        Whether a component collapsed in a resample, as `best_fit` defines it. Look before you average.
    covariance_type : str
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    degenerate: np.ndarray
    covariance_type: str

    def __len__(self) -> int:
        return len(self.weights)

    def mixture(self, b: int) -> GaussianMixture:
        """Return the mixture that was fitted to resample b."""
        return as_mixture(Parameters(self.weights[b], self.means[b], self.covariances[b], self.covariance_type))


@on_one_thread
def bootstrap(
    gmm: GaussianMixture,
    X: ArrayLike,
    *,
    n_resamples: int = 999,
    random_state: int | np.random.RandomState | None = 0,
    progress: bool | None = None,
) -> Bootstrap:
    """Fit a mixture again to resamples of its data, to see how its parameters vary.

    Each resample draws n rows with replacement (Efron 1979). EM starts there from the original fit, and runs to
    convergence, so that a resample explores the surroundings of the fit and not other local maxima (O'Hagan,
    Murphy, Scrucca & Gormley 2019, Comput. Stat. 34, 1779, as R's mclust). The components of a resample have no
    names: each is matched to the original component whose responsibilities, summed over the rows of `X`, it
    overlaps most (a one-to-one assignment, Kuhn 1955).

    Standard errors are ``boot.weights.std(axis=0, ddof=1)``, 95% percentile intervals
    ``np.percentile(boot.weights, [2.5, 97.5], axis=0)``.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted to `X`, and converged: otherwise all resamples move away from it in the same direction.
    X : array-like of shape (n, d)
        Data of the fit.
    n_resamples : int
        B, the number of resamples.
    random_state : int, RandomState or None
        Seed of the resamples.
    progress : bool, optional
        Whether to draw a progress bar. Default: after two seconds.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        If X does not fit to the mixture, or there is no resample.
    """
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be a whole number from 1 on, but got {n_resamples!r}.")
    rows, original = read_rows(X), as_parameters(gmm)
    shares, rng = e_step(rows, original)[0], check_random_state(random_state)
    space = space_of(rows, original.type.invariance)
    V, start = space.of_rows(rows), space.of_mixture(original)
    fits = []
    for _ in progress_bar(range(n_resamples), shown=progress, unit="resample", desc="bootstrap"):
        drawn = np.asfortranarray(V[rng.randint(len(V), size=len(V))])
        found = space.in_units(accelerated_em(drawn, start, LONGEST, TOL))
        fits.append((_matched(found.parameters, e_step(rows, found.parameters)[0], shares), found.degenerate))
    return Bootstrap(
        np.array([p.weights for p, _ in fits]),
        np.array([p.means for p, _ in fits]),
        np.array([p.covariances for p, _ in fits]),
        np.array([degenerate for _, degenerate in fits]),
        original.covariance_type,
    )


def _matched(found: Parameters, own: np.ndarray, shares: np.ndarray) -> Parameters:
    """Return the mixture with its components in the order of those whose responsibilities are `shares`."""
    return found.ordered(linear_sum_assignment(shares.T @ own, maximize=True)[1])
