"""Each sentence of `diagnose` is said where it is true, and not where it is not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.mixture import GaussianMixture

from gmmlab.mixture import COVARIANCE_TYPES, diagnose, from_parameters

rng = np.random.default_rng(0)
TWO = np.vstack([rng.normal(0, 1, (100, 2)), rng.normal(8, 1, (60, 2))])


def fit(X, k=2, kind="full", **settings):
    settings = {"tol": 1e-6, "max_iter": 1000, "random_state": 0} | settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixture(k, covariance_type=kind, **settings).fit(X)


def said(gmm, X, words, **settings):
    return sum(words in sentence for sentence in diagnose(gmm, X, **settings))


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_a_sound_fit_of_clear_groups_needs_no_word_and_is_not_changed(kind):
    gmm = fit(TWO, kind=kind)
    before = {name: np.copy(value) for name, value in vars(gmm).items()}
    assert diagnose(gmm, TWO) == []
    assert all(np.array_equal(before[name], value) for name, value in vars(gmm).items())


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_a_component_of_one_row_is_nearly_empty(kind):
    X = np.vstack([TWO, [[100.0, -100.0]]])
    assert said(fit(X, 3, kind, n_init=5), X, "is nearly empty") == 1


@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_a_component_on_repeated_rows_has_collapsed(kind):
    X = np.vstack([TWO, np.full((30, 2), 4.0)])
    means = [[0, 0], [8, 8], [4, 4]]
    inverse = {"full": [np.eye(2)] * 2 + [1e6 * np.eye(2)], "diag": [[1, 1]] * 2 + [[1e6, 1e6]]}.get(kind, [1, 1, 1e6])
    assert said(fit(X, 3, kind, means_init=means, precisions_init=inverse), X, "has collapsed") == 1


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_equal_means_are_said_of_the_pair(kind):
    shape = {"full": [np.eye(2)] * 2, "tied": np.eye(2), "diag": np.ones((2, 2)), "spherical": np.ones(2)}[kind]
    assert said(from_parameters([0.5, 0.5], [[0, 0], [0, 0.01]], shape, kind), TWO, "0 and 1 have equal means") == 1


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_a_fit_that_stopped_early_could_gain(kind):
    X = np.vstack([TWO[:100], TWO[100:] - [5, 6]])
    assert said(fit(X, kind=kind, max_iter=1, means_init=[[0, 0], [1, 0]]), X, "stopped early") == 1
    assert said(fit(X, kind=kind, tol=1e-8), X, "stopped early") == 0


def test_an_optimum_that_no_start_reaches_is_not_replicated_and_a_lower_one_not_the_highest():
    X = np.vstack([c + rng.normal(0, 0.5, (50, 2)) for c in ([0, 0], [10, 0], [0, 30])])
    poor = fit(X, 3, "spherical", means_init=[[5, 0], [0, 29], [0, 31]])
    assert said(poor, X, "Not replicated: 0 of 10") == said(poor, X, "Not the highest: 10 of 10") == 1
    assert said(poor, X, "Not ", n_starts=0) == said(fit(X, 3, "spherical"), X, "Not ") == 0


def test_integers_and_single_precision_are_noticed():
    whole = (10 * TWO).round().astype(np.int64)
    assert said(fit(whole), whole, "X has integers") == said(fit(whole), pd.DataFrame(whole), "X has integers") == 1
    assert said(fit(whole), whole.astype(float), "X has integers") == 0
    single = TWO.astype(np.float32)
    assert said(fit(single), single, "float32") == 1
    assert said(fit(TWO), TWO, "float32") == 0


def test_fewer_rows_than_parameters_are_counted():
    assert said(fit(TWO[:10], 2), TWO[:10], "11 free parameters are fitted to 10 rows") == 1
    assert said(fit(TWO[:11], 2), TWO[:11], "free parameters") == 0


def test_columns_that_are_constant_double_or_of_other_scale_are_named():
    X = pd.DataFrame(TWO, columns=["a", "b"])
    cases = {"Column c is constant": 0 * X.a + 0.1, "a and c say the same": 3 - 2 * X.a, "column c is": 1e7 * X.b**2}
    for words, column in cases.items():
        other = X.assign(c=column)
        assert [words in text for text in cases if said(fit(other), other, text)] == [True], words
        assert said(fit(X), X, words) == 0


def test_data_of_another_width_are_refused():
    with pytest.raises(ValueError, match="3 columns, but the mixture was fitted to 2"):
        diagnose(fit(TWO), np.ones((5, 3)))
