"""The robust fit as a scikit-learn estimator."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import validate_data

from gmmlab.mixture.fitting import DegenerateFitWarning, Fit, as_mixture, degenerate_message, fit_one

EQUAL = 1e-3  # means closer than this, in standard deviations of the data, are equal


class EqualMeansWarning(UserWarning):
    """All components of a mixture with tied covariances lie in one place: they are one component."""


class IntegerInputWarning(UserWarning):
    """The data came as integers, which scikit-learn fits as floats and scores as integers, wrongly."""


class BestGaussianMixture(GaussianMixture):
    """A ``GaussianMixture`` whose ``fit`` finds the good optimum: `gmmlab.mixture.best_fit` as an estimator.

    It has scikit-learn's methods and fitted attributes, and works in pipelines, grid searches, ``clone`` and pickles.

    Parameters
    ----------
    n_components : int
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the covariances.
    n_init : int
        Effort, as in `best_fit`.
    random_state : int, RandomState or None
        Seed of the starts, and of ``sample``.

    Warns
    -----
    DegenerateFitWarning
        If a component collapsed on few samples, and no other solution was found.
    EqualMeansWarning
        If all means are equal though the covariance is tied: the start trap of ``init_params="random"``.
    IntegerInputWarning
        If X holds integers. Its methods would score them wrongly, so convert them first.
    """

    def __init__(self, n_components=1, *, covariance_type="full", n_init=20, random_state=0):
        super().__init__(n_components, covariance_type=covariance_type, n_init=n_init, random_state=random_state)

    def fit(self, X: ArrayLike, y: None = None) -> BestGaussianMixture:
        """Fit the mixture to X of shape (n, d); y is ignored."""
        self._validate_params()
        _warn_of_integers(X)
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        fit = fit_one(X, self.n_components, self.covariance_type, n_init=self.n_init, random_state=self.random_state)
        self._warn_of(fit, X)
        for name, value in vars(as_mixture(fit)).items():
            if name.endswith("_"):  # what a fit finds
                setattr(self, name, value)
        return self

    def fit_predict(self, X: ArrayLike, y: None = None) -> NDArray[np.intp]:
        """Fit the mixture and return the most probable component of each row."""
        return self.fit(X).predict(X)

    def _warn_of(self, fit: Fit, X: NDArray) -> None:
        if fit.degenerate:
            message = degenerate_message(self.n_components, self.covariance_type)
            warnings.warn(message, DegenerateFitWarning, stacklevel=3)
        apart = np.ptp(fit.parameters.means, axis=0) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
        if self.covariance_type == "tied" and self.n_components > 1 and apart.max() < EQUAL:
            warnings.warn(
                f"All {self.n_components} means are equal, so with tied covariances the components are one and the "
                "same. Use one component, or another covariance type.",
                EqualMeansWarning,
                stacklevel=3,
            )


def _warn_of_integers(X: ArrayLike) -> None:
    kinds = {np.dtype(kind).kind for kind in getattr(X, "dtypes", ())} if hasattr(X, "columns") else None
    kinds = kinds if kinds is not None else {getattr(getattr(X, "dtype", None), "kind", "f")}
    if kinds & set("iub"):
        warnings.warn(
            "X holds integers. They are fitted as floats, but scikit-learn's score, predict and bic would compute with "
            "integers, wrongly: give X.astype(float) to all of them.",
            IntegerInputWarning,
            stacklevel=3,
        )
