"""Fit, sort, match and measure Gaussian mixtures: numbers only, nothing here draws."""

from gmmlab.mixture.components import (
    COVARIANCE_TYPES,
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
from gmmlab.mixture.fitting import best_fit

__all__ = [
    "COVARIANCE_TYPES",
    "best_fit",
    "covariance_matrices",
    "density_levels",
    "ellipse_coverage",
    "ellipse_radius",
    "from_parameters",
    "in_original_units",
    "marginal",
    "match_labels",
    "n_parameters",
    "sort_components",
]
