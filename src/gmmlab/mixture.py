"""Gaussian mixtures: fit, choose, build, sort, match, project, and say what their components cover.

Every function on mixtures that a notebook needs has its name here. A mixture's components have no order and no name,
so everything that compares or shows components first sorts or matches them. No model that comes in is changed.

What needs more than a page stands in `gmmlab.engine` and is only named here:

- ``best_fit`` reaches the good optimum, ``search`` does so for many models and measures them;
- ``diagnose`` says in sentences what is doubtful about a fit;
- ``em`` takes EM steps from given ``Parameters``; its parts are ``e_step``, ``statistics``
  and ``m_step``;
- ``em_blocks`` does the same with rows that come in blocks, ``em_with_missing`` with missing entries, which
  ``predict_missing`` fills; it begins at a ``rough_start`` and may have a ``Prior``;
- ``bootstrap`` tells how sure the parameters are, ``likelihood_ratio_test`` whether one more component is needed, and
  ``fit_with_noise`` gives outliers a uniform component;
- ``GaussianMixtureClassifier`` has a mixture for each class and learns from rows with and without labels;
- ``merge_by_entropy`` makes clusters of components that overlap;
- ``as_mixture``, ``as_parameters`` and ``from_parameters`` lead to scikit-learn's ``GaussianMixture`` and back;
- ``covariance_matrices`` and ``n_parameters`` ask the same of all ``COVARIANCE_TYPES``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import chi2
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from gmmlab.engine.blocks import em_blocks
from gmmlab.engine.classifier import GaussianMixtureClassifier
from gmmlab.engine.conversion import as_mixture, as_parameters, covariance_matrices, from_parameters, n_parameters
from gmmlab.engine.covariances import COVARIANCE_TYPES, type_of
from gmmlab.engine.diagnosis import diagnose
from gmmlab.engine.em_steps import e_step, em, m_step, statistics
from gmmlab.engine.fitting import DegenerateFitWarning, best_fit
from gmmlab.engine.merging import merge_by_entropy
from gmmlab.engine.missing import Prior, em_with_missing, predict_missing, rough_start
from gmmlab.engine.model_search import search, search_with_fits
from gmmlab.engine.noise import NoisyMixture, bounding_volume, fit_with_noise
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.ratio_test import LikelihoodRatioTest, likelihood_ratio_test
from gmmlab.engine.resampling import Bootstrap, bootstrap
from gmmlab.engine.rows import read_rows

__all__ = [
    "COVARIANCE_TYPES",
    "Bootstrap",
    "DegenerateFitWarning",
    "GaussianMixtureClassifier",
    "LikelihoodRatioTest",
    "NoisyMixture",
    "Parameters",
    "Prior",
    "as_mixture",
    "as_parameters",
    "best_fit",
    "bootstrap",
    "bounding_volume",
    "covariance_matrices",
    "density_levels",
    "diagnose",
    "e_step",
    "ellipse_radius",
    "em",
    "em_blocks",
    "em_with_missing",
    "fit_with_noise",
    "follow_em",
    "from_parameters",
    "in_original_units",
    "likelihood_ratio_test",
    "m_step",
    "marginal",
    "match_labels",
    "merge_by_entropy",
    "n_parameters",
    "predict_missing",
    "random_parameters",
    "rough_start",
    "search",
    "search_with_fits",
    "sort_components",
    "statistics",
]


def random_parameters(X: ArrayLike, n_components: int, covariance_type: str, seed: int) -> Parameters:
    """Return where a seed lets EM start: equal weights, means on random samples, wide covariances.

    The covariance of all samples is divided by the number of components, and cut down to what the type allows.
    The means are sorted by the first feature, so that colours change little from seed to seed.

    Raises
    ------
    ValueError
        If the number of components or the covariance type is out of range.
    """
    rows = read_rows(X)
    kind = type_of(covariance_type)
    if not 1 <= n_components <= len(rows):
        raise ValueError(f"EM needs 1 to {len(rows)} components for {len(rows)} samples, but got {n_components}.")
    means = rows[np.random.default_rng(seed).choice(len(rows), n_components, replace=False)]
    common = np.atleast_2d(np.cov(rows.T)) / n_components
    covariances = kind.of_matrices(np.tile(common, (n_components, 1, 1)), common)
    weights = np.full(n_components, 1 / n_components)
    return Parameters(weights, means[means[:, 0].argsort()], covariances, covariance_type)


def follow_em(X: ArrayLike, start: Parameters, iterations: int) -> tuple[list[Parameters], NDArray[np.float64]]:
    """Return the parameters after 0, 1, 2, ... iterations of EM, and the log-likelihood of all samples with each.

    Raises
    ------
    ValueError
        If the number of iterations is out of range.
    """
    rows = read_rows(X)
    if iterations < 1:
        raise ValueError(f"EM in motion needs at least one iteration, but got {iterations}.")
    states = [start]
    for _ in range(iterations):
        states.append(em(rows, states[-1], max_iter=1).parameters)
    return states, np.array([e_step(rows, state)[1].sum() for state in states])


def sort_components(gmm: GaussianMixture, *, by: int = 0) -> GaussianMixture:
    """Return the same mixture with its components in the order of their means in feature ``by``."""
    check_is_fitted(gmm)
    order = np.argsort(gmm.means_[:, by], kind="stable")
    return _like(gmm, as_mixture(as_parameters(gmm).ordered(order)))


def marginal(gmm: GaussianMixture, features: Sequence[int] | Sequence[str]) -> GaussianMixture:
    """Return the mixture of the chosen features alone: the other features integrated out.

    The marginal of a Gaussian keeps the chosen entries of its mean and covariance (Bishop 2006, eq. 2.98).

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted, in ``d`` dimensions.
    features : sequence of int or str
        Features to keep, in the order wanted: column numbers, or names if ``gmm`` was fitted on a DataFrame.

    Returns
    -------
    GaussianMixture
        Of covariance type ``"full"``, in ``len(features)`` dimensions.

    Raises
    ------
    ValueError
        If the mixture does not know a feature.
    """
    check_is_fitted(gmm)
    names = getattr(gmm, "feature_names_in_", None)
    columns = [_column(feature, names, gmm.n_features_in_) for feature in features]
    covariances = covariance_matrices(gmm)[:, columns][:, :, columns]
    mixture = from_parameters(gmm.weights_, gmm.means_[:, columns], covariances)
    if names is not None:
        mixture.feature_names_in_ = names[columns]
    return mixture


def _column(feature: int | str, names: NDArray[np.object_] | None, n_features: int) -> int:
    known = list(range(n_features)) if names is None or not isinstance(feature, str) else list(names)
    if feature not in known:
        raise ValueError(f"The mixture knows the features {known}, but got {feature!r}.")
    return known.index(feature)


def in_original_units(gmm: GaussianMixture, scaler: StandardScaler) -> GaussianMixture:
    """Return a mixture that was fitted on standardised data in the units of the raw data.

    With ``x = m + s z``, a component of ``z`` with mean ``mu`` and covariance ``S`` has in ``x`` the mean
    ``m + s mu`` and the covariance ``diag(s) S diag(s)``.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted on ``scaler.transform(X)``.
    scaler : StandardScaler
        Fitted on ``X``.

    Returns
    -------
    GaussianMixture
        Of covariance type ``"full"``: a sphere in scaled units is an ellipsoid in raw units.
    """
    covariances = covariance_matrices(gmm) * np.outer(scaler.scale_, scaler.scale_)
    mixture = from_parameters(gmm.weights_, scaler.inverse_transform(gmm.means_), covariances)
    if hasattr(scaler, "feature_names_in_"):
        mixture.feature_names_in_ = scaler.feature_names_in_
    return mixture


def _like(gmm: GaussianMixture, new: GaussianMixture) -> GaussianMixture:
    """Carry over to ``new`` what the fit of ``gmm`` recorded besides its parameters."""
    for name in ("feature_names_in_", "converged_", "n_iter_", "lower_bound_", "left_out_"):
        if hasattr(gmm, name):
            setattr(new, name, getattr(gmm, name))
    return new


def match_labels(reference: ArrayLike, labels: ArrayLike) -> NDArray[Any]:
    """Rename cluster labels so that they agree with the reference on as many samples as possible.

    The best one-to-one assignment is found on the contingency table (Kuhn 1955, the Hungarian method). A
    cluster without a partner, when there are more clusters than classes, becomes ``-1`` for numeric
    references and ``"unmatched"`` for text.

    Parameters
    ----------
    reference : array-like of shape (n,)
        Names to agree with: species, or the labels of another clustering.
    labels : array-like of shape (n,)
        Cluster numbers in any order.

    Returns
    -------
    ndarray of shape (n,)
        For each sample the reference name of its cluster.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    reference, labels = np.asarray(reference), np.asarray(labels)
    if len(reference) != len(labels):
        raise ValueError(
            f"Labels are matched sample by sample, but got {len(reference)} reference names and {len(labels)} labels."
        )
    classes, clusters = np.unique(reference), np.unique(labels)
    row, column = linear_sum_assignment(contingency_matrix(reference, labels), maximize=True)
    partner = dict(zip(clusters[column].tolist(), classes[row].tolist(), strict=True))
    unmatched = -1 if np.issubdtype(reference.dtype, np.number) else "unmatched"
    return np.array([partner.get(label, unmatched) for label in labels.tolist()])


def ellipse_radius(coverage: float, n_features: int = 2) -> float:
    """Return how many standard deviations an ellipsoid needs to hold ``coverage`` of a Gaussian."""
    if not 0 < coverage < 1:
        raise ValueError(f"The coverage is a share between 0 and 1, but got {coverage!r}.")
    return float(np.sqrt(chi2.ppf(coverage, n_features)))


def density_levels(density: ArrayLike, masses: Sequence[float]) -> NDArray[np.float64]:
    """Return the density values whose contours enclose the stated masses.

    The grid's cells are added from the densest down until they hold the mass: the region found is the
    smallest that holds it (Hyndman 1996, highest-density region).

    Parameters
    ----------
    density : array-like
        Density on a regular grid that covers practically all of the distribution, of any shape.
    masses : sequence of float
        Shares of the probability, each between 0 and 1.

    Returns
    -------
    ndarray of shape (len(masses),)
        In the order of ``masses``; a larger mass has a lower level.

    Raises
    ------
    ValueError
        If a mass is not between 0 and 1.
    """
    if not all(0 < mass < 1 for mass in masses):
        raise ValueError(f"A mass is a share between 0 and 1, but got {list(masses)}.")
    falling = np.sort(np.ravel(density))[::-1]
    held = np.cumsum(falling) / np.sum(falling)
    return falling[np.searchsorted(held, np.asarray(masses, dtype=float))]
