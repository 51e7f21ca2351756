"""Answers to the exercises of notebook 14: right ones written differently, and wrong ones seen in students' code."""

import numpy as np
import pandas as pd
from scipy.stats import multivariate_normal, norm

from exercises.case import right, wrong
from gmmlab.engine.missing import condition
from gmmlab.mixture import from_parameters


@right("recommend-1")
def total_variance():
    def combine(responsibilities, means, sds):
        mean = responsibilities @ means
        return mean, np.sqrt(responsibilities @ (sds**2 + (means - mean) ** 2))

    return combine


@right("recommend-1")
def mean_square_minus_square():
    def combine(responsibilities, means, sds):
        mean = np.average(means, weights=responsibilities)
        return [mean, (np.average(sds**2 + means**2, weights=responsibilities) - mean**2) ** 0.5]

    return combine


@right("recommend-1")
def integrated_on_a_grid():
    def combine(responsibilities, means, sds):
        x = np.linspace(-8, 14, 20001)
        density = norm.pdf(x[:, None], means, sds) @ responsibilities
        mean = (x * density).sum() / density.sum()
        return mean, np.sqrt(((x - mean) ** 2 * density).sum() / density.sum())

    return combine


@right("recommend-1")
def series_of_two():
    def combine(r, m, s):
        mean = sum(a * b for a, b in zip(r, m, strict=True))
        return np.array([mean, np.sqrt(sum(a * (c * c + (b - mean) ** 2) for a, b, c in zip(r, m, s, strict=True)))])

    return combine


@wrong("recommend-1", "winner-only")
def hard_label():
    return lambda r, m, s: (m[r.argmax()], s[r.argmax()])


@wrong("recommend-1", "wrong-kind")
def mean_alone():
    return lambda r, m, s: r @ m


@right("recommend-2")
def sorted_ratios():
    def stretch(mean, sd, truth, level):
        ratios = np.sort((np.abs(truth - mean) / sd)[~np.isnan(truth)])
        return ratios[int(np.ceil((len(ratios) + 1) * level)) - 1]

    return stretch


@right("recommend-2")
def quantile_of_a_corrected_level():
    def stretch(mean, sd, truth, level):
        ratios = pd.DataFrame(np.abs(truth - mean) / sd).stack().dropna()
        n = len(ratios)
        return np.quantile(ratios, min(1, np.ceil((n + 1) * level) / n), method="inverted_cdf")

    return stretch


@right("recommend-2")
def smallest_factor_that_holds_enough():
    def stretch(mean, sd, truth, level):
        ratios = [abs(x - m) / s for m, s, x in zip(mean.flat, sd.flat, truth.flat, strict=True) if x == x]
        for factor in sorted(ratios):
            if sum(ratio <= factor for ratio in ratios) >= (len(ratios) + 1) * level:
                return factor

    return stretch


@wrong("recommend-2", "not-finite")
def quantile_with_holes():
    return lambda mean, sd, truth, level: np.quantile(np.abs(truth - mean) / sd, level)


@wrong("recommend-2", "no-correction")
def nanquantile():
    return lambda mean, sd, truth, level: np.nanquantile(np.abs(truth - mean) / sd, level)


@wrong("recommend-2", "gaussian-quantile")
def from_the_normal_table():
    return lambda mean, sd, truth, level: norm.interval(level)[1]


@wrong("recommend-2", "wrong-shape")
def stretched_deviations():
    return lambda mean, sd, truth, level: norm.ppf((1 + level) / 2) * sd


@right("recommend-4")
def squares_over_variance():
    return lambda covariance: (covariance**2).sum(axis=0) / np.diag(covariance)


@right("recommend-4")
def one_film_after_the_other():
    def uncertainty_lost(covariance):
        lost = []
        for i in range(len(covariance)):
            left = covariance - np.outer(covariance[:, i], covariance[i]) / covariance[i, i]
            lost.append(np.trace(covariance) - np.trace(left))
        return lost

    return uncertainty_lost


@right("recommend-4")
def by_conditioning():
    def uncertainty_lost(covariance):
        d = len(covariance)
        gaussian = from_parameters([1.0], np.zeros((1, d)), covariance[None])
        rows = np.where(np.eye(d, dtype=bool), 0.0, np.nan)
        left = [np.trace(condition(gaussian, row).covariances_[0]) for row in rows]
        return pd.Series(np.trace(covariance) - np.array(left))

    return uncertainty_lost


@right("recommend-4")
def einsum_in_single_precision():
    return lambda covariance: np.einsum("ji,ji,i->i", covariance, covariance, 1 / np.diag(covariance)).astype(
        np.float32
    )


@wrong("recommend-4", "correlations")
def squared_correlations():
    def uncertainty_lost(covariance):
        sd = np.sqrt(np.diag(covariance))
        return ((covariance / np.outer(sd, sd)) ** 2).sum(axis=0)

    return uncertainty_lost


@wrong("recommend-4", "wrong-shape")
def number_of_the_film():
    return lambda covariance: int(((covariance**2).sum(axis=0) / np.diag(covariance)).argmax())


@wrong("recommend-4", "wrong-shape")
def one_covariance_tried():
    return lambda covariance: np.ones(218)


@wrong("recommend-4", "wrong-kind")
def a_distribution_returned():
    return lambda covariance: multivariate_normal(np.zeros(len(covariance)), covariance)
