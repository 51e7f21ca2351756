"""From parameters to a fitted ``GaussianMixture`` of scikit-learn and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted

from gmmlab.engine.covariances import TYPES, type_of
from gmmlab.engine.parameters import Parameters


class IntegerSafeMixture(GaussianMixture):  # type: ignore[misc]
    """scikit-learn's mixture, but integers are scored as the floats that they stand for.

    In scikit-learn, ``fit`` turns integers into floats, but ``score``, ``predict`` and what follows from them compute
    with integers: squares of bytes overflow ("diag", "spherical"), distances lose their decimals ("full", "tied").
    """

    def _estimate_log_prob(self, X: NDArray[Any], **settings: Any) -> NDArray[Any]:
        return np.asarray(super()._estimate_log_prob(X if X.dtype.kind == "f" else X.astype(float), **settings))


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
    return TYPES[gmm.covariance_type].matrices(gmm.covariances_, *gmm.means_.shape)


def n_parameters(covariance_type: str, n_components: int, n_features: int) -> int:
    """Count the free parameters of a mixture: weights, means and covariances.

    The weights count ``k - 1``, since they sum to one.
    """
    covariances = type_of(covariance_type).n_free(n_components, n_features)
    return (n_components - 1) + n_components * n_features + covariances


def as_mixture(parameters: Parameters) -> GaussianMixture:
    """Return the fitted ``GaussianMixture`` that has these parameters."""
    p = parameters
    return from_parameters(p.weights, p.means, p.covariances, p.covariance_type)


def as_parameters(mixture: Parameters | GaussianMixture) -> Parameters:
    """Return the parameters of a fitted ``GaussianMixture``; parameters stay as they are."""
    if isinstance(mixture, Parameters):
        return mixture
    check_is_fitted(mixture)
    return Parameters(mixture.weights_, mixture.means_, mixture.covariances_, mixture.covariance_type)


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
        Ready for ``predict``, ``score_samples``, ``bic``, ...; sampling from it is reproducible. Unlike scikit-learn's
        own, it scores integers as the floats that they stand for.

    Raises
    ------
    ValueError
        If a covariance matrix is not positive definite.
    """
    weights, means = np.asarray(weights, dtype=float), np.asarray(means, dtype=float)
    gmm = IntegerSafeMixture(len(weights), covariance_type=covariance_type, random_state=0)
    gmm.weights_, gmm.means_ = weights, means
    gmm.covariances_ = np.asarray(covariances, dtype=float)
    gmm.n_features_in_, gmm.converged_ = means.shape[1], True
    try:
        gmm.precisions_cholesky_ = TYPES[covariance_type].precision_root(gmm.covariances_)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"A covariance matrix must be positive definite, but got one that is not. {error}") from None
    gmm.precisions_ = TYPES[covariance_type].precision(gmm.precisions_cholesky_)
    return gmm
