"""Fitting that reaches the good optimum, not merely a converged one."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.mixture import GaussianMixture


def best_fit(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    n_init: int = 10,
    random_state: int = 0,
) -> GaussianMixture:
    """Fit a mixture by the lab's recipe: several k-means starts, the best polished to real convergence.

    With scikit-learn's defaults (``n_init=1, tol=1e-3``) EM often stops early or at a poor local optimum
    and still reports ``converged_``. ``tol`` is a gain in log-likelihood per sample, so it must be small.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data; integers are converted to floats.
    n_components : int
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the covariances.
    n_init : int
        Number of starts; the fit with the highest log-likelihood is kept.
    random_state : int
        Seed of the starts.

    Returns
    -------
    GaussianMixture
        Fitted.
    """
    X = X.astype(float) if hasattr(X, "astype") else np.asarray(X, dtype=float)
    gmm = GaussianMixture(
        n_components,
        covariance_type=covariance_type,
        init_params="kmeans",
        n_init=n_init,
        tol=1e-6,
        max_iter=1000,
        random_state=random_state,
    ).fit(X)
    gmm.set_params(warm_start=True, tol=1e-12, max_iter=10_000).fit(X)
    return gmm.set_params(warm_start=False)
