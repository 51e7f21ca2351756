"""Facts that hold for each covariance type, for one mixture and for a batch alike."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from gmmlab.engine.covariances import TYPES, inverse_triangles, single_precision_features
from gmmlab.engine.spaces import space_of

R, K, D = 3, 4, 3
RNG = np.random.default_rng(0)
WEIGHTS = RNG.dirichlet(np.full(K, 5), size=R)
MEANS = RNG.normal(size=(R, K, D))
ROOTS = RNG.normal(size=(R, K, D, D)) + 2 * np.eye(D)
OWN = ROOTS @ np.swapaxes(ROOTS, -1, -2)
ROWS = RNG.normal(size=(50, D)) @ ROOTS[0, 0]

every_type = pytest.mark.parametrize("name", TYPES)


def covariances_of(name):
    """Return the covariances of R mixtures."""
    return TYPES[name].of_matrices(OWN, OWN.mean(axis=1))


@every_type
def test_covariances_have_the_shape_of_the_type(name):
    assert covariances_of(name).shape == (R, *TYPES[name].shape(K, D))


@every_type
def test_coefficients_times_features_are_the_weighted_log_densities(name):
    kind, c = TYPES[name], covariances_of(name)
    coefficients = kind.linear_form(WEIGHTS, MEANS, *kind.inverse(c, D))
    got = coefficients @ single_precision_features(ROWS, kind)
    matrices = kind.matrices(c, K, D)
    for r in range(R):
        for k in range(K):
            density = multivariate_normal(MEANS[r, k], matrices[r, k]).logpdf(ROWS)
            assert_allclose(got[r, k], np.log(WEIGHTS[r, k]) + density, rtol=1e-4, atol=1e-3)


@every_type
def test_a_batch_gives_what_its_mixtures_give_alone(name):
    kind, c = TYPES[name], covariances_of(name)
    counts, first = RNG.uniform(5, 9, size=(R, K)), RNG.normal(size=(R, K, D))
    squares = RNG.uniform(50, 60, size=(R, K, kind.n_features(D) - D))
    batch = [
        kind.matrices(c, K, D),
        kind.linear_form(WEIGHTS, MEANS, *kind.inverse(c, D)),
        *kind.m_step(counts, first, kind.second(squares, D), 1e-6),
        kind.misfit(c, 2 * c, D),
        kind.precision(kind.precision_root(c)),
    ]
    for r in range(R):
        alone = [
            kind.matrices(c[r], K, D),
            kind.linear_form(WEIGHTS[r], MEANS[r], *kind.inverse(c[r], D)),
            *kind.m_step(counts[r], first[r], kind.second(squares[r], D), 1e-6),
            kind.misfit(c[r], 2 * c[r], D),
            kind.precision(kind.precision_root(c[r])),
        ]
        for many, one in zip(batch, alone, strict=True):
            assert_allclose(many[r], one, rtol=1e-10, atol=1e-12)


@every_type
def test_the_m_step_gives_the_moments_of_the_rows(name):
    kind, shares = TYPES[name], RNG.dirichlet(np.ones(K), size=len(ROWS)).T
    sums = shares @ single_precision_features(ROWS, kind).T
    weights, means, c = kind.m_step(sums[:, 0], sums[:, 1 : D + 1], kind.second(sums[:, D + 1 :], D), 0)
    own = np.array([np.cov(ROWS.T, aweights=share, ddof=0) for share in shares])
    assert_allclose(weights, shares.mean(axis=1), rtol=1e-5)
    assert_allclose(means, shares @ ROWS / shares.sum(axis=1)[:, None], rtol=1e-4, atol=1e-4)
    assert_allclose(c, kind.of_matrices(own, np.tensordot(weights, own, 1)), rtol=1e-4, atol=1e-4)


@every_type
def test_the_likelihood_does_not_notice_the_map_of_the_type(name):
    kind, c = TYPES[name], covariances_of(name)[0]
    space = space_of(ROWS, kind.invariance)
    mapped = kind.matrices(kind.mapped(c, space.forward), K, D)
    assert_allclose(mapped, space.forward.T @ kind.matrices(c, K, D) @ space.forward, rtol=1e-10, atol=1e-12)


@every_type
def test_the_misfit_is_that_of_full_matrices(name):
    kind, c = TYPES[name], covariances_of(name)[0]
    full = kind.matrices(c, K, D)
    expected = np.linalg.slogdet(full)[1] + 2 * D  # trace(C^-1 2C)
    got = kind.misfit(c, 2 * c, D)
    assert_allclose(got.sum(), expected[0] if kind.shared else expected.sum(), rtol=1e-12)


@every_type
def test_what_is_thin_or_has_no_inverse_is_noticed(name):
    kind, c = TYPES[name], covariances_of(name).copy()
    spread = np.ones(D)
    variances = [np.linalg.eigvalsh(kind.matrices(each, K, D))[: 1 if kind.shared else K] for each in c]
    assert_allclose([kind.widths(each, spread).reshape(-1, D) ** 2 for each in c], variances)
    c[1] *= -1
    assert kind.valid(c).tolist() == [True, False, True]


@pytest.mark.parametrize("sign", [1, -1])
def test_many_dimensions_are_inverted_too_and_what_is_not_quite_definite(sign):
    roots = RNG.normal(size=(2, 3, 14, 20))
    c = roots @ np.swapaxes(roots, -1, -2)
    c[0, 1] *= sign  # of 14 negative eigenvalues the determinant is positive
    inverse, log_det = TYPES["full"].inverse(c, 14)
    assert_allclose(inverse @ c, np.broadcast_to(np.eye(14), c.shape), atol=1e-9)
    assert_allclose(log_det, np.linalg.slogdet(c)[1])


@pytest.mark.parametrize("d", [1, 3, 12, 13, 40])
def test_triangles_are_inverted_one_by_one_or_together(d):
    lower = np.linalg.cholesky(np.cov(RNG.normal(size=(d, 3 * d + 2))).reshape(d, d)) * np.arange(1, 4)[:, None, None]
    assert_allclose(inverse_triangles(lower) @ lower, np.broadcast_to(np.eye(d), lower.shape), atol=1e-12)
    assert_allclose(inverse_triangles(lower[0]), np.tril(np.linalg.inv(lower[0])), rtol=1e-9, atol=1e-12)
