"""Containers of EM: parameters, sums and results, and what is checked of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from gmmlab.engine.covariances import TYPES, CovarianceType, type_of
from gmmlab.engine.rows import LARGEST, read_rows


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

    @property
    def type(self) -> CovarianceType:
        """All that depends on the covariance type."""
        return TYPES[self.covariance_type]

    def ordered(self, order: np.ndarray) -> Parameters:
        """Return the mixture with its components in this order."""
        covariances = self.covariances if self.type.shared else self.covariances[order]
        return replace(self, weights=self.weights[order], means=self.means[order], covariances=covariances)

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
    rows : float
        Their number, or the sum of their weights.
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
    rows: float
    counts: np.ndarray
    first: np.ndarray
    second: np.ndarray
    origin: np.ndarray
    covariance_type: str

    def __add__(self, other: Statistics) -> Statistics:
        return replace(
            self,
            log_likelihood=self.log_likelihood + other.log_likelihood,
            rows=self.rows + other.rows,
            counts=self.counts + other.counts,
            first=self.first + other.first,
            second=self.second + other.second,
        )

    def __radd__(self, other: int | Statistics) -> Statistics:
        return self if isinstance(other, int) else other + self  # sum() starts at 0


@dataclass(frozen=True, eq=False)
class Result:
    """Where a run of EM ended.

    Attributes
    ----------
    parameters : Parameters
    mean_log_likelihoods : array of shape (n_iter,)
        Mean log density of a row, before the M-step of each iteration (scikit-learn's ``lower_bounds_``). Iterations
        of accelerated EM that were taken back are not among them.
    n_iter : int
    converged : bool
    fault : str
        By which rule of `gmmlab.mixture.best_fit` the fit is degenerate, in a sentence; empty where it is sound. Plain
        EM does not look.
    left_out : str
        Why a likelier solution was left out, where one was.
    replicated : bool
        Whether many short runs ended here (`gmmlab.engine.starts.from_starts`).
    """

    parameters: Parameters
    mean_log_likelihoods: np.ndarray
    n_iter: int
    converged: bool
    fault: str = ""
    left_out: str = ""
    replicated: bool = False

    @property
    def degenerate(self) -> bool:
        """Whether a component collapsed."""
        return self.fault != ""

    @property
    def mean_log_likelihood(self) -> float:
        """The last of the mean log-likelihoods."""
        return float(self.mean_log_likelihoods[-1]) if len(self.mean_log_likelihoods) else -np.inf

    @property
    def rank(self) -> tuple[bool, float]:
        """A lower one is better: degenerate results come last, then the likelihood decides."""
        return self.degenerate, -self.mean_log_likelihood


def _check_parameters(p: Parameters) -> None:
    kind = type_of(p.covariance_type)
    if p.means.ndim != 2:
        raise ValueError(f"means have shape {p.means.shape}; expected one row per component: (k, d).")
    k, d = p.means.shape
    expected = {"weights": (k,), "covariances": kind.shape(k, d)}
    for name, shape in expected.items():
        got = getattr(p, name).shape
        if got != shape:
            raise ValueError(
                f"{name} have shape {got}; with {k} means in {d} dimensions and covariance_type "
                f"{p.covariance_type!r} they need {shape}."
            )
    if not (p.weights > 0).all() or abs(p.weights.sum() - 1) > 1e-6:
        raise ValueError(f"weights are {p.weights}; expected positive numbers that sum to 1.")


def check_data(X: ArrayLike, p: Parameters, least_rows: int | None = None) -> np.ndarray:
    """Return X as floats, or say what is wrong with it."""
    rows = X if type(X) is np.ndarray and X.dtype in LARGEST and X.ndim == 2 else read_rows(X, 0, single=True)
    check_size(rows, p, least_rows)
    return rows if rows is not X or np.isfinite(X.sum(dtype=float)) else read_rows(X, 0, single=True)


def check_size(rows: np.ndarray, p: Parameters, least_rows: int | None = None) -> None:
    """Refuse rows of another length than the means, or fewer of them than there are components."""
    k, d = p.means.shape
    if rows.shape[1] != d:
        raise ValueError(f"X has shape {rows.shape}; expected (n, {d}), because the means have {d} dimensions.")
    least_rows = k if least_rows is None else least_rows
    if len(rows) < least_rows:
        raise ValueError(f"X has {len(rows)} rows; {k} components need at least {least_rows}.")


def root(p: Parameters) -> np.ndarray:
    """Return lower Cholesky factors or standard deviations, or say which covariance has none."""
    try:
        return p.type.root(p.covariances)
    except np.linalg.LinAlgError:
        raise ValueError(_singular(p)) from None


def log_det(factors: np.ndarray) -> np.ndarray:
    """Return the log determinants of matrices, given their Cholesky factors."""
    return np.asarray(2 * np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1))


def _singular(p: Parameters) -> str:
    """Return the sentence about the first covariance that is not positive definite."""
    k, which = 0, "common covariance"
    if not p.type.shared:
        k = next(k for k in range(len(p.weights)) if not _definite(p, k))
        which = f"covariance of component {k}"
    return (
        f"The {which} (weight {p.weights[k]:.3g}) is not positive definite, measured by the scales of its columns. "
        "The component has collapsed on too few different rows or a column is constant: "
        "use fewer components, drop constant columns, or raise reg_covar above 0."
    )


def _definite(p: Parameters, k: int) -> bool:
    try:
        p.type.root(p.covariances[k : k + 1])
    except np.linalg.LinAlgError:
        return False
    return True
