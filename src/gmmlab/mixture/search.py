"""Choose the number of components and the covariance type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import KFold
from sklearn.utils import check_array

from gmmlab.mixture.components import COVARIANCE_TYPES, n_parameters
from gmmlab.mixture.em import e_step
from gmmlab.mixture.fitting import ROWS, Fit, fit_types
from gmmlab.waiting import bar

TOL = 1e-7
"""Gain in log-likelihood per row at which a fit of the search counts as converged."""


def search(
    X: ArrayLike,
    n_components: Iterable[int] = range(1, 10),
    covariance_types: Sequence[str] = COVARIANCE_TYPES,
    *,
    held_out: int | ArrayLike | None = None,
    n_init: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Fit every number of components with every covariance type, and measure each model.

    The fits are those of `best_fit`, polished to 1e-7 per row, and share the starts of a number of components. They
    run through joblib: ``with joblib.parallel_config("dask"):`` around the call sends them to a cluster.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data; integers are converted to floats.
    n_components : iterable of int
        Numbers of components.
    covariance_types : sequence of str
        Out of ``"full"``, ``"tied"``, ``"diag"``, ``"spherical"``.
    held_out : int or array-like of shape (m, d), optional
        What to measure the held-out log-likelihood on: other rows, or a number of folds of X for cross-validation
        (shuffled; each fold is scored by a mixture fitted to the rest).
    n_init : int, optional
        Effort of a fit, as in `best_fit`. Default: 3, and 9 above 5000 rows.
    random_state : int
        Seed of starts and folds.
    n_jobs : int, optional
        Processes. Default: joblib's configuration, or 1.
    progress : bool, optional
        Whether to draw a progress bar. Default: after two seconds (see `gmmlab.waiting.bar`).

    Returns
    -------
    DataFrame
        A row for each model, the best first: by BIC, degenerate ones (see `best_fit`) last. Columns:

        - ``n_components``, ``covariance_type``, ``n_parameters``
        - ``log_likelihood`` : of all rows
        - ``bic``, ``aic``, ``icl`` : lower is better, as in scikit-learn. ``icl`` is BIC and the cost of doubt,
          - 2 sum_i log max_k z_ik (Biernacki, Celeux & Govaert 2000, as in R's mclust, which turns the sign).
        - ``held_out`` : mean log-likelihood of a held-out row, higher is better; NaN where ``held_out`` is None
        - ``degenerate`` : whether every fit ended in a collapsed component

    Raises
    ------
    ValueError
        If X, a number or a type is out of range.
    """
    X = check_array(X, dtype=np.float64, ensure_min_samples=2)
    numbers = sorted(set(n_components), reverse=True)  # the longest jobs first
    splits = list(_splits(X, held_out, random_state))
    n_init = effort(len(X)) if n_init is None else n_init
    jobs = bar(numbers, unit="k", desc="search", shown=progress)
    models = Parallel(n_jobs=n_jobs)(
        delayed(_models)(X, k, list(covariance_types), splits, n_init, random_state) for k in jobs
    )
    table = pd.DataFrame([row for rows in models for row in rows])
    return table.sort_values(["degenerate", "bic"], kind="stable", ignore_index=True)


def effort(n: int) -> int:
    """Return the default ``n_init`` for n rows: above `ROWS`, starts are made on a sample, and cost little."""
    return 3 if n <= ROWS else 9


def _splits(X: NDArray, held_out: int | ArrayLike | None, random_state: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield pairs of rows to fit to and rows to score; none of the former means all rows."""
    if held_out is None:
        return
    if not isinstance(held_out, int | np.integer):
        yield X[:0], check_array(held_out, dtype=np.float64)
        return
    for fitted, scored in KFold(held_out, shuffle=True, random_state=random_state).split(X):
        yield X[fitted], X[scored]


def _models(X, k: int, types: list[str], splits: list, n_init: int, random_state: int) -> list[dict]:
    """Return the rows of the table for one number of components."""

    def fits(rows: NDArray) -> list[Fit]:
        return fit_types(rows, k, types, n_init=n_init, random_state=random_state, tol=TOL)

    whole = fits(X)
    scores = [
        [_mean_log_density(fit, scored) for fit in (fits(fitted) if len(fitted) else whole)]
        for fitted, scored in splits
    ]
    held_out = np.mean(scores, axis=0) if scores else np.full(len(types), np.nan)
    return [_measured(fit, X, float(score)) for fit, score in zip(whole, held_out, strict=True)]


def _mean_log_density(fit: Fit, X: NDArray) -> float:
    return float(e_step(X, fit.parameters)[1].mean())


def _measured(fit: Fit, X: NDArray, held_out: float) -> dict:
    responsibilities, log_density = e_step(X, fit.parameters)
    kind, k = fit.parameters.covariance_type, len(fit.parameters.weights)
    log_likelihood, free = float(log_density.sum()), n_parameters(kind, k, X.shape[1])
    bic = free * np.log(len(X)) - 2 * log_likelihood
    return {
        "n_components": k,
        "covariance_type": kind,
        "n_parameters": free,
        "log_likelihood": log_likelihood,
        "bic": bic,
        "aic": 2 * free - 2 * log_likelihood,
        "icl": bic - 2 * float(np.log(responsibilities.max(axis=1)).sum()),
        "held_out": held_out,
        "degenerate": fit.degenerate,
    }
