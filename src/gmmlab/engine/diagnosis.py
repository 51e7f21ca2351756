"""What an expert would look at in a fitted mixture, said in sentences."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from gmmlab.engine.conversion import IntegerSafeMixture, as_mixture, as_parameters, covariance_matrices, n_parameters
from gmmlab.engine.em_steps import em
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.rows import read_rows
from gmmlab.engine.spaces import THIN, fault, space_of

NOTICED = 0.1  # a gain in the total log-likelihood that counts
CLOSE = 0.1  # means that are so many standard deviations apart count as equal
SCALES = 1e6  # standard deviations of columns that differ by more than this factor spoil a fit


def diagnose(gmm: GaussianMixture, X: ArrayLike, *, n_starts: int = 10, random_state: int = 0) -> list[str]:
    """Say in sentences what is wrong or doubtful about a fitted mixture and its data.

    Looks at the data (integers, float32, constant or duplicated columns, scales that differ by more than 1e6, fewer
    rows than parameters), at the components (collapsed, nearly empty, equal means), at whether EM stopped early, and
    at how many of some new k-means starts reach the same optimum.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted by scikit-learn, by `best_fit` or built by `from_parameters`; it is not changed.
    X : array-like of shape (n, d)
        The data that it was fitted to.
    n_starts : int
        How many new starts to compare with; 0 leaves the comparison out.
    random_state : int
        Seed of the first of them; the others have the seeds that follow.

    Returns
    -------
    list of str
        A sentence or two for each finding, components and columns counted from 0. Empty if nothing was found.

    Raises
    ------
    ValueError
        If X is not finite or does not fit to the mixture.
    """
    rows, p = read_rows(X), as_parameters(gmm)
    if rows.shape[1] != p.means.shape[1]:
        raise ValueError(f"X has {rows.shape[1]} columns, but the mixture was fitted to {p.means.shape[1]}.")
    names = [str(name) for name in getattr(X, "columns", range(rows.shape[1]))]
    found = [*_types(gmm, X, rows), *_columns(rows, names), *_too_few_rows(p, len(rows))]
    gmm = as_mixture(p).set_params(reg_covar=gmm.reg_covar)  # without names of columns, of which it might warn
    found += _components(rows, gmm, p)
    if rows.std(axis=0).min() > 0 and len(rows) >= len(p.weights):
        found += _more_rounds(rows, gmm, p, n_starts, random_state)
    return found


def _types(gmm: GaussianMixture, X: ArrayLike, rows: np.ndarray) -> Iterator[str]:
    types = list(X.dtypes) if hasattr(X, "dtypes") else [np.asarray(X).dtype]
    kinds = {np.dtype(kind) for kind in types if isinstance(kind, np.dtype)}
    integers = [kind for kind in kinds if kind.kind in "iub"]
    if integers and len(integers) == len(kinds) and not isinstance(gmm, IntegerSafeMixture):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an array has no names of columns
            total, exact = (gmm.score(some) * len(rows) for some in (np.asarray(X), rows))
        yield (
            f"X has integers. `fit` turns them into floats, `score` and `predict` may not: the log-likelihood of X is "
            f"{total:.2f}, and {exact:.2f} with floats. Use X.astype(float)."
        )
    if np.dtype(np.float32) in kinds:
        yield (
            "X has float32 numbers of about seven digits. Variances that are small beside the squared means lose "
            "them and may become negative. Use X.astype(float)."
        )


def _columns(rows: np.ndarray, names: list[str]) -> Iterator[str]:
    sd = rows.std(axis=0)
    constant = sd <= 1e-14 * np.abs(rows).max(axis=0)
    for j in np.flatnonzero(constant):
        yield f"Column {names[j]} is constant. It only adds the regularisation's variance to each component: drop it."
    varied = np.flatnonzero(~constant)
    if len(varied) < 2:
        return
    equal = np.abs(np.corrcoef(rows[:, varied].T)) > 1 - 1e-12
    for i, j in zip(*np.nonzero(np.triu(equal, 1)), strict=True):
        yield (
            f"Columns {names[varied[i]]} and {names[varied[j]]} say the same in other units, so every covariance is "
            "singular but for the regularisation: drop one of them."
        )
    ratio = sd[varied].max() / sd[varied].min()
    if ratio > SCALES:
        wide, narrow = names[varied[sd[varied].argmax()]], names[varied[sd[varied].argmin()]]
        yield (
            f"The standard deviation of column {wide} is {ratio:.0e} times that of column {narrow}. The start and "
            "`reg_covar` depend on units: standardise the columns."
        )


def _too_few_rows(p: Parameters, n: int) -> Iterator[str]:
    count = n_parameters(p.covariance_type, *p.means.shape)
    if n < count:
        yield f"{count} free parameters are fitted to {n} rows: use fewer components or a simpler covariance type."


def _components(rows: np.ndarray, gmm: GaussianMixture, p: Parameters) -> Iterator[str]:
    (k, d), n = p.means.shape, len(rows)
    needed = 1 if p.type.shared else p.type.fixed_rows(k, d) + 1
    few = [j for j in range(k) if k > 1 and n * p.weights[j] < 2 * needed]
    for j in few:
        yield (
            f"Component {j} is nearly empty: its weight is worth {n * p.weights[j]:.1f} rows, and "
            f"{'its mean' if p.type.shared else 'its covariance'} needs {needed} at least."
        )
    space = space_of(rows, p.type.invariance)
    collapse = fault(space.of_rows(rows), space.of_mixture(p))
    if collapse and not (few and collapse.startswith("A component owns")):
        yield f"The fit has collapsed, so its likelihood means little. {collapse}"
    matrices, sd = covariance_matrices(gmm), rows.std(axis=0)
    sd = np.where(sd > 0, sd, np.sqrt(gmm.reg_covar or 1))
    thin = np.linalg.eigvalsh(matrices / np.outer(sd, sd))[:, 0] < THIN**2
    propped = thin & (np.linalg.eigvalsh(matrices)[:, 0] <= 4 * gmm.reg_covar)
    if propped.any() and not collapse:
        yield (
            f"Component {propped.argmax()} has collapsed, so the likelihood means little: only `reg_covar` gives it a "
            "width. Use fewer components, and look for repeated values."
        )
    for i in range(k):
        for j in range(i):
            apart = p.means[i] - p.means[j]
            distance = np.sqrt(apart @ np.linalg.solve((matrices[i] + matrices[j]) / 2, apart))
            if distance < CLOSE:
                yield (
                    f"Components {j} and {i} have equal means ({distance:.2g} standard deviations apart): one group "
                    "is described twice, or EM has not left its start."
                )


def _more_rounds(rows: np.ndarray, gmm: GaussianMixture, p: Parameters, n_starts: int, seed: int) -> Iterator[str]:
    """Compare with EM that goes on from the fit, and with EM from new starts."""
    n, reg_covar = len(rows), gmm.reg_covar
    try:
        more = em(rows, p, max_iter=1000, tol=1e-7, reg_covar=reg_covar)
    except ValueError:  # a covariance that is singular: said of the components
        return
    goal = as_mixture(more.parameters).score(rows) * n
    gain = goal - gmm.score(rows) * n
    if gain > NOTICED:
        yield (
            f"EM stopped early: {more.n_iter} more iterations raise the log-likelihood by {gain:.2f} to {goal:.2f}. "
            "Fit with tol=1e-6 and max_iter=1000."
        )
    if n_starts < 1 or len(p.weights) == 1:
        return
    space = space_of(rows, p.type.invariance)
    V, totals, sound = space.of_rows(rows), [], []
    for start in range(seed, seed + n_starts):
        other = GaussianMixture(
            len(p.weights), covariance_type=p.covariance_type, reg_covar=reg_covar, tol=1e-6, max_iter=1000
        ).set_params(random_state=start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                other.fit(rows)
            except ValueError:  # it collapsed
                continue
        totals.append(other.score(rows) * n)
        sound.append(not fault(V, space.of_mixture(as_parameters(other))))
    margin = max(NOTICED, 1e-4 * n)
    reached = sum(abs(total - goal) <= margin for total in totals)
    if reached < 2:
        yield (
            f"Not replicated: {reached} of {n_starts} new starts reach this log-likelihood ({goal:.2f}). "
            "Use more starts, and compare what they find."
        )
    higher = [total for total, good in zip(totals, sound, strict=True) if good and total > goal + margin]
    if higher:
        yield (
            f"Not the highest: {len(higher)} of {n_starts} new starts reach more without a collapse, up to "
            f"{max(higher):.2f} instead of {goal:.2f}."
        )
