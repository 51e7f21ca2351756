"""The runs behind notebook 9, on one seed: the tables that it reads have what the script computes."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import BayesianGaussianMixture

import priors
from gmmlab.data import load_faithful, load_results

pytestmark = pytest.mark.slow
X = load_faithful().to_numpy()


@pytest.mark.parametrize("name", ["concentrations", "discounts"])
def test_the_table_is_that_of_its_script(name):
    stored = load_results(name)
    rows = getattr(priors, name)(X, seed=0)
    assert sorted(stored["seed"].unique()) == list(range(20))
    assert stored[stored["seed"] == 0].to_dict("records") == rows


@pytest.mark.parametrize("prior", priors.PRIORS)
def test_without_the_discount_the_weights_are_their_means(prior):
    model = priors.MeanWeights(n_components=3, weight_concentration_prior_type=prior, **priors.PATIENT).fit(X)
    weights = np.exp(model._estimate_log_weights())
    np.testing.assert_allclose(weights / weights.sum(), model.weights_, rtol=1e-6)
    assert not np.allclose(BayesianGaussianMixture._estimate_log_weights(model), model._estimate_log_weights())


@pytest.mark.parametrize("prior", priors.PRIORS)
def test_without_the_discount_the_densities_are_those_of_the_mean_parameters(prior):
    model = priors.PlainDensities(n_components=2, weight_concentration_prior_type=prior).fit(X)
    pairs = zip(model.means_, model.covariances_, strict=True)
    expected = np.column_stack([multivariate_normal(mean, covariance).logpdf(X) for mean, covariance in pairs])
    np.testing.assert_allclose(model._estimate_log_prob(X), expected)
    assert not np.allclose(BayesianGaussianMixture._estimate_log_prob(model, X), expected)
