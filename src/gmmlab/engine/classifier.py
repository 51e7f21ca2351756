r"""A mixture for each class: Bayes' rule with all labels, EM with some.

The density of class c is a mixture of Gaussians of its own (Hastie & Tibshirani 1996, J. R. Stat. Soc. B 58, 155). With
one component a class and all labels known this is discriminant analysis, linear for a tied covariance and quadratic for
full ones. Rows without a label take part in EM; rows with one keep it: in the E-step the components of other classes
get no share (McLachlan 1977, J. Am. Stat. Assoc. 72, 403; Nigam et al. 2000, Mach. Learn. 39, 103).
"""

from __future__ import annotations

from numbers import Integral
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gmmlab.engine.conversion import as_mixture
from gmmlab.engine.covariances import type_of
from gmmlab.engine.em_steps import iterate, sums_over
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.rows import read_rows
from gmmlab.engine.spaces import space_of

UNLABELLED = -1


class GaussianMixtureClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify with one Gaussian mixture a class; rows whose label is -1 are unlabelled and help to fit them.

    Parameters
    ----------
    n_components : int or sequence of int
        Components of each class; a sequence has one number a class, in the order of ``classes_``.
    covariance_type : {"full", "tied", "diag", "spherical"}
        "tied" means one covariance for all components of all classes.
    n_init : int
        Starts, of which the one with the highest log-likelihood is kept. With one component a class there is only one.
    tol : float
        Smallest gain in log-likelihood per row that counts as progress.
    max_iter : int
        Most iterations of EM.
    reg_covar : float
        Added to the variances, as a share of the variance of all rows.
    random_state : int, RandomState or None
        Draws the starts of classes with several components.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, sorted, without -1.
    mixture_ : GaussianMixture
        All components of all classes.
    component_classes_ : array of shape (k,)
        The position in ``classes_`` of the class of each component.
    log_likelihood_ : float
        Of the rows with their labels, as far as they are known.
    n_iter_ : int
    converged_ : bool

    Notes
    -----
    Weights are the shares of the classes and covariances have maximum likelihood, as in
    ``LinearDiscriminantAnalysis(solver="lsqr")`` and, with full covariances, ``QuadraticDiscriminantAnalysis``. (Older
    versions of the latter divide by the number of rows minus one, and differ a little.)
    """

    def __init__(
        self,
        n_components: int | list[int] = 1,
        *,
        covariance_type: str = "full",
        n_init: int = 5,
        tol: float = 1e-6,
        max_iter: int = 1000,
        reg_covar: float = 1e-6,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.n_init = n_init
        self.tol = tol
        self.max_iter = max_iter
        self.reg_covar = reg_covar
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> GaussianMixtureClassifier:
        """Fit the mixtures of all classes.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
            Labels; -1 where the label is unknown.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If no row has a label, a class has fewer labelled rows than components, or a setting is out of range.
        """
        read_rows(X)
        rows, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(labels)
        known = labels != UNLABELLED if np.issubdtype(labels.dtype, np.number) else np.ones(len(labels), dtype=bool)
        if not known.any():
            raise ValueError("No row has a label: every entry of y is -1. Label at least one row of each class.")
        if self.n_init < 1:
            raise ValueError(f"n_init is {self.n_init}; at least one start is needed.")
        self.classes_, codes = np.unique(labels[known], return_inverse=True)
        counts = self._components(np.bincount(codes))
        self.component_classes_ = np.repeat(np.arange(len(counts)), counts)
        allowed = np.ones((len(rows), len(self.component_classes_)), dtype=bool)
        allowed[known] = codes[:, None] == self.component_classes_

        space = space_of(rows, type_of(self.covariance_type).invariance)
        V, rng = space.of_rows(rows), check_random_state(self.random_state)
        groups = [V[known][codes == c] for c in range(len(counts))]
        starts = [self._start(groups, counts, rng) for _ in range(self.n_init if counts.max() > 1 else 1)]
        best = space.in_units(min((self._run(V, start, allowed) for start in starts), key=attrgetter("rank")))
        self.mixture_, self.n_iter_, self.converged_ = as_mixture(best.parameters), best.n_iter, best.converged
        self.log_likelihood_ = len(rows) * best.mean_log_likelihood
        return self

    def _components(self, sizes: np.ndarray) -> np.ndarray:
        """Return the number of components of each class."""
        given = self.n_components
        counts = np.full(len(sizes), given) if isinstance(given, Integral) else np.asarray(given)
        if counts.shape != sizes.shape or counts.min() < 1:
            raise ValueError(
                f"n_components is {given}; expected a positive number, or one for each of the {len(sizes)} classes."
            )
        if (counts > sizes).any():
            c = int(np.argmax(counts > sizes))
            raise ValueError(
                f"Class {self.classes_[c]!r} has {sizes[c]} labelled rows, too few for {counts[c]} components. "
                "Label more rows, or lower n_components."
            )
        return counts

    def _start(self, groups: list[np.ndarray], counts: np.ndarray, rng: np.random.RandomState) -> Parameters:
        """Return centres of the labelled rows, with the covariance of all rows, which is 1 in the space."""
        means = np.vstack([_centres(V, k, rng) for V, k in zip(groups, counts, strict=True)])
        k, d = means.shape
        one = np.eye(d)
        covariances = type_of(self.covariance_type).of_matrices(np.tile(one, (k, 1, 1)), one)
        return Parameters(np.full(k, 1 / k), means, covariances, self.covariance_type)

    def _run(self, V: np.ndarray, start: Parameters, allowed: np.ndarray) -> Result:
        sums_of = sums_over(V, start.type, allowed=allowed)
        return iterate(sums_of, start, max_iter=self.max_iter, tol=self.tol, reg_covar=self.reg_covar)

    def _checked(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        read_rows(X)
        return np.asarray(validate_data(self, X, dtype=np.float64, reset=False))

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the posterior probability of each class, shape (n, n_classes)."""
        rows = self._checked(X)
        responsibilities = self.mixture_.predict_proba(rows)
        members = self.component_classes_[:, None] == np.arange(len(self.classes_))
        shares = responsibilities @ members
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))  # a sum may exceed 1 in its last digit

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable class of each row, shape (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Return the log density of each row under all classes, shape (n,): low where no class explains it."""
        rows = self._checked(X)
        return np.asarray(self.mixture_.score_samples(rows))


def _centres(V: np.ndarray, k: int, rng: np.random.RandomState) -> np.ndarray:
    if k == 1:
        return np.asarray(V.mean(axis=0, keepdims=True))
    return np.asarray(KMeans(k, n_init=1, random_state=rng).fit(V).cluster_centers_)
