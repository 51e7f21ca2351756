from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.engine import exchange, spaces
from gmmlab.engine.accelerated import accelerated_em
from gmmlab.engine.em import e_step
from gmmlab.engine.exchange import learn_from, teachers
from gmmlab.engine.groups import cut_components, join_components
from gmmlab.engine.mixtures import batch_of_one
from gmmlab.engine.optima import polish
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.short_runs import add_component
from gmmlab.engine.spaces import Sample, is_degenerate
from gmmlab.engine.starts import from_starts
from gmmlab.mixture import COVARIANCE_TYPES, DegenerateFitWarning, best_fit, covariance_matrices
from gmmlab.preprocess import split_penguins

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


# The likelihood does not notice these maps, so neither may the optimum found


def any_map(rng):
    return rng.normal(size=(4, 4)) * 10.0 ** rng.uniform(-3, 3, size=4)


def any_units(rng):
    return np.diag(10.0 ** rng.uniform(-4, 4, size=4))


def any_turn(rng):
    return np.linalg.qr(rng.normal(size=(4, 4)))[0] * 10.0 ** rng.uniform(-4, 4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("covariance_type", "draw"),
    [("full", any_map), ("tied", any_map), ("diag", any_units), ("spherical", any_turn)],
    ids=COVARIANCE_TYPES,
)
def test_the_optimum_is_found_in_any_units(covariance_type, draw, seed):
    X, A = PENGUINS.to_numpy(), draw(np.random.default_rng(seed))
    known = len(X) * best_fit(X, 3, covariance_type=covariance_type).score(X)
    moved = best_fit(X @ A + 7, 3, covariance_type=covariance_type)
    got = len(X) * (moved.lower_bound_ + np.linalg.slogdet(A)[1])
    assert got == pytest.approx(known, abs=0.01)


def test_a_collapsed_solution_is_left_out_where_another_is_found():
    X = np.r_[np.repeat(0.5, 5), np.random.default_rng(0).normal(size=200)][:, None]
    assert best_fit(X, 2).covariances_.min() > 1e-6


def test_a_mixture_that_only_collapses_is_named():
    with pytest.warns(DegenerateFitWarning, match="ended with one that collapsed"):
        best_fit(np.repeat([[0.0], [1.0], [3.0]], 10, axis=0), 3)


def test_concentric_components_are_found():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(size=(300, 2)), rng.normal(scale=6, size=(300, 2))]
    gmm = best_fit(X, 2, covariance_type="spherical")
    np.testing.assert_allclose(np.sort(np.sqrt(gmm.covariances_)), [1, 6], rtol=0.1)


@every_type
def test_the_lower_bound_is_the_mean_log_likelihood(covariance_type):
    gmm = best_fit(PENGUINS, 3, covariance_type=covariance_type)
    assert gmm.lower_bound_ == pytest.approx(gmm.score(PENGUINS), abs=1e-9)


@every_type
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # no step gains nothing at all
def test_em_of_scikit_learn_gains_nothing_on_the_fit(covariance_type):
    gmm = best_fit(PENGUINS, 4, covariance_type=covariance_type)
    before = gmm.score(PENGUINS)
    gmm.set_params(warm_start=True, max_iter=50, tol=1e-15).fit(PENGUINS)
    assert gmm.score(PENGUINS) == pytest.approx(before, abs=1e-7)


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


SIX = np.random.default_rng(1).normal(scale=3, size=(6, 2))
ROWS_OF_SIX = SIX[np.arange(600) % 6] + np.random.default_rng(2).normal(size=(600, 2))


@every_type
@pytest.mark.parametrize("other", [4, 5, 7])
def test_components_of_a_larger_mixture_are_joined_to_the_number_wanted(covariance_type, other):
    responsibilities = np.random.default_rng(0).dirichlet(np.ones(other), size=600).T
    groups = join_components(ROWS_OF_SIX, responsibilities, 4, covariance_type, 3)
    assert groups.means.shape == (1 if other == 4 else 3, 4, 2)
    np.testing.assert_allclose(groups.counts.sum(axis=1), 600, rtol=1e-5)
    for counts, means in zip(groups.counts, groups.means, strict=True):
        assert counts @ means == pytest.approx(ROWS_OF_SIX.sum(axis=0), rel=1e-4, abs=1e-3)


@every_type
def test_a_component_of_a_smaller_mixture_is_cut_in_two(covariance_type):
    responsibilities = np.random.default_rng(0).dirichlet(np.ones(3), size=600).T
    groups, whole = cut_components(ROWS_OF_SIX, responsibilities, covariance_type, 2), responsibilities.sum(axis=1)
    assert groups.means.shape == (2, 4, 2)
    for counts in groups.counts:
        (cut,) = np.flatnonzero(np.abs(counts[:3] - whole) > 1)
        assert counts[cut] + counts[3] == pytest.approx(whole[cut], rel=1e-5)


def test_no_component_is_cut_that_has_few_rows():
    assert len(cut_components(ROWS_OF_SIX[:5], np.ones((1, 5)), "full", 2).counts) == 0


def with_a_clump(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.r_[rng.normal(size=(1000 - n, 2)), [1.5, 1.5] + 0.05 * rng.normal(size=(n, 2))]


def one_component(X: np.ndarray, covariance_type: str):
    return batch_of_one(fitted_parameters(X, covariance_type))


def fitted_parameters(X: np.ndarray, covariance_type: str) -> Parameters:
    gmm = best_fit(X, 1, covariance_type=covariance_type)
    return Parameters(gmm.weights_, gmm.means_, gmm.covariances_, covariance_type)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_a_component_is_added_where_rows_crowd(covariance_type):
    X = with_a_clump(20)
    larger = add_component(X, one_component(X, covariance_type), 64, np.random.RandomState(0))
    np.testing.assert_allclose(larger.means[0, 1], [1.5, 1.5], atol=0.03)
    assert larger.weights[0, 1] == pytest.approx(0.02, abs=0.003)


def test_a_component_is_added_where_the_mixture_expects_no_row():
    X = np.r_[with_a_clump(0), 30 + 0.05 * np.random.default_rng(1).normal(size=(20, 2))]
    standard = batch_of_one(Parameters([1.0], np.zeros((1, 2)), np.eye(2)[None], "full"))
    larger = add_component(X, standard, 200, np.random.RandomState(0))
    np.testing.assert_allclose(larger.means[0, 1], [30, 30], atol=0.05)


@every_type
def test_the_components_added_own_other_rows_and_enough_of_them(covariance_type):
    base = one_component(ROWS_OF_SIX, covariance_type)
    larger = add_component(ROWS_OF_SIX, base, 64, np.random.RandomState(0))
    assert len(larger.weights) > 1
    assert len(np.unique(larger.means[:, 1].round(1), axis=0)) == len(larger.weights)
    assert (len(ROWS_OF_SIX) * larger.weights[:, 1] >= 6).all()
    np.testing.assert_allclose(larger.weights.sum(axis=1), 1)


def test_the_components_added_are_in_falling_order_of_the_likelihood():
    base = one_component(ROWS_OF_SIX, "full")
    larger = add_component(ROWS_OF_SIX, base, 64, np.random.RandomState(0))
    mixtures = [larger.parameters(r) for r in range(len(larger.weights))]
    reached = [
        e_step(ROWS_OF_SIX, mixture)[1].mean() for mixture in [fitted_parameters(ROWS_OF_SIX, "full"), *mixtures]
    ]
    assert reached[1] == max(reached) and reached[0] == min(reached)


def test_where_no_component_has_rows_enough_none_is_added():
    X = FAITHFUL.to_numpy()[:5]
    assert len(add_component(X, one_component(X, "spherical"), 8, np.random.RandomState(0)).weights) == 0


def alone(sample: Sample, k: int) -> list[Result]:
    return from_starts(sample, k, ["full"])["full"]


@pytest.mark.parametrize("other", [3, 4, 6])
def test_a_poor_mixture_learns_from_one_with_components_less_or_more(other):
    sample = Sample(ROWS_OF_SIX, 20, 0)
    V, good = sample.rows["whitened"], alone(sample, 5)[0]
    near = np.zeros((5, 2)) + 0.01 * np.arange(5)[:, None]  # all five components start, and end, about the middle
    poor = accelerated_em(V, Parameters(np.full(5, 0.2), near, np.tile(np.eye(2), (5, 1, 1)), "full"), 40, 1e-5)
    assert poor.mean_log_likelihood < good.mean_log_likelihood - 0.05
    learnt = learn_from(sample, [poor], [alone(sample, other)[0].parameters], 0)[0]
    assert learnt.mean_log_likelihood > good.mean_log_likelihood - 0.01


def test_a_mixture_learns_from_halves_where_no_component_can_be_added(monkeypatch):
    monkeypatch.setattr(exchange, "ROWS_TRIED", 0)
    sample = Sample(ROWS_OF_SIX, 20, 0)
    whole = [from_starts(sample, 1, ["full"])["full"][0].parameters]
    two = Parameters(np.full(2, 0.5), np.zeros((2, 2)), np.tile(np.eye(2), (2, 1, 1)), "full")
    same = accelerated_em(sample.rows["whitened"], two, 40, 1e-5)  # two components in one place are one
    learnt = learn_from(sample, [same], whole, 0)[0]
    assert learnt.mean_log_likelihood > same.mean_log_likelihood + 0.05


@every_type
def test_what_collapsed_in_single_precision_counts_as_degenerate(covariance_type):
    V = np.random.default_rng(0).normal(size=(500, 2))
    V = (V - V.mean(axis=0)) / V.std(axis=0)
    thin = 1.5e-6  # above the limit, but mostly what single precision adds
    covariances = {
        "full": np.array([np.eye(2), np.diag([1, thin])]),
        "tied": np.diag([1, thin]),
        "diag": np.array([[1, 1], [1, thin]]),
        "spherical": np.array([1, thin]),
    }[covariance_type]
    mixture = Parameters([0.5, 0.5], np.zeros((2, 2)), covariances, covariance_type)
    assert is_degenerate(V.astype(np.float32), mixture)
    assert not is_degenerate(V, mixture)


def test_nothing_is_learnt_from_degenerate_mixtures():
    sample = Sample(ROWS_OF_SIX, 20, 0)
    sound, other = alone(sample, 5)[0], alone(sample, 4)[0]
    assert teachers(sample, [sound, replace(other, degenerate=True)]) == [sound]


def test_full_learns_from_tied_where_rows_are_few():
    wine = load_wine().data  # mclust: -2788.428
    assert len(wine) * best_fit(wine, 3, random_state=1).score(wine) > -2788.5


def test_a_good_mixture_stays_the_best():
    sample = Sample(ROWS_OF_SIX, 40, 0)
    good = alone(sample, 6)
    assert learn_from(sample, good, [alone(sample, 7)[0].parameters], 0)[0] is good[0]


@pytest.mark.parametrize("seed", [0, 3])
def test_where_the_fastest_starts_collapse_slower_ones_are_tried(seed):
    Z = StandardScaler().fit_transform(split_penguins()[0])
    # the quarter that leads ends on a few birds
    assert not alone(Sample(Z, 3, seed), 12)[0].degenerate


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
