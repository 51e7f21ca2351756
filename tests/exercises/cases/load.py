"""Answers to the exercises of notebook 01: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from exercises.case import right, wrong
from gmmlab.data import MEASURES, load_penguins

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


@wrong("load-1", "kept-for-lost")
def rows_of_the_table():
    return len(load_penguins())


@wrong("load-1", "wrong-kind")
def in_words():
    return "nine"


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
        X = birds[list(features)]
        bic = [GaussianMixture(k, n_init=3, random_state=0).fit(X).bic(X) for k in (1, 2, 3)]
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


@wrong("load-2", "wrong-kind")
def one_number_for_all_islands():
    return int(species_per_island().sum())


@wrong("load-2", "not-finite")
def mean_of_texts():
    return {"Biscoe": np.nan, "Dream": np.nan, "Torgersen": np.nan}


@right("load-3")
def matrix_product():
    return lambda minutes, weights, means, sds: norm.cdf(minutes[:, None], means, sds) @ weights


@right("load-3")
def loop_over_times_and_components():
    def share_within(minutes, weights, means, sds):
        return [sum(w * norm.cdf(t, m, s) for w, m, s in zip(weights, means, sds, strict=True)) for t in minutes]

    return share_within


@right("load-3")
def series_of_standardised_times():
    def share_within(minutes, weights, means, sds):
        parts = weights * norm.cdf((np.subtract.outer(minutes, means)) / sds)
        return pd.Series(parts.sum(axis=1), index=minutes)

    return share_within


@right("load-3")
def float32_column():
    def share_within(minutes, weights, means, sds):
        return (norm.cdf(minutes[:, None], means, sds) @ weights[:, None]).astype(np.float32)

    return share_within


@right("load-3")
def area_under_the_density():
    def share_within(minutes, weights, means, sds):
        fine = np.linspace(minutes.min() - 60, minutes.max(), 20_001)
        density = norm.pdf(fine[:, None], means, sds) @ weights
        area = np.cumsum((density[1:] + density[:-1]) / 2) * (fine[1] - fine[0])
        return np.interp(minutes, fine[1:], area)

    return share_within


@wrong("load-3", "density-for-probability")
def density_from_scikit_learn():
    def share_within(minutes, weights, means, sds):
        gmm = GaussianMixture(len(weights))
        gmm.weights_, gmm.means_, gmm.precisions_cholesky_ = weights, means[:, None], 1 / sds[:, None, None]
        return np.exp(gmm.score_samples(minutes[:, None]))

    return share_within


@wrong("load-3", "one-gaussian")
def moments_of_the_mixture():
    def share_within(minutes, weights, means, sds):
        mean = np.average(means, weights=weights)
        variance = np.average(sds**2 + (means - mean) ** 2, weights=weights)
        return norm.cdf(minutes, mean, np.sqrt(variance))

    return share_within


@wrong("load-3", "raised")
def without_a_column():
    return lambda minutes, weights, means, sds: norm.cdf(minutes, means, sds) @ weights


@wrong("load-3", "wrong-shape")
def one_number_for_all_times():
    return lambda minutes, weights, means, sds: float((norm.cdf(minutes[0], means, sds) * weights).sum())


@wrong("load-3", "one-gaussian")
def mean_and_average_spread():
    return lambda minutes, weights, means, sds: norm.cdf(minutes, np.average(means, weights=weights), sds @ weights)


@wrong("load-3", "wrong-kind")
def called_instead_of_named():
    return norm.cdf(np.array([60.0])[:, None], [54.6, 80.1], [5.9, 5.9]) @ [0.36, 0.64]
