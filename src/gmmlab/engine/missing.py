r"""EM and prediction with a Gaussian mixture where entries are missing, given as NaN.

Of a row of which only the entries `o` were observed, component k knows two things (Ghahramani & Jordan 1994, eq. 3
to 8; Bishop 2006, eq. 2.81 and 2.82 for the Gaussian). The density of what was observed,
:math:`N(x_o | \mu_o, \Sigma_{oo})`, gives the likelihood and the responsibilities; and the other entries `m` are
Gaussian with

.. math:: \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o), \qquad
          \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om}.

The M-step is that of `gmmlab.engine.em_steps`, on the expected sums. It is right if values get lost for reasons that
the observed entries explain ("missing at random": Little & Rubin 2019, chapter 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from gmmlab.engine.conversion import as_parameters, from_parameters
from gmmlab.engine.covariances import Full, type_of
from gmmlab.engine.em_steps import iterate, m_step, to_responsibilities
from gmmlab.engine.parameters import Parameters, Result, Statistics, root
from gmmlab.engine.rows import read_rows

ROWS = 4096  # rows of a block: each needs room for k rows of expected entries
MANY = 50  # with more missing entries than this, and than observed ones, their covariances are summed implicitly


class Prior(NamedTuple):
    """Imaginary rows that pull every covariance towards a given one (an inverse Wishart prior).

    The M-step then gives ``(count * covariance + rows * prior) / (count + rows)``: the maximum of the likelihood times
    ``exp(-rows / 2 * (log det covariance + trace(inverse covariance @ prior)))`` for each component.
    """

    covariance: np.ndarray
    """Shaped like the covariances of the mixture, or broadcast to that shape."""
    rows: float
    """How many rows it weighs as much as; a component with as many of its own goes half the way."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a mixture expects of the missing entries of rows.

    Attributes
    ----------
    mean : array of shape (n, d)
        Conditional means; observed entries are as they came.
    variance : array of shape (n, d)
        Conditional variances, within and between components; 0 where observed.
    responsibilities : array of shape (n, k)
        Of the components for each row, given its observed entries.
    log_density : array of shape (n,)
        Of the observed entries.
    covariance : array of shape (n, d, d) or None
        Conditional covariances if asked for; 0 where observed.
    """

    mean: np.ndarray
    variance: np.ndarray
    responsibilities: np.ndarray
    log_density: np.ndarray
    covariance: np.ndarray | None


def em_with_missing(
    X: ArrayLike,
    start: Parameters,
    *,
    max_iter: int = 100,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    prior: Prior | None = None,
) -> Result:
    """Fit a Gaussian mixture by EM to rows with missing entries.

    Where nothing is missing it takes the steps of `gmmlab.engine.em_steps.em`.

    Parameters
    ----------
    X : array-like of shape (n, d)
        NaN, NA or masked where an entry is missing. A row without any says nothing of the parameters and is left out.
    start : Parameters
        For example from `rough_start`.
    max_iter : int
    tol : float
        Smallest gain in log-likelihood (with a prior: in log posterior density) per row that counts as progress; 0
        runs all iterations.
    reg_covar : float
        Added to the variances, in squared units of the data.
    prior : Prior, optional
        Needed where a covariance has more numbers than the observed pairs of entries can tell.

    Returns
    -------
    Result
        Its ``mean_log_likelihoods`` are those of the observed entries, per row that has any (with a prior: plus the log
        prior density per row, up to a constant). They never fall if ``reg_covar`` is 0.

    Raises
    ------
    ValueError
        If X has infinite entries, a column without any entry or fewer rows than components, if it does not fit to
        `start`, or if a covariance stops being positive definite.
    """
    blocks = list(_blocks(_check_data(X, start)))

    def sums_of(parameters: Parameters) -> Statistics:
        sums = _total(blocks, parameters)
        return replace(sums, log_likelihood=sums.log_likelihood + _log_prior(parameters, prior))

    def pulled(sums: Statistics, reg_covar: float) -> Parameters:
        return _pulled(m_step(sums, reg_covar), sums.counts, prior)

    return iterate(sums_of, start, max_iter=max_iter, tol=tol, reg_covar=reg_covar, m_step=pulled)


def statistics(X: ArrayLike, parameters: Parameters) -> Statistics:
    """E-step: the expected sums that the M-step needs, given the observed entries of X, shape (n, d)."""
    return _total(_blocks(read_rows(X, missing=True)), parameters)


def _total(blocks: Iterable[_Block], parameters: Parameters) -> Statistics:
    first, *others = (_statistics(block, parameters) for block in blocks)
    return sum(others, first)


def rough_start(
    X: ArrayLike, n_components: int, *, covariance_type: str = "full", random_state: int | None = 0
) -> Parameters:
    """Return a start for `em`: k-means on the filled table gives the means, the observed entries the variances.

    Parameters
    ----------
    X : array-like of shape (n, d)
        NaN, NA or masked where an entry is missing; k-means sees the mean of its column. Columns get one scale.
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    random_state : int, optional

    Returns
    -------
    start : Parameters
        All covariances are the same and diagonal.
    """
    X = _check_columns(read_rows(X, missing=True), n_components)
    mean, variance = np.nanmean(X, axis=0), np.nanvar(X, axis=0)
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    kmeans = KMeans(n_components, n_init=10, random_state=random_state).fit(np.nan_to_num((X - mean) / scale))
    counts = np.bincount(kmeans.labels_, minlength=n_components)
    common = np.diag(scale**2)
    covariances = type_of(covariance_type).of_matrices(np.tile(common, (n_components, 1, 1)), common)
    return Parameters(counts / counts.sum(), mean + scale * kmeans.cluster_centers_, covariances, covariance_type)


def predict_missing(X: ArrayLike, mixture: Parameters | GaussianMixture, *, covariance: bool = False) -> Prediction:
    """Predict the missing entries of rows from the observed ones.

    Parameters
    ----------
    X : array-like of shape (n, d)
        NaN, NA or masked where an entry is missing. A row without any gets the mean and the variance of
        the mixture itself.
    mixture : Parameters or fitted GaussianMixture
    covariance : bool
        Whether to return the n covariance matrices too.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        If X has infinite entries or does not fit to the mixture.
    """
    parameters = _full(mixture)
    X = _check_shape(X, parameters)
    (n, d), k = X.shape, len(parameters.weights)
    found = Prediction(np.empty((n, d)), np.empty((n, d)), np.empty((n, k)), np.empty(n),
                       np.empty((n, d, d)) if covariance else None)  # fmt: skip
    for block in _blocks(X):
        log_densities, expected, whitens = _given(block, parameters)
        found.log_density[block.rows] = to_responsibilities(log_densities)
        found.responsibilities[block.rows] = shares = log_densities.T
        expected += parameters.means[:, None]
        found.mean[block.rows] = mean = np.einsum("bk,kbd->bd", shares, expected)
        between = np.swapaxes(expected - mean, 0, 1)  # (b, k, d)
        found.variance[block.rows] = np.einsum("bk,bkd->bd", shares, between**2)
        for (seen, run), whiten in zip(block.runs, whitens, strict=True):
            rows, r, gap = block.rows[run], shares[run], ~seen
            explained = whiten @ parameters.covariances[:, seen][:, :, gap]
            variances = np.diagonal(parameters.covariances, axis1=1, axis2=2)[:, gap]
            found.variance[np.ix_(rows, gap)] += r @ (variances - (explained**2).sum(axis=1))
            if found.covariance is not None:
                within = parameters.covariances * (gap[:, None] & gap)
                within[np.ix_(np.arange(k), gap, gap)] -= np.swapaxes(explained, 1, 2) @ explained
                apart = between[run]
                found.covariance[rows] = np.tensordot(r, within, 1) + np.swapaxes(apart, 1, 2) @ (r[..., None] * apart)
    observed = ~np.isnan(X)
    found.mean[observed], found.variance[observed] = X[observed], 0
    return found


def condition(mixture: Parameters | GaussianMixture, row: ArrayLike) -> GaussianMixture:
    """Return the mixture of the missing entries of a row, given its observed ones.

    Parameters
    ----------
    mixture : Parameters or fitted GaussianMixture
    row : array-like of shape (d,)
        NaN is a missing entry, of which there is at least one.

    Returns
    -------
    GaussianMixture
        Of covariance type ``"full"``, over the missing entries in their order. Its weights are the responsibilities,
        in the order of the components of `mixture`.

    Raises
    ------
    ValueError
        If nothing is missing, an entry is infinite or the row does not fit to the mixture.
    """
    parameters = _full(mixture)
    X = _check_shape(np.asarray(row, dtype=float)[None], parameters)
    gap = np.isnan(X[0])
    if not gap.any():
        raise ValueError("Nothing is missing in this row, so that nothing is left to predict: put NaN where it is.")
    (block,) = _blocks(X)
    log_densities, expected, (whiten,) = _given(block, parameters)
    to_responsibilities(log_densities)
    weights = np.maximum(log_densities[:, 0], np.finfo(float).tiny)  # a weight of 0 has no logarithm
    explained = whiten @ parameters.covariances[:, ~gap][:, :, gap]
    covariances = parameters.covariances[:, gap][:, :, gap] - np.swapaxes(explained, 1, 2) @ explained
    return from_parameters(weights, (parameters.means + expected[:, 0])[:, gap], covariances)


class _Block(NamedTuple):
    """Rows that are treated together, sorted by what was observed of them."""

    rows: np.ndarray  # their numbers in X
    entries: np.ndarray  # (b, d)
    runs: list[tuple[np.ndarray, slice]]  # which entries were observed (d,), and in which of the rows


def _blocks(X: np.ndarray) -> Iterator[_Block]:
    patterns, which = np.unique(~np.isnan(X), axis=0, return_inverse=True)
    order = np.argsort(which, kind="stable")
    for at in range(0, len(X), ROWS):
        rows = order[at : at + ROWS]
        present, first = np.unique(which[rows], return_index=True)
        ends = [*first[1:], len(rows)]
        yield _Block(rows, X[rows], [(patterns[p], slice(a, b)) for p, a, b in zip(present, first, ends, strict=True)])


def _statistics(block: _Block, parameters: Parameters) -> Statistics:
    sums = _dense_sums if _has_matrices(parameters) else _diagonal_sums
    log_likelihood, counts, first, second = sums(block, parameters)
    rows, origin = len(block.rows), parameters.means
    return Statistics(log_likelihood, rows, counts, first, second, origin, parameters.covariance_type)


def _dense_sums(block: _Block, parameters: Parameters) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    log_densities, expected, whitens = _given(block, parameters)
    log_likelihood, r = float(to_responsibilities(log_densities).sum()), log_densities
    weighted = r[:, :, None] * expected
    second, errors = np.swapaxes(weighted, 1, 2) @ expected, _errors(block, parameters, r, whitens)
    second = second.sum(axis=0) + errors[0] if parameters.type.shared else second + errors
    return log_likelihood, r.sum(axis=1), weighted.sum(axis=1), second


def _given(block: _Block, parameters: Parameters) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return what each component makes of the rows.

    Returns
    -------
    log_densities : array of shape (k, b)
        With the weights, of the observed entries.
    expected : array of shape (k, b, d)
        Conditional means minus the means.
    whitens : list of arrays
        For each run the inverse Cholesky factors of the covariances of the observed entries.
    """
    root(parameters)  # says which covariance is singular; then no part of one is
    covariances, whitens = _stacked(parameters), []
    centred = np.nan_to_num(block.entries - parameters.means[:, None])
    log_densities, solved = np.empty(centred.shape[:2]), np.zeros_like(centred)
    for seen, run in block.runs:
        observed = np.flatnonzero(seen)
        whiten = np.linalg.inv(np.linalg.cholesky(covariances[:, observed[:, None], observed]))
        z = centred[:, run][:, :, seen] @ np.swapaxes(whiten, 1, 2)
        half_log_det = np.log(np.diagonal(whiten, axis1=1, axis2=2)).sum(axis=1, keepdims=True)
        log_densities[:, run] = half_log_det - 0.5 * ((z**2).sum(axis=2) + seen.sum() * np.log(2 * np.pi))
        solved[:, run, seen] = z @ whiten
        whitens.append(whiten)
    expected = np.where(np.isnan(block.entries), solved @ covariances, centred)
    return log_densities + np.log(parameters.weights)[:, None], expected, whitens


def _errors(block: _Block, parameters: Parameters, r: np.ndarray, whitens: list[np.ndarray]) -> np.ndarray:
    r"""Return the responsibility-weighted sums of the conditional covariances: (k, d, d), or (1, d, d) if tied.

    With :math:`S` the sum of the matrices :math:`\Sigma_{oo}^{-1}`, each in its place among d rows and columns, the
    sum over n rows is :math:`n \Sigma - \Sigma S \Sigma`: a row costs nothing for its missing entries. Where few are
    missing their covariance is computed as it stands, which keeps more digits.
    """
    covariances = _stacked(parameters)
    inverses, implicit = np.zeros(covariances.shape), np.zeros((len(covariances), 1, 1))
    errors = np.zeros(covariances.shape)
    for (seen, run), whiten in zip(block.runs, whitens, strict=True):
        share, gap = r[:, run].sum(axis=1)[:, None, None], np.flatnonzero(~seen)
        share = share.sum(axis=0, keepdims=True) if parameters.type.shared else share
        if len(gap) > max(MANY, seen.sum()):
            place = np.flatnonzero(seen)
            inverses[:, place[:, None], place] += share * (np.swapaxes(whiten, 1, 2) @ whiten)
            implicit += share
        elif len(gap):
            part, explained = np.ix_(np.arange(len(share)), gap, gap), whiten @ covariances[:, seen][:, :, gap]
            errors[part] += share * (covariances[part] - np.swapaxes(explained, 1, 2) @ explained)
    if implicit.any():
        errors += implicit * covariances - covariances @ inverses @ covariances
    return errors


def _diagonal_sums(block: _Block, parameters: Parameters) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    root(parameters)  # says which variance is not positive
    (k, d), seen = parameters.means.shape, ~np.isnan(block.entries)
    variances = np.broadcast_to(parameters.covariances.reshape(k, -1), (k, d))
    expected = np.nan_to_num(block.entries - parameters.means[:, None])  # a missing entry is expected at the mean
    squares = np.einsum("kbd,kd->kb", expected**2, 1 / variances)
    log_densities = -0.5 * (squares + np.log(2 * np.pi * variances) @ seen.T) + np.log(parameters.weights)[:, None]
    log_likelihood, r = float(to_responsibilities(log_densities).sum()), log_densities
    first = np.einsum("kb,kbd->kd", r, expected)
    second = np.einsum("kb,kbd->kd", r, expected**2) + variances * (r @ ~seen)
    return log_likelihood, r.sum(axis=1), first, second if parameters.covariances.ndim == 2 else second.sum(axis=1)


def _stacked(parameters: Parameters) -> np.ndarray:
    """Return full covariances (k, d, d), or the tied one as (1, d, d)."""
    return parameters.covariances.reshape(-1, *parameters.covariances.shape[-2:])


def _has_matrices(parameters: Parameters) -> bool:
    """Say whether an entry tells of another, within a component."""
    return isinstance(parameters.type, Full)


def _pulled(parameters: Parameters, counts: np.ndarray, prior: Prior | None) -> Parameters:
    """Return the parameters with the covariances pulled towards the prior's."""
    if prior is None:
        return parameters
    rows = parameters.type.per_covariance(counts)
    pulled = (rows * parameters.covariances + prior.rows * np.asarray(prior.covariance)) / (rows + prior.rows)
    return replace(parameters, covariances=pulled)


def _log_prior(parameters: Parameters, prior: Prior | None) -> float:
    """Return the log prior density of the covariances, up to a constant."""
    if prior is None:
        return 0.0
    p = parameters
    return float(-0.5 * prior.rows * p.type.misfit(p.covariances, prior.covariance, p.means.shape[1]).sum())


def _full(mixture: Parameters | GaussianMixture) -> Parameters:
    """Return the mixture with one covariance matrix a component."""
    p = as_parameters(mixture)
    return Parameters(p.weights, p.means, p.type.matrices(p.covariances, *p.means.shape), "full")


def _check_data(X: ArrayLike, start: Parameters) -> np.ndarray:
    return _check_columns(_check_shape(X, start), len(start.weights))


def _check_columns(X: np.ndarray, k: int) -> np.ndarray:
    """Return the rows that have an entry, or say why no mixture can be fitted to them."""
    seen = ~np.isnan(X)
    empty = np.flatnonzero(~seen.any(axis=0)).tolist()
    if empty:
        raise ValueError(
            f"No entry of column {_listed(empty)} was observed: leave it out, nothing can be learnt of it."
        )
    X = X[seen.any(axis=1)]
    if len(X) < k:
        raise ValueError(f"X has {len(X)} rows with an entry; {k} components need at least {k}.")
    return X


def _check_shape(X: ArrayLike, p: Parameters) -> np.ndarray:
    rows, d = read_rows(X, missing=True), p.means.shape[1]
    if rows.shape[1] != d:
        raise ValueError(f"X has shape {rows.shape}; expected (n, {d}), because the means have {d} dimensions.")
    return rows


def _listed(columns: list[int]) -> str:
    return ", ".join(map(str, columns[:5])) + (", ..." if len(columns) > 5 else "")
