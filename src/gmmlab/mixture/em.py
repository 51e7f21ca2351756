r"""EM for Gaussian mixtures through sufficient statistics that add up.

The log density of a Gaussian is *linear* in the features :math:`\varphi(x) = (1, x, x x^T)`:

.. math:: \log w_k N(x | \mu_k, \Sigma_k) = c_k + (P_k \mu_k)^T x - \tfrac12 \langle P_k, x x^T \rangle,
          \qquad P_k = \Sigma_k^{-1},

so the E-step of a block of rows is one matrix product (coefficients times features) and the M-step is another
(responsibilities times features). The second one is a sum over rows: blocks, files and machines add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
BLOCK_BYTES = 1 << 20  # features and responsibilities of a block stay in a core's own cache
SMALL_PRODUCT = 1_000_000  # up to so many multiplications OpenBLAS has a kernel twice as fast
LEAST_ROWS = 512  # below, calling numpy costs more than computing
FEATURES_PAY = 5  # measured: with more dimensions per component than this, features cost more than factors
LOST = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-3}  # error in a log density that features may cause


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights, means and covariances of a Gaussian mixture.

    Parameters
    ----------
    weights : array of shape (k,)
        Mixing weights: positive, they sum to one.
    means : array of shape (k, d)
        In the units of the data.
    covariances : array
        In squared units of the data, shaped as in scikit-learn: (k, d, d) for ``"full"``, (d, d) for ``"tied"``,
        (k, d) for ``"diag"``, (k,) for ``"spherical"``.
    covariance_type : {"full", "tied", "diag", "spherical"}

    Raises
    ------
    ValueError
        If the type is unknown, the shapes disagree or the weights are not a distribution.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    covariance_type: str = "full"

    def __post_init__(self) -> None:
        for name in ("weights", "means", "covariances"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        _check_parameters(self)

    def shifted(self, by: np.ndarray) -> Parameters:
        """Return the mixture of the data moved by `by`, an array of shape (d,)."""
        return replace(self, means=self.means + by)


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the M-step has to know about a set of rows; the statistics of two sets add up with ``+`` and `sum`.

    Attributes
    ----------
    log_likelihood : float
        Sum over the rows of the log density under the parameters of the E-step.
    rows : int
    counts : array of shape (k,)
        Sums of the responsibilities.
    first : array of shape (k, d)
        Responsibility-weighted sums of ``x - origin``.
    second : array, shaped like the covariances
        Responsibility-weighted sums of the (squared, multiplied) ``x - origin``; spherical: of its squared length.
    origin : array of shape (k, d)
        Zero, or the means of the E-step: whatever keeps ``second`` small and so exact.
    covariance_type : str
    """

    log_likelihood: float
    rows: int
    counts: np.ndarray
    first: np.ndarray
    second: np.ndarray
    origin: np.ndarray
    covariance_type: str

    def __add__(self, other: Statistics) -> Statistics:
        sums = {
            n: getattr(self, n) + getattr(other, n) for n in ("log_likelihood", "rows", "counts", "first", "second")
        }
        return replace(self, **sums)

    def __radd__(self, other: int | Statistics) -> Statistics:
        return self if other == 0 else other + self  # sum() starts at 0


@dataclass(frozen=True, eq=False)
class Result:
    """What `em` found.

    Attributes
    ----------
    parameters : Parameters
    log_likelihood : array of shape (n_iter,)
        Mean log density of a row, before the M-step of each iteration (scikit-learn's ``lower_bounds_``).
    n_iter : int
    converged : bool
    """

    parameters: Parameters
    log_likelihood: np.ndarray
    n_iter: int
    converged: bool


def em(X: np.ndarray, start: Parameters, *, max_iter: int = 100, tol: float = 1e-3, reg_covar: float = 1e-6) -> Result:
    """Fit a Gaussian mixture by EM (Dempster, Laird & Rubin 1977) from a given start.

    Takes the same steps as ``sklearn.mixture.GaussianMixture`` from the same start: E-step, M-step, and an end
    when the mean log-likelihood changes by less than `tol`.

    Parameters
    ----------
    X : array of shape (n, d)
        float32 data are computed in single precision (summed up in double): about three digits of the
        log-likelihood per row and of the parameters are sure, at up to twice the speed. Everything else is float64.
    start : Parameters
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
        If X is not a finite (n, d) array with n >= k, if it does not fit to `start`, or if a covariance stops being
        positive definite (which `reg_covar` > 0 prevents in float64).
    """
    X = check_data(X, start)
    # Centred, squares are small and keep their digits; stored by columns, each feature is a contiguous row of X.T.
    # A copy, because centring in every iteration, as for blocks, takes up to a third longer.
    centre = centre_of(X)
    X = np.subtract(X, centre, order="F")
    found = iterate(partial(statistics, X), start.shifted(-centre), max_iter=max_iter, tol=tol, reg_covar=reg_covar)
    return replace(found, parameters=found.parameters.shifted(centre))


def centre_of(X: np.ndarray) -> np.ndarray:
    """Return a point amid the rows, of shape (d,) and the type of X: the mean of some."""
    return X[:: 1 + len(X) // 10_000].mean(axis=0, dtype=float).astype(X.dtype)


def iterate(
    sums_of: Callable[[Parameters], Statistics], start: Parameters, *, max_iter: int, tol: float, reg_covar: float
) -> Result:
    """Take EM steps, wherever the statistics of all rows come from.

    Parameters
    ----------
    sums_of : callable
        The E-step: from parameters to the `Statistics` of all rows.
    start : Parameters
    max_iter, tol, reg_covar
        As for `em`.

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
    parameters, trace, change = start, [], np.inf
    while len(trace) < max_iter and not abs(change) < tol:
        sums = sums_of(parameters)
        parameters = m_step(sums, reg_covar)
        trace.append(sums.log_likelihood / sums.rows)
        if not np.isfinite(trace[-1]):
            raise ValueError(
                f"The log-likelihood became {trace[-1]} in iteration {len(trace)}: the numbers in X are too large "
                "or too small to be squared. Scale the columns, for example with StandardScaler."
            )
        change = trace[-1] - trace[-2] if len(trace) > 1 else np.inf
    return Result(parameters, np.array(trace), len(trace), bool(abs(change) < tol))


def statistics(X: np.ndarray, parameters: Parameters, centre: np.ndarray | None = None) -> Statistics:
    """E-step: sum up what the M-step needs, block by block.

    Parameters
    ----------
    X : array of shape (n, d)
        Centred, together with the parameters (`Parameters.shifted`): uncentred data lose digits in the squares.
        Fastest in column-major order. Any blocks of rows will do: ``sum(statistics(b, parameters) for b in blocks)``.
    parameters : Parameters
    centre : array of shape (d,), optional
        Taken off the rows on the way, if X is not centred yet; `parameters` are those of the centred rows.

    Returns
    -------
    Statistics
    """
    way, log_likelihood = _way(parameters, len(X), X.dtype), 0.0
    for i in range(0, len(X), way.rows):
        x = X[i : i + way.rows]
        x = x if centre is None else np.subtract(x, centre, order="F")
        densities = way.log_densities(x.T)
        log_likelihood += to_responsibilities(densities).sum(dtype=float)
        way.add(densities)
    return Statistics(float(log_likelihood), len(X), *way.sums(), parameters.covariance_type)


def e_step(X: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return the responsibilities (n, k) of the components for each row and its log density (n,)."""
    X = check_data(X, parameters, least_rows=1)
    centre = (parameters.weights @ parameters.means).astype(X.dtype)
    way = _way(parameters.shifted(-centre), len(X), X.dtype)
    responsibilities = np.empty((len(X), len(parameters.weights)), X.dtype)
    log_density = np.empty(len(X), X.dtype)
    for i in range(0, len(X), way.rows):
        densities = way.log_densities((X[i : i + way.rows] - centre).T)
        log_density[i : i + way.rows] = to_responsibilities(densities)
        responsibilities[i : i + way.rows] = densities.T
    return responsibilities, log_density


def to_responsibilities(log_densities: np.ndarray) -> np.ndarray:
    """Turn weighted log densities of shape (k, n) into responsibilities, in place; return the rows' log densities."""
    top = log_densities.max(axis=0)
    log_densities -= top
    np.exp(log_densities, out=log_densities)
    total = log_densities.sum(axis=0)
    log_densities /= total
    return top + np.log(total)


def m_step(sums: Statistics, reg_covar: float = 1e-6) -> Parameters:
    """M-step: the parameters that fit the statistics best, with `reg_covar` added to the variances."""
    counts = sums.counts + 10 * np.finfo(float).eps  # scikit-learn's: an empty component is not divided by zero
    step = sums.first / counts[:, None]
    covariances = _COVARIANCES[sums.covariance_type](sums.second, counts, step, reg_covar)
    return Parameters(counts / counts.sum(), sums.origin + step, covariances, sums.covariance_type)


def _full(second, counts, step, reg):
    return second / counts[:, None, None] - step[:, :, None] * step[:, None] + reg * np.eye(step.shape[1])


def _tied(second, counts, step, reg):
    return (second - (counts * step.T) @ step) / counts.sum() + reg * np.eye(step.shape[1])


def _diag(second, counts, step, reg):
    return second / counts[:, None] - step**2 + reg


def _spherical(second, counts, step, reg):
    return (second / counts - (step**2).sum(axis=1)) / step.shape[1] + reg


_COVARIANCES = {"full": _full, "tied": _tied, "diag": _diag, "spherical": _spherical}


def _way(parameters: Parameters, n: int, dtype: np.dtype) -> _Features | _Cholesky:
    """Choose how the sums of n rows are made: through features, unless that loses time or digits."""
    k, d = parameters.means.shape
    if parameters.covariance_type != "full":
        return _Features(parameters, n, dtype)
    if d > FEATURES_PAY * k:
        return _Cholesky(parameters, n, dtype)
    features = _Features(parameters, n, dtype)
    exact = features.cancellation(parameters) * np.finfo(dtype).eps < LOST[np.dtype(dtype)]
    return features if exact else _Cholesky(parameters, n, dtype)


def _block_rows(n: int, numbers: int, products: int, dtype: np.dtype) -> int:
    """Return how many of n rows go into a block, with so many numbers and products a row."""
    rows = SMALL_PRODUCT // products
    if rows < LEAST_ROWS:  # a large product: only the cache counts
        rows = LEAST_ROWS
    return min(max(n, 1), rows, max(LEAST_ROWS, BLOCK_BYTES // (numbers * np.dtype(dtype).itemsize)))


class _Features:
    """The fast way: log densities = coefficients @ features, sums = responsibilities @ features.T."""

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype):
        self.type, (k, d) = parameters.covariance_type, parameters.means.shape
        self.factor = _cholesky(parameters) if self.type == "tied" else None
        self.whiten = None if self.factor is None else np.linalg.inv(self.factor).astype(dtype)
        self.coefficients = _COEFFICIENTS[self.type](parameters).astype(dtype)
        width = self.coefficients.shape[1]
        self.rows = _block_rows(n, width + k, width * k, dtype)
        self.features, self.densities = np.empty((width, self.rows), dtype), np.empty((k, self.rows), dtype)
        self.features[0] = 1
        self.products, self.scatter = np.zeros((k, width)), np.zeros((d, d))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        d, b = x.shape
        self.block = self.features[:, :b]
        z, squares = self.block[1 : d + 1], self.block[d + 1 :]
        z[:] = x if self.whiten is None else self.whiten @ x
        _SQUARES[self.type](z, squares)
        return np.matmul(self.coefficients, self.block, out=self.densities[:, :b])

    def add(self, responsibilities: np.ndarray) -> None:
        """Add the products of the block that `log_densities` saw last."""
        self.products += responsibilities @ self.block.T
        if self.type == "tied":
            z = self.block[1 : len(self.scatter) + 1]
            self.scatter += z @ z.T

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return counts, first, second and origin of `Statistics`."""
        counts, first, squares = np.split(self.products, [1, len(self.scatter) + 1], axis=1)
        if self.type == "tied":
            first, squares = first @ self.factor.T, self.factor @ self.scatter @ self.factor.T
        elif self.type == "full":
            squares = _unfold(squares, len(self.scatter))
        second = squares.reshape(_SHAPES[self.type](*first.shape))
        return counts[:, 0], first, second, np.zeros_like(first)

    def cancellation(self, parameters: Parameters) -> float:
        """Return how many times larger than 1 the terms are that cancel in a full log density of a typical row."""
        spread = parameters.weights @ (parameters.means**2 + np.diagonal(parameters.covariances, axis1=1, axis2=2))
        i, j = _diagonals(len(spread))
        terms = np.abs(self.coefficients[:, len(spread) + 1 :]) @ np.sqrt(spread[i] * spread[j])
        return float(parameters.weights @ terms)


class _Cholesky:
    """The careful way for full covariances: one component after the other, x - mean through its own factor.

    It keeps the digits of nearly singular covariances, whose terms cancel in `_Features`, and it is fast for few
    components in many dimensions.
    """

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype):
        factors, self.means = _cholesky(parameters), parameters.means
        (k, d), self.constants = self.means.shape, _constants(parameters, _log_det(factors)).astype(dtype)
        self.whiten = np.linalg.inv(factors).astype(dtype)
        self.rows = _block_rows(n, 3 * d + k, d * d, dtype)
        self.densities = np.empty((k, self.rows), dtype)
        self.counts, self.first, self.second = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        self.block, densities = x, self.densities[:, : x.shape[1]]
        for k, whiten in enumerate(self.whiten):
            z = whiten @ self._about_mean(k)
            np.einsum("ij,ij->j", z, z, out=densities[k])
        densities *= -0.5
        densities += self.constants[:, None]
        return densities

    def add(self, responsibilities: np.ndarray) -> None:
        """Add the sums, about the means, of the block that `log_densities` saw last."""
        self.counts += responsibilities.sum(axis=1)
        for k, r in enumerate(responsibilities):
            z = self._about_mean(k)
            self.first[k] += z @ r
            self.second[k] += (z * r) @ z.T

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return counts, first, second and origin of `Statistics`."""
        return self.counts, self.first, self.second, self.means

    def _about_mean(self, k: int) -> np.ndarray:
        return self.block - self.means[k, :, None].astype(self.block.dtype)


def _full_coefficients(p: Parameters) -> np.ndarray:
    factors = _cholesky(p)
    inverses = np.linalg.inv(factors)
    precisions = np.swapaxes(inverses, 1, 2) @ inverses
    i, j = _diagonals(p.means.shape[1])
    squares = precisions[:, i, j] * np.where(i == j, -0.5, -1.0)  # an off-diagonal pair is one feature
    return _linear_form(p, p.means, np.einsum("kij,kj->ki", precisions, p.means), squares, _log_det(factors))


def _tied_coefficients(p: Parameters) -> np.ndarray:
    factor = _cholesky(p)  # whitened by it, tied is spherical with variance 1
    means = np.linalg.solve(factor, p.means.T).T
    return _linear_form(p, means, means, np.full((len(means), 1), -0.5), _log_det(factor))


def _diag_coefficients(p: Parameters) -> np.ndarray:
    d, variances = p.means.shape[1], _positive(p).reshape(len(p.means), -1)
    log_det = np.log(variances).sum(axis=1) * (d / variances.shape[1])
    return _linear_form(p, p.means, p.means / variances, -0.5 / variances, log_det)


def _linear_form(p, means, linear, squares, log_det) -> np.ndarray:
    constants = _constants(p, log_det) - 0.5 * (linear * means).sum(axis=1)
    return np.column_stack([constants, linear, squares])


def _constants(p: Parameters, log_det: np.ndarray) -> np.ndarray:
    return np.log(p.weights) - 0.5 * (p.means.shape[1] * np.log(2 * np.pi) + log_det)


def _log_det(factors: np.ndarray) -> np.ndarray:
    return 2 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)


def _length(z: np.ndarray, squares: np.ndarray) -> None:
    np.einsum("ij,ij->j", z, z, out=squares[0])


def _pairs(z: np.ndarray, squares: np.ndarray) -> None:
    d = len(z)
    for s in range(d):  # by diagonals, because each is one product of contiguous arrays
        np.multiply(z[: d - s], z[s:], out=squares[: d - s])
        squares = squares[d - s :]


@lru_cache(maxsize=8)
def _diagonals(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the upper triangle of a (d, d) matrix, one diagonal after the other."""
    i = np.concatenate([np.arange(d - s) for s in range(d)])
    return i, i + np.repeat(np.arange(d), np.arange(d, 0, -1))


def _unfold(squares: np.ndarray, d: int) -> np.ndarray:
    """Turn (k, d (d + 1) / 2) sums, ordered as in `_diagonals`, into symmetric (k, d, d) ones."""
    (i, j), matrices = _diagonals(d), np.empty((len(squares), d, d))
    matrices[:, i, j] = matrices[:, j, i] = squares
    return matrices


_COEFFICIENTS = {
    "full": _full_coefficients,
    "tied": _tied_coefficients,
    "diag": _diag_coefficients,
    "spherical": _diag_coefficients,
}
_SQUARES = {"full": _pairs, "tied": _length, "diag": lambda z, out: np.multiply(z, z, out=out), "spherical": _length}
_SHAPES = {
    "full": lambda k, d: (k, d, d),
    "tied": lambda k, d: (d, d),
    "diag": lambda k, d: (k, d),
    "spherical": lambda k, d: (k,),
}


def _cholesky(p: Parameters) -> np.ndarray:
    """Return lower Cholesky factors of full or tied covariances, or say which covariance has none."""
    try:
        return np.linalg.cholesky(p.covariances)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(p.covariances)[..., 0]
        raise ValueError(_singular(p, smallest)) from None


def _positive(p: Parameters) -> np.ndarray:
    """Return diagonal or spherical variances, or say which is not positive."""
    if not (p.covariances > 0).all():
        raise ValueError(_singular(p, p.covariances.reshape(len(p.means), -1).min(axis=1)))
    return p.covariances


def _singular(p: Parameters, smallest: np.ndarray) -> str:
    k = int(np.argmin(smallest))
    which = "common covariance" if p.covariance_type == "tied" else f"covariance of component {k}"
    return (
        f"The {which} (weight {p.weights[k]:.3g}) is not positive definite: its smallest variance is "
        f"{np.min(smallest):.3g}. The component has collapsed on too few different rows or a column is constant: "
        "use fewer components, drop constant columns, or raise reg_covar above 0."
    )


def _check_parameters(p: Parameters) -> None:
    if p.covariance_type not in COVARIANCE_TYPES:
        raise ValueError(f"covariance_type is {p.covariance_type!r}; expected one of {', '.join(COVARIANCE_TYPES)}.")
    if p.means.ndim != 2:
        raise ValueError(f"means have shape {p.means.shape}; expected one row per component: (k, d).")
    k, d = p.means.shape
    expected = {"weights": (k,), "covariances": _SHAPES[p.covariance_type](k, d)}
    for name, shape in expected.items():
        got = getattr(p, name).shape
        if got != shape:
            raise ValueError(
                f"{name} have shape {got}; with {k} means in {d} dimensions and covariance_type "
                f"{p.covariance_type!r} they need {shape}."
            )
    if not (p.weights > 0).all() or abs(p.weights.sum() - 1) > 1e-6:
        raise ValueError(f"weights are {p.weights}; expected positive numbers that sum to 1.")


def check_data(X: np.ndarray, p: Parameters, least_rows: int | None = None) -> np.ndarray:
    """Return X as floats, or say what is wrong with it."""
    X = np.asarray(X)
    X = X if X.dtype in (np.float32, np.float64) else X.astype(float)
    k, d = p.means.shape
    if X.ndim != 2 or X.shape[1] != d:
        raise ValueError(f"X has shape {X.shape}; expected (n, {d}), because the means have {d} dimensions.")
    least_rows = k if least_rows is None else least_rows
    if len(X) < least_rows:
        raise ValueError(f"X has {len(X)} rows; {k} components need at least {least_rows}.")
    if not np.isfinite(X.sum(dtype=float)) and not np.isfinite(X).all():
        raise ValueError(
            "X has NaN or infinite entries. Drop those rows, or fit with gmmlab.mixture.missing, which takes NaN as "
            "a missing entry."
        )
    return X
