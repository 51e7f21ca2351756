"""The package's EM takes scikit-learn's steps, from sums that add up over blocks."""

import warnings

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from gmmlab.engine.em_steps import centred, em, m_step, products_of, statistics, to_responsibilities
from gmmlab.engine.expectation import Factors, Linear, Mixed, Whitened, choose_way
from gmmlab.engine.parameters import Parameters
from gmmlab.mixture import COVARIANCE_TYPES

STEPS = 7


def clouds(n, d, k, *, at=0.0, seed=0):
    """Return n rows around k centres, far from the origin if asked."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=3, size=(k, d))
    return at + centres[rng.integers(k, size=n)] + rng.normal(size=(n, d)) @ rng.normal(scale=0.7, size=(d, d))


def start_for(X, k, covariance_type, seed=1):
    """Return a start: rows as means, and the covariance of the data."""
    d = X.shape[1]
    common = np.cov(X.T).reshape(d, d)
    covariances = {
        "full": np.tile(common, (k, 1, 1)),
        "tied": common,
        "diag": np.tile(np.diag(common), (k, 1)),
        "spherical": np.full(k, np.trace(common) / d),
    }[covariance_type]
    rows = np.random.default_rng(seed).choice(len(X), k, replace=False)
    return Parameters(np.full(k, 1 / k), X[rows], covariances, covariance_type)


def scikit_learn(X, start, steps):
    """Return scikit-learn's mixture after the same number of steps from the same start."""
    precisions = (
        1 / start.covariances if start.covariance_type in ("diag", "spherical") else np.linalg.inv(start.covariances)
    )
    gmm = GaussianMixture(
        len(start.weights),
        covariance_type=start.covariance_type,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=precisions,
        max_iter=steps,
        tol=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return gmm.fit(X)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize(("n", "d", "k", "at"), [(50, 1, 2, 0), (2000, 2, 3, 0), (3000, 5, 4, 1e4), (3000, 20, 2, 0)])
def test_same_start_and_steps_give_the_parameters_of_scikit_learn(covariance_type, n, d, k, at):
    X = clouds(n, d, k, at=at)
    start = start_for(X, k, covariance_type)
    ours = em(X, start, max_iter=STEPS, tol=0)
    # Far from the origin scikit-learn's own squares lose eight digits, so it gets the data near it.
    theirs = scikit_learn(X - at, start.shifted(-at), STEPS)
    np.testing.assert_allclose(ours.parameters.weights, theirs.weights_, rtol=1e-8)
    np.testing.assert_allclose(ours.parameters.means, theirs.means_ + at, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.parameters.covariances, theirs.covariances_, rtol=1e-7, atol=1e-8)
    assert ours.mean_log_likelihood == pytest.approx(theirs.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_log_likelihood_never_falls(covariance_type):
    X = clouds(1000, 3, 4)
    path = em(X, start_for(X, 4, covariance_type), max_iter=100, tol=0, reg_covar=0).mean_log_likelihoods
    assert np.diff(path).min() > -1e-12


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_statistics_of_blocks_add_up(covariance_type):
    X = clouds(1000, 3, 2)
    start = start_for(X, 2, covariance_type)
    whole, parts = statistics(X, start), sum(statistics(block, start) for block in np.array_split(X, 7))
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood)
    np.testing.assert_allclose(m_step(parts).covariances, m_step(whole).covariances, rtol=1e-9)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_order_of_the_rows_does_not_matter(covariance_type):
    X = clouds(500, 2, 2)
    start = start_for(X, 2, covariance_type)
    shuffled = np.random.default_rng(5).permutation(X)
    one, other = em(X, start, tol=1e-9), em(shuffled, start, tol=1e-9)
    np.testing.assert_allclose(one.parameters.means, other.parameters.means, rtol=1e-7, atol=1e-9)


def test_single_precision_is_close():
    X = clouds(2000, 2, 3)
    start = start_for(X, 3, "full")
    double, single = em(X, start, tol=0, max_iter=5), em(X.astype(np.float32), start, tol=0, max_iter=5)
    np.testing.assert_allclose(single.parameters.means, double.parameters.means, rtol=1e-2, atol=1e-2)


def test_weights_sum_to_one():
    X = clouds(500, 2, 3)
    assert em(X, start_for(X, 3, "full")).parameters.weights.sum() == pytest.approx(1)


X = clouds(60, 2, 2)
START = start_for(X, 2, "full")
REFUSED = {
    "missing entries": (np.where(X.max() - 1 < X, np.nan, X), START, "missing entries, the first in row"),
    "infinite entries": (np.where(X.max() - 1 < X, np.inf, X), START, "infinite entries, the first in row"),
    "fewer rows than components": (X[:1], START, "1 rows; 2 components"),
    "other columns": (X[:, :1], START, "expected .n, 2."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unfit_data_are_refused_with_a_sentence(name):
    data, start, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        em(data, start)


def test_a_constant_column_is_kept_from_collapse_by_the_floor():
    flat = np.column_stack([X[:, 0], np.ones(len(X))])
    start = Parameters(np.array([0.5, 0.5]), flat[:2], np.tile(np.eye(2), (2, 1, 1)), "full")
    assert em(flat, start, max_iter=20).parameters.covariances[:, 1, 1] == pytest.approx([1e-6, 1e-6], rel=1e-3)


def test_a_constant_column_without_a_floor_is_refused_with_a_sentence():
    flat = np.column_stack([X[:, 0], np.ones(len(X))])
    start = Parameters(np.array([0.5, 0.5]), flat[:2], np.tile(np.eye(2), (2, 1, 1)), "full")
    with pytest.raises(ValueError, match="not positive definite"):
        em(flat, start, max_iter=20, reg_covar=0)


def test_weights_that_are_no_distribution_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        Parameters(np.array([0.5, 0.6]), START.means, START.covariances, "full")


@pytest.mark.parametrize(
    ("n", "d", "k", "kind"),
    [(700, 2, 6, Mixed), (700, 9, 5, Mixed), (1500, 16, 10, Mixed), (600, 21, 4, Factors), (600, 40, 4, Factors)],
)
def test_only_nearly_singular_components_take_the_careful_way_and_all_sums_agree(n, d, k, kind):
    X = clouds(n, d, k)
    X -= X.mean(axis=0)
    p = m_step(statistics(X, start_for(X, k, "full")))
    thin, (scales, axes) = p.covariances.copy(), np.linalg.eigh(p.covariances[1])
    scales[0] *= 1e-6
    thin[1] = axes * scales @ axes.T
    p = Parameters(p.weights, p.means, thin)
    way = choose_way(p, n, X.dtype)
    assert type(way) is kind
    assert kind is Factors or list(way.careful) == [1]
    sums = statistics(X, p)
    log_densities = np.stack(
        [
            np.log(w) + multivariate_normal(m, c).logpdf(X)
            for w, m, c in zip(p.weights, p.means, p.covariances, strict=True)
        ]
    )
    shares, about = softmax(log_densities, axis=0), X[None] - sums.origin[:, None]
    assert sums.log_likelihood == pytest.approx(logsumexp(log_densities, axis=0).sum(), rel=1e-10)
    np.testing.assert_allclose(sums.counts, shares.sum(axis=1), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(sums.first, np.einsum("kn,kni->ki", shares, about), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(sums.second, np.einsum("kn,kni,knj->kij", shares, about, about), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("thinner", "kind"), [(1, Linear), (1e-3, Linear), (1e-9, Whitened)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("some", [False, True])
def test_a_tied_mixture_leaves_the_squares_out_unless_that_costs_digits(thinner, kind, weighted, some):
    X, rng = clouds(9000, 5, 3), np.random.default_rng(2)
    axes, _, _ = np.linalg.svd(np.cov(X.T))
    shrink = axes @ np.diag([*np.ones(4), thinner**0.5]) @ axes.T
    X = (X - X.mean(axis=0)) @ shrink
    p = m_step(statistics(X, start_for(X, 3, "tied")))
    weights = rng.uniform(0.5, 2, len(X)) if weighted else None
    allowed = np.ones((len(X), 3), bool)
    allowed[:4000, rng.integers(3)] = not some
    products = products_of(X, weights)
    assert type(choose_way(p, len(X), X.dtype, products)) is kind
    sums = statistics(X, p, weights=weights, allowed=allowed, products=products)
    root = np.linalg.inv(np.linalg.cholesky(p.covariances))
    z = np.einsum("ij,knj->kni", root, X - p.means[:, None])
    log_densities = (np.log(p.weights)[:, None] - 0.5 * (z**2).sum(axis=2)) + np.log(np.diag(root)).sum()
    log_densities = np.where(allowed.T, log_densities - 2.5 * np.log(2 * np.pi), -np.inf)
    w = np.ones(len(X)) if weights is None else weights
    shares = softmax(log_densities, axis=0) * w
    assert sums.log_likelihood == pytest.approx((logsumexp(log_densities, axis=0) * w).sum(), rel=1e-9)
    np.testing.assert_allclose(sums.counts, shares.sum(axis=1), rtol=1e-8)
    np.testing.assert_allclose(sums.first, shares @ X, rtol=1e-8, atol=1e-6)
    second = root @ sums.second @ root.T  # the thin direction counts as much as the others
    np.testing.assert_allclose(second, (root @ X.T * w) @ (root @ X.T).T, rtol=1e-6, atol=1e-6 * len(X))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("about", [0.0, 45.0, -45.0, 400.0, -400.0, 1e4])
@pytest.mark.parametrize("odd", [0.0, -1e3, 1e3, -np.inf])
def test_responsibilities_are_those_of_scipy_wherever_the_log_densities_are(dtype, about, odd):
    log_densities = (about + np.random.default_rng(0).normal(scale=5, size=(4, 1000))).astype(dtype)
    log_densities[:3, 500:510] += odd  # rows that a look at some does not see; one component stays finite
    log_densities[3, 505:] += odd if np.isfinite(odd) else 0
    shares, total = softmax(log_densities.astype(float), axis=0), logsumexp(log_densities.astype(float), axis=0)
    found = to_responsibilities(log_densities)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(log_densities, shares, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found, total, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(7, 2), (5000, 3), (9000, 17)])
def test_centred_rows_are_stored_by_columns(shape):
    X = np.random.default_rng(0).normal(size=shape)
    found = centred(X, X[0])
    assert found.flags.f_contiguous
    np.testing.assert_array_equal(found, X - X[0])
