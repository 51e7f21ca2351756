r"""What each covariance type contributes to EM: its features, its coefficients, its covariances from sums.

In features of x the log density of a weighted Gaussian is *linear*:

.. math:: \log w_k N(x | \mu_k, \Sigma_k) = c_k + (P_k \mu_k)^T x - \tfrac12 \langle P_k, x x^T \rangle,
          \qquad P_k = \Sigma_k^{-1}.

A form holds the ``coefficients`` of a mixture, shape (k, p), of which the first column is :math:`c_k`. ``fill`` writes
the features of rows, but for the 1 that belongs to :math:`c_k`; ``sums`` reads what the M-step needs from
responsibilities times features.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gmmlab.engine.parameters import Parameters, cholesky, positive


class Full:
    """Features x and x_i x_j with i <= j, one diagonal after the other: each is one product of contiguous arrays."""

    def __init__(self, p: Parameters) -> None:
        factors = cholesky(p)
        inverses = np.linalg.inv(factors)
        precisions = np.swapaxes(inverses, 1, 2) @ inverses
        self.i, self.j = _diagonals(p.means.shape[1])
        squares = precisions[:, self.i, self.j] * np.where(self.i == self.j, -0.5, -1.0)  # a pair is one feature
        linear = np.einsum("kij,kj->ki", precisions, p.means)
        self.coefficients = _linear_form(p, p.means, linear, squares, log_det(factors))

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x, shape (d, n)."""
        d = len(x)
        z, squares = features[:d], features[d:]
        z[:] = x  # a copy that is in the cache
        for s in range(d):
            np.multiply(z[: d - s], z[s:], out=squares[: d - s])
            squares = squares[d - s :]

    def sums(self, first: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``first`` and ``second`` of `Statistics`."""
        second = np.empty((*first.shape, first.shape[1]))
        second[:, self.i, self.j] = second[:, self.j, self.i] = squares
        return first, second

    @staticmethod
    def covariances(second: np.ndarray, counts: np.ndarray, step: np.ndarray, reg: float) -> np.ndarray:
        """Return the covariances about means that lie `step` from the origin of the sums."""
        return second / counts[:, None, None] - step[:, :, None] * step[:, None] + reg * np.eye(step.shape[1])

    def cancellation(self, p: Parameters) -> float:
        """Return how many times larger than 1 the terms are that cancel in the log density of a typical row."""
        spread = p.weights @ (p.means**2 + np.diagonal(p.covariances, axis1=1, axis2=2))
        terms = np.abs(self.coefficients[:, len(spread) + 1 :]) @ np.sqrt(spread[self.i] * spread[self.j])
        return float(p.weights @ terms)


class Tied:
    """Features z and its squared length, z being x whitened: there a tied mixture is spherical with variance 1."""

    def __init__(self, p: Parameters) -> None:
        self.factor = cholesky(p)
        self.whiten, self.scatter = np.linalg.inv(self.factor), np.zeros_like(self.factor)
        means = np.linalg.solve(self.factor, p.means.T).T
        squares = np.full((len(means), 1), -0.5)
        self.coefficients = _linear_form(p, means, means, squares, log_det(self.factor))

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x; sum up their products on the way."""
        z = features[: len(x)]
        np.matmul(self.whiten.astype(x.dtype, copy=False), x, out=z)
        np.einsum("ij,ij->j", z, z, out=features[-1])
        self.scatter += z @ z.T

    def sums(self, first: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``first`` and ``second`` of `Statistics`."""
        return first @ self.factor.T, self.factor @ self.scatter @ self.factor.T

    @staticmethod
    def covariances(second: np.ndarray, counts: np.ndarray, step: np.ndarray, reg: float) -> np.ndarray:
        """Return the common covariance."""
        return (second - (counts * step.T) @ step) / counts.sum() + reg * np.eye(step.shape[1])


class Diag:
    """Features x and x squared."""

    def __init__(self, p: Parameters) -> None:
        d, variances = p.means.shape[1], positive(p).reshape(len(p.means), -1)
        determinants = np.log(variances).sum(axis=1) * (d / variances.shape[1])
        self.coefficients = _linear_form(p, p.means, p.means / variances, -0.5 / variances, determinants)

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x."""
        z = features[: len(x)]
        z[:] = x
        np.multiply(z, z, out=features[len(x) :])

    def sums(self, first: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``first`` and ``second`` of `Statistics`."""
        return first, squares

    @staticmethod
    def covariances(second: np.ndarray, counts: np.ndarray, step: np.ndarray, reg: float) -> np.ndarray:
        """Return the variances."""
        return second / counts[:, None] - step**2 + reg


class Spherical(Diag):
    """Features x and its squared length."""

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x."""
        z = features[: len(x)]
        z[:] = x
        np.einsum("ij,ij->j", z, z, out=features[-1])

    def sums(self, first: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``first`` and ``second`` of `Statistics`."""
        return first, squares[:, 0]

    @staticmethod
    def covariances(second: np.ndarray, counts: np.ndarray, step: np.ndarray, reg: float) -> np.ndarray:
        """Return the variances."""
        return (second / counts - (step**2).sum(axis=1)) / step.shape[1] + reg


FORMS = {"full": Full, "tied": Tied, "diag": Diag, "spherical": Spherical}


def _linear_form(
    p: Parameters, means: np.ndarray, linear: np.ndarray, squares: np.ndarray, determinants: np.ndarray
) -> np.ndarray:
    return np.column_stack([constants(p, determinants) - 0.5 * (linear * means).sum(axis=1), linear, squares])


def constants(p: Parameters, determinants: np.ndarray) -> np.ndarray:
    """Return the log of a component's weight over the root of the determinant of 2 pi times its covariance."""
    return np.log(p.weights) - 0.5 * (p.means.shape[1] * np.log(2 * np.pi) + determinants)


def log_det(factors: np.ndarray) -> np.ndarray:
    """Return the log determinants of matrices, given their Cholesky factors."""
    return 2 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)


@lru_cache(maxsize=8)
def _diagonals(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the upper triangle of a (d, d) matrix, one diagonal after the other."""
    i = np.concatenate([np.arange(d - s) for s in range(d)])
    return i, i + np.repeat(np.arange(d), np.arange(d, 0, -1))
