"""Choose the number of components and the covariance type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.model_selection import KFold

from gmmlab.engine.conversion import n_parameters
from gmmlab.engine.covariances import COVARIANCE_TYPES
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.exchange import find_optima
from gmmlab.engine.fitting import check_request
from gmmlab.engine.parameters import Result
from gmmlab.engine.progress_bars import run_all
from gmmlab.engine.rows import read_rows
from gmmlab.engine.spaces import FEW_ROWS, Sample
from gmmlab.engine.starts import best_sound
from gmmlab.engine.threads import on_one_thread

TOL = 1e-8
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

    All fits are made as by `best_fit`, with less effort, to 1e-8 per row. Each is tried again from what its neighbours
    found: the next larger mixture with two components joined, the next smaller with one added or cut, and the other
    types. All run through joblib: ``with joblib.parallel_config("dask"):`` around the call sends them to a cluster.

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
        Effort, as in `best_fit`. Default: 20, and 4 above 1700 rows.
    random_state : int
        Seed of starts and folds.
    n_jobs : int, optional
        Processes. Default: joblib's configuration, or 1.
    progress : bool, optional
        Whether to draw a progress bar. Default: after two seconds (see `gmmlab.engine.progress_bars.progress_bar`).

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
    settings = {"n_init": n_init, "random_state": random_state, "n_jobs": n_jobs, "progress": progress}
    return search_with_fits(X, n_components, covariance_types, held_out=held_out, **settings)[0]


Model = tuple[int, str]
"""A number of components and a covariance type."""


def search_with_fits(
    X: ArrayLike,
    n_components: Iterable[int],
    covariance_types: Sequence[str] = COVARIANCE_TYPES,
    *,
    held_out: int | ArrayLike | None = None,
    **settings: Any,
) -> tuple[pd.DataFrame, dict[Model, Result]]:
    """Return the table of `search`, which has the same parameters, and the fits that it measures."""
    samples = read_rows(X, least_rows=2)
    splits = list(_splits(samples, held_out, settings.get("random_state", 0)))
    sets = [samples, *(fitted for fitted, _ in splits if len(fitted))]
    whole, *parts = fit_grids(sets, n_components, covariance_types, **settings)
    parts = parts or [whole] * len(splits)  # one mixture scores all held-out rows, or each fold has its own
    rows = []
    for cell, fit in whole.items():
        scored = _held_out([part[cell] for part in parts], splits)
        rows.append(_measured(fit, samples) | {"held_out": scored, "degenerate": fit.degenerate})
    # Two types may be one model, such as tied and full with one component: the last digit does not order them.
    table = pd.DataFrame(rows).sort_values(["degenerate", "bic"], key=lambda column: column.round(6), kind="stable")
    return table.reset_index(drop=True), whole


@on_one_thread
def fit_grids(
    sets: Sequence[np.ndarray],
    n_components: Iterable[int],
    covariance_types: Sequence[str] = COVARIANCE_TYPES,
    *,
    n_init: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> list[dict[Model, Result]]:
    """Fit every number of components with every covariance type to each of several data sets, as `search` does.

    Parameters
    ----------
    sets : sequence of arrays of shape (n, d)
    n_components, covariance_types, n_init, random_state, n_jobs, progress
        As in `search`.

    Returns
    -------
    list of dict
        For each data set the fits.
    """
    numbers, types, parallel = (
        list(n_components),
        list(covariance_types),
        Parallel(n_jobs=n_jobs, return_as="generator"),
    )
    if not numbers or not types:
        raise ValueError("A search needs at least one number of components and one covariance type.")
    efforts = [effort(len(X)) if n_init is None else n_init for X in sets]
    for (X, starts), k in product(zip(sets, efforts, strict=True), numbers):
        check_request(len(X), k, types, starts)
    samples = [Sample(X, starts, random_state) for X, starts in zip(sets, efforts, strict=True)]
    optima = find_optima(samples, numbers, types, parallel, progress)
    tasks = [delayed(best_sound)(sets[i], samples[i], found, TOL) for (i, _, _), found in optima.items()]
    fits = run_all(parallel, tasks, unit="fit", desc="polish", shown=progress)
    grids: list[dict[Model, Result]] = [{} for _ in sets]
    for (i, k, name), fit in zip(optima, fits, strict=True):
        grids[i][k, name] = fit
    return grids


def effort(n: int) -> int:
    """Return the default ``n_init`` for n rows: few rows cost little."""
    return 20 if n <= FEW_ROWS else 4


def _splits(
    X: np.ndarray, held_out: int | ArrayLike | None, random_state: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of rows to fit to and rows to score; none of the former means all rows."""
    if held_out is None:
        return
    if not isinstance(held_out, int | np.integer):
        yield X[:0], read_rows(held_out, name="held_out")
        return
    for fitted, scored in KFold(held_out, shuffle=True, random_state=random_state).split(X):
        yield X[fitted], X[scored]


def _held_out(fits: list[Result], splits: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the mean log density of the rows to score, averaged over the splits."""
    scores = [e_step(scored, fit.parameters)[1].mean() for fit, (_, scored) in zip(fits, splits, strict=True)]
    return float(np.mean(scores)) if scores else np.nan


@on_one_thread
def _measured(fit: Result, X: np.ndarray) -> dict[str, Any]:
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
    }
