"""The likelihood-ratio test for the number of components, with its null distribution simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from gmmlab.engine.conversion import as_mixture
from gmmlab.engine.model_search import fit_grids
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.progress_bars import run_all
from gmmlab.engine.rows import read_rows


@dataclass(frozen=True, eq=False)
class LikelihoodRatioTest:
    """What a test of K components against K + 1 found.

    Attributes
    ----------
    statistic : float
        Twice the gain in log-likelihood from K to K + 1 components.
    p_value : float
        Share of data sets, the observed one among them, whose statistic is at least as large: it is never below
        1 / (B + 1).
    simulated : array of shape (B,)
        The statistics of the data sets simulated from the fit of K components.
    degenerate : bool
        Whether a fit to the data collapsed, as `best_fit` defines it: then the statistic means nothing.
    """

    statistic: float
    p_value: float
    simulated: np.ndarray
    degenerate: bool


def likelihood_ratio_test(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    n_simulations: int = 999,
    n_init: int = 8,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> LikelihoodRatioTest:
    """Test whether K components are enough, against K + 1.

    Under K components the statistic does not follow a chi-squared distribution, because a weight of zero lies on the
    edge of the parameters and leaves its component's mean undefined (McLachlan & Peel 2000, section 6.4). So its
    distribution is simulated: data sets of n rows are drawn from the fit of K components, and K and K + 1 are fitted
    to each (McLachlan 1987, Applied Statistics 36, 318). The test is only as good as the fits: data and simulations
    get the same effort, K and K + 1 are fitted together and learn from one another, to 1e-8 per row.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data.
    n_components : int
        K, the number of components under the null hypothesis.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Of both mixtures. With other types than tied, small components of K + 1 fit accidents of the data and of
        the simulations alike: the statistic is large under the null, and the test has less power.
    n_simulations : int
        B, the number of data sets simulated.
    n_init : int
        Effort of each fit, as in `best_fit`.
    random_state : int
        Seed of simulations and starts.
    n_jobs : int, optional
        Processes. Default: joblib's configuration, or 1.
    progress : bool, optional
        Whether to draw a progress bar. Default: after two seconds.

    Returns
    -------
    LikelihoodRatioTest

    Raises
    ------
    ValueError
        If a number or the type is out of range, or X has fewer rows than components.
    """
    if n_simulations < 1:
        raise ValueError(f"n_simulations must be a whole number from 1 on, but got {n_simulations!r}.")
    rows = read_rows(X, least_rows=2)
    fewer, more = _fits(rows, n_components, covariance_type, n_init, random_state)
    seeds = check_random_state(random_state).randint(2**31, size=n_simulations)
    tasks = [delayed(_simulated)(fewer.parameters, len(rows), n_init, int(seed)) for seed in seeds]
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    simulated = np.array(run_all(parallel, tasks, unit="data set", desc="simulate", shown=progress))
    observed = _statistic(fewer, more, len(rows))
    p_value = (1 + np.sum(simulated >= observed)) / (1 + n_simulations)
    return LikelihoodRatioTest(observed, float(p_value), simulated, fewer.degenerate or more.degenerate)


def _fits(X: np.ndarray, k: int, covariance_type: str, n_init: int, seed: int) -> tuple[Result, Result]:
    """Fit k and k + 1 components; each learns from the other."""
    kind = [covariance_type]
    fits = fit_grids([X], [k, k + 1], kind, n_init=n_init, random_state=seed, n_jobs=1, progress=False)[0]
    return fits[k, covariance_type], fits[k + 1, covariance_type]


def _statistic(fewer: Result, more: Result, n: int) -> float:
    return 2 * n * (more.mean_log_likelihood - fewer.mean_log_likelihood)


def _simulated(null: Parameters, n: int, n_init: int, seed: int) -> float:
    """Return the statistic of one data set drawn from the null hypothesis."""
    drawn, _ = as_mixture(null).set_params(random_state=seed).sample(n)
    return _statistic(*_fits(drawn, len(null.weights), null.covariance_type, n_init, seed), n)
