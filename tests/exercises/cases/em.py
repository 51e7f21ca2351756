"""Answers to the exercises of notebook 08: right ones written differently, and the usual wrong ones."""

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal, norm

from exercises.case import right, wrong
from gmmlab.engine.em import e_step as lab_e_step
from gmmlab.engine.parameters import Parameters
from gmmlab.mixture import from_parameters


def log_joint(X, weights, means, variances):
    return np.log(weights) + norm.logpdf(X[:, None], means, np.sqrt(variances)).sum(axis=2)


def steps(log, axis=1):
    """Return responsibilities and log-likelihood, summing over an axis."""
    return softmax(log, axis=axis), logsumexp(log, axis=1).sum()


@right("em-1")
def log_sum_exp_by_hand():
    def e_step(X, weights, means, variances):
        log = log_joint(X, weights, means, variances)
        top = log.max(axis=1, keepdims=True)
        log_density = top + np.log(np.exp(log - top).sum(axis=1, keepdims=True))
        return np.exp(log - log_density), log_density.sum()

    return e_step


@right("em-1")
def scipy_on_diagonal_matrices():
    def e_step(X, weights, means, variances):
        logs = [multivariate_normal(m, np.diag(v)).logpdf(X) for m, v in zip(means, variances, strict=True)]
        return steps(np.log(weights) + np.transpose(logs))

    return e_step


@right("em-1")
def scikit_learn_mixture():
    def e_step(X, *parameters):
        gmm = from_parameters(*parameters, "diag")
        return gmm.predict_proba(X), gmm.score(X) * len(X)

    return e_step


@right("em-1")
def lists_and_loops():
    def e_step(X, weights, means, variances):
        rows, total = [], 0.0
        for x in X:
            parts = zip(weights, means, variances, strict=True)
            log = [np.log(w) - 0.5 * sum(np.log(2 * np.pi * v) + (x - m) ** 2 / v) for w, m, v in parts]
            total += logsumexp(log)
            rows.append([float(np.exp(value - logsumexp(log))) for value in log])
        return rows, [float(total)]

    return e_step


@right("em-1")
def table_in_single_precision():
    def e_step(X, weights, means, variances):
        shares, log_density = lab_e_step(X, Parameters(weights, means, variances, "diag"))
        return pd.DataFrame(shares.astype(np.float32)), np.float32(log_density.sum())

    return e_step


def with_log_joint(log_joint_of):
    """Return an E-step that is right but for its log joint."""
    return lambda *arguments: steps(log_joint_of(*arguments))


def with_shares(shares_of):
    """Return an E-step whose log-likelihood is right."""
    return lambda *arguments: (shares_of(*arguments), steps(log_joint(*arguments))[1])


def with_total(total_of):
    """Return an E-step whose responsibilities are right."""
    return lambda *arguments: (steps(log_joint(*arguments))[0], total_of(*arguments))


@wrong("em-1", "hard-labels")
def one_component_takes_all():
    return with_shares(lambda X, w, m, v: np.eye(len(w))[log_joint(X, w, m, v).argmax(axis=1)])


@wrong("em-1", "hard-labels")
def density_of_the_largest_component():
    return with_total(lambda *arguments: log_joint(*arguments).max(axis=1).sum())


@wrong("em-1", "density-for-probability")
def never_divided():
    return with_shares(lambda *arguments: np.exp(log_joint(*arguments)))


@wrong("em-1", "density-for-probability")
def sum_of_densities():
    return with_total(lambda *arguments: np.exp(log_joint(*arguments)).sum())


@wrong("em-1", "unweighted")
def weights_forgotten():
    return with_log_joint(lambda X, w, m, v: log_joint(X, np.ones_like(w), m, v))


@wrong("em-1", "wrong-axis")
def columns_sum_to_one():
    return lambda *arguments: steps(log_joint(*arguments), axis=0)


@wrong("em-1", "variance-for-sd")
def variances_as_scale():
    return with_log_joint(lambda X, w, m, v: np.log(w) + norm.logpdf(X[:, None], m, v).sum(axis=2))


@wrong("em-1", "determinant-forgotten")
def distances_alone():
    return with_log_joint(lambda X, w, m, v: np.log(w) - 0.5 * ((X[:, None] - m) ** 2 / v).sum(axis=2))


@wrong("em-1", "log-for-probability")
def logarithms_of_responsibilities():
    return with_shares(lambda *arguments: np.log(steps(log_joint(*arguments))[0]))


@wrong("em-1", "per-sample-for-total")
def mean_log_density():
    return with_total(lambda X, *state: steps(log_joint(X, *state))[1] / len(X))


@wrong("em-1", "not-summed")
def log_density_of_each_row():
    return with_total(lambda *arguments: logsumexp(log_joint(*arguments), axis=1))


@wrong("em-1", "sum-of-logs")
def logarithm_before_the_sum():
    return with_total(lambda *arguments: log_joint(*arguments).sum())


@wrong("em-1", "bound-for-likelihood")
def expected_log_joint():
    return with_total(lambda *arguments: (steps(log_joint(*arguments))[0] * log_joint(*arguments)).sum())


@wrong("em-1", "sign")
def negative_log_likelihood():
    return with_total(lambda *arguments: -steps(log_joint(*arguments))[1])


@wrong("em-1", "underflow")
def exponentials_too_early():
    def e_step(X, weights, means, variances):
        joint = weights * norm.pdf(X[:, None], means, np.sqrt(variances)).prod(axis=2)
        density = joint.sum(axis=1, keepdims=True)
        return joint / density, np.log(density).sum()

    return e_step


@wrong("em-1", "underflow")
def logarithm_of_rounded_densities():
    return with_total(lambda *arguments: np.log(np.exp(log_joint(*arguments)).sum(axis=1)).sum())


@wrong("em-1", "transposed")
def a_row_for_each_component():
    return with_shares(lambda *arguments: steps(log_joint(*arguments))[0].T)


@wrong("em-1", "wrong-kind")
def responsibilities_alone():
    return lambda *arguments: steps(log_joint(*arguments))[0]


@wrong("em-1", "raised")
def shapes_that_do_not_meet():
    return lambda X, w, m, v: steps(np.log(w) + norm.logpdf(X, m, v))


def m_step(X, r, old=None):
    counts = r.sum(axis=0)[:, None]
    means = r.T @ X / counts
    return r.mean(axis=0), means, r.T @ X**2 / counts - means**2


@right("em-2")
def mean_of_squares_minus_square():
    return m_step


@right("em-2")
def loop_over_components():
    def step(X, r, old):
        counts = [column.sum() for column in r.T]
        means = [np.average(X, axis=0, weights=column) for column in r.T]
        variances = [np.average((X - m) ** 2, axis=0, weights=c) for m, c in zip(means, r.T, strict=True)]
        return [count / sum(counts) for count in counts], means, variances

    return step


@right("em-2")
def diagonal_of_the_covariances():
    def step(X, r, old):
        matrices = [np.cov(X, rowvar=False, aweights=column, ddof=0) for column in r.T]
        return r.sum(axis=0) / r.sum(), m_step(X, r)[1], np.array([np.diag(matrix) for matrix in matrices])

    return step


@right("em-2")
def tables_in_single_precision():
    def step(X, r, old):
        weights, means, variances = m_step(X, r)
        return pd.Series(weights), pd.DataFrame(means), variances.astype(np.float32)

    return step


def scatter(X, r, about):
    return np.array([column @ (X - point) ** 2 for column, point in zip(r.T, about, strict=True)])


def with_variances(variances_of):
    """Return an M-step whose weights and means are right."""
    return lambda X, r, old: (*m_step(X, r)[:2], variances_of(X, r, old))


@wrong("em-2", "old-means")
def scatter_about_old_means():
    return with_variances(lambda X, r, old: scatter(X, r, old) / r.sum(axis=0)[:, None])


@wrong("em-2", "old-means")
def mean_of_squares_minus_old_square():
    return with_variances(lambda X, r, old: r.T @ X**2 / r.sum(axis=0)[:, None] - old**2)


@wrong("em-2", "old-means")
def means_left_as_they_were():
    return lambda X, r, old: (r.mean(axis=0), old, m_step(X, r)[2])


@wrong("em-2", "divided-by-n")
def everything_divided_by_all_rows():
    return lambda X, r, old: (r.mean(axis=0), r.T @ X / len(X), scatter(X, r, m_step(X, r)[1]) / len(X))


@wrong("em-2", "divided-by-n")
def variances_divided_by_all_rows():
    return with_variances(lambda X, r, old: scatter(X, r, m_step(X, r)[1]) / len(X))


@wrong("em-2", "nk-minus-one")
def sample_variances():
    return with_variances(lambda X, r, old: scatter(X, r, m_step(X, r)[1]) / (r.sum(axis=0) - 1)[:, None])


@wrong("em-2", "variance-for-sd")
def standard_deviations():
    return with_variances(lambda X, r, old: np.sqrt(m_step(X, r)[2]))


@wrong("em-2", "covariance-type")
def full_matrices():
    return with_variances(lambda X, r, old: [np.cov(X.T, aweights=column, ddof=0) for column in r.T])


@wrong("em-2", "covariance-type")
def one_variance_a_component():
    return with_variances(lambda X, r, old: m_step(X, r)[2].mean(axis=1))


@wrong("em-2", "hard-labels")
def rows_dealt_out_whole():
    return lambda X, r, old: tuple(np.nan_to_num(part) for part in m_step(X, np.eye(len(old))[r.argmax(axis=1)]))


@wrong("em-2", "unweighted")
def variances_of_all_rows():
    return with_variances(lambda X, r, old: np.tile(X.var(axis=0), (len(old), 1)))


@wrong("em-2", "not-centred")
def mean_squares():
    return with_variances(lambda X, r, old: r.T @ X**2 / r.sum(axis=0)[:, None])


@wrong("em-2", "counts-for-weights")
def counts_returned():
    return lambda X, r, old: (r.sum(axis=0), *m_step(X, r)[1:])


@wrong("em-2", "not-divided")
def sums_returned():
    return lambda X, r, old: (r.mean(axis=0), r.T @ X, m_step(X, r)[2])


@wrong("em-2", "transposed")
def a_column_for_each_component():
    return lambda X, r, old: (r.mean(axis=0), m_step(X, r)[1].T, m_step(X, r)[2])


@wrong("em-2", "wrong-length")
def weights_not_returned():
    return lambda X, r, old: m_step(X, r)[1:]


@wrong("em-2", "raised")
def counts_of_the_rows():
    return lambda X, r, old: (r.mean(axis=0), r.T @ X / r.sum(axis=1)[:, None], old)


@right("em-3")
def letter():
    return "c"


@right("em-3")
def capital_letter():
    return "C"


@right("em-3")
def letter_in_parentheses():
    return " (c)."


@wrong("em-3", "chose-a")
def lost_digits():
    return "a"


@wrong("em-3", "chose-b")
def old_responsibilities():
    return "b"


@wrong("em-3", "chose-d")
def spoilt_means():
    return "d"


@wrong("em-3", "wrong-kind")
def two_letters():
    return "a, c"


@wrong("em-3", "wrong-kind")
def letters_in_a_list():
    return ["c"]


@wrong("em-3", "wrong-kind")
def number_of_the_option():
    return 3


def from_sums(counts, first, second):
    means = first / counts[:, None]
    return counts / counts.sum(), means, second / counts[:, None, None] - np.einsum("ka,kb->kab", means, means)


def added(one, other):
    return from_sums(*(a + b for a, b in zip(one, other, strict=True)))


@right("em-4")
def sums_added_then_divided():
    return added


@right("em-4")
def sums_averaged_then_divided():
    return lambda one, other: from_sums(*(np.mean(pair, axis=0) for pair in zip(one, other, strict=True)))


@right("em-4")
def within_plus_between():
    def combine(one, other):
        (_, m1, c1), (_, m2, c2) = from_sums(*one), from_sums(*other)
        share = one[0] / (one[0] + other[0])
        a, b = share[:, None, None], (1 - share)[:, None, None]
        between = a * b * np.einsum("ka,kb->kab", m1 - m2, m1 - m2)
        weights = (one[0] + other[0]) / (one[0] + other[0]).sum()
        return weights, share[:, None] * m1 + (1 - share)[:, None] * m2, a * c1 + b * c2 + between

    return combine


@right("em-4")
def lists_in_single_precision():
    def combine(one, other):
        weights, means, covariances = added(one, other)
        return weights.tolist(), pd.DataFrame(means), covariances.astype(np.float32)

    return combine


def with_covariances(covariances_of):
    """Return a function whose weights and means are right."""
    return lambda one, other: (*added(one, other)[:2], covariances_of(one, other))


@wrong("em-4", "averaged-parameters")
def parameters_averaged():
    def combine(one, other):
        return [(a + b) / 2 for a, b in zip(from_sums(*one), from_sums(*other), strict=True)]

    return combine


@wrong("em-4", "between-halves-lost")
def covariances_averaged_by_counts():
    def covariances(one, other):
        share = (one[0] / (one[0] + other[0]))[:, None, None]
        return share * from_sums(*one)[2] + (1 - share) * from_sums(*other)[2]

    return with_covariances(covariances)


@wrong("em-4", "added-parameters")
def parameters_added():
    return lambda one, other: [a + b for a, b in zip(from_sums(*one), from_sums(*other), strict=True)]


@wrong("em-4", "one-half")
def second_half_forgotten():
    return lambda one, other: from_sums(*one)


@wrong("em-4", "counts-for-weights")
def counts_of_both():
    return lambda one, other: (one[0] + other[0], *added(one, other)[1:])


@wrong("em-4", "divided-by-n")
def sums_divided_by_all_rows():
    def combine(one, other):
        weights, _, covariances = added(one, other)
        return weights, (one[1] + other[1]) / (one[0] + other[0]).sum(), covariances

    return combine


@wrong("em-4", "divided-by-n")
def second_sums_divided_by_all_rows():
    def covariances(one, other):
        means = added(one, other)[1]
        return (one[2] + other[2]) / (one[0] + other[0]).sum() - means[:, :, None] * means[:, None]

    return with_covariances(covariances)


@wrong("em-4", "not-centred")
def squares_of_means_left_in():
    return with_covariances(lambda one, other: (one[2] + other[2]) / (one[0] + other[0])[:, None, None])


@wrong("em-4", "nk-minus-one")
def divided_by_one_less():
    def covariances(one, other):
        counts = (one[0] + other[0])[:, None, None]
        return added(one, other)[2] * counts / (counts - 1)

    return with_covariances(covariances)


@wrong("em-4", "covariance-type")
def variances_alone():
    return with_covariances(lambda one, other: np.einsum("kaa->ka", added(one, other)[2]))


@wrong("em-4", "not-divided")
def sums_as_means():
    return lambda one, other: (added(one, other)[0], one[1] + other[1], added(one, other)[2])


@wrong("em-4", "raised")
def halves_taken_for_arrays():
    return lambda one, other: from_sums(*(np.array(one) + np.array(other)))


@wrong("em-4", "wrong-kind")
def called_instead_of_named():
    rows = np.eye(3)
    return added((np.ones(3), rows, np.array([rows] * 3)), (np.ones(3), rows, np.array([rows] * 3)))[1]
