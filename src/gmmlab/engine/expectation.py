"""Ways to the sums of an E-step, block by block: features, whitened or only linear ones, Cholesky factors, or a mix.

Each has ``log_densities``, which sees a block of rows, ``add``, which takes its responsibilities, and ``sums``.
``unseen`` is what the log densities leave out because it is the same for all components, summed over all rows.
"""

from __future__ import annotations

import numpy as np

from gmmlab.engine.covariances import FULL, SPHERICAL, inverse_triangles, log_peak, mirrored
from gmmlab.engine.parameters import Parameters, log_det, root

SMALL_PRODUCT = 1_000_000  # up to so many multiplications OpenBLAS has a kernel twice as fast
WIDE = 100  # above so many features that kernel does not take transposed responsibilities
BLOCK_BYTES = 1 << 20  # features, densities and responsibilities of a block stay in a core's own cache
LEAST_ROWS = 384  # below, calling numpy costs more than computing; OpenBLAS sums up so many rows at once
FEATURES_PAY = 6  # measured: with fewer components, and more than five dimensions for each, factors cost less
PIECE = 8  # rows of a triangle that one product takes, up to the diagonal
LOST = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-3}  # error in a log density that features may cause

Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Counts, first, second and origin of `Statistics`."""


class Features:
    """The E-step is coefficients @ features, and what the M-step needs is features @ responsibilities.T."""

    unseen = 0.0

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        p = parameters
        self.type, self.d = p.type, p.means.shape[1]
        self.allocate(p.type.linear_form(p.weights, p.means, *_inverse(p)), n, dtype)

    def allocate(self, coefficients: np.ndarray, n: int, dtype: np.dtype) -> None:
        """Make room for a block."""
        self.coefficients, (k, width) = coefficients.astype(dtype), coefficients.shape
        self.rows = rows_at_once(n, BLOCK_BYTES // ((width + 2 * k) * np.dtype(dtype).itemsize), width * k)
        step = max(1, SMALL_PRODUCT // (self.rows * k))
        self.pieces = [slice(i, i + step) for i in range(0, width, step)]
        self.features, self.densities = np.empty((width, self.rows), dtype), np.empty((k, self.rows), dtype)
        self.features[0], self.products = 1, np.zeros((width, k))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        self.block, densities = self.features[:, : x.shape[1]], self.densities[:, : x.shape[1]]
        self.fill(x, self.block[1:])
        first, *others = self.pieces
        np.matmul(self.coefficients[:, first], self.block[first], out=densities)
        for piece in others:
            densities += self.coefficients[:, piece] @ self.block[piece]
        return densities

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x."""
        self.type.fill(x, features)

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the products of the block that `log_densities` saw last; the responsibilities sum to its weights."""
        shares = responsibilities.T
        shares = np.ascontiguousarray(shares) if len(self.block) > WIDE else shares
        for piece in self.pieces:
            self.products[piece] += self.block[piece] @ shares

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        counts, first, squares = split(self.products.T, self.d)
        return counts, first, self.type.second(squares, self.d), np.zeros_like(first)


class Whitened(Features):
    """Features of x whitened by a common covariance: there a tied mixture is spherical with variance 1."""

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        p, self.d, self.factor = parameters, parameters.means.shape[1], root(parameters)
        self.whiten, self.scatter = inverse_triangles(self.factor), np.zeros_like(self.factor)
        means, ones = np.linalg.solve(self.factor, p.means.T).T, np.ones(len(p.means))
        coefficients = SPHERICAL.linear_form(p.weights, means, ones, log_det(self.factor) * ones)
        self.allocate(coefficients, n, dtype)

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x."""
        z = features[: len(x)]
        np.matmul(self.whiten.astype(x.dtype, copy=False), x, out=z)
        np.einsum("ij,ij->j", z, z, out=features[-1])

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the products of the block that `log_densities` saw last, and those of its columns, which all share."""
        super().add(responsibilities)
        z = self.block[1 : self.d + 1]
        self.scatter += (z if weights is None else z * weights) @ z.T

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        counts, first, _ = split(self.products.T, self.d)
        return counts, first @ self.factor.T, self.factor @ self.scatter @ self.factor.T, np.zeros_like(first)


class Linear:
    """A tied mixture of rows whose products are known: the squares in the log densities are common to all components.

    They change no responsibility, and their sum follows from the rows' products, which also are the second moments.
    """

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype, products: np.ndarray) -> None:
        (k, d), p = parameters.means.shape, parameters
        inverse, log_det_ = FULL.inverse_of_root(root(p))
        self.products, self.unseen = products, -0.5 * float((inverse * products).sum())
        linear = p.means @ inverse
        constants = log_peak(p.weights, d, log_det_) - 0.5 * (linear * p.means).sum(axis=1)
        scales = np.sqrt(p.weights @ p.means**2 + np.diagonal(p.covariances))
        self.cancellation = float(np.linalg.norm(inverse * np.outer(scales, scales)))
        self.linear, self.constants = linear.astype(dtype), constants.astype(dtype)[:, None]
        self.rows = rows_at_once(n, BLOCK_BYTES // ((d + 2 * k) * np.dtype(dtype).itemsize), d * k)
        self.densities = np.empty((k, self.rows), dtype)
        self.counts, self.first = np.zeros(k), np.zeros((k, d))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma) without the squares, shape (k, b), for the columns of x, shape (d, b)."""
        self.block, densities = x, self.densities[:, : x.shape[1]]
        np.matmul(self.linear, x, out=densities)
        densities += self.constants
        return densities

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the sums of the block that `log_densities` saw last."""
        self.counts += responsibilities.sum(axis=1)
        self.first += responsibilities @ self.block.T

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        return self.counts, self.first, self.products, np.zeros_like(self.first)


class Factors:
    """The careful way for full covariances: x - mean through a component's own factor.

    It keeps the digits of nearly singular covariances, whose terms cancel in `Features`, and it is fast for few
    components in many dimensions. `these` are the numbers of the components, by default all.
    """

    unseen = 0.0

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype, these: np.ndarray | slice = np.s_[:]) -> None:
        self.means, self.factors = parameters.means[these], root(parameters)[these]
        (k, d), in_cache = self.means.shape, 4 * BLOCK_BYTES // (self.means.size * np.dtype(dtype).itemsize)
        self.rows = rows_at_once(n, in_cache, (PIECE + 1) * (d + 1))
        self.rooms = np.empty((2, k, d + 1, self.rows), dtype)
        self.rooms[0, :, -1] = 1  # sums up responsibilities
        self.constants = log_peak(parameters.weights[these], d, log_det(self.factors)).astype(dtype)[:, None]
        self.whiten, self.centres = inverse_triangles(self.factors).astype(dtype), self.means.astype(dtype)[..., None]
        self.products = np.zeros((k, d + 1, d + 1))
        ends = [*range(PIECE, d, PIECE), None]
        self.pieces = [(np.s_[i:end], np.s_[:end]) for i, end in zip(range(0, d, PIECE), ends, strict=True)]

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        self.block, self.room = self.rooms[..., : x.shape[1]]
        z, differences = self.block[:, :-1], np.subtract(x, self.centres, out=self.room[:, :-1])
        for piece, seen in self.pieces:
            np.matmul(self.whiten[:, piece, seen], differences[:, seen], out=z[:, piece])
        return np.asarray(self.constants - 0.5 * np.einsum("kij,kij->kj", z, z))

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the sums, whitened, of the block that `log_densities` saw last."""
        weighted = np.multiply(self.block, responsibilities[:, None], out=self.room)
        for piece, seen in self.pieces:
            self.products[:, piece, seen] += weighted[:, piece] @ np.swapaxes(self.block[:, seen], -1, -2)

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        first = (self.factors @ self.products[:, -1, :-1, None])[..., 0]
        second = self.factors @ mirrored(self.products[:, :-1, :-1]) @ np.swapaxes(self.factors, -1, -2)
        return self.products[:, -1, -1], first, second, self.means


class Mixed:
    """Features, and factors for the components that need these."""

    unseen = 0.0

    def __init__(self, features: Features, factors: Factors, careful: np.ndarray) -> None:
        self.features, self.factors, self.careful = features, factors, careful
        self.rows = min(features.rows, factors.rows)

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        densities = self.features.log_densities(x)
        densities[self.careful] = self.factors.log_densities(x)
        return densities

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the products of the block that `log_densities` saw last."""
        self.features.add(responsibilities)
        self.factors.add(responsibilities[self.careful])

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        sums = self.features.sums()
        for all_of_them, careful in zip(sums, self.factors.sums(), strict=True):
            all_of_them[self.careful] = careful
        return sums


def choose_way(
    parameters: Parameters, n: int, dtype: np.dtype, products: np.ndarray | None = None
) -> Features | Linear | Factors | Mixed:
    """Choose how the sums of n rows, whose products may be known, are made: whatever is fast and loses no digits."""
    (k, d), p = parameters.means.shape, parameters
    if p.type.shared:
        if products is not None:
            linear = Linear(p, n, dtype, products)
            if linear.cancellation * np.finfo(dtype).eps < LOST[np.dtype(dtype)]:
                return linear
        return Whitened(p, n, dtype)
    if p.type is not FULL:
        return Features(p, n, dtype)
    if k < FEATURES_PAY and d > 5 * k:
        return Factors(p, n, dtype)
    features = Features(p, n, dtype)
    cancels = FULL.cancellation(p.weights, p.means, p.covariances, features.coefficients)
    careful = np.flatnonzero(cancels * np.finfo(dtype).eps > LOST[np.dtype(dtype)])
    if 3 * len(careful) > k:
        return Factors(p, n, dtype)
    return Mixed(features, Factors(p, features.rows, dtype, careful), careful) if len(careful) else features


def rows_at_once(n: int, in_cache: int, multiplications: int) -> int:
    """Return how many of n rows a block has, if so many fit into the cache and a row takes so many multiplications."""
    return min(max(n, 1), max(LEAST_ROWS, min(in_cache, SMALL_PRODUCT // multiplications)))


def split(products: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sums of the features 1, x and the others."""
    return products[..., 0], products[..., 1 : d + 1], products[..., d + 1 :]


def _inverse(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return inverse covariances and log determinants, or say which covariance has none."""
    if p.type is not FULL:
        root(p)
        return p.type.inverse(p.covariances, p.means.shape[1])
    return FULL.inverse_of_root(root(p))
