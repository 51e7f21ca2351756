"""Answers to the exercises of notebook 13: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.metrics import roc_curve
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.mixture import best_fit


@right("detect-1")
def sorted_and_counted():
    def threshold(scores, rate):
        k = int(rate * (len(scores) + 1))
        return np.sort(scores)[k - 1] if k > 0 else -np.inf

    return threshold


@right("detect-1")
def minus_infinity_put_in_front():
    return lambda scores, rate: np.sort(np.append(scores, -np.inf))[int(np.floor(rate * (len(scores) + 1)))]


@right("detect-1")
def by_trial_of_every_score():
    def threshold(scores, rate):
        kept = [t for t in scores.tolist() if (scores <= t).sum() / (len(scores) + 1) <= rate]
        return max(kept, default=float("-inf"))

    return threshold


@right("detect-1")
def pandas_ranks_in_an_array():
    def threshold(scores, rate):
        ranks = pd.Series(scores).rank()
        low = scores[(ranks <= rate * (len(scores) + 1)).to_numpy()]
        return np.array([low.max() if len(low) else -np.inf])

    return threshold


@right("detect-1")
def a_list_of_one():
    return lambda scores, rate: [sorted([-np.inf, *scores])[int(rate * (len(scores) + 1))]]


@wrong("detect-1", "wrong-tail")
def highest_scores():
    return lambda scores, rate: np.sort(scores)[-int(rate * (len(scores) + 1))]


@wrong("detect-1", "wrong-tail")
def upper_quantile():
    return lambda scores, rate: np.quantile(scores, 1 - rate)


@wrong("detect-1", "one-too-far")
def counted_from_zero():
    return lambda scores, rate: np.sort(scores)[int(rate * (len(scores) + 1))]


@wrong("detect-1", "n-for-n-plus-one")
def own_place_forgotten():
    return lambda scores, rate: np.sort(scores)[int(rate * len(scores)) - 1]


@wrong("detect-1", "interpolated")
def quantile_of_numpy():
    return np.quantile


@wrong("detect-1", "percent")
def percentile_of_numpy():
    return np.percentile


@wrong("detect-1", "rank-for-score")
def the_place_itself():
    return lambda scores, rate: int(rate * (len(scores) + 1))


@wrong("detect-1", "unsorted")
def not_sorted():
    return lambda scores, rate: scores[int(rate * (len(scores) + 1)) - 1]


@wrong("detect-1", "wrong-tail")
def highest_first():
    return lambda scores, rate: sorted(scores, reverse=True)[int(rate * (len(scores) + 1)) - 1]


@wrong("detect-1", "too-few-scores")
def place_minus_one():
    return lambda scores, rate: np.sort(scores)[int(rate * (len(scores) + 1)) - 1]


@wrong("detect-1", "too-few-scores")
def at_least_the_lowest():
    return lambda scores, rate: np.sort(scores)[max(int(rate * (len(scores) + 1)), 1) - 1]


@wrong("detect-1", "wrong-shape")
def all_low_scores():
    return lambda scores, rate: np.sort(scores)[: int(rate * (len(scores) + 1)) + 2]


@wrong("detect-1", "wrong-kind")
def threshold_of_one_example():
    return -3.2


@right("detect-2")
def solved_for_f():
    return lambda precision, hit, base: min(1, base * hit * (1 - precision) / ((1 - base) * precision))


@right("detect-2")
def by_odds():
    def allowed(precision, hit_rate, base_rate):
        wanted, prior = precision / (1 - precision), base_rate / (1 - base_rate)
        return float(np.clip(prior * hit_rate / wanted, 0, 1))

    return allowed


@right("detect-2")
def true_alarms_first():
    def allowed(precision, hit_rate, base_rate):
        true_alarms = base_rate * hit_rate
        false_alarms = true_alarms / precision - true_alarms
        return np.float32(np.minimum(false_alarms / (1 - base_rate), 1))

    return allowed


@right("detect-2")
def by_halving():
    def allowed(precision, hit_rate, base_rate):
        low, high = 0.0, 1.0
        for _ in range(60):
            f = (low + high) / 2
            enough = base_rate * hit_rate / (base_rate * hit_rate + (1 - base_rate) * f) >= precision
            low, high = (f, high) if enough else (low, f)
        return [high]

    return allowed


@wrong("detect-2", "above-one")
def without_a_cap():
    return lambda precision, hit, base: base * hit * (1 - precision) / ((1 - base) * precision)


@wrong("detect-2", "base-rate-forgotten")
def without_base_rate():
    return lambda precision, hit, base: hit * (1 - precision) / precision


@wrong("detect-2", "odds-for-base")
def base_rate_for_its_odds():
    return lambda precision, hit, base: min(1, base * hit * (1 - precision) / precision)


@wrong("detect-2", "precision-odds-turned")
def precision_upside_down():
    return lambda precision, hit, base: base * hit * precision / ((1 - base) * (1 - precision))


@wrong("detect-2", "base-odds-turned")
def base_upside_down():
    return lambda precision, hit, base: min(1, (1 - base) * hit * (1 - precision) / (base * precision))


@wrong("detect-2", "precision-itself")
def formula_not_solved():
    return lambda precision, hit, base: base * hit / (base * hit + (1 - base) * precision)


@wrong("detect-2", "complement")
def share_of_false_alarms():
    return lambda precision, hit, base: 1 - precision


@wrong("detect-2", "percent")
def in_per_cent():
    return lambda precision, hit, base: 100 * base * hit * (1 - precision) / ((1 - base) * precision)


@wrong("detect-2", "wrong-kind")
def rate_in_words():
    return lambda precision, hit, base: f"{base * hit * (1 - precision) / ((1 - base) * precision):.4f}"


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


@right("detect-3")
def every_threshold_tried():
    return minimiser(expected_cost)


@right("detect-3")
def broadcast_with_a_finite_lowest():
    def cheapest(normal, strange, base_rate, miss_cost, alarm_cost):
        cuts = np.concatenate([normal, strange, [min(normal.min(), strange.min()) - 1]])
        missed = (strange[:, None] > cuts).mean(axis=0)
        false = (normal[:, None] <= cuts).mean(axis=0)
        return float(cuts[(base_rate * miss_cost * missed + (1 - base_rate) * alarm_cost * false).argmin()])

    return cheapest


@right("detect-3")
def from_the_roc_curve():
    def cheapest(normal, strange, base_rate, miss_cost, alarm_cost):
        truth = np.repeat([0, 1], [len(normal), len(strange)])
        false, hits, cuts = roc_curve(truth, -np.concatenate([normal, strange]), drop_intermediate=False)
        return -cuts[np.argmin(base_rate * miss_cost * (1 - hits) + (1 - base_rate) * alarm_cost * false)]

    return cheapest


@right("detect-3")
def halfway_between_scores():
    def cheapest(normal, strange, *rest):
        cuts = np.sort(np.concatenate([normal, strange]))
        cuts = [cuts[0] - 1, *((cuts[1:] + cuts[:-1]) / 2), cuts[-1] + 1]
        return min(cuts, key=lambda t: expected_cost(t, normal, strange, *rest))

    return cheapest


@wrong("detect-3", "never-left-out")
def only_the_scores():
    def cheapest(normal, strange, *rest):
        return min(candidates(normal, strange)[1:], key=lambda t: expected_cost(t, normal, strange, *rest))

    return cheapest


@wrong("detect-3", "base-rate-forgotten")
def costs_only():
    return minimiser(lambda t, n, s, b, miss, alarm: miss * errors(t, n, s)[0] + alarm * errors(t, n, s)[1])


@wrong("detect-3", "validation-share")
def costs_added_up():
    return minimiser(lambda t, n, s, b, miss, alarm: miss * (s > t).sum() + alarm * (n <= t).sum())


@wrong("detect-3", "costs-forgotten")
def fewest_errors():
    return minimiser(lambda t, n, s, b, miss, alarm: b * errors(t, n, s)[0] + (1 - b) * errors(t, n, s)[1])


@wrong("detect-3", "costs-swapped")
def costs_in_the_other_order():
    return minimiser(lambda t, n, s, b, miss, alarm: expected_cost(t, n, s, b, alarm, miss))


@wrong("detect-3", "all-errors-alike")
def sum_of_both_rates():
    return minimiser(lambda t, n, s, b, miss, alarm: sum(errors(t, n, s)))


@wrong("detect-3", "counts-for-rates")
def numbers_of_errors():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s > t).sum() + (1 - b) * alarm * (n <= t).sum())


@wrong("detect-3", "alarm-above")
def alarm_at_high_scores():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s <= t).mean() + (1 - b) * alarm * (n > t).mean())


@wrong("detect-3", "strictly-below")
def alarm_below_the_threshold_only():
    return minimiser(lambda t, n, s, b, miss, alarm: b * miss * (s >= t).mean() + (1 - b) * alarm * (n < t).mean())


@wrong("detect-3", "cost-for-threshold")
def the_cost_itself():
    return lambda n, s, *rest: min(expected_cost(t, n, s, *rest) for t in candidates(n, s))


@right("detect-4")
def several_modes():
    return "c"


@right("detect-4")
def several_modes_capital():
    return "C"


@right("detect-4")
def several_modes_in_parentheses():
    return "(c)"


@wrong("detect-4", "chose-a")
def poor_start():
    return "a"


@wrong("detect-4", "chose-b")
def score_turned_round():
    return "b"


@wrong("detect-4", "chose-d")
def other_threshold():
    return "d"


@wrong("detect-4", "chose-e")
def too_few_eights():
    return "e"


@wrong("detect-4", "wrong-kind")
def auc_for_the_letter():
    return 0.26


@wrong("detect-4", "wrong-kind")
def letters_joined():
    return "b and c"


@cache
def flowers():
    X, species = load_iris(return_X_y=True)
    return (*train_test_split(X[species != 1], train_size=60, random_state=0), X[species == 1])


@cache
def own_fit(k=2, kind="tied"):
    return best_fit(flowers()[0], k, covariance_type=kind, n_init=3)


def tenth(scores):
    return np.sort(scores)[int(0.1 * (len(scores) + 1)) - 1]


@cache
def crossed(k=2, kind="tied", seed=0):
    """Return the threshold for 10 % from cross-validated scores."""
    own, scores = flowers()[0], []
    for fit, left in KFold(5, shuffle=True, random_state=seed).split(own):
        model = GaussianMixture(k, covariance_type=kind, reg_covar=1e-3, random_state=0).fit(own[fit])
        scores.append(model.score_samples(own[left]))
    return tenth(np.concatenate(scores))


@right("detect-5")
def tied_and_cross_validated():
    return own_fit(), crossed()


@right("detect-5")
def three_components_and_an_array():
    return own_fit(3), np.array([crossed(3, seed=3)])


@right("detect-5")
def full_with_defaults():
    return GaussianMixture(2, random_state=0).fit(flowers()[0]), float(crossed(kind="full"))


@right("detect-5")
def table_with_names_and_diagonal():
    own = pd.DataFrame(flowers()[0], columns=load_iris().feature_names)
    return GaussianMixture(3, covariance_type="diag", n_init=5, random_state=1).fit(own), crossed(3, "diag")


@right("detect-5")
def bayesian():
    own, scores = flowers()[0], []
    model = BayesianGaussianMixture(n_components=3, covariance_type="tied", max_iter=500, random_state=0)
    for fit, left in KFold(5, shuffle=True, random_state=0).split(own):
        scores.append(model.fit(own[fit]).score_samples(own[left]))
    return model.fit(own), tenth(np.concatenate(scores))


@wrong("detect-5", "in-sample")
def scores_of_the_training_flowers():
    return own_fit(), tenth(own_fit().score_samples(flowers()[0]))


@wrong("detect-5", "in-sample")
def quantile_of_the_training_scores():
    return own_fit(), np.quantile(own_fit().score_samples(flowers()[0]), 0.1)


@wrong("detect-5", "threshold-on-test")
def scores_of_the_new_flowers():
    return own_fit(), tenth(own_fit().score_samples(flowers()[1]))


@wrong("detect-5", "one-component")
def one_gaussian():
    return own_fit(1, "full"), crossed(1, "full")


@wrong("detect-5", "fitted-on-novelties")
def all_three_species():
    own, new, strange = flowers()
    return best_fit(np.concatenate([own, new, strange]), 3, covariance_type="tied", n_init=3), crossed()


@wrong("detect-5", "fitted-on-novelties")
def training_flowers_and_versicolors():
    own, _, strange = flowers()
    return best_fit(np.concatenate([own, strange]), 3, n_init=3), crossed()


@wrong("detect-5", "fitted-on-test")
def all_normal_flowers():
    own, new, _ = flowers()
    return best_fit(np.concatenate([own, new]), 2, covariance_type="tied", n_init=3), crossed()


@wrong("detect-5", "poor-fit")
def thirty_components():
    return GaussianMixture(30, random_state=0).fit(flowers()[0]), crossed()


@wrong("detect-5", "too-high")
def upper_end_of_the_scores():
    return own_fit(), np.sort(own_fit().score_samples(flowers()[0]))[-6]


@wrong("detect-5", "too-low")
def a_mixture_that_fits_too_tightly():
    own, scores = flowers()[0], []
    model = GaussianMixture(5, n_init=3, random_state=0)
    for fit, left in KFold(5, shuffle=True, random_state=1).split(own):
        scores.append(model.fit(own[fit]).score_samples(own[left]))
    return model.fit(own), tenth(np.concatenate(scores))


@wrong("detect-5", "fitted-on-test")
def bayesian_fit_to_all_normal_flowers():
    own, new, _ = flowers()
    return BayesianGaussianMixture(n_components=3, random_state=0).fit(np.concatenate([own, new])), crossed()


@wrong("detect-5", "too-low")
def rate_for_a_threshold():
    return own_fit(), -1000.0


@wrong("detect-5", "wrong-units")
def standardised_flowers():
    Z = StandardScaler().fit_transform(flowers()[0])
    return best_fit(Z, 2, covariance_type="tied", n_init=3), -4.0


@wrong("detect-5", "wrong-data")
def petals_only():
    return best_fit(flowers()[0][:, 2:], 2, n_init=3), -4.0


@wrong("detect-5", "wrong-kind")
def pipeline_with_scaler():
    return make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0)).fit(flowers()[0]), -4.0


@wrong("detect-5", "wrong-shape")
def all_scores_for_the_threshold():
    return own_fit(), own_fit().score_samples(flowers()[0])
