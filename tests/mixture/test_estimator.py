import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmlab.data import load_faithful
from gmmlab.mixture import BestGaussianMixture, DegenerateFitWarning, best_fit
from gmmlab.mixture.estimator import EqualMeansWarning, IntegerInputWarning
from gmmlab.mixture.fitting import Fit
from gmmlab.mixture.parameters import Parameters

FAITHFUL = load_faithful()
TIED = {"n_components": 3, "covariance_type": "tied"}


@parametrize_with_checks([BestGaussianMixture(n_init=2)])
@pytest.mark.filterwarnings("ignore")  # the checks fit data that deserve every warning
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_fits_what_best_fit_fits():
    model, gmm = BestGaussianMixture(**TIED).fit(FAITHFUL), best_fit(FAITHFUL, 3, covariance_type="tied")
    np.testing.assert_array_equal(model.means_, gmm.means_)
    assert model.lower_bound_ == gmm.lower_bound_


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_it_has_the_attributes_that_scikit_learn_finds(covariance_type):
    found = vars(BestGaussianMixture(2, covariance_type=covariance_type).fit(FAITHFUL))
    expected = vars(GaussianMixture(2, covariance_type=covariance_type).fit(FAITHFUL))
    arrays = {name: value.shape for name, value in expected.items() if isinstance(value, np.ndarray)}
    assert {name: found[name].shape for name in arrays if name in found} == arrays


def test_predicting_while_fitting_is_predicting_after_fitting():
    model = BestGaussianMixture(**TIED)
    np.testing.assert_array_equal(model.fit_predict(FAITHFUL), model.predict(FAITHFUL))


def test_a_clone_has_its_settings_and_no_fit():
    copy = clone(BestGaussianMixture(**TIED, n_init=7).fit(FAITHFUL))
    assert copy.get_params() == {**TIED, "n_init": 7, "random_state": 0}
    assert not hasattr(copy, "means_")


def test_a_pickled_model_gives_the_same_densities():
    model = BestGaussianMixture(**TIED).fit(FAITHFUL)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score_samples(FAITHFUL), model.score_samples(FAITHFUL))


def test_it_works_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), BestGaussianMixture(**TIED)).fit(FAITHFUL)
    total = len(FAITHFUL) * (pipeline.score(FAITHFUL) - np.log(FAITHFUL.std(ddof=0)).sum())
    assert total == pytest.approx(-1126.3159, abs=0.001)


def test_a_grid_search_compares_held_out_log_likelihoods():
    grid = GridSearchCV(BestGaussianMixture(n_init=2), {"n_components": [1, 2, 3]}, cv=3).fit(FAITHFUL)
    assert grid.best_params_["n_components"] > 1


def test_integers_are_named():
    with pytest.warns(IntegerInputWarning, match=r"X\.astype\(float\)"):
        BestGaussianMixture(2).fit(FAITHFUL[["waiting"]].astype(int))


def test_a_component_on_one_repeated_value_is_named():
    X = np.r_[np.zeros(30), np.arange(10.0)][:, None]
    with pytest.warns(DegenerateFitWarning, match="collapsed on a few samples"):
        BestGaussianMixture(2).fit(X)


def test_equal_means_of_tied_components_are_named():
    same = Parameters([0.5, 0.5], np.tile(FAITHFUL.mean(), (2, 1)), FAITHFUL.cov(), "tied")
    with pytest.warns(EqualMeansWarning, match="All 2 means are equal"):
        BestGaussianMixture(2, covariance_type="tied")._warn_of(Fit(same, 0.0, 1, True, False), FAITHFUL.to_numpy())


def test_a_good_fit_of_floats_gives_no_warning(recwarn):
    BestGaussianMixture(**TIED).fit(FAITHFUL)
    assert list(recwarn) == []
