r"""EM for Gaussian mixtures through sufficient statistics that add up.

The log density of a Gaussian is linear in features of x (`gmmlab.engine.covariances`), so the E-step of a block of rows
is one matrix product, coefficients times features, and the M-step another, responsibilities times features. The second
is a sum over rows: blocks, files and machines add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from gmmlab.engine.covariances import TYPES, CovarianceType
from gmmlab.engine.expectation import choose_way
from gmmlab.engine.parameters import Parameters, Result, Statistics, check_data, check_size
from gmmlab.engine.rows import read_rows, read_weights

WIDE_ROW = 16  # so many columns are turned `TURNED` rows at a time, since caches are small
TURNED = 4096
IN_RANGE = {np.dtype(np.float64): 300.0, np.dtype(np.float32): 60.0}  # log densities up to this need no scaling


def em(
    X: ArrayLike,
    start: Parameters,
    *,
    sample_weight: ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
) -> Result:
    """Fit a Gaussian mixture by EM (Dempster, Laird & Rubin 1977) from a given start.

    Takes the same steps as ``sklearn.mixture.GaussianMixture`` from the same start: E-step, M-step, and an end
    when the mean log-likelihood changes by less than `tol`.

    Parameters
    ----------
    X : array-like of shape (n, d)
        float32 data are computed in single precision (summed up in double): about three digits of the
        log-likelihood per row and of the parameters are sure, at up to twice the speed. Everything else is float64.
    start : Parameters
    sample_weight : array-like of shape (n,), optional
        How many rows each row stands for; only their ratios count. Default: all the same.
    max_iter : int
    tol : float
        Smallest gain in log-likelihood per row that counts as progress; 0 runs all iterations.
    reg_covar : float
        Added to the variances, in squared units of the data.

    Returns
    -------
    Result
        A component that lost all its rows stays in it with a weight of about 1e-15 / n and the variance `reg_covar`.

    Raises
    ------
    ValueError
        If X is not a finite (n, d) array with n >= k, if it does not fit to `start`, if a weight is negative or no
        number, or if a covariance stops being positive definite (which `reg_covar` > 0 prevents in float64).
    """
    rows = read_rows(X, single=True)
    check_size(rows, start)
    rows, weights = read_weights(rows, sample_weight)
    weights = None if weights is None else weights / weights.mean()
    # Centred, squares are small and keep their digits; stored by columns, each feature is a contiguous row of X.T.
    # A copy, because centring in every iteration, as for blocks, takes up to a third longer.
    centre = centre_of(rows)
    rows = centred(rows, centre)
    sums_of = sums_over(rows, start.type, weights=weights)
    found = iterate(sums_of, start.shifted(-centre), max_iter=max_iter, tol=tol, reg_covar=reg_covar)
    return replace(found, parameters=found.parameters.shifted(centre))


def centre_of(X: np.ndarray) -> np.ndarray:
    """Return a point amid the rows, of shape (d,) and the type of X: the mean of some."""
    some = X[:: 1 + len(X) // 10_000]
    return np.asarray(np.full(len(some), 1 / len(some), X.dtype) @ some)  # for few columns, far faster than `mean`


def centred(X: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the rows less a centre, stored by columns."""
    if X.shape[1] < WIDE_ROW:
        return np.asarray(np.subtract(X, centre, order="F"))
    copy = np.empty(X.shape, X.dtype, order="F")
    for i in range(0, len(X), TURNED):
        np.subtract(X[i : i + TURNED], centre, out=copy[i : i + TURNED])
    return copy


def sums_over(
    X: np.ndarray,
    covariance_type: CovarianceType,
    *,
    weights: np.ndarray | None = None,
    allowed: np.ndarray | None = None,
) -> Callable[[Parameters], Statistics]:
    """Return `statistics` of centred rows as a function of the parameters, with what all iterations share made once."""
    products = products_of(X, weights) if covariance_type.shared else None
    return partial(statistics, X, weights=weights, allowed=allowed, products=products)


def products_of(X: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the sums over the rows of the products of two columns, in double precision, shape (d, d)."""
    total = np.zeros((X.shape[1], X.shape[1]))
    for i in range(0, len(X), TURNED):
        x = X[i : i + TURNED]
        total += x.T @ (x if weights is None else x * weights[i : i + TURNED, None])
    return total


def m_step(sums: Statistics, reg_covar: float = 1e-6) -> Parameters:
    """M-step: the parameters that fit the statistics best, with `reg_covar` added to the variances."""
    covariance_type = TYPES[sums.covariance_type]
    weights, step, covariances = covariance_type.m_step(sums.counts, sums.first, sums.second, reg_covar)
    return Parameters(weights, sums.origin + step, covariances, sums.covariance_type)


def iterate(
    sums_of: Callable[[Parameters], Statistics],
    start: Parameters,
    *,
    max_iter: int,
    tol: float,
    reg_covar: float,
    m_step: Callable[[Statistics, float], Parameters] = m_step,
) -> Result:
    """Take EM steps, wherever the statistics of all rows come from.

    Parameters
    ----------
    sums_of : callable
        The E-step: from parameters to the `Statistics` of all rows.
    start : Parameters
    max_iter, tol, reg_covar
        As for `em`.
    m_step : callable
        From statistics and `reg_covar` to parameters.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        As for `em`.
    """
    if max_iter < 1:
        raise ValueError(f"max_iter is {max_iter}; EM needs at least one iteration.")
    path: list[float] = []
    parameters, change = start, np.inf
    while len(path) < max_iter and not abs(change) < tol:
        sums = sums_of(parameters)
        path.append(sums.log_likelihood / sums.rows)
        if not np.isfinite(path[-1]):
            raise ValueError(
                f"The log-likelihood became {path[-1]} in iteration {len(path)}: the numbers in X are too large "
                "or too small to be squared. Scale the columns, for example with StandardScaler."
            )
        parameters = m_step(sums, reg_covar)
        change = path[-1] - path[-2] if len(path) > 1 else np.inf
    return Result(parameters, np.array(path), len(path), bool(abs(change) < tol))


def statistics(
    X: np.ndarray,
    parameters: Parameters,
    centre: np.ndarray | None = None,
    *,
    allowed: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    products: np.ndarray | None = None,
) -> Statistics:
    """E-step: sum up what the M-step needs, block by block.

    Parameters
    ----------
    X : array of shape (n, d)
        Centred, together with the parameters (`Parameters.shifted`): uncentred data lose digits in the squares.
        Fastest in column-major order. Any blocks of rows will do: ``sum(statistics(b, parameters) for b in blocks)``.
    parameters : Parameters
    centre : array of shape (d,), optional
        Taken off the rows on the way, if X is not centred yet; `parameters` are those of the centred rows.
    allowed : array of bool, shape (n, k), optional
        Which components each row may belong to, at least one: those of its class, where the class is known.
    weights : array of shape (n,), optional
        How many rows each row stands for.
    products : array of shape (d, d), optional
        `products_of` X, if X is centred; with them a tied mixture takes a fraction of the time.

    Returns
    -------
    Statistics
    """
    way = choose_way(parameters, len(X), X.dtype, products)
    log_likelihood = way.unseen
    for i in range(0, len(X), way.rows):
        x = X[i : i + way.rows]
        x = x if centre is None else centred(x, centre)
        densities = way.log_densities(x.T)
        if allowed is not None:
            densities[~allowed[i : i + way.rows].T] = -np.inf
        log_density = to_responsibilities(densities)
        if weights is None:
            log_likelihood += log_density.sum(dtype=float)
            way.add(densities)
        else:
            w = weights[i : i + way.rows]
            log_likelihood += w @ log_density
            densities *= w
            way.add(densities, w.astype(X.dtype))
    rows = len(X) if weights is None else float(weights.sum())
    return Statistics(float(log_likelihood), rows, *way.sums(), parameters.covariance_type)


def e_step(X: ArrayLike, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return the responsibilities (n, k) of the components for each row and its log density (n,)."""
    rows = check_data(X, parameters, least_rows=1)
    centre = (parameters.weights @ parameters.means).astype(rows.dtype)
    way = choose_way(parameters.shifted(-centre), len(rows), rows.dtype)
    responsibilities = np.empty((len(rows), len(parameters.weights)), rows.dtype)
    log_density = np.empty(len(rows), rows.dtype)
    for i in range(0, len(rows), way.rows):
        densities = way.log_densities((rows[i : i + way.rows] - centre).T)
        log_density[i : i + way.rows] = to_responsibilities(densities)
        responsibilities[i : i + way.rows] = densities.T
    return responsibilities, log_density


def to_responsibilities(log_densities: np.ndarray) -> np.ndarray:
    """Turn weighted log densities (..., k, n) into responsibilities, in place; return the rows' log densities."""
    limit = IN_RANGE[log_densities.dtype]
    lowest = -2 * limit  # what lies lower counts as this: exponentials that underflow take seven times as long
    some = log_densities[..., ::256]
    if np.abs(some.max(axis=-2)).max(initial=0) < limit / 2:  # most likely all rows are in range
        with np.errstate(over="ignore"):
            low = some.min(initial=0) < lowest
            densities = np.exp(np.maximum(log_densities, lowest) if low else log_densities)
            total = densities.sum(axis=-2, keepdims=True)
        if np.exp(-limit) < total.min() and total.max() < np.exp(limit):
            np.multiply(densities, 1 / total, out=log_densities)
            return np.asarray(np.log(total)[..., 0, :])
    top = log_densities.max(axis=-2, keepdims=True)
    log_densities -= top
    np.maximum(log_densities, lowest, out=log_densities)
    np.exp(log_densities, out=log_densities)
    total = log_densities.sum(axis=-2, keepdims=True)
    log_densities /= total
    return np.asarray((top + np.log(total))[..., 0, :])
