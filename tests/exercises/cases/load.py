"""Answers to the exercises of notebook 01: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.mixture import best_fit

BILL = ["bill_length_mm", "bill_depth_mm"]


def measured():
    return load_penguins().dropna(subset=MEASURES)


@right("load-1")
def difference_of_lengths():
    return len(measured()) - len(load_penguins().dropna())


@right("load-1")
def gaps_in_sex_as_numpy():
    return measured()["sex"].isna().sum()


@right("load-1")
def rows_with_any_gap_as_float():
    return float(measured().isna().any(axis=1).sum())


@right("load-1")
def in_a_list():
    return [len(measured()) - len(measured().dropna())]


@wrong("load-1", "all-lost-rows")
def rows_of_the_raw_table():
    return len(load_penguins()) - len(load_penguins().dropna())


@wrong("load-1", "all-lost-rows")
def gaps_in_sex_of_the_raw_table():
    return load_penguins()["sex"].isna().sum()


@wrong("load-1", "kept-for-lost")
def complete_rows():
    return len(load_penguins().dropna())


@wrong("load-1", "kept-for-lost")
def measured_rows():
    return len(measured())


@wrong("load-1", "gaps-for-birds")
def all_gaps():
    return load_penguins().isna().sum().sum()


@wrong("load-1", "gaps-for-birds")
def gaps_in_measures():
    return load_penguins()[MEASURES].isna().sum().sum()


@wrong("load-1", "unmeasured-birds")
def birds_without_measures():
    return len(load_penguins()) - len(measured())


@wrong("load-1", "negative")
def subtracted_the_other_way():
    return len(load_penguins().dropna()) - len(measured())


@wrong("load-1", "wrong-kind")
def the_table_itself():
    return load_penguins().dropna().drop(columns=MEASURES).to_dict()


@wrong("load-1", "wrong-shape")
def one_count_a_column():
    return load_penguins().isna().sum()


def species_per_island():
    return load_penguins().groupby("island")["species"].nunique()


@right("load-2")
def counted_by_eye():
    return {"Biscoe": 2, "Dream": 2, "Torgersen": 1}


@right("load-2")
def three_clumps_on_dream():
    return {"Biscoe": 2, "Dream": 3, "Torgersen": 1}


@right("load-2")
def series_of_species():
    return species_per_island()


@right("load-2")
def dict_of_numpy_integers():
    return dict(zip(species_per_island().index, species_per_island().to_numpy(), strict=True))


@right("load-2")
def lower_case_keys_and_floats():
    return {island.lower(): float(n) for island, n in species_per_island().items()}


@cache
def clumps_by_bic(*features):
    """Count the components that BIC chooses on each island."""
    chosen = {}
    for island, birds in measured().groupby("island"):
        bic = [best_fit(birds[list(features)], k, n_init=3).bic(birds[list(features)]) for k in (1, 2, 3)]
        chosen[island] = int(np.argmin(bic)) + 1
    return chosen


@wrong("load-2", "merged-pair")
def clumps_in_flipper_and_mass():
    return clumps_by_bic("flipper_length_mm", "body_mass_g")


@wrong("load-2", "merged-pair")
def one_kind_an_island():
    return dict.fromkeys(species_per_island().index, 1)


@wrong("load-2", "whole-table")
def species_of_the_whole_table():
    return dict.fromkeys(species_per_island().index, load_penguins()["species"].nunique())


@wrong("load-2", "birds-for-kinds")
def birds_on_each_island():
    return load_penguins()["island"].value_counts()


@wrong("load-2", "birds-for-kinds")
def species_counted_without_distinct():
    return load_penguins().groupby("island")["species"].count().to_dict()


@wrong("load-2", "one-clump-split")
def sexes_counted_as_kinds():
    birds = measured()
    return (birds["species"] + birds["sex"]).groupby(birds["island"]).nunique()


@wrong("load-2", "one-clump-split")
def two_kinds_everywhere():
    return dict.fromkeys(species_per_island().index, 2)


@wrong("load-2", "wrong-islands")
def an_island_forgotten():
    return species_per_island().drop("Torgersen")


@wrong("load-2", "wrong-islands")
def islands_for_species():
    return load_penguins().groupby("species")["island"].nunique()


@wrong("load-2", "wrong-kind")
def a_list_without_names():
    return species_per_island().tolist()


@wrong("load-2", "not-finite")
def mean_of_texts():
    return {"Biscoe": np.nan, "Dream": np.nan, "Torgersen": np.nan}


@right("load-3")
def letter():
    return "b"


@right("load-3")
def capital_letter():
    return "B"


@right("load-3")
def letter_in_parentheses():
    return " (b) "


@right("load-3")
def numpy_text():
    return np.str_("b.")


@wrong("load-3", "chose-a")
def widest_gap():
    return "a"


@wrong("load-3", "chose-c")
def strongest_correlation():
    return "c"


@wrong("load-3", "chose-d")
def standardise_first():
    return "d"


@wrong("load-3", "wrong-kind")
def two_letters():
    return "b, d"


@wrong("load-3", "wrong-kind")
def letters_in_a_list():
    return ["b"]


@wrong("load-3", "wrong-kind")
def number_of_the_option():
    return 2


@wrong("load-3", "wrong-kind")
def text_of_the_option():
    return "A gap shows that there are at least two kinds."


@right("load-4")
def matrix_product():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds) @ weights


@right("load-4")
def loop_over_times_and_components():
    def share_within(minutes, weights, means, sds):
        return [sum(w * norm.cdf(t, m, s) for w, m, s in zip(weights, means, sds, strict=True)) for t in minutes]

    return share_within


@right("load-4")
def series_of_standardised_times():
    def share_within(minutes, weights, means, sds):
        parts = weights * norm.cdf((np.subtract.outer(minutes, means)) / sds)
        return pd.Series(parts.sum(axis=1), index=minutes)

    return share_within


@right("load-4")
def float32_column():
    def share_within(minutes, weights, means, sds):
        return (norm.cdf(minutes[:, None], means, sds) @ weights[:, None]).astype(np.float32)

    return share_within


@right("load-4")
def area_under_the_density():
    def share_within(minutes, weights, means, sds):
        fine = np.linspace(minutes.min() - 60, minutes.max(), 20_001)
        density = norm.pdf(fine[:, None], means, sds) @ weights
        area = np.cumsum((density[1:] + density[:-1]) / 2) * (fine[1] - fine[0])
        return np.interp(minutes, fine[1:], area)

    return share_within


@wrong("load-4", "density-for-probability")
def density_of_the_mixture():
    return lambda minutes, weights, means, sds: norm.pdf(minutes[:, None], means, sds) @ weights


@wrong("load-4", "density-for-probability")
def density_from_scikit_learn():
    def share_within(minutes, weights, means, sds):
        gmm = GaussianMixture(len(weights))
        gmm.weights_, gmm.means_, gmm.precisions_cholesky_ = weights, means[:, None], 1 / sds[:, None, None]
        return np.exp(gmm.score_samples(minutes[:, None]))

    return share_within


@wrong("load-4", "longer-for-shorter")
def share_of_longer_waits():
    return lambda minutes, weights, means, sds: 1 - norm.cdf(minutes[:, None], means, sds) @ weights


@wrong("load-4", "variance-for-sd")
def squared_spread():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds**2) @ weights


@wrong("load-4", "variance-for-sd")
def root_of_spread():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, np.sqrt(sds)) @ weights


@wrong("load-4", "unweighted")
def plain_mean_of_components():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds).mean(axis=1)


@wrong("load-4", "unweighted")
def plain_sum_of_components():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds).sum(axis=1)


@wrong("load-4", "one-gaussian")
def moments_of_the_mixture():
    def share_within(minutes, weights, means, sds):
        mean = np.average(means, weights=weights)
        variance = np.average(sds**2 + (means - mean) ** 2, weights=weights)
        return norm.cdf(minutes, mean, np.sqrt(variance))

    return share_within


@wrong("load-4", "another-curve")
def straight_line_from_0_to_1():
    return lambda minutes, weights, means, sds: np.linspace(0, 1, len(minutes))


@wrong("load-4", "another-curve")
def step_in_the_middle():
    return lambda minutes, weights, means, sds: (minutes > minutes.mean()).astype(float)


@wrong("load-4", "components-apart")
def weighted_but_not_added():
    return lambda minutes, weights, means, sds: weights * norm.cdf(minutes[:, None], means, sds)


@wrong("load-4", "components-apart")
def neither_weighted_nor_added():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds)


@wrong("load-4", "wrong-axis")
def added_over_times():
    return lambda minutes, weights, means, sds: (weights * norm.cdf(minutes[:, None], means, sds)).sum(axis=0)


@wrong("load-4", "percent")
def in_per_cent():
    return lambda minutes, weights, means, sds: 100 * (norm.cdf(minutes[:, None], means, sds) @ weights)


@wrong("load-4", "raised")
def without_a_column():
    return lambda minutes, weights, means, sds: norm.cdf(minutes, means, sds) @ weights


@wrong("load-4", "wrong-kind")
def called_instead_of_named():
    return norm.cdf(np.array([60.0])[:, None], [54.6, 80.1], [5.9, 5.9]) @ [0.36, 0.64]


@wrong("load-4", "wrong-shape")
def one_number_for_all_times():
    return lambda minutes, weights, means, sds: float((norm.cdf(minutes[0], means, sds) * weights).sum())


@cache
def seconds():
    return (load_faithful()[["eruptions"]] * 60).round().astype(int)


@cache
def floats():
    return seconds().astype(float)


def total(model, table):
    return model.score(table) * len(table)


@cache
def two():
    return best_fit(floats(), 2)


@right("load-5")
def as_the_lesson_does():
    return floats(), total(two(), floats())


@right("load-5")
def array_and_sum_of_log_densities():
    X = seconds().to_numpy(dtype=float)
    return X, best_fit(X, 2, random_state=7).score_samples(X).sum()


@right("load-5")
def float32_and_defaults():
    X = seconds().astype(np.float32)
    return X, total(GaussianMixture(2, random_state=1).fit(X), X)


@right("load-5")
def list_and_formula():
    X = [[float(value)] for value in seconds()["eruptions"]]
    gmm = best_fit(X, 2)
    sds = np.sqrt(gmm.covariances_).ravel()
    return X, np.log(norm.pdf(X, gmm.means_.ravel(), sds) @ gmm.weights_).sum()


@wrong("load-5", "integer-input")
def table_left_as_integers():
    return seconds(), total(two(), floats())


@wrong("load-5", "integer-input")
def small_unsigned_integers():
    return seconds().astype("uint16"), total(two(), floats())


@cache
def total_with_cut_squares(constant):
    """Return what scikit-learn gives for integers: from 1.8 on with the true log(2 pi), in 1.7 with 1 instead."""
    sds = np.sqrt(two().covariances_).ravel()
    cut = (((seconds().to_numpy() - two().means_.ravel()) / sds) ** 2).astype(int)
    return np.log((two().weights_ / sds * np.exp(-(constant + cut) / 2)).sum(axis=1)).sum()


@wrong("load-5", "integer-input")
def scored_on_integers():
    return floats(), total_with_cut_squares(np.log(2 * np.pi))


@wrong("load-5", "integer-input")
def scored_on_integers_by_an_older_version():
    return floats(), total_with_cut_squares(1)


@wrong("load-5", "per-sample-for-total")
def mean_log_density():
    return floats(), two().score(floats())


@wrong("load-5", "wrong-units")
def fitted_in_minutes():
    minutes = load_faithful()[["eruptions"]]
    return minutes, total(best_fit(minutes, 2), minutes)


@wrong("load-5", "wrong-units")
def total_in_minutes():
    minutes = load_faithful()[["eruptions"]]
    return floats(), total(best_fit(minutes, 2), minutes)


@wrong("load-5", "wrong-column")
def waits_for_eruptions():
    return load_faithful()[["waiting"]], total(two(), floats())


@wrong("load-5", "not-rounded")
def seconds_with_decimals():
    return load_faithful()[["eruptions"]] * 60, total(two(), floats())


@wrong("load-5", "changed-values")
def standardised_seconds():
    return StandardScaler().fit_transform(floats()), total(two(), floats())


@wrong("load-5", "wrong-shape")
def series_for_table():
    return floats()["eruptions"], total(two(), floats())


@wrong("load-5", "one-component")
def a_single_gaussian():
    return floats(), total(best_fit(floats(), 1), floats())


@wrong("load-5", "criterion-for-likelihood")
def bic_for_likelihood():
    return floats(), two().bic(floats())


@wrong("load-5", "sign")
def negative_log_likelihood():
    return floats(), -total(two(), floats())


@wrong("load-5", "wrong-kind")
def the_model_for_its_score():
    return floats(), two()
