from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.mixture import GaussianMixture

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.engine import exchange, fitting, spaces
from gmmlab.engine.optima import polish
from gmmlab.engine.spaces import Sample
from gmmlab.engine.starts import from_starts
from gmmlab.mixture import COVARIANCE_TYPES, DegenerateFitWarning, Parameters, best_fit, covariance_matrices, em

FAITHFUL = load_faithful()
PENGUINS = load_penguins()[MEASURES].dropna()

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


@cache
def penguins_in_three(covariance_type):
    """Return the best fit that several tests look at; they must leave it as it is."""
    return best_fit(PENGUINS, 3, covariance_type=covariance_type)


@every_type
def test_at_the_optimum_weights_are_mean_responsibilities(covariance_type):
    gmm = penguins_in_three(covariance_type)
    np.testing.assert_allclose(gmm.predict_proba(PENGUINS).mean(axis=0), gmm.weights_, atol=1e-4)


@every_type
def test_at_the_optimum_means_are_weighted_by_responsibilities(covariance_type):
    gmm = penguins_in_three(covariance_type)
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


@pytest.mark.slow
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


# The likelihood does not notice these maps, so neither may the optimum found


def any_map(rng):
    return rng.normal(size=(4, 4)) * 10.0 ** rng.uniform(-3, 3, size=4)


def any_units(rng):
    return np.diag(10.0 ** rng.uniform(-4, 4, size=4))


def any_turn(rng):
    return np.linalg.qr(rng.normal(size=(4, 4)))[0] * 10.0 ** rng.uniform(-4, 4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("covariance_type", "draw"),
    [("full", any_map), ("tied", any_map), ("diag", any_units), ("spherical", any_turn)],
    ids=COVARIANCE_TYPES,
)
def test_the_optimum_is_found_in_any_units(covariance_type, draw, seed):
    X, A = PENGUINS.to_numpy(), draw(np.random.default_rng(seed))
    known = len(X) * penguins_in_three(covariance_type).score(PENGUINS)
    moved = best_fit(X @ A + 7, 3, covariance_type=covariance_type)
    got = len(X) * (moved.lower_bound_ + np.linalg.slogdet(A)[1])
    assert got == pytest.approx(known, abs=0.01)


def test_a_collapsed_solution_is_left_out_where_another_is_found():
    X = np.r_[np.repeat(0.5, 5), np.random.default_rng(0).normal(size=200)][:, None]
    assert best_fit(X, 2).covariances_.min() > 1e-6


def test_a_mixture_that_only_collapses_is_named():
    with pytest.warns(DegenerateFitWarning, match="ended with one that collapsed"):
        best_fit(np.repeat([[0.0], [1.0], [3.0]], 10, axis=0), 3)


def crossing(noise):
    rng = np.random.default_rng(0)
    along, across = rng.normal(size=(2, 500)), noise * rng.normal(size=(2, 500))
    return np.vstack([np.c_[along[0], along[0] + across[0]], np.c_[along[1], across[1] - along[1]]])


def test_two_thin_crossing_lines_of_many_rows_are_found():
    X = crossing(9e-4)
    gmm = best_fit(X, 2, n_init=4)
    assert len(X) * gmm.score(X) > 3480
    assert gmm.left_out_ == ""


def test_a_fit_says_by_which_rule_a_likelier_one_was_left_out():
    assert "repeated values or in a plane" in best_fit(crossing(0), 2, n_init=4).left_out_


def test_concentric_components_are_found():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(size=(300, 2)), rng.normal(scale=6, size=(300, 2))]
    gmm = best_fit(X, 2, covariance_type="spherical")
    np.testing.assert_allclose(np.sort(np.sqrt(gmm.covariances_)), [1, 6], rtol=0.1)


@every_type
def test_the_lower_bound_is_the_mean_log_likelihood(covariance_type):
    gmm = penguins_in_three(covariance_type)
    assert gmm.lower_bound_ == pytest.approx(gmm.score(PENGUINS), abs=1e-9)


@every_type
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # no step gains nothing at all
def test_em_of_scikit_learn_gains_nothing_on_the_fit(covariance_type):
    gmm = best_fit(PENGUINS, 4, covariance_type=covariance_type)
    before = gmm.score(PENGUINS)
    gmm.set_params(warm_start=True, max_iter=50, tol=1e-15).fit(PENGUINS)
    assert gmm.score(PENGUINS) == pytest.approx(before, abs=1e-7)


@pytest.mark.slow
def test_a_sample_of_many_rows_leads_to_an_optimum_of_all():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(mean, 1, size=(2000, 2)) for mean in (0, 6, 12, 18)])
    np.testing.assert_allclose(np.sort(best_fit(X, 4).means_[:, 0]), [0, 6, 12, 18], atol=0.1)


def test_fewer_samples_than_components_are_refused():
    with pytest.raises(ValueError, match="5 components need at least as many samples, but got 3"):
        best_fit(np.arange(3.0)[:, None], 5)


def test_a_constant_column_does_not_matter():
    X = FAITHFUL.assign(constant=3.0)
    plain = best_fit(FAITHFUL, 2, covariance_type="tied")
    np.testing.assert_allclose(np.sort(best_fit(X, 2, covariance_type="tied").weights_), np.sort(plain.weights_))


def test_full_learns_from_tied_where_rows_are_few():
    wine = load_wine().data  # mclust: -2788.428
    assert len(wine) * best_fit(wine, 3, random_state=1).score(wine) > -2788.5


def test_a_replicated_optimum_asks_no_neighbours(monkeypatch):
    rng, d = np.random.default_rng(0), 30
    means, maps = 2 * rng.normal(size=(4, d)), 0.3 * rng.normal(size=(4, d, d)) + 0.5 * np.eye(d)
    rows, tried = rng.normal(size=(4, 300, d)) @ maps + means[:, None], []
    for module in (exchange, fitting):
        monkeypatch.setattr(module, "from_starts", lambda *args: tried.append(args[1:]) or from_starts(*args))
    sorted_means = np.sort(best_fit(rows.reshape(-1, d), 4).means_, axis=0)
    np.testing.assert_allclose(sorted_means, np.sort(rows.mean(axis=1), axis=0), atol=0.01)
    assert tried == [(4, ["full"])]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_best_fit_learns_from_one_component_less_and_one_more(six_clumps, seed):
    sample = Sample(six_clumps, 4, seed)
    (found, *_) = from_starts(sample, 4, ["diag"])["diag"]
    gmm = best_fit(six_clumps, 4, covariance_type="diag", n_init=4, random_state=seed)
    from_starts_alone = polish(six_clumps, sample, [found], 1e-8).mean_log_likelihood
    assert 3000 * (gmm.lower_bound_ - from_starts_alone) > 50


def test_rows_beyond_the_sample_are_fitted_too(monkeypatch):
    monkeypatch.setattr(spaces, "SAMPLE_ROWS", 1000)
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(mean, 1, size=(1000, 2)) for mean in (0, 6, 12)])
    gmm = best_fit(X, 3)
    shares = gmm.predict_proba(X)  # at the optimum of all rows, weights are mean responsibilities
    np.testing.assert_allclose(shares.mean(axis=0), gmm.weights_, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_tied_components_may_be_outliers_of_one_row(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 2)) / np.sqrt(rng.chisquare(2, size=(150, 1)) / 2)
    far = (X**2).sum(axis=1).argsort()[-3:]
    labels = np.zeros(150, dtype=int)
    labels[far] = [1, 2, 3]
    means = np.array([X[labels == j].mean(axis=0) for j in range(4)])
    within = (X - means[labels]).T @ (X - means[labels]) / 150
    start = Parameters(np.bincount(labels) / 150, means, within, "tied")
    alone = em(X, start, tol=1e-8, max_iter=2000, reg_covar=1e-12).mean_log_likelihood
    assert best_fit(X, 4, covariance_type="tied").lower_bound_ > alone - 1e-6
