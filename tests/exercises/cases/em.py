"""Answers to the exercises of notebook 08: right ones written differently, and the usual wrong ones."""

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal, norm

from exercises.case import right, wrong
from gmmlab.engine.em_steps import e_step as lab_e_step
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


@wrong("em-1", "underflow")
def exponentials_too_early():
    def e_step(X, weights, means, variances):
        joint = weights * norm.pdf(X[:, None], means, np.sqrt(variances)).prod(axis=2)
        density = joint.sum(axis=1, keepdims=True)
        return joint / density, np.log(density).sum()

    return e_step


@wrong("em-1", "wrong-length")
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


@wrong("em-2", "divided-by-n")
def everything_divided_by_all_rows():
    return lambda X, r, old: (r.mean(axis=0), r.T @ X / len(X), scatter(X, r, m_step(X, r)[1]) / len(X))


@wrong("em-2", "covariance-type")
def full_matrices():
    return with_variances(lambda X, r, old: [np.cov(X.T, aweights=column, ddof=0) for column in r.T])


@wrong("em-2", "hard-labels")
def rows_dealt_out_whole():
    return lambda X, r, old: tuple(np.nan_to_num(part) for part in m_step(X, np.eye(len(old))[r.argmax(axis=1)]))


@wrong("em-2", "raised")
def counts_of_the_rows():
    return lambda X, r, old: (r.mean(axis=0), r.T @ X / r.sum(axis=1)[:, None], old)


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


@wrong("em-4", "added-parameters")
def parameters_added():
    return lambda one, other: [a + b for a, b in zip(from_sums(*one), from_sums(*other), strict=True)]


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


@wrong("em-4", "raised")
def halves_taken_for_arrays():
    return lambda one, other: from_sums(*(np.array(one) + np.array(other)))


@wrong("em-4", "wrong-kind")
def called_instead_of_named():
    rows = np.eye(3)
    return added((np.ones(3), rows, np.array([rows] * 3)), (np.ones(3), rows, np.array([rows] * 3)))[1]


def split(x, covariance):
    """Return which values are observed, and the blocks of the covariance."""
    seen = ~np.isnan(x)
    return seen, covariance[np.ix_(seen, seen)], covariance[np.ix_(~seen, seen)], covariance[np.ix_(~seen, ~seen)]


@right("em-5")
def the_lines_of_the_notebook():
    def expect_one(x, mean, covariance):
        seen = ~np.isnan(x)
        regression = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[seen])
        return mean + (x[seen] - mean[seen]) @ regression, covariance - regression.T @ covariance[seen]

    return expect_one


@right("em-5")
def missing_values_alone_by_the_inverse():
    def expect_one(x, mean, covariance):
        seen, observed, across, hidden = split(x, covariance)
        bird, errors = x.copy(), np.zeros_like(covariance)
        slopes = across @ np.linalg.inv(observed)
        bird[~seen] = mean[~seen] + slopes @ (x[seen] - mean[seen])
        errors[np.ix_(~seen, ~seen)] = hidden - slopes @ across.T
        return bird, errors

    return expect_one


@right("em-5")
def by_the_precision_of_the_missing_values():
    def expect_one(x, mean, covariance):
        seen, precision = ~np.isnan(x), np.linalg.inv(covariance)
        bird, errors = x.copy(), np.zeros_like(covariance)
        inner = np.linalg.inv(precision[np.ix_(~seen, ~seen)])
        bird[~seen] = mean[~seen] - inner @ precision[np.ix_(~seen, seen)] @ (x[seen] - mean[seen])
        errors[np.ix_(~seen, ~seen)] = inner
        return bird.tolist(), pd.DataFrame(errors)

    return expect_one


@wrong("em-5", "mean-filled-in")
def means_for_what_is_missing():
    return lambda x, mean, covariance: (np.where(np.isnan(x), mean, x), covariance)


@wrong("em-5", "each-alone")
def correlations_of_the_observed_ignored():
    def expect_one(x, mean, covariance):
        seen, observed, across, hidden = split(x, covariance)
        bird, errors = x.copy(), np.zeros_like(covariance)
        slopes = across / np.diag(observed)
        bird[~seen] = mean[~seen] + slopes @ (x[seen] - mean[seen])
        errors[np.ix_(~seen, ~seen)] = hidden - slopes @ across.T
        return bird, errors

    return expect_one


@wrong("em-5", "wrong-shape")
def missing_values_alone():
    def expect_one(x, mean, covariance):
        seen, observed, across, hidden = split(x, covariance)
        slopes = across @ np.linalg.inv(observed)
        return mean[~seen] + slopes @ (x[seen] - mean[seen]), hidden - slopes @ across.T

    return expect_one


@wrong("em-5", "not-finite")
def missing_values_in_the_product():
    return lambda x, mean, covariance: (mean + (x - mean) @ covariance, covariance)
