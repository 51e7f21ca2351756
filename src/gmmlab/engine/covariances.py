r"""All that depends on the covariance type: one class a type, of functions of arrays with any leading batch axes.

In features of x the log density of a weighted Gaussian is *linear*:

.. math:: \log w_k N(x | \mu_k, \Sigma_k) = c_k + (P_k \mu_k)^T x - \tfrac12 \langle P_k, x x^T \rangle,
          \qquad P_k = \Sigma_k^{-1}.

So a type says which features it needs (`fill`), which coefficients they get (`linear_form`), and how covariances follow
from responsibility-weighted sums of the features (`second`, `m_step`).

Arrays are called: ``weights`` (..., k), ``means`` (..., k, d), ``c`` for the covariances (..., *shape(k, d)), shaped as
in scikit-learn.
"""

# ruff: noqa: D102 (what a method does is told where it is declared)
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy.linalg.lapack import dtrtri

ROUNDING = 1e-14
"""Share of a column's variance below which what the other columns do not explain of it is taken for rounding."""
FACTORS_PAY = 13
"""Measured: from so many dimensions on, matrices are inverted faster by their Cholesky factors, one after the other."""
Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""What groups of rows cost, given counts of shape (...) and scatter matrices about their means (..., d, d)."""


@lru_cache(maxsize=64)
def pairs(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the upper triangle of a (d, d) matrix, one diagonal after the other."""
    i = np.concatenate([np.arange(d - s) for s in range(d)])
    return i, i + np.repeat(np.arange(d), np.arange(d, 0, -1))


@lru_cache(maxsize=64)
def pair_shares(d: int) -> np.ndarray:
    """Return the coefficients that stand before the `pairs`, each of which is one feature, in x^T P x / -2."""
    i, j = pairs(d)
    return np.where(i == j, -0.5, -1.0)


@lru_cache(maxsize=64)
def places(d: int) -> np.ndarray:
    """Return which of the `pairs` stands at each place of a symmetric (d, d) matrix."""
    (i, j), numbers = pairs(d), np.empty((d, d), int)
    numbers[i, j] = numbers[j, i] = np.arange(len(i))
    return numbers


class CovarianceType(ABC):
    """What the four types have in common."""

    shared: ClassVar[bool] = False
    """Whether all components have one covariance."""
    invariance: ClassVar[str] = "whitened"
    """The largest linear map of the data that the likelihood does not notice; see `gmmlab.engine.spaces`."""

    @abstractmethod
    def shape(self, k: int, d: int) -> tuple[int, ...]:
        """Return the shape of the covariances of k components in d dimensions."""

    @abstractmethod
    def n_free(self, k: int, d: int) -> int:
        """Count the numbers in the covariances that are free."""

    @abstractmethod
    def matrices(self, c: np.ndarray, k: int, d: int) -> np.ndarray:
        """Return one full matrix a component, (..., k, d, d)."""

    @abstractmethod
    def of_matrices(self, own: np.ndarray, common: np.ndarray) -> np.ndarray:
        """Return the covariances of this type for components with matrices (..., k, d, d) and a common one."""

    @abstractmethod
    def mapped(self, c: np.ndarray, A: np.ndarray) -> np.ndarray:
        """Return the covariances of x @ A, where A is a map of the type's `invariance`."""

    @abstractmethod
    def inverse(self, c: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the inverse covariances, shaped like c, and the log determinants, one a covariance."""

    @abstractmethod
    def root(self, c: np.ndarray) -> np.ndarray:
        """Return lower Cholesky factors or standard deviations; ``LinAlgError`` where a covariance is not definite.

        Definiteness is decided relative to the columns' own scales, so it does not depend on units.
        """

    @abstractmethod
    def precision_root(self, c: np.ndarray) -> np.ndarray:
        """Return U with ``precision = U @ U.T``, as scikit-learn's ``precisions_cholesky_``."""

    @abstractmethod
    def precision(self, root: np.ndarray) -> np.ndarray:
        """Return the inverse covariances from their roots."""

    @abstractmethod
    def valid(self, c: np.ndarray) -> np.ndarray:
        """Say for each mixture whether its covariances can be inverted, (...)."""

    @abstractmethod
    def n_features(self, d: int) -> int:
        """Count the features of a row, without the 1 that belongs to the constant."""

    @abstractmethod
    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        """Write the features of the columns of x, shape (d, n); the first d are x itself."""

    @abstractmethod
    def _linear(self, means: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the coefficients of x, (..., k, d), and of the other features, (..., k, q)."""

    @abstractmethod
    def second(self, squares: np.ndarray, d: int) -> np.ndarray:
        """Return the second moments, shaped like the covariances, from the features' sums (..., k, q) beyond x."""

    @abstractmethod
    def _covariances(self, second: np.ndarray, counts: np.ndarray, means: np.ndarray, reg: float) -> np.ndarray:
        """Return the covariances about the means from second moments about the origin."""

    @abstractmethod
    def per_covariance(self, counts: np.ndarray) -> np.ndarray:
        """Return how many rows each covariance is made of, to multiply or divide covariances by."""

    @abstractmethod
    def misfit(self, c: np.ndarray, targets: np.ndarray | float, d: int) -> np.ndarray:
        """Return log det C + trace(C^-1 T) of each covariance and its target, which is shaped like it."""

    @abstractmethod
    def widths(self, c: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Return d standard deviations a covariance, narrowest first, as shares of those of the data, `spread`."""

    @abstractmethod
    def fixed_rows(self, k: int, d: int) -> int:
        """Return how many rows, whatever they are, a covariance fits with a variance of 0 in some direction."""

    @abstractmethod
    def group_cost(self, common: np.ndarray) -> Cost:
        """Return what groups of rows cost under Gaussians of this type (see `gmmlab.engine.groups`), doubled."""

    def linear_form(
        self, weights: np.ndarray, means: np.ndarray, inverse: np.ndarray, log_det: np.ndarray
    ) -> np.ndarray:
        """Return the coefficients (..., k, p) of the weighted log densities: of 1, x and the other features."""
        linear, squares = self._linear(means, inverse)
        constant = log_peak(weights, means.shape[-1], log_det[..., None] if self.shared else log_det)
        constant -= 0.5 * (linear * means).sum(axis=-1)
        return np.concatenate([constant[..., None], linear, squares], axis=-1)

    def m_step(
        self, counts: np.ndarray, first: np.ndarray, second: np.ndarray, reg: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the weights, means and covariances that fit the sums about the origin best."""
        counts = counts + 10 * np.finfo(float).eps  # scikit-learn's: an empty component is not divided by zero
        means = first / counts[..., None]
        weights = counts / counts.sum(axis=-1, keepdims=True)
        return weights, means, self._covariances(second, counts, means, reg)


class Full(CovarianceType):
    """Each component has a matrix of its own; features are x and x_i x_j with i <= j, one diagonal after the other."""

    def shape(self, k: int, d: int) -> tuple[int, ...]:
        return (k, d, d)

    def n_free(self, k: int, d: int) -> int:
        return k * d * (d + 1) // 2

    def matrices(self, c: np.ndarray, k: int, d: int) -> np.ndarray:
        return np.array(c)

    def of_matrices(self, own: np.ndarray, common: np.ndarray) -> np.ndarray:
        return own

    def mapped(self, c: np.ndarray, A: np.ndarray) -> np.ndarray:
        return np.asarray(A.T @ c @ A)

    def inverse(self, c: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
        if d >= FACTORS_PAY:
            with suppress(np.linalg.LinAlgError):  # in single precision some are not quite definite
                return self.inverse_of_root(np.linalg.cholesky(c))
        return np.linalg.inv(c), np.linalg.slogdet(c)[1]

    def inverse_of_root(self, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the inverse covariances and the log determinants from lower Cholesky factors."""
        roots = inverse_triangles(factors)
        log_det = 2 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
        return np.swapaxes(roots, -1, -2) @ roots, log_det

    def root(self, c: np.ndarray) -> np.ndarray:
        factors = np.linalg.cholesky(c)
        left, own = (np.diagonal(m, axis1=-2, axis2=-1) for m in (factors, c))
        if not (left**2 > ROUNDING * own).all():  # the variances that earlier columns do not explain
            raise np.linalg.LinAlgError("Some columns explain another but for rounding.")
        return factors

    def precision_root(self, c: np.ndarray) -> np.ndarray:
        return np.swapaxes(np.linalg.inv(self.root(c)), -1, -2)

    def precision(self, root: np.ndarray) -> np.ndarray:
        return np.asarray(root @ np.swapaxes(root, -1, -2))

    def valid(self, c: np.ndarray) -> np.ndarray:  # a covariance matrix has a positive determinant and diagonal
        diagonals = np.diagonal(c, axis1=-2, axis2=-1)
        positive = (diagonals > 0).all(axis=-1) & (np.linalg.slogdet(c)[0] > 0)
        return np.asarray(positive if self.shared else positive.all(axis=-1))

    def n_features(self, d: int) -> int:
        return d + d * (d + 1) // 2

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        d = len(x)
        z, squares = features[:d], features[d:]
        z[:] = x  # a copy that is in the cache
        for s in range(d):  # a diagonal is one product of contiguous arrays
            np.multiply(z[: d - s], z[s:], out=squares[: d - s])
            squares = squares[d - s :]

    def _linear(self, means: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        i, j = pairs(means.shape[-1])
        squares = inverse[..., i, j] * pair_shares(means.shape[-1])
        return (inverse @ means[..., None])[..., 0], squares

    def second(self, squares: np.ndarray, d: int) -> np.ndarray:
        return np.take(squares, places(d), axis=-1)

    def _covariances(self, second: np.ndarray, counts: np.ndarray, means: np.ndarray, reg: float) -> np.ndarray:
        outer = means[..., :, None] * means[..., None, :]
        return np.asarray(second / counts[..., None, None] - outer + reg * np.eye(means.shape[-1]))

    def per_covariance(self, counts: np.ndarray) -> np.ndarray:
        return counts[..., None, None]

    def misfit(self, c: np.ndarray, targets: np.ndarray | float, d: int) -> np.ndarray:
        spread = np.trace(np.linalg.solve(c, np.broadcast_to(targets, c.shape)), axis1=-2, axis2=-1)
        return np.asarray(np.linalg.slogdet(c)[1] + spread)

    def widths(self, c: np.ndarray, spread: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(np.linalg.eigvalsh(c / np.outer(spread, spread)).clip(0)))

    def fixed_rows(self, k: int, d: int) -> int:
        return d

    def group_cost(self, common: np.ndarray) -> Cost:
        d = len(common)

        def cost(counts: np.ndarray, scatter: np.ndarray) -> np.ndarray:
            shrunk = (scatter + (d + 1) * common) / (counts + d + 1)[..., None, None]
            return np.asarray(counts * np.linalg.slogdet(shrunk)[1])

        return cost

    def cancellation(
        self, weights: np.ndarray, means: np.ndarray, c: np.ndarray, coefficients: np.ndarray
    ) -> np.ndarray:
        """Return how large together the terms are that cancel in the log density of a typical row, by component.

        Their root sum of squares: rounding errors have any sign. Measured, it tells the error of a component's own rows
        to a factor of three.
        """
        (i, j), d = pairs(means.shape[1]), means.shape[1]
        scales = np.sqrt(weights @ (means**2 + np.diagonal(c, axis1=1, axis2=2)))
        return np.asarray(np.linalg.norm(coefficients[:, d + 1 :] * (scales[i] * scales[j]), axis=1))


class Tied(Full):
    """All components have one matrix."""

    shared = True

    def shape(self, k: int, d: int) -> tuple[int, ...]:
        return (d, d)

    def n_free(self, k: int, d: int) -> int:
        return d * (d + 1) // 2

    def matrices(self, c: np.ndarray, k: int, d: int) -> np.ndarray:
        return np.repeat(c[..., None, :, :], k, axis=-3)

    def of_matrices(self, own: np.ndarray, common: np.ndarray) -> np.ndarray:
        return common

    def _linear(self, means: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        linear, squares = super()._linear(means, inverse[..., None, :, :])
        return linear, np.broadcast_to(squares, (*means.shape[:-1], squares.shape[-1]))

    def second(self, squares: np.ndarray, d: int) -> np.ndarray:
        return super().second(squares.sum(axis=-2), d)

    def _covariances(self, second: np.ndarray, counts: np.ndarray, means: np.ndarray, reg: float) -> np.ndarray:
        outer = np.swapaxes(counts[..., None] * means, -1, -2) @ means
        return np.asarray((second - outer) / self.per_covariance(counts) + reg * np.eye(means.shape[-1]))

    def per_covariance(self, counts: np.ndarray) -> np.ndarray:
        return np.asarray(counts.sum(axis=-1)[..., None, None])

    def fixed_rows(self, k: int, d: int) -> int:
        return k + d - 1

    def group_cost(self, common: np.ndarray) -> Cost:
        inverse = np.linalg.inv(common)
        return lambda counts, scatter: np.einsum("ij,...ij->...", inverse, scatter)


class Diag(CovarianceType):
    """Each component has a variance for each column; its features are x and x squared."""

    invariance = "standardised"

    def shape(self, k: int, d: int) -> tuple[int, ...]:
        return (k, d)

    def n_free(self, k: int, d: int) -> int:
        return k * d

    def matrices(self, c: np.ndarray, k: int, d: int) -> np.ndarray:
        return np.asarray(c[..., None] * np.eye(d))

    def of_matrices(self, own: np.ndarray, common: np.ndarray) -> np.ndarray:
        return np.diagonal(own, axis1=-2, axis2=-1)

    def mapped(self, c: np.ndarray, A: np.ndarray) -> np.ndarray:
        return np.asarray(c * np.diag(A) ** 2)

    def inverse(self, c: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
        return 1 / c, np.log(c).sum(axis=-1)

    def root(self, c: np.ndarray) -> np.ndarray:
        if not (c > 0).all():
            raise np.linalg.LinAlgError("A variance is not positive.")
        return np.asarray(np.sqrt(c))

    def precision_root(self, c: np.ndarray) -> np.ndarray:
        return np.asarray(1 / self.root(c))

    def precision(self, root: np.ndarray) -> np.ndarray:
        return np.asarray(root**2)

    def valid(self, c: np.ndarray) -> np.ndarray:
        return np.asarray((c > 0).all(axis=(-2, -1)))

    def n_features(self, d: int) -> int:
        return 2 * d

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        z = features[: len(x)]
        z[:] = x
        np.multiply(z, z, out=features[len(x) :])

    def _linear(self, means: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return means * inverse, -0.5 * inverse

    def second(self, squares: np.ndarray, d: int) -> np.ndarray:
        return squares

    def _covariances(self, second: np.ndarray, counts: np.ndarray, means: np.ndarray, reg: float) -> np.ndarray:
        return np.asarray(second / counts[..., None] - means**2 + reg)

    def per_covariance(self, counts: np.ndarray) -> np.ndarray:
        return counts[..., None]

    def misfit(self, c: np.ndarray, targets: np.ndarray | float, d: int) -> np.ndarray:
        return np.asarray((np.log(c) + targets / c).sum(axis=-1))

    def widths(self, c: np.ndarray, spread: np.ndarray) -> np.ndarray:
        return np.asarray(np.sort(np.sqrt(c.clip(0)) / spread, axis=-1))

    def fixed_rows(self, k: int, d: int) -> int:
        return 1

    def group_cost(self, common: np.ndarray) -> Cost:
        def cost(counts: np.ndarray, scatter: np.ndarray) -> np.ndarray:
            variances = np.diagonal(scatter, axis1=-2, axis2=-1) + 2 * np.diag(common)
            return np.asarray(counts * np.log(variances / (counts + 2)[..., None]).sum(axis=-1))

        return cost


class Spherical(Diag):
    """Each component has one variance for all columns; its features are x and its squared length."""

    invariance = "scaled"

    def shape(self, k: int, d: int) -> tuple[int, ...]:
        return (k,)

    def n_free(self, k: int, d: int) -> int:
        return k

    def matrices(self, c: np.ndarray, k: int, d: int) -> np.ndarray:
        return np.asarray(c[..., None, None] * np.eye(d))

    def of_matrices(self, own: np.ndarray, common: np.ndarray) -> np.ndarray:
        return np.asarray(np.trace(own, axis1=-2, axis2=-1) / own.shape[-1])

    def mapped(self, c: np.ndarray, A: np.ndarray) -> np.ndarray:
        return np.asarray(c * A[0, 0] ** 2)

    def inverse(self, c: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
        return 1 / c, d * np.log(c)

    def valid(self, c: np.ndarray) -> np.ndarray:
        return np.asarray((c > 0).all(axis=-1))

    def n_features(self, d: int) -> int:
        return d + 1

    def fill(self, x: np.ndarray, features: np.ndarray) -> None:
        z = features[: len(x)]
        z[:] = x
        np.einsum("ij,ij->j", z, z, out=features[-1])

    def _linear(self, means: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return means * inverse[..., None], -0.5 * inverse[..., None]

    def second(self, squares: np.ndarray, d: int) -> np.ndarray:
        return squares[..., 0]

    def _covariances(self, second: np.ndarray, counts: np.ndarray, means: np.ndarray, reg: float) -> np.ndarray:
        return np.asarray((second / counts - (means**2).sum(axis=-1)) / means.shape[-1] + reg)

    def per_covariance(self, counts: np.ndarray) -> np.ndarray:
        return counts

    def misfit(self, c: np.ndarray, targets: np.ndarray | float, d: int) -> np.ndarray:
        return np.asarray(d * (np.log(c) + targets / c))

    def widths(self, c: np.ndarray, spread: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(c.clip(0)[..., None] / np.mean(spread**2)) * np.ones(len(spread)))

    def group_cost(self, common: np.ndarray) -> Cost:
        d = len(common)

        def cost(counts: np.ndarray, scatter: np.ndarray) -> np.ndarray:
            variance = (np.trace(scatter, axis1=-2, axis2=-1) + 2 * np.trace(common)) / d
            return np.asarray(counts * d * np.log(variance / (counts + 2)))

        return cost


FULL, SPHERICAL = Full(), Spherical()
TYPES: dict[str, CovarianceType] = {"full": FULL, "tied": Tied(), "diag": Diag(), "spherical": SPHERICAL}
COVARIANCE_TYPES = tuple(TYPES)


def type_of(name: str) -> CovarianceType:
    """Return the covariance type of a name, or say which there are."""
    if name not in TYPES:
        raise ValueError(f"The covariance type must be one of {COVARIANCE_TYPES}, but got {name!r}.")
    return TYPES[name]


def log_peak(weights: np.ndarray, d: int, log_det: np.ndarray) -> np.ndarray:
    """Return the weighted log densities at the means."""
    return np.asarray(np.log(weights) - 0.5 * (d * np.log(2 * np.pi) + log_det))


def inverse_triangles(lower: np.ndarray) -> np.ndarray:
    """Return the inverses of lower triangular matrices."""
    if lower.shape[-1] < FACTORS_PAY:
        return np.linalg.inv(lower)
    inverse = np.empty_like(lower)
    for place in np.ndindex(lower.shape[:-2]):
        inverse[place] = dtrtri(lower[place].T)[0].T
    return inverse


def mirrored(lower: np.ndarray) -> np.ndarray:
    """Return symmetric matrices from their lower triangles; what is above is not read."""
    return np.asarray(np.tril(lower) + np.swapaxes(np.tril(lower, -1), -1, -2))


def single_precision_features(V: np.ndarray, covariance_type: CovarianceType) -> np.ndarray:
    """Return the features of rows, 1 first, one column for each row of V, in single precision."""
    n, d = V.shape
    features = np.empty((1 + covariance_type.n_features(d), n), np.float32)
    features[0] = 1
    covariance_type.fill(V.T, features[1:])
    return features
