"""Fitting that reaches the good optimum, not merely a converged one.

EM climbs from where it starts, so the starts decide. A k-means start depends on the units of the features while the
likelihood of a mixture does not; so starts come from three views of the data (as they are, standardised, whitened).
All run a little, the best few run on. Then a mixture learns from its neighbours as long as that leads higher: from one
with a component less, to which one is added or of which one is cut in two, from one with a component more, of which
two are joined, and from other covariance types. At last it exchanges components for groups of rows that lie denser than
it says: no other start finds a small dense group in broad noise. Where several starts end at the same best optimum and
no rows lie denser than it says, `best_fit` asks no neighbours.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from joblib import Parallel
from numpy.typing import ArrayLike
from sklearn.mixture import GaussianMixture

from gmmlab.engine.conversion import as_mixture
from gmmlab.engine.covariances import type_of
from gmmlab.engine.exchange import confirmed, find_optima
from gmmlab.engine.parameters import Result
from gmmlab.engine.rows import read_rows, read_weights
from gmmlab.engine.spaces import Sample
from gmmlab.engine.starts import best_sound, from_starts
from gmmlab.engine.threads import on_one_thread

TAUGHT_BY = {"full": ["tied"]}  # a common covariance shows the way for many dimensions and few rows


class DegenerateFitWarning(UserWarning):
    """Every start ended in a collapsed component: the likelihood found is an artefact."""


def best_fit(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    sample_weight: ArrayLike | None = None,
    n_init: int = 20,
    random_state: int | np.random.RandomState | None = 0,
) -> GaussianMixture:
    """Fit a mixture by the lab's recipe: many starts, the best improved and polished to real convergence.

    With scikit-learn's defaults (``n_init=1, tol=1e-3``) EM often stops early or at a poor local optimum
    and still reports ``converged_``. The optimum found here does not depend on the units of the features where
    the likelihood does not: on no linear map for ``"full"`` and ``"tied"``, on no rescaling for ``"diag"``.

    A solution is degenerate, and left out wherever another is found, if a component

    - owns fewer rows than its covariance needs: d + 1 (full), 2 (diag, spherical); the common covariance (tied) needs
      k + d rows, and a component one row;
    - is thinner in some direction than a hundredth of the data's standard deviation there, and owns so few rows that
      these may lie so close together by chance: ``(m - m0) sum_j log(1 / t_j) < m log(e n / m)``, where m of the n rows
      are the component's, m0 is one less than it needs, and its width in direction j is t_j times that of the data, or
      t_j = 1 if it is larger. On the left stands how improbable it is that rows lie so close together, on the right in
      how many ways the rows could have been chosen;
    - lies on repeated values or in a plane, so that only the regularisation gives it a width.

    The likelihood of such solutions grows without bound, or would without the regularisation. Thin components of many
    rows are sound. Where a likelier solution was left out, ``left_out_`` says by which rule.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data; integers are converted to floats.
    n_components : int
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the covariances.
    sample_weight : array-like of shape (n,), optional
        How many rows each row stands for: a row of weight 2 counts as two rows, one of weight 0 is absent. Their sum is
        the number of rows, by which a degenerate component is told. Default: 1 for each row.
    n_init : int
        Effort: k-means starts in each of the three views. For every four of them, one more optimum is kept and learnt
        from.
    random_state : int, RandomState or None
        Seed of the starts.

    Returns
    -------
    GaussianMixture
        Fitted; ``lower_bound_`` is its log-likelihood per row. ``left_out_`` is empty, or a sentence that tells why a
        likelier solution was left out.

    Raises
    ------
    ValueError
        If a number or the covariance type is out of range, a weight is negative or no number, or X is not finite or has
        fewer rows than components.

    Warns
    -----
    DegenerateFitWarning
        If every solution found is degenerate.
    """
    names = feature_names(X)
    rows, weights = read_weights(read_rows(X, least_rows=2), sample_weight)
    fit = fit_one(rows, n_components, covariance_type, n_init=n_init, random_state=random_state, weights=weights)
    if fit.degenerate:
        warnings.warn(degenerate_message(fit), DegenerateFitWarning, stacklevel=2)
    gmm = fitted_mixture(fit)
    if names is not None:
        gmm.feature_names_in_ = names
    return gmm


def feature_names(X: ArrayLike) -> np.ndarray | None:
    """Return the names of the columns if all are text."""
    columns = getattr(X, "columns", ())
    named = len(columns) > 0 and all(isinstance(name, str) for name in columns)
    return np.asarray(columns, dtype=object) if named else None


def degenerate_message(fit: Result) -> str:
    """Return the sentence that warns of a degenerate fit."""
    p = fit.parameters
    return (
        f"Every fit of {len(p.weights)} {p.covariance_type} components ended with one that collapsed, so its "
        f"log-likelihood means little. {fit.fault} Use fewer components or a simpler covariance type, and look for "
        "repeated values."
    )


def fitted_mixture(fit: Result) -> GaussianMixture:
    """Return the fit as a ``GaussianMixture`` of scikit-learn that knows how its fit went."""
    gmm = as_mixture(fit.parameters)
    gmm.lower_bound_, gmm.n_iter_, gmm.converged_ = fit.mean_log_likelihood, fit.n_iter, fit.converged
    gmm.left_out_ = fit.left_out
    return gmm


@on_one_thread
def fit_one(
    X: np.ndarray,
    n_components: int,
    covariance_type: str,
    *,
    n_init: int,
    random_state: int | np.random.RandomState | None,
    weights: np.ndarray | None = None,
) -> Result:
    """Fit one mixture as `best_fit` does: alone, or with one component less and one more, to learn from one another.

    Parameters
    ----------
    X : array of shape (n, d)
    n_components, covariance_type, n_init, random_state
        As in `best_fit`.
    weights : array of shape (n,), optional
        Above 0.

    Returns
    -------
    Result
        In the units of the data.
    """
    n = len(X) if weights is None else weights.sum()
    check_request(n, n_components, [covariance_type], n_init)
    sample = Sample(X, n_init, random_state, weights)
    less_and_more = (n_components - 1, n_components + 1) if n_components > 1 else ()
    numbers = [n_components, *(k for k in less_and_more if k <= n)]
    types = [covariance_type, *TAUGHT_BY.get(covariance_type, [])]
    cell = 0, n_components, covariance_type
    known = {cell: from_starts(sample, n_components, [covariance_type])[covariance_type]}
    found = confirmed(sample, known[cell])
    if not found:
        parallel = Parallel(n_jobs=1, return_as="generator")
        found = find_optima([sample], numbers, types, parallel, known=known)[cell]
    return best_sound(X, sample, found, 1e-12)


def check_request(n: float, n_components: int, covariance_types: Sequence[str], n_init: int) -> None:
    """Refuse what cannot be fitted, in a sentence.

    Raises
    ------
    ValueError
        If a number or a covariance type is out of range, or there are fewer rows, n, than components.
    """
    for kind in covariance_types:
        type_of(kind)
    for name, number in {"n_components": n_components, "n_init": n_init}.items():
        if not isinstance(number, int | np.integer) or number < 1:
            raise ValueError(f"{name} must be a whole number from 1 on, but got {number!r}.")
    if n < n_components:
        counted = "" if isinstance(n, int) else ", the sum of the weights"
        raise ValueError(
            f"{n_components} components need at least as many samples, but got {n:.6g}{counted}: ask for "
            "fewer components."
        )
