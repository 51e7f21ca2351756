"""Resamples are fitted from the original fit, with components matched; the spread is that of R's mclust."""

import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.engine.em_steps import e_step, em
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.resampling import _matched
from gmmlab.mixture import COVARIANCE_TYPES, as_parameters, best_fit, bootstrap, sort_components

WITHIN = 0.1
"""A standard error from 499 resamples is uncertain by 1 / sqrt(2 * 499), 3.2%: two differ by 10% at most."""


def two_clouds(seed=0, n=60):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(size=(n // 2, 2)), rng.normal(size=(n // 2, 2)) @ [[1.5, 0.6], [0, 0.7]] + [5, 1]])


def eruptions():
    return load_faithful().to_numpy()


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_resample_ends_where_plain_em_ends_from_the_original_fit(covariance_type):
    X = two_clouds()
    fit = best_fit(X, 2, covariance_type=covariance_type)
    boot, rng = bootstrap(fit, X, n_resamples=5, random_state=3), np.random.RandomState(3)
    for b in range(5):
        drawn = X[rng.randint(len(X), size=len(X))]
        found = em(drawn, as_parameters(fit), max_iter=5000, tol=1e-13, reg_covar=1e-9).parameters
        for name in ("weights", "means", "covariances"):
            np.testing.assert_allclose(getattr(boot, name)[b], getattr(found, name), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_components_that_changed_places_are_put_back(covariance_type):
    X = two_clouds()
    fit = as_parameters(best_fit(X, 3, covariance_type=covariance_type))
    turned = [2, 0, 1]
    covariances = fit.covariances if fit.type.shared else fit.covariances[turned]
    other = Parameters(fit.weights[turned], fit.means[turned], covariances, covariance_type)
    back = _matched(other, e_step(X, other)[0], e_step(X, fit)[0])
    np.testing.assert_array_equal(back.means, fit.means)
    np.testing.assert_array_equal(back.weights, fit.weights)
    np.testing.assert_array_equal(back.covariances, fit.covariances)


@pytest.mark.slow
def test_standard_errors_of_two_full_components_are_those_that_mclust_publishes():
    X = eruptions()
    boot = bootstrap(sort_components(best_fit(X, 2), by=1), X, n_resamples=499)
    np.testing.assert_allclose(boot.weights.std(axis=0, ddof=1), [0.0286, 0.0286], rtol=WITHIN)
    np.testing.assert_allclose(boot.means.std(axis=0, ddof=1), [[0.0293, 0.6073], [0.0323, 0.4618]], rtol=WITHIN)
    np.testing.assert_allclose(np.percentile(boot.weights[:, 0], [2.5, 97.5]), [0.3050, 0.4108], atol=0.012)


@pytest.mark.slow
def test_standard_errors_of_three_tied_components_are_those_of_mclust_run_to_convergence():
    X = eruptions()
    boot = bootstrap(sort_components(best_fit(X, 3, covariance_type="tied"), by=1), X, n_resamples=499)
    np.testing.assert_allclose(boot.weights.std(axis=0, ddof=1), [0.0289, 0.0559, 0.0597], rtol=WITHIN)
    errors = [[0.0273, 0.5947], [0.1362, 2.6616], [0.0534, 0.6157]]
    np.testing.assert_allclose(boot.means.std(axis=0, ddof=1), errors, rtol=WITHIN)


@pytest.mark.slow
def test_with_the_early_stop_of_mclust_they_are_those_that_it_publishes():
    X, rng = eruptions(), np.random.RandomState(0)
    fit = as_parameters(sort_components(best_fit(X, 3, covariance_type="tied"), by=1))
    early = 1e-5 * 1127 / 272  # mclust stops at a relative gain of 1e-5; the log-likelihood is -1126
    found = [em(X[rng.randint(272, size=272)], fit, max_iter=1000, tol=early).parameters for _ in range(499)]
    weights, means = (np.std([getattr(p, name) for p in found], axis=0, ddof=1) for name in ("weights", "means"))
    np.testing.assert_allclose(weights, [0.0287, 0.0466, 0.0531], rtol=WITHIN)
    np.testing.assert_allclose(means, [[0.0274, 0.602], [0.1166, 2.263], [0.0463, 0.575]], rtol=WITHIN)


def test_the_same_seed_gives_the_same_resamples_and_each_is_a_mixture():
    X = two_clouds()
    fit = best_fit(X, 2)
    one, other = (bootstrap(fit, X, n_resamples=4, random_state=7) for _ in range(2))
    np.testing.assert_array_equal(one.means, other.means)
    assert len(one) == 4
    assert not one.degenerate.any()
    np.testing.assert_array_equal(one.mixture(2).means_, one.means[2])


def test_no_resample_is_refused():
    X = two_clouds()
    with pytest.raises(ValueError, match="from 1 on"):
        bootstrap(best_fit(X, 2), X, n_resamples=0)


def test_other_features_than_those_of_the_fit_are_refused():
    X = two_clouds()
    with pytest.raises(ValueError, match="dimensions"):
        bootstrap(best_fit(X, 2), X[:, :1], n_resamples=2)
