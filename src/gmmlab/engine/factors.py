"""The careful way to the sums of EM with full covariances: a Cholesky factor for each component."""

from __future__ import annotations

import numpy as np

from gmmlab.engine.covariances import constants, log_det
from gmmlab.engine.parameters import Parameters, cholesky

SMALL_PRODUCT = 1_000_000  # up to so many multiplications OpenBLAS has a kernel twice as fast
BLOCK_BYTES = 1 << 20  # features and responsibilities of a block stay in a core's own cache
LEAST_ROWS = 512  # below, calling numpy costs more than computing


def block_rows(n: int, numbers: int, products: int, dtype: np.dtype) -> int:
    """Return how many of n rows go into a block, with so many numbers and products a row."""
    rows = SMALL_PRODUCT // products
    if rows < LEAST_ROWS:  # a large product: only the cache counts
        rows = LEAST_ROWS
    return min(max(n, 1), rows, max(LEAST_ROWS, BLOCK_BYTES // (numbers * np.dtype(dtype).itemsize)))


class Factors:
    """The careful way for full covariances: one component after the other, x - mean through its own factor.

    It keeps the digits of nearly singular covariances, whose terms cancel in `Features`, and it is fast for few
    components in many dimensions.
    """

    def __init__(self, parameters: Parameters, n: int, dtype: np.dtype) -> None:
        factors, self.means = cholesky(parameters), parameters.means
        (k, d), self.constants = self.means.shape, constants(parameters, log_det(factors)).astype(dtype)
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
