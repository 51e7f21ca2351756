import numpy as np
import pandas as pd
import pytest
from sklearn.mixture import GaussianMixture

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.mixture import COVARIANCE_TYPES, best_fit, covariance_matrices

FAITHFUL = load_faithful()
PENGUINS = load_penguins()[MEASURES].dropna()

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


@every_type
def test_at_the_optimum_weights_are_mean_responsibilities(covariance_type):
    gmm = best_fit(PENGUINS, 3, covariance_type=covariance_type)
    np.testing.assert_allclose(gmm.predict_proba(PENGUINS).mean(axis=0), gmm.weights_, atol=1e-4)


@every_type
def test_at_the_optimum_means_are_weighted_by_responsibilities(covariance_type):
    gmm = best_fit(PENGUINS, 3, covariance_type=covariance_type)
    shares = gmm.predict_proba(PENGUINS)
    weighted = shares.T @ PENGUINS.to_numpy() / shares.sum(axis=0)[:, None]
    np.testing.assert_allclose(weighted, gmm.means_, rtol=1e-4)


def test_at_the_optimum_the_mixture_has_the_covariance_of_the_data():
    gmm = best_fit(FAITHFUL, 2)
    apart = gmm.means_ - FAITHFUL.mean().to_numpy()
    within = np.tensordot(gmm.weights_, covariance_matrices(gmm), axes=1)
    between = (gmm.weights_ * apart.T) @ apart
    np.testing.assert_allclose(within + between, FAITHFUL.cov(ddof=0), rtol=1e-4)


def test_the_recipe_reaches_an_optimum_that_the_defaults_of_scikit_learn_miss():
    default = GaussianMixture(3, covariance_type="tied", random_state=0).fit(FAITHFUL)
    gmm = best_fit(FAITHFUL, 3, covariance_type="tied")
    assert default.converged_
    assert len(FAITHFUL) * (gmm.score(FAITHFUL) - default.score(FAITHFUL)) > 10


@every_type
@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray, lambda X: X.to_numpy().tolist()])
def test_integers_are_fitted_as_the_floats_they_stand_for(covariance_type, kind):
    whole = FAITHFUL[["waiting"]].assign(seconds=(60 * FAITHFUL["eruptions"]).round()).astype(int)
    integers = best_fit(kind(whole), 2, covariance_type=covariance_type)
    floats = best_fit(kind(whole.astype(float)), 2, covariance_type=covariance_type)
    np.testing.assert_array_equal(integers.means_, floats.means_)
    np.testing.assert_array_equal(integers.covariances_, floats.covariances_)
    assert integers.lower_bound_ == floats.lower_bound_


def test_the_same_call_gives_the_same_model():
    first, second = best_fit(FAITHFUL, 2), best_fit(FAITHFUL, 2)
    np.testing.assert_array_equal(first.means_, second.means_)


def test_the_data_that_come_in_are_not_changed():
    X = FAITHFUL.copy()
    best_fit(X, 2)
    pd.testing.assert_frame_equal(X, FAITHFUL)


def test_the_model_knows_the_names_of_the_features():
    assert list(best_fit(FAITHFUL, 2).feature_names_in_) == ["eruptions", "waiting"]


@every_type
def test_the_model_has_the_shape_that_was_asked_for(covariance_type):
    gmm = best_fit(FAITHFUL, 2, covariance_type=covariance_type)
    assert (gmm.covariance_type, gmm.means_.shape) == (covariance_type, (2, 2))


def test_a_model_fitted_again_starts_afresh():
    X = PENGUINS.to_numpy()
    gmm = best_fit(X, 2, covariance_type="tied")
    refitted = gmm.fit(X[:100]).means_.copy()
    np.testing.assert_array_equal(gmm.fit(X[:100]).means_, refitted)
