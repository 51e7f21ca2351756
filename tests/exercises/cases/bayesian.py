"""Answers to the exercises of notebook 09: right ones written differently, and the usual wrong ones."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.preprocessing import StandardScaler

from exercises.case import right, right_for_everybody, wrong
from gmmlab.data import load_faithful
from gmmlab.exercises import my_data
from gmmlab.exercises.variants import LAB


def left_of(v):
    return np.concatenate([[1], np.cumprod(1 - v)])


@right("bayesian-1")
def loop_over_breaks():
    def break_stick(fractions):
        weights, left = [], 1.0
        for fraction in fractions:
            weights.append(left * fraction)
            left -= left * fraction
        return [*weights, left]

    return break_stick


@right("bayesian-1")
def differences_of_what_is_left_as_float32():
    return lambda v: (-np.diff(np.append(left_of(v), 0))).astype(np.float32)


@right("bayesian-1")
def series_with_the_rest_at_the_end():
    def break_stick(v):
        weights = v * left_of(v)[:-1]
        return pd.Series(np.append(weights, 1 - weights.sum()))

    return break_stick


@wrong("bayesian-1", "rest-forgotten")
def list_without_the_last_piece():
    return lambda v: (v * left_of(v)[:-1]).tolist()


@wrong("bayesian-1", "rest-spread")
def divided_by_the_sum():
    def break_stick(v):
        weights = v * left_of(v)[:-1]
        return weights / weights.sum()

    return break_stick


@wrong("bayesian-1", "normalised-fractions")
def fractions_and_a_one_over_their_sum():
    return lambda v: np.append(v, 1) / np.append(v, 1).sum()


@wrong("bayesian-1", "raised")
def shapes_do_not_fit():
    return lambda v: v * left_of(v)


@right("bayesian-2")
def counted_by_numpy():
    return lambda alpha, gamma, share: ((alpha - gamma) / (alpha - gamma).sum() >= share).sum()


@right("bayesian-2")
def loop_over_components():
    def count_alive(alpha, gamma, share):
        n = sum(alpha) - len(alpha) * gamma
        return sum(1 for value in alpha if value - gamma >= share * n)

    return count_alive


@right("bayesian-2")
def length_of_a_selection_as_float():
    def count_alive(alpha, gamma, share):
        held = pd.Series(alpha - gamma)
        return float(len(held[held / held.sum() >= share]))

    return count_alive


@right("bayesian-2")
def array_of_one_number():
    return lambda alpha, gamma, share: np.array([np.count_nonzero(alpha - gamma >= share * (alpha - gamma).sum())])


@wrong("bayesian-2", "prior-kept")
def weights_against_the_share():
    return lambda alpha, gamma, share: (alpha / alpha.sum() >= share).sum()


@wrong("bayesian-2", "wrong-kind")
def count_in_words():
    return lambda alpha, gamma, share: f"{(alpha - gamma >= share).sum()} alive"


WREATH = my_data("bayesian-4", LAB)


@cache
def wreath_model(n_components=25, **settings):
    """Fit a Bayesian mixture to the wreath."""
    settings = {"max_iter": 1000, "random_state": 0} | settings
    return BayesianGaussianMixture(n_components=n_components, **settings).fit(WREATH)


def alive(model):
    return int((model.weights_ > 0.01).sum())


def with_count(model):
    return model, alive(model)


@right("bayesian-4")
def defaults_with_spare_components():
    return with_count(wreath_model())


@right_for_everybody("bayesian-4")
def two_dozen_components(wreath):
    return with_count(BayesianGaussianMixture(n_components=24, max_iter=1000, random_state=5).fit(wreath))


@right("bayesian-4")
def another_seed_and_twenty_components():
    return wreath_model(20, random_state=3), np.float32(alive(wreath_model(20, random_state=3)))


@right("bayesian-4")
def finite_dirichlet():
    return with_count(wreath_model(30, weight_concentration_prior_type="dirichlet_distribution", random_state=1))


@right("bayesian-4")
def narrow_prior_on_an_array():
    points = WREATH.to_numpy()
    prior = 0.01 * np.cov(points.T)
    return with_count(
        BayesianGaussianMixture(n_components=25, covariance_prior=prior, max_iter=1000, random_state=2).fit(points)
    )


@wrong("bayesian-4", "changed-data")
def model_of_another_student():
    return with_count(
        BayesianGaussianMixture(n_components=25, max_iter=1000, random_state=0).fit(my_data("bayesian-4", "Jane Roe"))
    )


@wrong("bayesian-4", "changed-data")
def one_point_in_ten_left_out():
    return with_count(BayesianGaussianMixture(n_components=25, max_iter=1000, random_state=0).fit(WREATH[::10]))


@wrong("bayesian-4", "not-bayesian")
def maximum_likelihood_with_fourteen():
    return GaussianMixture(14, n_init=5, random_state=0).fit(WREATH), 14


@wrong("bayesian-4", "few-components")
def limit_at_ten():
    return with_count(wreath_model(10))


@wrong("bayesian-4", "few-components")
def limit_at_the_answer():
    return with_count(wreath_model(14))


@wrong("bayesian-4", "covariance-type")
def diagonal_components():
    return with_count(wreath_model(covariance_type="diag"))


@wrong("bayesian-4", "changed-data")
def standardised_points():
    points = StandardScaler().fit_transform(WREATH)
    return with_count(BayesianGaussianMixture(n_components=25, max_iter=1000, random_state=0).fit(points))


@wrong("bayesian-4", "changed-data")
def eruptions_for_the_wreath():
    return with_count(BayesianGaussianMixture(n_components=25, max_iter=1000, random_state=0).fit(load_faithful()))


@wrong("bayesian-4", "not-converged")
def three_iterations():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return with_count(BayesianGaussianMixture(n_components=25, max_iter=3, random_state=0).fit(WREATH))


@wrong("bayesian-4", "prior-feeds-the-dead")
def many_imaginary_samples():
    settings = {"weight_concentration_prior_type": "dirichlet_distribution", "weight_concentration_prior": 50}
    return with_count(wreath_model(**settings))


@wrong("bayesian-4", "start-or-prior")
def prior_as_wide_as_many_wreaths():
    wide = BayesianGaussianMixture(n_components=25, covariance_prior=100 * np.cov(WREATH.T), max_iter=1000)
    return with_count(wide.set_params(random_state=0).fit(WREATH))


@wrong("bayesian-4", "all-components")
def the_limit_for_the_count():
    return wreath_model(), wreath_model().n_components


@wrong("bayesian-4", "dead-counted")
def the_empty_ones():
    return wreath_model(), wreath_model().n_components - alive(wreath_model())


@wrong("bayesian-4", "miscounted")
def weights_above_nine_per_cent():
    return wreath_model(), int((wreath_model().weights_ > 0.09).sum())


@wrong("bayesian-4", "wrong-kind")
def answers_swapped():
    return alive(wreath_model()), wreath_model()


@wrong("bayesian-4", "wrong-kind")
def a_list_of_weights():
    return wreath_model().weights_.tolist(), alive(wreath_model())
