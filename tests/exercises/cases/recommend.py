"""Answers to the exercises of notebook 14: right ones written differently, and the usual wrong ones."""

import numpy as np
import pandas as pd
from scipy.stats import chi2, multivariate_normal, norm

from exercises.case import right, wrong
from gmmlab.engine.missing import condition, predict_missing
from gmmlab.mixture import from_parameters


@right("recommend-1")
def solved():
    def predict_film(mean, covariance, known, film):
        seen = ~np.isnan(known)
        gain = np.linalg.solve(covariance[seen][:, seen], covariance[seen, film])
        variance = covariance[film, film] - gain @ covariance[seen, film]
        return mean[film] + gain @ (known[seen] - mean[seen]), np.sqrt(variance)

    return predict_film


@right("recommend-1")
def by_the_package():
    def predict_film(mean, covariance, known, film):
        found = predict_missing(known[None], from_parameters([1.0], mean[None], covariance[None]))
        return [found.mean[0, film], found.variance[0, film] ** 0.5]

    return predict_film


@right("recommend-1")
def inverted_in_loops():
    def predict_film(mean, covariance, known, film):
        rated = [i for i in range(len(mean)) if not np.isnan(known[i])]
        inverse = np.linalg.inv(covariance[np.ix_(rated, rated)])
        star, variance = mean[film], covariance[film, film]
        for a, i in enumerate(rated):
            for b, j in enumerate(rated):
                star += covariance[film, i] * inverse[a, b] * (known[j] - mean[j])
                variance -= covariance[film, i] * inverse[a, b] * covariance[j, film]
        return np.array([star, variance**0.5])

    return predict_film


@right("recommend-1")
def through_the_precision_matrix():
    def predict_film(mean, covariance, known, film):
        part = [*np.flatnonzero(~np.isnan(known)), film]
        precision = np.linalg.inv(covariance[np.ix_(part, part)])
        off = precision[-1, :-1] @ (known - mean)[part[:-1]]
        return np.float32(mean[film] - off / precision[-1, -1]), 1 / np.sqrt(precision[-1, -1])

    return predict_film


@right("recommend-1")
def matrices_of_one_entry():
    def predict_film(mean, covariance, known, film):
        o, f = np.flatnonzero(~np.isnan(known)), np.array([film])
        gain = covariance[np.ix_(f, o)] @ np.linalg.pinv(covariance[np.ix_(o, o)])
        star = mean[f][:, None] + gain @ (known[o] - mean[o])[:, None]
        return np.array([star, np.sqrt(covariance[np.ix_(f, f)] - gain @ covariance[np.ix_(o, f)])])

    return predict_film


@right("recommend-1")
def named_in_a_series():
    def predict_film(mean, covariance, known, film):
        o = ~np.isnan(known)
        gain = np.linalg.lstsq(covariance[o][:, o], covariance[o, film], rcond=None)[0]
        left = covariance[film, film] - covariance[film, o] @ gain
        return pd.Series({"stars": mean[film] + gain @ (known - mean)[o], "sd": left**0.5})

    return predict_film


def film_predictor(star=None, variance=None):
    """Return an answer to recommend-1 in which one of the two formulas is replaced."""

    def predict_film(mean, covariance, known, film):
        o = ~np.isnan(known)
        S, s, e = covariance[o][:, o], covariance[o, film], known[o] - mean[o]
        args = dict(m=mean, C=covariance, S=S, s=s, e=e, x=known[o], o=o, f=film)
        good_star, good_variance = (
            mean[film] + s @ np.linalg.inv(S) @ e,
            covariance[film, film] - s @ np.linalg.inv(S) @ s,
        )
        sd = np.sqrt(good_variance) if variance is None else variance(**args)
        return good_star if star is None else star(**args), sd

    return predict_film


@wrong("recommend-1", "not-centred")
def raw_ratings():
    return film_predictor(star=lambda m, S, s, x, f, **_: m[f] + s @ np.linalg.inv(S) @ x)


@wrong("recommend-1", "mean-forgotten")
def difference_only():
    return film_predictor(star=lambda S, s, e, **_: s @ np.linalg.inv(S) @ e)


@wrong("recommend-1", "no-inverse")
def covariances_as_weights():
    return film_predictor(star=lambda m, s, e, f, **_: m[f] + s @ e)


@wrong("recommend-1", "correlations-ignored")
def each_film_by_itself():
    return film_predictor(star=lambda m, S, s, e, f, **_: m[f] + (s / np.diag(S)) @ e)


@wrong("recommend-1", "inverse-of-all")
def inverted_before_cutting():
    return film_predictor(star=lambda m, C, s, e, o, f, **_: m[f] + s @ np.linalg.inv(C)[o][:, o] @ e)


@wrong("recommend-1", "unconditional")
def mean_of_the_film():
    return film_predictor(star=lambda m, f, **_: m[f])


@wrong("recommend-1", "holes-filled")
def zeros_for_holes():
    def predict_film(mean, covariance, known, film):
        others = np.arange(len(mean)) != film
        gain = np.linalg.solve(covariance[others][:, others], covariance[others, film])
        difference = np.nan_to_num(known[others]) - mean[others]
        return mean[film] + gain @ difference, np.sqrt(covariance[film, film] - gain @ covariance[others, film])

    return predict_film


@wrong("recommend-1", "holes-filled")
def means_for_holes():
    def predict_film(mean, covariance, known, film):
        others = np.arange(len(mean)) != film
        gain = np.linalg.solve(covariance[others][:, others], covariance[others, film])
        difference = np.nan_to_num(known - mean)[others]
        return mean[film] + gain @ difference, np.sqrt(covariance[film, film] - gain @ covariance[others, film])

    return predict_film


@wrong("recommend-1", "rounded")
def two_decimals():
    predict_film = film_predictor()
    return lambda *arguments: np.round(predict_film(*arguments), 2)


@wrong("recommend-1", "variance-for-sd")
def root_forgotten():
    return film_predictor(variance=lambda C, S, s, f, **_: C[f, f] - s @ np.linalg.inv(S) @ s)


@wrong("recommend-1", "unconditional")
def own_deviation():
    return film_predictor(variance=lambda C, f, **_: np.sqrt(C[f, f]))


@wrong("recommend-1", "explained-for-left")
def explained_part():
    return film_predictor(variance=lambda S, s, **_: np.sqrt(s @ np.linalg.inv(S) @ s))


@wrong("recommend-1", "sign")
def added_variance():
    return film_predictor(variance=lambda C, S, s, f, **_: np.sqrt(C[f, f] + s @ np.linalg.inv(S) @ s))


@wrong("recommend-1", "wrong-kind")
def only_the_rating():
    return lambda mean, covariance, known, film: mean[film]


@wrong("recommend-1", "wrong-kind")
def text_for_the_rating():
    return lambda mean, covariance, known, film: (f"{mean[film]:.1f}", 0.8)


@wrong("recommend-1", "raised")
def ratings_by_name():
    return lambda mean, covariance, known, film: (mean[known["film"]], 1.0)


@wrong("recommend-1", "wrong-length")
def three_things():
    return lambda mean, covariance, known, film: (mean[film], 1.0, 2.0)


@right("recommend-2")
def total_variance():
    def combine(responsibilities, means, sds):
        mean = responsibilities @ means
        return mean, np.sqrt(responsibilities @ (sds**2 + (means - mean) ** 2))

    return combine


@right("recommend-2")
def mean_square_minus_square():
    def combine(responsibilities, means, sds):
        mean = np.average(means, weights=responsibilities)
        return [mean, (np.average(sds**2 + means**2, weights=responsibilities) - mean**2) ** 0.5]

    return combine


@right("recommend-2")
def integrated_on_a_grid():
    def combine(responsibilities, means, sds):
        x = np.linspace(-8, 14, 20001)
        density = norm.pdf(x[:, None], means, sds) @ responsibilities
        mean = (x * density).sum() / density.sum()
        return mean, np.sqrt(((x - mean) ** 2 * density).sum() / density.sum())

    return combine


@right("recommend-2")
def series_of_two():
    def combine(r, m, s):
        mean = sum(a * b for a, b in zip(r, m, strict=True))
        return np.array([mean, np.sqrt(sum(a * (c * c + (b - mean) ** 2) for a, b, c in zip(r, m, s, strict=True)))])

    return combine


def both(mean=None, sd=None):
    """Return an answer to recommend-2 in which one of the two is replaced."""

    def combine(r, m, s):
        good = r @ m
        spread = np.sqrt(r @ (s**2 + (m - good) ** 2))
        return good if mean is None else mean(r, m, s), spread if sd is None else sd(r, m, s)

    return combine


@wrong("recommend-2", "rounded")
def one_decimal():
    return lambda r, m, s: np.round([r @ m, np.sqrt(r @ (s**2 + (m - r @ m) ** 2))], 1)


@wrong("recommend-2", "winner-only")
def hard_label():
    return lambda r, m, s: (m[r.argmax()], s[r.argmax()])


@wrong("recommend-2", "unweighted")
def plain_average():
    return both(mean=lambda r, m, s: m.mean())


@wrong("recommend-2", "precision-weighted")
def as_measurements():
    return both(mean=lambda r, m, s: np.average(m, weights=1 / s**2))


@wrong("recommend-2", "divided-twice")
def mean_of_products():
    return both(mean=lambda r, m, s: (r * m).mean())


@wrong("recommend-2", "between-forgotten")
def average_deviation():
    return both(sd=lambda r, m, s: r @ s)


@wrong("recommend-2", "between-forgotten")
def root_mean_variance():
    return both(sd=lambda r, m, s: np.sqrt(r @ s**2))


@wrong("recommend-2", "within-forgotten")
def spread_of_means():
    return both(sd=lambda r, m, s: np.sqrt(r @ (m - r @ m) ** 2))


@wrong("recommend-2", "sum-of-variables")
def as_a_sum():
    return both(sd=lambda r, m, s: np.sqrt(r**2 @ s**2))


@wrong("recommend-2", "variance-for-sd")
def variance_of_the_mixture():
    return both(sd=lambda r, m, s: r @ (s**2 + (m - r @ m) ** 2))


@wrong("recommend-2", "square-forgotten")
def mean_square():
    return both(sd=lambda r, m, s: np.sqrt(r @ (s**2 + m**2)))


@wrong("recommend-2", "sds-not-squared")
def deviations_taken_for_variances():
    return both(sd=lambda r, m, s: np.sqrt(r @ (s + (m - r @ m) ** 2)))


@wrong("recommend-2", "wrong-kind")
def mean_alone():
    return lambda r, m, s: r @ m


@right("recommend-3")
def two_sided():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd)[
        ~np.isnan(hidden)
    ].mean()


@right("recommend-3")
def by_interval():
    def coverage(mean, sd, hidden, level):
        low, high = norm.interval(level, mean, sd)
        return np.sum((low <= hidden) & (hidden <= high)) / np.isfinite(hidden).sum()

    return coverage


@right("recommend-3")
def by_probability():
    def coverage(mean, sd, hidden, level):
        z = ((hidden - mean) / sd).ravel()
        return pd.Series(norm.cdf(z)).dropna().between((1 - level) / 2, (1 + level) / 2).mean()

    return coverage


@right("recommend-3")
def by_chi_square():
    def coverage(mean, sd, hidden, level):
        squares = ((hidden - mean) / sd) ** 2
        return [np.float32(np.nanmean(np.where(np.isnan(squares), np.nan, squares < chi2.ppf(level, 1))))]

    return coverage


@wrong("recommend-3", "holes-as-misses")
def holes_left_in():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd).mean()


@wrong("recommend-3", "holes-as-hits")
def misses_counted():
    return lambda mean, sd, hidden, level: 1 - (np.abs(hidden - mean) > norm.ppf((1 + level) / 2) * sd).mean()


@wrong("recommend-3", "one-sided")
def quantile_of_the_level():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf(level) * sd)[~np.isnan(hidden)].mean()


@wrong("recommend-3", "one-sided")
def upper_end_only():
    return lambda mean, sd, hidden, level: (hidden < mean + norm.ppf(level) * sd)[~np.isnan(hidden)].mean()


@wrong("recommend-3", "level-ignored")
def always_ninety():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < 1.645 * sd)[~np.isnan(hidden)].mean()


@wrong("recommend-3", "level-for-width")
def level_times_sd():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < level * sd)[~np.isnan(hidden)].mean()


@wrong("recommend-3", "half-width")
def whole_width_for_half():
    return lambda mean, sd, hidden, level: (2 * np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd)[
        ~np.isnan(hidden)
    ].mean()


@wrong("recommend-3", "mean-of-rows")
def mean_of_the_users():
    def coverage(mean, sd, hidden, level):
        inside = (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd).sum(axis=1)
        return np.nanmean(inside / np.isfinite(hidden).sum(axis=1))

    return coverage


@wrong("recommend-3", "rounded")
def share_in_three_places():
    return lambda mean, sd, hidden, level: round(
        (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd)[~np.isnan(hidden)].mean(), 3
    )


@wrong("recommend-3", "percent")
def per_cent():
    return lambda mean, sd, hidden, level: (
        100 * (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd)[~np.isnan(hidden)].mean()
    )


@wrong("recommend-3", "variance-for-sd")
def root_of_sd():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * np.sqrt(sd))[
        ~np.isnan(hidden)
    ].mean()


@wrong("recommend-3", "misses-for-hits")
def share_outside():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) > norm.ppf((1 + level) / 2) * sd)[
        ~np.isnan(hidden)
    ].mean()


@wrong("recommend-3", "promise-for-count")
def believed():
    return lambda mean, sd, hidden, level: level


@wrong("recommend-3", "count-for-share")
def number_inside():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd).sum()


@wrong("recommend-3", "wrong-shape")
def one_share_a_user():
    return lambda mean, sd, hidden, level: (np.abs(hidden - mean) < norm.ppf((1 + level) / 2) * sd).mean(axis=1)


@right("recommend-4")
def accidents_of_few():
    return "d"


@right("recommend-4")
def accidents_in_capitals():
    return "D."


@right("recommend-4")
def accidents_numpy():
    return np.str_(" (d)")


@wrong("recommend-4", "chose-a")
def more_iterations():
    return "a"


@wrong("recommend-4", "chose-b")
def more_starts():
    return "b"


@wrong("recommend-4", "chose-c")
def made_gaussian():
    return "c"


@wrong("recommend-4", "chose-e")
def holes_are_zeros():
    return "e"


@wrong("recommend-4", "wrong-kind")
def two_letters():
    return "a and d"


@wrong("recommend-4", "wrong-kind")
def number_of_the_option():
    return 4


@right("recommend-5")
def squares_over_variance():
    return lambda covariance: (covariance**2).sum(axis=0) / np.diag(covariance)


@right("recommend-5")
def one_film_after_the_other():
    def uncertainty_lost(covariance):
        lost = []
        for i in range(len(covariance)):
            left = covariance - np.outer(covariance[:, i], covariance[i]) / covariance[i, i]
            lost.append(np.trace(covariance) - np.trace(left))
        return lost

    return uncertainty_lost


@right("recommend-5")
def by_conditioning():
    def uncertainty_lost(covariance):
        d = len(covariance)
        gaussian = from_parameters([1.0], np.zeros((1, d)), covariance[None])
        rows = np.where(np.eye(d, dtype=bool), 0.0, np.nan)
        left = [np.trace(condition(gaussian, row).covariances_[0]) for row in rows]
        return pd.Series(np.trace(covariance) - np.array(left))

    return uncertainty_lost


@right("recommend-5")
def einsum_in_single_precision():
    return lambda covariance: np.einsum("ji,ji,i->i", covariance, covariance, 1 / np.diag(covariance)).astype(
        np.float32
    )


@wrong("recommend-5", "own-variance-only")
def the_most_divisive_film():
    return lambda covariance: np.diag(covariance)


@wrong("recommend-5", "not-divided")
def squares_alone():
    return lambda covariance: (covariance**2).sum(axis=0)


@wrong("recommend-5", "not-squared")
def sum_of_covariances():
    return lambda covariance: covariance.sum(axis=0)


@wrong("recommend-5", "correlations")
def squared_correlations():
    def uncertainty_lost(covariance):
        sd = np.sqrt(np.diag(covariance))
        return ((covariance / np.outer(sd, sd)) ** 2).sum(axis=0)

    return uncertainty_lost


@wrong("recommend-5", "wrong-axis")
def divided_by_the_predicted():
    return lambda covariance: (covariance**2 / np.diag(covariance)).sum(axis=1)


@wrong("recommend-5", "own-left-out")
def only_the_others():
    return lambda covariance: (covariance**2).sum(axis=0) / np.diag(covariance) - np.diag(covariance)


@wrong("recommend-5", "left-for-lost")
def what_is_left():
    return lambda covariance: np.trace(covariance) - (covariance**2).sum(axis=0) / np.diag(covariance)


@wrong("recommend-5", "sds")
def deviations_added_up():
    def uncertainty_lost(covariance):
        variances = np.diag(covariance)
        left = variances[:, None] - covariance**2 / variances
        return (np.sqrt(variances)[:, None] - np.sqrt(np.maximum(left, 0))).sum(axis=0)

    return uncertainty_lost


@wrong("recommend-5", "rounded")
def falls_in_two_places():
    return lambda covariance: ((covariance**2).sum(axis=0) / np.diag(covariance)).round(2)


@wrong("recommend-5", "mean-for-sum")
def average_fall():
    return lambda covariance: (covariance**2).mean(axis=0) / np.diag(covariance)


@wrong("recommend-5", "wrong-shape")
def number_of_the_film():
    return lambda covariance: int(((covariance**2).sum(axis=0) / np.diag(covariance)).argmax())


@wrong("recommend-5", "wrong-shape")
def one_covariance_tried():
    return lambda covariance: np.ones(218)


@wrong("recommend-5", "wrong-kind")
def a_distribution_returned():
    return lambda covariance: multivariate_normal(np.zeros(len(covariance)), covariance)
