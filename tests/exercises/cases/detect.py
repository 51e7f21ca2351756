"""Answers to the exercises of notebook 13: right ones written differently, and the usual wrong ones."""

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.metrics import roc_curve
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, right_for_everybody, wrong
from gmmlab.exercises import my_data
from gmmlab.exercises.variants import LAB
from gmmlab.mixture import best_fit


@right("detect-1")
def shares_compared_with_the_rate():
    def threshold(scores, rate):
        k = np.sum(np.arange(1, len(scores) + 1) / (len(scores) + 1) <= rate)
        return np.sort(scores)[k - 1] if k > 0 else -np.inf

    return threshold


@right("detect-1")
def by_trial_of_every_score():
    def threshold(scores, rate):
        kept = [t for t in scores.tolist() if (scores <= t).sum() / (len(scores) + 1) <= rate]
        return max(kept, default=float("-inf"))

    return threshold


@right("detect-1")
def pandas_ranks_in_an_array():
    def threshold(scores, rate):
        shares = pd.Series(scores).rank() / (len(scores) + 1)
        low = scores[(shares <= rate).to_numpy()]
        return np.array([low.max() if len(low) else -np.inf])

    return threshold


@right("detect-1")
def product_with_a_margin_in_a_list():
    return lambda scores, rate: [sorted([-np.inf, *scores])[int(rate * (len(scores) + 1) + 1e-9)]]


@right("detect-1")
def exact_fractions():
    def threshold(scores, rate):
        k = math.floor(Fraction(rate).limit_denominator(1000) * (len(scores) + 1))
        return np.partition(scores, k - 1)[k - 1] if k else -np.inf

    return threshold


@right("detect-1")
def a_loop_that_counts():
    def threshold(scores, rate):
        found = -np.inf
        for k, score in enumerate(sorted(scores), start=1):
            if k / (len(scores) + 1) <= rate:
                found = score
        return found

    return threshold


@wrong("detect-1", "float-product")
def whole_part_of_the_product():
    def threshold(scores, rate):
        k = int(rate * (len(scores) + 1))
        return np.sort(scores)[k - 1] if k > 0 else -np.inf

    return threshold


@wrong("detect-1", "float-product")
def floor_and_minus_infinity_in_front():
    return lambda scores, rate: np.sort(np.append(scores, -np.inf))[int(np.floor(rate * (len(scores) + 1)))]


@wrong("detect-1", "float-product")
def floor_division():
    return lambda scores, rate: np.sort(scores)[int(rate * (len(scores) + 1) // 1) - 1]


@wrong("detect-1", "wrong-tail")
def highest_first():
    return lambda scores, rate: sorted(scores, reverse=True)[int(rate * (len(scores) + 1)) - 1]


@wrong("detect-1", "n-for-n-plus-one")
def own_place_forgotten():
    def threshold(scores, rate):
        k = int(rate * len(scores))
        return sorted(scores)[k - 1] if k else -np.inf

    return threshold


@wrong("detect-1", "interpolated")
def quantile_of_pandas():
    return lambda scores, rate: pd.Series(scores).quantile(rate)


@wrong("detect-1", "wrong-shape")
def all_low_scores():
    return lambda scores, rate: np.sort(scores)[: int(rate * (len(scores) + 1)) + 2]


@wrong("detect-1", "wrong-kind")
def threshold_of_one_example():
    return -3.2


def errors(t, normal, strange):
    return np.mean(strange > t), np.mean(normal <= t)


def candidates(normal, strange):
    return np.concatenate([[-np.inf], np.sort(np.concatenate([normal, strange]))])


def minimiser(cost):
    """Return the function that tries every threshold under a cost."""

    def cheapest(normal, strange, base_rate, miss_cost, alarm_cost):
        cuts = candidates(normal, strange)
        return cuts[np.argmin([cost(t, normal, strange, base_rate, miss_cost, alarm_cost) for t in cuts])]

    return cheapest


def expected_cost(t, n, s, base, miss, alarm):
    missed, false = errors(t, n, s)
    return base * miss * missed + (1 - base) * alarm * false


@right("detect-2")
def every_threshold_tried():
    return minimiser(expected_cost)


@right("detect-2")
def broadcast_with_a_finite_lowest():
    def cheapest(normal, strange, base_rate, miss_cost, alarm_cost):
        cuts = np.concatenate([normal, strange, [min(normal.min(), strange.min()) - 1]])
        missed = (strange[:, None] > cuts).mean(axis=0)
        false = (normal[:, None] <= cuts).mean(axis=0)
        return float(cuts[(base_rate * miss_cost * missed + (1 - base_rate) * alarm_cost * false).argmin()])

    return cheapest


@right("detect-2")
def from_the_roc_curve():
    def cheapest(normal, strange, base_rate, miss_cost, alarm_cost):
        truth = np.repeat([0, 1], [len(normal), len(strange)])
        false, hits, cuts = roc_curve(truth, -np.concatenate([normal, strange]), drop_intermediate=False)
        return -cuts[np.argmin(base_rate * miss_cost * (1 - hits) + (1 - base_rate) * alarm_cost * false)]

    return cheapest


@right("detect-2")
def halfway_between_scores():
    def cheapest(normal, strange, *rest):
        cuts = np.sort(np.concatenate([normal, strange]))
        cuts = [cuts[0] - 1, *((cuts[1:] + cuts[:-1]) / 2), cuts[-1] + 1]
        return min(cuts, key=lambda t: expected_cost(t, normal, strange, *rest))

    return cheapest


@wrong("detect-2", "never-left-out")
def only_the_scores():
    def cheapest(normal, strange, *rest):
        return min(candidates(normal, strange)[1:], key=lambda t: expected_cost(t, normal, strange, *rest))

    return cheapest


@wrong("detect-2", "base-rate-forgotten")
def costs_only():
    return minimiser(lambda t, n, s, b, miss, alarm: miss * errors(t, n, s)[0] + alarm * errors(t, n, s)[1])


@wrong("detect-2", "validation-share")
def costs_added_up():
    return minimiser(lambda t, n, s, b, miss, alarm: miss * (s > t).sum() + alarm * (n <= t).sum())


@wrong("detect-2", "costs-forgotten")
def fewest_errors():
    return minimiser(lambda t, n, s, b, miss, alarm: b * errors(t, n, s)[0] + (1 - b) * errors(t, n, s)[1])


@wrong("detect-2", "costs-swapped")
def costs_in_the_other_order():
    return minimiser(lambda t, n, s, b, miss, alarm: expected_cost(t, n, s, b, alarm, miss))


@wrong("detect-2", "all-errors-alike")
def sum_of_both_rates():
    return minimiser(lambda t, n, s, b, miss, alarm: sum(errors(t, n, s)))


@wrong("detect-2", "counts-for-rates")
def numbers_of_errors():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s > t).sum() + (1 - b) * alarm * (n <= t).sum())


@wrong("detect-2", "alarm-above")
def alarm_at_high_scores():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s <= t).mean() + (1 - b) * alarm * (n > t).mean())


@wrong("detect-2", "strictly-below")
def alarm_below_the_threshold_only():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s >= t).mean() + (1 - b) * alarm * (n < t).mean())


@wrong("detect-2", "cost-for-threshold")
def the_cost_itself():
    return lambda n, s, *rest: min(expected_cost(t, n, s, *rest) for t in candidates(n, s))


@wrong("detect-2", "wrong-shape")
def cost_at_every_threshold():
    return lambda n, s, *rest: np.array([expected_cost(t, n, s, *rest) for t in candidates(n, s)])


@wrong("detect-2", "never-left-out")
def only_the_normal_scores_and_the_strange_in_a_loop():
    def cheapest(normal, strange, *rest):
        best = normal[0]
        for cut in [*normal, *strange]:
            if expected_cost(cut, normal, strange, *rest) < expected_cost(best, normal, strange, *rest):
                best = cut
        return best

    return cheapest


@wrong("detect-2", "raised")
def scores_compared_as_a_list():
    return lambda normal, strange, *rest: min(normal.tolist() > strange)


@wrong("detect-2", "wrong-kind")
def threshold_in_words():
    return lambda normal, strange, *rest: f"{np.min(strange):.2f}"


@right("detect-3")
def one_length_at_a_time():
    def scores(x, mean, covariance):
        z = []
        for j in range(len(x)):
            o = [i for i in range(len(x)) if i != j]
            inverse = np.linalg.inv(covariance[np.ix_(o, o)])
            predicted = mean[j] + covariance[j, o] @ inverse @ (x[o] - mean[o])
            z.append((x[j] - predicted) / (covariance[j, j] - covariance[j, o] @ inverse @ covariance[o, j]) ** 0.5)
        return z

    return scores


@right("detect-3")
def rows_of_the_precision():
    def scores(x, mean, covariance):
        precision = np.linalg.inv(covariance)
        return precision @ (x - mean) / np.sqrt(np.diag(precision))

    return scores


@right("detect-3")
def with_deleted_rows_in_a_series():
    def scores(x, mean, covariance):
        z = pd.Series(0.0, index=range(len(x)))
        for j in z.index:
            rest = np.delete(np.delete(covariance, j, 0), j, 1)
            slope = np.linalg.lstsq(rest, np.delete(covariance[j], j), rcond=None)[0]
            gap = x[j] - mean[j] - slope @ np.delete(x - mean, j)
            z[j] = gap / np.sqrt(covariance[j, j] - slope @ np.delete(covariance[j], j))
        return z

    return scores


@wrong("detect-3", "others-ignored")
def plain_z_scores_in_a_loop():
    return lambda x, mean, covariance: [(x[j] - mean[j]) / covariance[j, j] ** 0.5 for j in range(len(x))]


@wrong("detect-3", "sign-turned")
def prediction_minus_value():
    return lambda x, mean, covariance: -rows_of_the_precision()(x, mean, covariance)


@wrong("detect-3", "wrong-shape")
def the_odd_length_only():
    return lambda x, mean, covariance: np.delete(rows_of_the_precision()(x, mean, covariance), 0)


@cache
def flowers():
    return my_data("detect-4", LAB)


@cache
def own_fit(k=2, kind="tied"):
    return best_fit(flowers()[0], k, covariance_type=kind, n_init=3)


def tenth(scores):
    return np.sort(scores)[int(0.1 * (len(scores) + 1)) - 1]


@cache
def crossed(k=2, kind="tied", seed=0):
    """Return the threshold for 10% from cross-validated scores."""
    own, scores = flowers()[0], []
    for fit, left in KFold(5, shuffle=True, random_state=seed).split(own):
        model = GaussianMixture(k, covariance_type=kind, reg_covar=1e-3, random_state=0).fit(own[fit])
        scores.append(model.score_samples(own[left]))
    return tenth(np.concatenate(scores))


@right("detect-4")
def tied_and_cross_validated():
    return own_fit(), crossed()


@right_for_everybody("detect-4")
def two_tied_components(flowers):
    model, scores = GaussianMixture(2, covariance_type="tied", n_init=3, random_state=0), []
    for fit, left in KFold(5, shuffle=True, random_state=0).split(flowers[0]):
        scores.append(model.fit(flowers[0][fit]).score_samples(flowers[0][left]))
    return model.fit(flowers[0]), tenth(np.concatenate(scores))


@right("detect-4")
def three_components_and_an_array():
    return own_fit(3), np.array([crossed(3, seed=3)])


@right("detect-4")
def full_with_defaults():
    return GaussianMixture(2, random_state=0).fit(flowers()[0]), float(crossed(kind="full"))


@right("detect-4")
def table_with_names_and_diagonal():
    own = pd.DataFrame(flowers()[0], columns=load_iris().feature_names)
    return GaussianMixture(3, covariance_type="diag", n_init=5, random_state=1).fit(own), crossed(3, "diag")


@right("detect-4")
def four_full_components():
    return own_fit(4, "full"), crossed(4, "full")


@right("detect-4")
def settings_chosen_by_cross_validation():
    own = flowers()[0]
    folds = KFold(5, shuffle=True, random_state=0)
    candidates = [GaussianMixture(k, covariance_type=kind, random_state=0)
                  for kind in ("full", "tied", "diag") for k in (1, 2, 3)]  # fmt: skip
    chosen = max(candidates, key=lambda model: cross_val_score(model, own, cv=folds).mean())
    scores = [chosen.fit(own[fit]).score_samples(own[left]) for fit, left in folds.split(own)]
    return chosen.fit(own), tenth(np.concatenate(scores))


@wrong("detect-4", "in-sample")
def scores_of_the_training_flowers():
    return own_fit(), tenth(own_fit().score_samples(flowers()[0]))


@wrong("detect-4", "in-sample")
def quantile_of_the_training_scores():
    return own_fit(), np.quantile(own_fit().score_samples(flowers()[0]), 0.1)


@wrong("detect-4", "threshold-on-test")
def scores_of_the_new_flowers():
    return own_fit(), tenth(own_fit().score_samples(flowers()[1]))


@wrong("detect-4", "one-component")
def one_gaussian():
    return own_fit(1, "full"), crossed(1, "full")


@wrong("detect-4", "fitted-on-anomalies")
def all_three_species():
    own, new, strange = flowers()
    return best_fit(np.concatenate([own, new, strange]), 3, covariance_type="tied", n_init=3), crossed()


@wrong("detect-4", "fitted-on-anomalies")
def training_flowers_and_versicolors():
    own, _, strange = flowers()
    return best_fit(np.concatenate([own, strange]), 3, n_init=3), crossed()


@wrong("detect-4", "fitted-on-test")
def all_normal_flowers():
    own, new, _ = flowers()
    return best_fit(np.concatenate([own, new]), 2, covariance_type="tied", n_init=3), crossed()


@wrong("detect-4", "poor-fit")
def thirty_components():
    return GaussianMixture(30, random_state=0).fit(flowers()[0]), crossed()


@wrong("detect-4", "too-high")
def upper_end_of_the_scores():
    return own_fit(), np.sort(own_fit().score_samples(flowers()[0]))[-6]


@wrong("detect-4", "too-low")
def a_mixture_that_fits_too_tightly():
    own, scores = flowers()[0], []
    model = GaussianMixture(9, n_init=3, random_state=0)
    for fit, left in KFold(5, shuffle=True, random_state=1).split(own):
        scores.append(model.fit(own[fit]).score_samples(own[left]))
    return own_fit(), tenth(np.concatenate(scores))


@wrong("detect-4", "fitted-on-test")
def bayesian_fit_to_all_normal_flowers():
    own, new, _ = flowers()
    return BayesianGaussianMixture(n_components=3, random_state=0).fit(np.concatenate([own, new])), crossed()


@wrong("detect-4", "too-low")
def rate_for_a_threshold():
    return own_fit(), -1000.0


@wrong("detect-4", "wrong-units")
def standardised_flowers():
    Z = StandardScaler().fit_transform(flowers()[0])
    return best_fit(Z, 2, covariance_type="tied", n_init=3), -4.0


@wrong("detect-4", "wrong-data")
def petals_only():
    return best_fit(flowers()[0][:, 2:], 2, n_init=3), -4.0


@wrong("detect-4", "wrong-kind")
def pipeline_with_scaler():
    return make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0)).fit(flowers()[0]), -4.0


@wrong("detect-4", "wrong-shape")
def all_scores_for_the_threshold():
    return own_fit(), own_fit().score_samples(flowers()[0])
