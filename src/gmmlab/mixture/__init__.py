"""Fit, sort, match and measure Gaussian mixtures: numbers only, nothing here draws."""

from gmmlab.mixture.components import (
    COVARIANCE_TYPES,
    conditional_surprise,
    covariance_matrices,
    density_levels,
    ellipse_coverage,
    ellipse_radius,
    from_parameters,
    in_original_units,
    marginal,
    match_labels,
    n_parameters,
    sort_components,
)
from gmmlab.mixture.estimator import BestGaussianMixture
from gmmlab.mixture.fitting import DegenerateFitWarning, best_fit
from gmmlab.mixture.search import search

__all__ = [
    "COVARIANCE_TYPES",
    "BestGaussianMixture",
    "DegenerateFitWarning",
    "best_fit",
    "conditional_surprise",
    "covariance_matrices",
    "density_levels",
    "ellipse_coverage",
    "ellipse_radius",
    "from_parameters",
    "in_original_units",
    "marginal",
    "match_labels",
    "n_parameters",
    "search",
    "sort_components",
]
