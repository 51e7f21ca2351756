import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.mixture import (
    COVARIANCE_TYPES,
    covariance_matrices,
    density_levels,
    ellipse_radius,
    em,
    follow_em,
    from_parameters,
    in_original_units,
    marginal,
    match_labels,
    n_parameters,
    random_parameters,
    sort_components,
)

FAITHFUL = load_faithful()
PENGUINS = load_penguins()[MEASURES].dropna()

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def fitted(X, covariance_type: str, n_components: int = 3) -> GaussianMixture:
    return GaussianMixture(n_components, covariance_type=covariance_type, random_state=1, max_iter=500).fit(X)


def rebuilt(gmm: GaussianMixture) -> GaussianMixture:
    return from_parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)


def grid(gmm: GaussianMixture, points: int = 400) -> tuple[np.ndarray, float]:
    """Points that cover a two-dimensional mixture, and the area of one cell."""
    reach = 7 * np.sqrt(np.diagonal(covariance_matrices(gmm), axis1=1, axis2=2))
    low, high = (gmm.means_ - reach).min(axis=0), (gmm.means_ + reach).max(axis=0)
    x, y = np.linspace(low, high, points).T
    return np.stack(np.meshgrid(x, y), axis=-1), (x[1] - x[0]) * (y[1] - y[0])


def density(gmm: GaussianMixture, points: np.ndarray) -> np.ndarray:
    return np.exp(gmm.score_samples(points.reshape(-1, points.shape[-1]))).reshape(points.shape[:-1])


@every_type
def test_each_component_has_one_square_matrix(covariance_type):
    assert covariance_matrices(fitted(PENGUINS, covariance_type)).shape == (3, 4, 4)


@every_type
def test_covariance_matrices_are_symmetric(covariance_type):
    matrices = covariance_matrices(fitted(PENGUINS, covariance_type))
    np.testing.assert_allclose(matrices, np.swapaxes(matrices, 1, 2), rtol=1e-12)


@every_type
def test_covariance_matrices_are_positive_definite(covariance_type):
    assert np.linalg.eigvalsh(covariance_matrices(fitted(PENGUINS, covariance_type))).min() > 0


@every_type
def test_the_density_is_the_weighted_sum_of_the_gaussians_with_these_matrices(covariance_type):
    gmm = fitted(PENGUINS, covariance_type)
    components = zip(gmm.weights_, gmm.means_, covariance_matrices(gmm), strict=True)
    total = sum(weight * multivariate_normal(mean, cov).pdf(PENGUINS) for weight, mean, cov in components)
    np.testing.assert_allclose(np.log(total), gmm.score_samples(PENGUINS), rtol=1e-9)


def test_changing_the_matrices_leaves_the_model_as_it_was():
    gmm = fitted(PENGUINS, "full")
    before = gmm.covariances_.copy()
    covariance_matrices(gmm)[:] = 0
    np.testing.assert_array_equal(gmm.covariances_, before)


@every_type
@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_bic_charges_log_n_for_each_free_parameter(covariance_type, n_components):
    gmm, n = fitted(PENGUINS, covariance_type, n_components), len(PENGUINS)
    charged = (gmm.bic(PENGUINS) + 2 * n * gmm.score(PENGUINS)) / np.log(n)
    assert n_parameters(covariance_type, n_components, 4) == pytest.approx(charged)


def test_an_unknown_covariance_type_is_answered_with_the_four_known():
    with pytest.raises(ValueError, match=r"'full', 'tied', 'diag', 'spherical'.*got 'round'"):
        n_parameters("round", 3, 2)


@every_type
@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic", "aic"])
def test_a_model_built_from_parameters_answers_as_the_fitted_one(covariance_type, method):
    gmm = fitted(PENGUINS.to_numpy(), covariance_type)
    expected = getattr(gmm, method)(PENGUINS.to_numpy())
    np.testing.assert_allclose(getattr(rebuilt(gmm), method)(PENGUINS.to_numpy()), expected, atol=1e-8)


@every_type
@pytest.mark.parametrize("attribute", ["precisions_", "precisions_cholesky_"])
def test_a_model_built_from_parameters_has_the_precisions_of_the_fitted_one(covariance_type, attribute):
    gmm = fitted(PENGUINS, covariance_type)
    np.testing.assert_allclose(getattr(rebuilt(gmm), attribute), getattr(gmm, attribute), rtol=1e-6, atol=1e-12)


@every_type
def test_samples_of_a_built_model_have_the_mean_of_the_mixture(covariance_type):
    gmm = rebuilt(fitted(FAITHFUL, covariance_type))
    samples, _ = gmm.sample(20_000)
    error = samples.std(axis=0) / np.sqrt(len(samples))
    assert (np.abs(samples.mean(axis=0) - gmm.weights_ @ gmm.means_) < 5 * error).all()


@pytest.mark.parametrize(
    ("covariances", "covariance_type"),
    [([[[1, 2], [2, 1]]], "full"), ([[1, 2], [2, 1]], "tied"), ([[1, 0]], "diag"), ([-1], "spherical")],
)
def test_a_covariance_that_is_not_positive_definite_is_refused(covariances, covariance_type):
    with pytest.raises(ValueError, match="must be positive definite"):
        from_parameters([1], [[0, 0]], covariances, covariance_type)


@every_type
@pytest.mark.parametrize("by", [0, 2])
def test_sorted_components_have_rising_means(covariance_type, by):
    means = sort_components(fitted(PENGUINS, covariance_type, 5), by=by).means_[:, by]
    assert (np.diff(means) > 0).all()


@every_type
def test_sorting_components_keeps_the_density(covariance_type):
    gmm = fitted(PENGUINS, covariance_type, 5)
    ordered = sort_components(gmm, by=2)
    np.testing.assert_allclose(ordered.score_samples(PENGUINS), gmm.score_samples(PENGUINS), rtol=1e-9)


@every_type
def test_sorting_keeps_each_weight_with_its_mean(covariance_type):
    gmm = fitted(PENGUINS, covariance_type, 5)
    ordered = sort_components(gmm)
    pairs = [set(zip(m.weights_, m.means_[:, 0], strict=True)) for m in (gmm, ordered)]
    assert pairs[0] == pairs[1]


def test_sorting_keeps_the_feature_names():
    assert list(sort_components(fitted(PENGUINS, "full")).feature_names_in_) == MEASURES


@every_type
@pytest.mark.parametrize(("kept", "other"), [(0, 1), (1, 0)])
def test_the_marginal_is_the_joint_density_integrated_over_the_other_feature(covariance_type, kept, other):
    gmm = fitted(FAITHFUL.to_numpy(), covariance_type)
    points, _ = grid(gmm)
    values, others = np.unique(points[..., kept]), np.unique(points[..., other])
    joint = density(gmm, points if kept == 0 else np.swapaxes(points, 0, 1))
    integral = np.trapezoid(joint, others, axis=0)
    np.testing.assert_allclose(density(marginal(gmm, [kept]), values[:, None]), integral, atol=1e-8)


@every_type
def test_a_marginal_by_names_is_the_marginal_by_numbers(covariance_type):
    gmm = fitted(PENGUINS, covariance_type)
    by_names = marginal(gmm, ["body_mass_g", "bill_length_mm"])
    by_numbers = marginal(gmm, [3, 0])
    np.testing.assert_array_equal(by_names.means_, by_numbers.means_)
    np.testing.assert_array_equal(by_names.covariances_, by_numbers.covariances_)


@every_type
def test_the_order_of_the_features_does_not_change_a_marginal_density(covariance_type):
    gmm, X = fitted(PENGUINS.to_numpy(), covariance_type), PENGUINS.to_numpy()
    rising, falling = ([0, 2, 3], [3, 2, 0])
    densities = [marginal(gmm, order).score_samples(X[:, order]) for order in (rising, falling)]
    np.testing.assert_allclose(*densities, rtol=1e-9)


def test_a_marginal_names_its_features_in_the_order_asked():
    gmm = marginal(fitted(PENGUINS, "full"), ["body_mass_g", "bill_length_mm"])
    assert list(gmm.feature_names_in_) == ["body_mass_g", "bill_length_mm"]


@every_type
def test_the_marginal_of_all_features_is_the_mixture_itself(covariance_type):
    gmm = fitted(PENGUINS, covariance_type)
    everything = marginal(gmm, MEASURES)
    np.testing.assert_allclose(everything.score_samples(PENGUINS), gmm.score_samples(PENGUINS), rtol=1e-9)


def test_a_feature_that_the_mixture_does_not_know_is_answered_with_those_it_knows():
    with pytest.raises(ValueError, match=r"knows the features \['bill_length_mm'.*got 'wing_mm'"):
        marginal(fitted(PENGUINS, "full"), ["wing_mm"])


def test_a_column_number_outside_the_mixture_is_refused():
    with pytest.raises(ValueError, match=r"knows the features \[0, 1, 2, 3\], but got 4"):
        marginal(fitted(PENGUINS, "full"), [4])


@every_type
def test_in_original_units_the_density_shrinks_by_the_jacobian(covariance_type):
    scaler = StandardScaler().fit(PENGUINS)
    scaled = scaler.transform(PENGUINS)
    gmm = fitted(scaled, covariance_type)
    log_jacobian = np.log(scaler.scale_).sum()
    raw = in_original_units(gmm, scaler).score_samples(PENGUINS)
    np.testing.assert_allclose(raw, gmm.score_samples(scaled) - log_jacobian, rtol=1e-9)


def test_in_original_units_the_features_have_the_names_of_the_raw_data():
    scaler = StandardScaler().fit(PENGUINS)
    gmm = in_original_units(fitted(scaler.transform(PENGUINS), "diag"), scaler)
    assert list(gmm.feature_names_in_) == MEASURES


@pytest.mark.parametrize(
    "use",
    [
        covariance_matrices,
        lambda gmm: sort_components(gmm, by=1),
        lambda gmm: marginal(gmm, [1]),
        lambda gmm: in_original_units(gmm, StandardScaler().fit(PENGUINS)),
    ],
    ids=["covariance_matrices", "sort_components", "marginal", "in_original_units"],
)
@every_type
def test_the_model_that_comes_in_is_not_changed(covariance_type, use):
    gmm = fitted(PENGUINS, covariance_type)
    before = copy.deepcopy(vars(gmm))
    use(gmm)
    np.testing.assert_equal(vars(gmm), before)


@st.composite
def renamed_classes(draw):
    """Class numbers of some samples, and the same classes under other numbers."""
    k = draw(st.integers(1, 6))
    classes = np.array(draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=40)))
    renaming = np.array(draw(st.permutations(range(k))))
    return classes, renaming[classes]


@settings(deadline=None)
@given(renamed_classes())
def test_matching_undoes_any_renaming_of_classes(pair):
    classes, clusters = pair
    np.testing.assert_array_equal(match_labels(classes, clusters), classes)


@settings(deadline=None)
@given(renamed_classes())
def test_matching_undoes_any_renaming_of_classes_with_names(pair):
    classes, clusters = pair
    species = np.array(["Adelie", "Chinstrap", "Gentoo", "Emperor", "King", "Rockhopper"])[classes]
    np.testing.assert_array_equal(match_labels(species, clusters), species)


def test_matching_maximises_the_agreement_over_all_samples():
    # Giving cluster 0 its most frequent class would leave cluster 1 with no partner worth having.
    reference = ["a"] * 5 + ["b"] * 4 + ["a"] * 4
    clusters = [0] * 9 + [1] * 4
    assert (match_labels(reference, clusters) == reference).sum() == 8


def test_a_text_cluster_without_a_class_is_called_unmatched():
    matched = match_labels(["a", "a", "a", "b", "b"], [2, 2, 0, 1, 1])
    assert matched.tolist() == ["a", "a", "unmatched", "b", "b"]


def test_a_numeric_cluster_without_a_class_becomes_minus_one():
    assert match_labels([7, 7, 7, 8, 8], [2, 2, 0, 1, 1]).tolist() == [7, 7, -1, 8, 8]


def test_with_fewer_clusters_than_classes_each_cluster_finds_a_class():
    assert match_labels(["a", "a", "b", "c", "c"], [0, 0, 0, 1, 1]).tolist() == ["a", "a", "a", "c", "c"]


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match="3 reference names and 2 labels"):
        match_labels(["a", "b", "c"], [0, 1])


@pytest.mark.parametrize("coverage", [-0.5, 0, 1, 90])
def test_a_coverage_that_is_no_share_is_refused(coverage):
    with pytest.raises(ValueError, match=f"between 0 and 1, but got {coverage}"):
        ellipse_radius(coverage)


@every_type
def test_the_density_integrates_to_one(covariance_type):
    gmm = fitted(FAITHFUL.to_numpy(), covariance_type)
    points, cell = grid(gmm)
    assert density(gmm, points).sum() * cell == pytest.approx(1, abs=1e-6)


@every_type
@pytest.mark.parametrize("mass", [0.1, 0.5, 0.9, 0.99])
def test_a_density_level_holds_its_mass_of_samples(covariance_type, mass):
    gmm = rebuilt(fitted(FAITHFUL, covariance_type))
    level = density_levels(density(gmm, grid(gmm)[0]), [mass])
    samples, _ = gmm.sample(20_000)
    assert (density(gmm, samples) >= level).mean() == pytest.approx(mass, abs=0.015)


@pytest.mark.parametrize("mass", [0.1, 0.5, 0.9])
def test_the_level_of_one_standard_gaussian_is_known_in_closed_form(mass):
    gaussian = from_parameters([1], [[0, 0]], [1], "spherical")
    level = density_levels(density(gaussian, grid(gaussian)[0]), [mass])
    assert level == pytest.approx((1 - mass) / (2 * np.pi), rel=0.01)


def test_levels_come_in_the_order_of_their_masses():
    gaussian = from_parameters([1], [[0, 0]], [1], "spherical")
    low, high, middle = density_levels(density(gaussian, grid(gaussian)[0]), [0.99, 0.1, 0.5])
    assert low < middle < high


@pytest.mark.parametrize("mass", [0, 1, 90])
def test_a_mass_that_is_no_share_is_refused(mass):
    with pytest.raises(ValueError, match=f"between 0 and 1, but .*{mass}"):
        density_levels(np.ones(9), [0.5, mass])


def conditional_normal(mean, covariance, x, j):
    """Mean and variance of feature j of a Gaussian, given the other features (Bishop 2006, eqs. 2.81 and 2.82)."""
    others = np.delete(np.arange(len(mean)), j)
    gain = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, j])
    return mean[j] + gain @ (x[others] - mean[others]), covariance[j, j] - gain @ covariance[others, j]


@every_type
def test_following_em_gives_the_log_likelihoods_of_em(covariance_type):
    start = random_parameters(FAITHFUL, 3, covariance_type, seed=1)
    _, path = follow_em(FAITHFUL, start, 20)
    trace = em(FAITHFUL.to_numpy(), start, max_iter=20, tol=0).mean_log_likelihoods
    assert path[:20] == pytest.approx(trace * len(FAITHFUL), abs=1e-7)


@every_type
def test_the_log_likelihood_never_falls_along_the_way(covariance_type):
    _, path = follow_em(FAITHFUL, random_parameters(FAITHFUL, 3, covariance_type, seed=1), 40)
    assert np.diff(path).min() > -1e-6


def test_the_log_likelihood_of_a_state_is_scikit_learns():
    states, path = follow_em(FAITHFUL, random_parameters(FAITHFUL, 3, "tied", seed=2), 3)
    p = states[-1]
    gmm = from_parameters(p.weights, p.means, p.covariances, "tied")
    assert gmm.score_samples(FAITHFUL.to_numpy()).sum() == pytest.approx(path[-1])


def test_seeds_start_apart():
    starts = [random_parameters(FAITHFUL, 3, "full", seed).means for seed in range(4)]
    assert len({start.tobytes() for start in starts}) == 4


def test_a_random_start_puts_its_means_on_samples():
    means = random_parameters(FAITHFUL, 3, "full", 0).means
    assert all((FAITHFUL.to_numpy() == mean).all(axis=1).any() for mean in means)
