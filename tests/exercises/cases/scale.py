"""Answers to the exercises of notebook 15: right ones written differently, and the usual wrong ones."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import binom, multivariate_normal, poisson

from exercises.case import right, wrong
from gmmlab.engine.em_steps import e_step, m_step, statistics
from gmmlab.engine.parameters import Parameters


def parts(block, weights, means, covariance):
    """Return responsibilities and log densities of a block."""
    return e_step(block, Parameters(weights, means, covariance, "tied"))


@right("scale-1")
def sums_of_the_e_step():
    def iteration(blocks, weights, means, covariance):
        counts = first = second = total = rows = 0
        for block in blocks:
            r, log_density = parts(block, weights, means, covariance)
            counts, first, second = counts + r.sum(axis=0), first + r.T @ block, second + block.T @ block
            total, rows = total + log_density.sum(), rows + len(block)
        new = first / counts[:, None]
        return counts / rows, new, (second - first.T @ new) / rows, total / rows

    return iteration


@right("scale-1")
def statistics_of_the_lab():
    def iteration(blocks, *old):
        found = sum(statistics(block, Parameters(*old, "tied")) for block in blocks)
        new = m_step(found, reg_covar=0)
        return new.weights, new.means, new.covariances, found.log_likelihood / found.rows

    return iteration


@right("scale-1")
def second_pass_about_the_new_means_in_lists():
    def iteration(blocks, weights, means, covariance):
        logs = [
            np.log(w) + np.column_stack([multivariate_normal(m, covariance).logpdf(block) for m in means])
            for block, w in ((block, weights) for block in blocks)
        ]
        shares = [np.exp(log - logsumexp(log, axis=1, keepdims=True)) for log in logs]
        counts = sum(r.sum(axis=0) for r in shares)
        new = sum(r.T @ b for r, b in zip(shares, blocks, strict=True)) / counts[:, None]
        scatter = 0
        for r, b in zip(shares, blocks, strict=True):
            for k, mean in enumerate(new):
                scatter = scatter + (r[:, k] * (b - mean).T) @ (b - mean)
        rows = sum(len(block) for block in blocks)
        total = sum(logsumexp(log, axis=1).sum() for log in logs)
        return (counts / rows).tolist(), new.tolist(), scatter / rows, [float(total / rows)]

    return iteration


@right("scale-1")
def total_covariance_less_that_of_the_means():
    def iteration(blocks, *old):
        X = np.concatenate(blocks)
        r, log_density = parts(X, *old)
        weights, means = r.mean(axis=0), r.T @ X / r.sum(axis=0)[:, None]
        between = np.cov(means.T, aweights=weights, bias=True)
        return weights, means, (np.cov(X.T, bias=True) - between).astype(np.float32), np.float32(log_density.mean())

    return iteration


@wrong("scale-1", "last-block")
def overwritten():
    def iteration(blocks, *old):
        for block in blocks:
            r, log_density = parts(block, *old)
            first = r.T @ block
            new = first / r.sum(axis=0)[:, None]
        return r.mean(axis=0), new, (block.T @ block - first.T @ new) / len(block), log_density.mean()

    return iteration


@wrong("scale-1", "means-unweighted")
def unweighted_squares_of_the_means():
    def iteration(blocks, *old):
        X = np.concatenate(blocks)
        r, log_density = parts(X, *old)
        means = r.T @ X / r.sum(axis=0)[:, None]
        return r.mean(axis=0), means, X.T @ X / len(X) - means.T @ means / len(means), log_density.mean()

    return iteration


@wrong("scale-1", "wrong-shape")
def a_covariance_for_each_component():
    def iteration(blocks, *old):
        X = np.concatenate(blocks)
        r, log_density = parts(X, *old)
        means = r.T @ X / r.sum(axis=0)[:, None]
        each = [(share * (X - m).T) @ (X - m) / share.sum() for share, m in zip(r.T, means, strict=True)]
        return r.mean(axis=0), means, each, log_density.mean()

    return iteration


@wrong("scale-1", "wrong-kind")
def parameters_as_an_object():
    return lambda blocks, *old: Parameters(*old, "tied")


@wrong("scale-1", "raised")
def blocks_taken_for_an_array():
    return lambda blocks, *old: parts(np.array(blocks), *old)


def share_of(scores, tolerance):
    return np.mean(scores >= np.max(scores) - tolerance)


@right("scale-2")
def counted_up():
    def starts_needed(scores, tolerance, chance):
        miss, starts = 1 - share_of(scores, tolerance), 1
        while 1 - miss**starts < chance:
            starts += 1
        return starts

    return starts_needed


@right("scale-2")
def logarithms_and_a_case_apart():
    def starts_needed(scores, tolerance, chance):
        good = sum(score > max(scores) - tolerance for score in scores)
        if good == len(scores):
            return [1]
        return int(np.ceil(np.log10(1 - chance) / np.log10(1 - good / len(scores))))

    return starts_needed


@right("scale-2")
def at_least_one():
    def starts_needed(scores, tolerance, chance):
        with np.errstate(divide="ignore"):
            return max(1.0, np.ceil(np.log(1 - chance) / np.log(1 - share_of(scores, tolerance))))

    return starts_needed


@wrong("scale-2", "all-good")
def nothing_where_all_are_good():
    def starts_needed(scores, tolerance, chance):
        with np.errstate(divide="ignore"):
            return np.ceil(np.log(1 - chance) / np.log(1 - share_of(scores, tolerance)))

    return starts_needed


@wrong("scale-2", "rounded-down")
def truncated():
    def starts_needed(scores, tolerance, chance):
        with np.errstate(divide="ignore"):
            return max(1, int(np.log(1 - chance) / np.log(1 - share_of(scores, tolerance))))

    return starts_needed


@right("scale-3")
def sizes_as_an_array():
    def rows_needed(share, least, chance):
        m = np.arange(1, 50_000)
        return m[binom.sf(least - 1, m, share) >= chance][0]

    return rows_needed


@right("scale-3")
def counted_up_from_the_average():
    def rows_needed(share, least, chance):
        m = int(least / share)
        while binom.cdf(least - 1, m, share) > 1 - chance:
            m += 1
        return float(m)

    return rows_needed


@right("scale-3")
def poisson_for_binomial():
    def rows_needed(share, least, chance):
        m = np.arange(1, 50_000)
        return [int(np.argmax(poisson.sf(least - 1, m * share) >= chance)) + 1]

    return rows_needed


@wrong("scale-3", "more-than")
def survival_at_least():
    def rows_needed(share, least, chance):
        m = np.arange(1, 50_000)
        return m[binom.sf(least, m, share) >= chance][0]

    return rows_needed


@wrong("scale-3", "expected-only")
def on_average():
    return lambda share, least, chance: int(np.ceil(least / share))


@wrong("scale-3", "wrong-shape")
def all_sizes_that_do():
    return lambda share, least, chance: np.arange(1, 50_000)[binom.sf(least - 1, np.arange(1, 50_000), share) >= chance]
