"""From parameters to a fitted ``GaussianMixture`` of scikit-learn and back."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted

from gmmlab.engine.parameters import COVARIANCE_TYPES

_AS_MATRICES = {
    "full": lambda c, k, d: np.array(c),
    "tied": lambda c, k, d: np.tile(c, (k, 1, 1)),
    "diag": lambda c, k, d: np.array([np.diag(row) for row in c]),
    "spherical": lambda c, k, d: np.array([v * np.eye(d) for v in c]),
}

_COVARIANCE_PARAMETERS = {
    "full": lambda k, d: k * d * (d + 1) // 2,
    "tied": lambda k, d: d * (d + 1) // 2,
    "diag": lambda k, d: k * d,
    "spherical": lambda k, d: k,
}


def covariance_matrices(gmm: GaussianMixture) -> NDArray[np.float64]:
    """Return one full covariance matrix a component, whatever the covariance type.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted, with ``k`` components in ``d`` dimensions.

    Returns
    -------
    ndarray of shape (k, d, d)
        In squared units of the data.
    """
    check_is_fitted(gmm)
    return _AS_MATRICES[gmm.covariance_type](gmm.covariances_, *gmm.means_.shape)


def n_parameters(covariance_type: str, n_components: int, n_features: int) -> int:
    """Count the free parameters of a mixture: weights, means and covariances.

    The weights count ``k - 1``, since they sum to one.
    """
    if covariance_type not in _COVARIANCE_PARAMETERS:
        raise ValueError(f"The covariance type must be one of {COVARIANCE_TYPES}, but {covariance_type!r} came.")
    covariances = _COVARIANCE_PARAMETERS[covariance_type](n_components, n_features)
    return (n_components - 1) + n_components * n_features + covariances


def from_parameters(
    weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, covariance_type: str = "full"
) -> GaussianMixture:
    """Build a fitted ``GaussianMixture`` from known parameters.

    Parameters
    ----------
    weights : array-like of shape (k,)
        Mixing weights.
    means : array-like of shape (k, d)
        Means, in the data's units.
    covariances : array-like
        In the shape that scikit-learn gives them for ``covariance_type``.
    covariance_type : {"full", "tied", "diag", "spherical"}
        How to read ``covariances``.

    Returns
    -------
    GaussianMixture
        Ready for ``predict``, ``score_samples``, ``bic``, ...; sampling from it is reproducible.

    Raises
    ------
    ValueError
        If a covariance matrix is not positive definite.
    """
    weights, means = np.asarray(weights, dtype=float), np.asarray(means, dtype=float)
    gmm = GaussianMixture(len(weights), covariance_type=covariance_type, random_state=0)
    gmm.weights_, gmm.means_ = weights, means
    gmm.covariances_ = np.asarray(covariances, dtype=float)
    gmm.n_features_in_, gmm.converged_ = means.shape[1], True
    gmm.precisions_cholesky_ = _precisions_cholesky(gmm)
    gmm.precisions_ = _precisions(gmm)
    return gmm


def _precisions_cholesky(gmm: GaussianMixture) -> NDArray[np.float64]:
    """Return U with ``precision = U @ U.T``, in scikit-learn's shape for the covariance type."""
    if np.min(np.linalg.eigvalsh(covariance_matrices(gmm))) <= 0:
        raise ValueError("A covariance matrix must be positive definite, but one with an eigenvalue <= 0 came.")
    if gmm.covariance_type in ("diag", "spherical"):
        return 1 / np.sqrt(gmm.covariances_)
    lower = np.linalg.cholesky(gmm.covariances_)
    return np.swapaxes(np.linalg.inv(lower), -1, -2)


def _precisions(gmm: GaussianMixture) -> NDArray[np.float64]:
    root = gmm.precisions_cholesky_
    return root**2 if gmm.covariance_type in ("diag", "spherical") else root @ np.swapaxes(root, -1, -2)
