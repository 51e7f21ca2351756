"""Three ways to the sums of an E-step, block by block: through features, whitened features, or Cholesky factors.

Each has ``log_densities``, which sees a block of rows, ``add``, which takes its responsibilities, and ``sums``.
"""

from __future__ import annotations

import numpy as np

from gmmlab.engine.covariances import FULL, SPHERICAL, log_peak
from gmmlab.engine.parameters import Parameters, log_det, root

SMALL_PRODUCT = 1_000_000  # up to so many multiplications OpenBLAS has a kernel twice as fast
BLOCK_BYTES = 1 << 20  # features and responsibilities of a block stay in a core's own cache
LEAST_ROWS = 512  # below, calling numpy costs more than computing
FEATURES_PAY = 5  # measured: with more dimensions per component than this, features cost more than factors
LOST = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-3}  # error in a log density that features may cause

Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Counts, first, second and origin of `Statistics`."""


def block_rows(n: int, numbers: int, products: int, dtype: np.dtype) -> int:
    """Return how many of n rows go into a block, with so many numbers and products a row."""
    rows = SMALL_PRODUCT // products
    if rows < LEAST_ROWS:  # a large product: only the cache counts
        rows = LEAST_ROWS
    return min(max(n, 1), rows, max(LEAST_ROWS, BLOCK_BYTES // (numbers * np.dtype(dtype).itemsize)))


class Features:
    """The E-step is coefficients @ features, and what the M-step needs is responsibilities @ features.T."""

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        p = parameters
        self.type, self.d = p.type, p.means.shape[1]
        self.allocate(p.type.linear_form(p.weights, p.means, *_inverse(p)), n, dtype)

    def allocate(self, coefficients: np.ndarray, n: int, dtype: np.dtype) -> None:
        """Make room for a block."""
        self.coefficients, (k, width) = coefficients.astype(dtype), coefficients.shape
        self.rows = block_rows(n, width + k, width * k, dtype)
        self.features, self.densities = np.empty((width, self.rows), dtype), np.empty((k, self.rows), dtype)
        self.features[0], self.products = 1, np.zeros((k, width))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k N(x_i | mu_k, Sigma_k), shape (k, b), for the columns of x, shape (d, b)."""
        self.block = self.features[:, : x.shape[1]]
        self.fill(x, self.block[1:])
        return np.matmul(self.coefficients, self.block, out=self.densities[:, : x.shape[1]])

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x."""
        self.type.fill(x, features)

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the products of the block that `log_densities` saw last; the responsibilities sum to its weights."""
        self.products += responsibilities @ self.block.T

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        counts, first, squares = split(self.products, self.d)
        return counts, first, self.type.second(squares, self.d), np.zeros_like(first)


class Whitened(Features):
    """Features of x whitened by a common covariance: there a tied mixture is spherical with variance 1."""

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        p, self.d, self.factor = parameters, parameters.means.shape[1], root(parameters)
        self.whiten, self.scatter = np.linalg.inv(self.factor), np.zeros_like(self.factor)
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
        counts, first, _ = split(self.products, self.d)
        return counts, first @ self.factor.T, self.factor @ self.scatter @ self.factor.T, np.zeros_like(first)


class Factors:
    """The careful way for full covariances: one component after the other, x - mean through its own factor.

    It keeps the digits of nearly singular covariances, whose terms cancel in `Features`, and it is fast for few
    components in many dimensions.
    """

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        factors, self.means = root(parameters), parameters.means
        k, d = self.means.shape
        self.constants = log_peak(parameters.weights, d, log_det(factors)).astype(dtype)
        self.whiten = np.linalg.inv(factors).astype(dtype)
        self.rows = block_rows(n, 3 * d + k, d * d, dtype)
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

    def add(self, responsibilities: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Add the sums, about the means, of the block that `log_densities` saw last."""
        self.counts += responsibilities.sum(axis=1)
        for k, r in enumerate(responsibilities):
            z = self._about_mean(k)
            self.first[k] += z @ r
            self.second[k] += (z * r) @ z.T

    def sums(self) -> Sums:
        """Return counts, first, second and origin of `Statistics`."""
        return self.counts, self.first, self.second, self.means

    def _about_mean(self, k: int) -> np.ndarray:
        return np.asarray(self.block - self.means[k, :, None].astype(self.block.dtype))


def choose_way(parameters: Parameters, n: int, dtype: np.dtype) -> Features | Factors:
    """Choose how the sums of n rows are made: through features, unless that loses time or digits."""
    (k, d), p = parameters.means.shape, parameters
    if p.type.shared:
        return Whitened(p, n, dtype)
    if p.type is not FULL:
        return Features(p, n, dtype)
    if d > FEATURES_PAY * k:
        return Factors(p, n, dtype)
    features = Features(p, n, dtype)
    cancels = FULL.cancellation(p.weights, p.means, p.covariances, features.coefficients)
    return features if cancels * np.finfo(dtype).eps < LOST[np.dtype(dtype)] else Factors(p, n, dtype)


def split(products: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sums of the features 1, x and the others."""
    return products[..., 0], products[..., 1 : d + 1], products[..., d + 1 :]


def _inverse(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return inverse covariances and log determinants, or say which covariance has none."""
    if p.type is not FULL:
        root(p)
        return p.type.inverse(p.covariances, p.means.shape[1])
    factors = root(p)
    roots = np.linalg.inv(factors)
    return np.swapaxes(roots, -1, -2) @ roots, log_det(factors)
