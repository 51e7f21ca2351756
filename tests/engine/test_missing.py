"""EM and prediction with missing entries: what the textbooks say of Gaussians holds for rows with holes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.preprocessing import StandardScaler

import gmmlab.engine.em_steps as complete
from gmmlab.data import MEASURES, load_penguins
from gmmlab.engine import missing
from gmmlab.engine.missing import Prior, condition, em_with_missing, predict_missing, rough_start, statistics
from gmmlab.engine.parameters import Parameters
from gmmlab.mixture import COVARIANCE_TYPES, as_mixture, covariance_matrices, marginal
from gmmlab.preprocess import punch_holes

BIRDS = StandardScaler().set_output(transform="pandas").fit_transform(load_penguins()[MEASURES].dropna())
X = BIRDS.to_numpy()
HOLED = punch_holes(BIRDS, 0.2).to_numpy()
SOME_HOLED = HOLED[::2]
"""For what is computed row by row: every pattern of holes that all rows have is among them."""
THREE = complete.em(X, rough_start(X, 3), max_iter=500, tol=1e-9).parameters
every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def start_of(data, covariance_type, k=3):
    return rough_start(data, k, covariance_type=covariance_type)


@every_type
def test_without_holes_it_takes_the_steps_of_plain_em(covariance_type):
    start = start_of(X, covariance_type)
    ours = em_with_missing(X, start, max_iter=20, tol=0)
    plain = complete.em(X, start, max_iter=20, tol=0)
    for name in ("weights", "means", "covariances"):
        assert_allclose(getattr(ours.parameters, name), getattr(plain.parameters, name), rtol=1e-8, atol=1e-12)
    assert_allclose(ours.mean_log_likelihoods, plain.mean_log_likelihoods, rtol=0, atol=1e-10)


@every_type
def test_far_from_the_origin_it_still_takes_the_steps_of_plain_em(covariance_type):
    far = X + 1e4
    start = start_of(far, covariance_type)
    ours, plain = em_with_missing(far, start, max_iter=20, tol=0), complete.em(far, start, max_iter=20, tol=0)
    assert_allclose(ours.parameters.covariances, plain.parameters.covariances, rtol=1e-6, atol=1e-9)


def test_complete_penguins_reach_their_optimum():
    fitted = em_with_missing(X, start_of(X, "full"), max_iter=500, tol=1e-9)
    assert fitted.mean_log_likelihood * len(X) == pytest.approx(-1148.4374, abs=1e-4)


@every_type
def test_the_log_likelihood_never_falls(covariance_type):
    path = em_with_missing(
        HOLED, start_of(HOLED, covariance_type), max_iter=100, tol=0, reg_covar=0
    ).mean_log_likelihoods
    assert np.diff(path).min() > -1e-12


@every_type
def test_with_a_prior_the_posterior_never_falls(covariance_type):
    prior = Prior(np.eye(4) if covariance_type in ("full", "tied") else 1.0, 20)
    path = em_with_missing(
        HOLED, start_of(HOLED, covariance_type), max_iter=100, tol=0, reg_covar=0, prior=prior
    ).mean_log_likelihoods
    assert np.diff(path).min() > -1e-12


@every_type
def test_the_log_likelihood_is_that_of_the_marginals(covariance_type):
    start = start_of(SOME_HOLED, covariance_type)
    means, covariances = start.means, covariance_matrices(as_mixture(start))
    total = 0.0
    for row in SOME_HOLED[~np.isnan(SOME_HOLED).all(axis=1)]:
        seen = ~np.isnan(row)
        per_component = zip(means, covariances, strict=True)
        parts = [multivariate_normal(m[seen], c[seen][:, seen]).logpdf(row[seen]) for m, c in per_component]
        total += logsumexp(np.log(start.weights) + parts)
    assert statistics(SOME_HOLED, start).log_likelihood == pytest.approx(total, abs=1e-9)


def expected_row_by_row(rows, start):
    """Return counts, first and second moments about the means, each row's conditional expectation written out."""
    mixture, means = as_mixture(start), start.means
    k, d = means.shape
    counts, first, second = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
    for row in rows:
        gap, seen = np.isnan(row), ~np.isnan(row)
        share = np.ones(k) if k == 1 else marginal(mixture, np.flatnonzero(seen)).predict_proba(row[None, seen])[0]
        for j, covariance in enumerate(covariance_matrices(mixture)):
            filled, doubt = row.copy(), np.zeros((d, d))
            filled[gap], doubt[np.ix_(gap, gap)] = textbook(means[j], covariance, row)
            counts[j] += share[j]
            first[j] += share[j] * (filled - means[j])
            second[j] += share[j] * (np.outer(filled - means[j], filled - means[j]) + doubt)
    return counts, first, second


AS_SUMMED = {
    "full": lambda second: second,
    "tied": lambda second: second.sum(axis=0),
    "diag": lambda second: np.diagonal(second, axis1=1, axis2=2),
    "spherical": lambda second: np.trace(second, axis1=1, axis2=2),
}


@pytest.mark.slow
@pytest.mark.parametrize("many", [missing.MANY, 0], ids=["explicit", "implicit"])
@pytest.mark.parametrize("k", [1, 3])
@every_type
def test_the_expected_sums_are_those_of_each_row_alone(covariance_type, k, many, monkeypatch):
    monkeypatch.setattr(missing, "MANY", many)
    rows = SOME_HOLED[~np.isnan(SOME_HOLED).all(axis=1)]
    start = em_with_missing(rows, start_of(rows, covariance_type, k), max_iter=5).parameters
    sums, (counts, first, second) = statistics(rows, start), expected_row_by_row(rows, start)
    assert_allclose(sums.counts, counts, rtol=1e-9)
    assert_allclose(sums.first, first, rtol=1e-8, atol=1e-9)
    assert_allclose(sums.second, AS_SUMMED[covariance_type](second), rtol=1e-8, atol=1e-9)


@every_type
def test_equal_components_say_what_one_says(covariance_type):
    rows = np.array([[1, np.nan], [0, 0.5], [2, 1]])
    one = start_of(rows, covariance_type, 1)
    two = Parameters(
        np.full(2, 0.5),
        np.repeat(one.means, 2, axis=0),
        one.covariances if covariance_type == "tied" else np.repeat(one.covariances, 2, axis=0),
        covariance_type,
    )
    alone, both = (em_with_missing(rows, start, max_iter=8, tol=0, reg_covar=0) for start in (one, two))
    assert_allclose(both.mean_log_likelihoods, alone.mean_log_likelihoods, rtol=1e-12)
    assert_allclose(covariance_matrices(as_mixture(both.parameters))[0],
                    covariance_matrices(as_mixture(alone.parameters))[0], rtol=1e-9, atol=1e-12)  # fmt: skip
    assert np.diff(both.mean_log_likelihoods).min() > -1e-12


@every_type
def test_the_order_of_the_columns_does_not_matter(covariance_type):
    order = [2, 0, 3, 1]
    start = start_of(HOLED, covariance_type)
    turned = covariance_matrices(as_mixture(start))[:, order][:, :, order]
    covariances = {"full": turned, "tied": turned[0], "diag": np.diagonal(turned, axis1=1, axis2=2)}
    permuted = Parameters(
        start.weights, start.means[:, order], covariances.get(covariance_type, start.covariances), covariance_type
    )
    one, other = (
        em_with_missing(HOLED, start, max_iter=30, tol=0),
        em_with_missing(HOLED[:, order], permuted, max_iter=30, tol=0),
    )
    assert_allclose(one.parameters.means[:, order], other.parameters.means, rtol=1e-8, atol=1e-10)


@every_type
def test_the_order_of_the_rows_does_not_matter(covariance_type):
    start, shuffled = start_of(HOLED, covariance_type), np.random.default_rng(0).permutation(HOLED)
    one, other = em_with_missing(HOLED, start, max_iter=30, tol=0), em_with_missing(shuffled, start, max_iter=30, tol=0)
    assert_allclose(one.parameters.means, other.parameters.means, rtol=1e-8, atol=1e-10)


@every_type
def test_rows_without_any_entry_change_nothing(covariance_type):
    start, nothing = start_of(HOLED, covariance_type), np.full((50, 4), np.nan)
    one, other = (
        em_with_missing(HOLED, start, max_iter=10, tol=0),
        em_with_missing(np.vstack([HOLED, nothing]), start, max_iter=10, tol=0),
    )
    assert_allclose(one.parameters.covariances, other.parameters.covariances, rtol=1e-12)


def test_a_gaussian_with_holes_in_one_column_has_the_regression_estimate():
    # Anderson (1957): x2 observed for some rows only; its mean is the regression's value at the mean of all x1.
    pair = X[:, 2:].copy()
    pair[::3, 1] = np.nan
    slope, intercept = np.polyfit(*pair[~np.isnan(pair[:, 1])].T, 1)
    fitted = em_with_missing(pair, start_of(pair, "full", 1), max_iter=500, tol=0, reg_covar=0).parameters
    assert fitted.means[0, 1] == pytest.approx(intercept + slope * pair[:, 0].mean(), abs=1e-9)


def test_block_size_does_not_matter(monkeypatch):
    start = start_of(HOLED, "full")
    whole = statistics(HOLED, start)
    monkeypatch.setattr(missing, "ROWS", 37)
    assert_allclose(statistics(HOLED, start).second, whole.second, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_the_implicit_sum_of_conditional_covariances_is_the_explicit_one(covariance_type, monkeypatch):
    start = em_with_missing(HOLED, start_of(HOLED, covariance_type), max_iter=20).parameters
    explicit = statistics(HOLED, start).second
    monkeypatch.setattr(missing, "MANY", 0)
    assert_allclose(statistics(HOLED, start).second, explicit, rtol=1e-9, atol=1e-9)


def test_a_prior_of_many_rows_is_what_comes_out():
    target = np.diag([1.0, 2.0, 3.0, 4.0])
    fitted = em_with_missing(HOLED, start_of(HOLED, "full"), prior=Prior(target, 1e12)).parameters
    assert_allclose(fitted.covariances, np.tile(target, (3, 1, 1)), rtol=1e-6, atol=1e-6)


def textbook(mean, covariance, row):
    """Return Bishop's (2006) equations 2.81 and 2.82."""
    a, b = np.isnan(row), ~np.isnan(row)
    gain = covariance[a][:, b] @ np.linalg.inv(covariance[b][:, b])
    return mean[a] + gain @ (row[b] - mean[b]), covariance[a][:, a] - gain @ covariance[b][:, a]


ROW = np.array([0.3, np.nan, -0.5, np.nan])


def test_each_component_is_conditioned_as_in_the_textbook():
    given = condition(THREE, ROW)
    for k in range(3):
        mean, covariance = textbook(THREE.means[k], THREE.covariances[k], ROW)
        assert_allclose(given.means_[k], mean, rtol=1e-10)
        assert_allclose(given.covariances_[k], covariance, rtol=1e-10, atol=1e-12)


def test_the_conditional_weights_are_the_responsibilities_of_the_marginal():
    mixture = as_mixture(THREE)
    expected = marginal(mixture, [0, 2]).predict_proba(ROW[None, [0, 2]])[0]
    assert_allclose(condition(mixture, ROW).weights_, expected, rtol=1e-10)


def test_conditional_times_marginal_is_the_joint_density():
    mixture, missing_part = as_mixture(THREE), np.array([[0.1, -0.7]])
    whole = ROW.copy()
    whole[np.isnan(ROW)] = missing_part[0]
    parts = condition(mixture, ROW).score_samples(missing_part) + predict_missing(ROW[None], mixture).log_density
    assert_allclose(parts, mixture.score_samples(whole[None]), rtol=1e-10)


def test_the_variance_is_that_of_the_conditional_density():
    row = np.array([0.3, np.nan, -0.5, 1.1])
    given, found = condition(THREE, row), predict_missing(row[None], THREE)
    about_mean = lambda x: (x - found.mean[0, 1]) ** 2 * np.exp(given.score_samples([[x]])[0])  # noqa: E731
    assert quad(about_mean, -8, 8)[0] == pytest.approx(found.variance[0, 1], rel=1e-6)


def test_the_predictions_are_the_moments_of_the_conditional_mixtures():
    rows = np.vstack([HOLED[np.isnan(HOLED).any(axis=1)][:40], np.full((1, 4), np.nan)])
    found = predict_missing(rows, THREE, covariance=True)
    for i, row in enumerate(rows):
        given, gap = condition(THREE, row), np.isnan(row)
        mean = given.weights_ @ given.means_
        second = np.einsum(
            "k,kij->ij", given.weights_, given.covariances_ + given.means_[:, :, None] * given.means_[:, None]
        )
        assert_allclose(found.mean[i, gap], mean, rtol=1e-9, atol=1e-12)
        assert_allclose(found.covariance[i][gap][:, gap], second - np.outer(mean, mean), rtol=1e-8, atol=1e-10)


def test_the_variances_are_the_diagonal_of_the_covariances():
    found = predict_missing(HOLED, THREE, covariance=True)
    assert_allclose(np.diagonal(found.covariance, axis1=1, axis2=2), found.variance, rtol=1e-8, atol=1e-12)


def test_observed_entries_are_predicted_as_they_are_and_surely():
    found, seen = predict_missing(HOLED, THREE), ~np.isnan(HOLED)
    assert_allclose(found.mean[seen], HOLED[seen])
    assert (found.variance[seen] == 0).all()


def test_a_row_without_entries_gets_the_weights_and_the_mean_of_the_mixture():
    found = predict_missing(np.full((1, 4), np.nan), THREE)
    assert_allclose(found.responsibilities[0], THREE.weights)
    assert_allclose(found.mean[0], THREE.weights @ THREE.means, atol=1e-12)


def test_complete_rows_get_the_responsibilities_of_scikit_learn():
    assert_allclose(predict_missing(X, THREE).responsibilities, as_mixture(THREE).predict_proba(X), atol=1e-9)


@every_type
def test_a_fitted_mixture_of_any_type_predicts_as_its_parameters_do(covariance_type):
    parameters = em_with_missing(HOLED, start_of(HOLED, covariance_type), max_iter=20).parameters
    of_mixture, of_parameters = predict_missing(HOLED, as_mixture(parameters)), predict_missing(HOLED, parameters)
    assert_allclose(of_mixture.mean, of_parameters.mean)


def test_hidden_entries_lie_in_their_ninety_percent_intervals():
    hidden = np.isnan(HOLED)
    fitted = em_with_missing(HOLED, start_of(HOLED, "full"), max_iter=200).parameters
    found = predict_missing(HOLED, fitted)
    inside = np.abs(X - found.mean)[hidden] < 1.645 * np.sqrt(found.variance[hidden])
    assert inside.mean() == pytest.approx(0.9, abs=0.05)


def test_expecting_beats_filling_with_the_means():
    hidden, fitted = np.isnan(HOLED), em_with_missing(HOLED, start_of(HOLED, "full"), max_iter=200).parameters
    error = (predict_missing(HOLED, fitted).mean - X)[hidden]
    assert np.square(error).mean() < 0.5 * np.square(X[hidden]).mean()


START = start_of(X, "full")
REFUSED = {
    "a column without entries": (np.where(np.arange(4) == 2, np.nan, X), "No entry of column 2"),
    "infinite entries": (np.where(X.max() - 1e-9 < X, np.inf, X), "infinite entries, the first in row"),
    "other columns": (X[:, :3], "expected .n, 4."),
    "fewer rows than components": (np.vstack([X[:2], np.full((9, 4), np.nan)]), "2 rows with an entry; 3 components"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unfit_data_are_refused_with_a_sentence(name):
    data, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        em_with_missing(data, START)


@every_type
def test_a_singular_covariance_is_refused_with_a_sentence(covariance_type):
    flat = np.ones((20, 2))
    start = Parameters(np.ones(1), flat[:1], {"full": np.eye(2)[None], "tied": np.eye(2), "diag": np.ones((1, 2))}.get(
        covariance_type, np.ones(1)), covariance_type)  # fmt: skip
    with pytest.raises(ValueError, match="not positive definite"):
        em_with_missing(flat, start, reg_covar=0)


def test_numbers_that_cannot_be_squared_are_refused_with_a_sentence():
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="too large to be squared"):
        em_with_missing(np.where(np.arange(4) == 1, 1e300 * X, X), START)


def test_no_iteration_is_refused():
    with pytest.raises(ValueError, match="at least one iteration"):
        em_with_missing(X, START, max_iter=0)


def test_a_complete_row_leaves_nothing_to_condition():
    with pytest.raises(ValueError, match="Nothing is missing"):
        condition(THREE, X[0])
