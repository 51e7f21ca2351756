"""Answers to the exercises of notebook 15: right ones written differently, and the usual wrong ones."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import linregress, norm

from exercises.case import right, wrong
from gmmlab.engine.em import e_step, m_step, statistics
from gmmlab.engine.parameters import Parameters
from gmmlab.mixture import n_parameters


def parts(block, weights, means, variances):
    """Return responsibilities and log densities of a block."""
    return e_step(block, Parameters(weights, means, variances, "diag"))


def sums(block, *old):
    """Return the five sums of a block."""
    r, log_density = parts(block, *old)
    return r.sum(axis=0), r.T @ block, r.T @ block**2, log_density.sum(), len(block)


def divided(counts, first, second, total, rows):
    means = first / counts[:, None]
    return counts / rows, means, second / counts[:, None] - means**2, total / rows


def added(blocks, *old):
    return [sum(each) for each in zip(*(sums(block, *old) for block in blocks), strict=True)]


def pass_over(blocks, *old):
    return divided(*added(blocks, *old))


@right("scale-1")
def sums_of_the_e_step():
    def iteration(blocks, weights, means, variances):
        counts = first = second = total = rows = 0
        for block in blocks:
            r, log_density = parts(block, weights, means, variances)
            counts, first, second = counts + r.sum(axis=0), first + r.T @ block, second + r.T @ block**2
            total, rows = total + log_density.sum(), rows + len(block)
        return divided(counts, first, second, total, rows)

    return iteration


@right("scale-1")
def statistics_of_the_lab():
    def iteration(blocks, *old):
        found = sum(statistics(block, Parameters(*old, "diag")) for block in blocks)
        new = m_step(found, reg_covar=0)
        return new.weights, new.means, new.covariances, found.log_likelihood / found.rows

    return iteration


@right("scale-1")
def by_hand_in_lists():
    def iteration(blocks, weights, means, variances):
        logs = [
            np.log(weights) + norm.logpdf(block[:, None], means, np.sqrt(variances)).sum(axis=2) for block in blocks
        ]
        shares = [np.exp(log - logsumexp(log, axis=1, keepdims=True)) for log in logs]
        counts = sum(r.sum(axis=0) for r in shares)[:, None]
        new = sum(r.T @ b for r, b in zip(shares, blocks, strict=True)) / counts
        pairs = list(zip(shares, blocks, strict=True))
        spread = [[sum(r[:, k] @ (b - m) ** 2 for r, b in pairs) / counts[k]] for k, m in enumerate(new)]
        rows = sum(len(block) for block in blocks)
        trace = sum(logsumexp(log, axis=1).sum() for log in logs) / rows
        return (counts[:, 0] / rows).tolist(), new.tolist(), np.concatenate(spread), [float(trace)]

    return iteration


@right("scale-1")
def parallel_axis_in_single_precision():
    def iteration(blocks, *old):
        ones = [divided(*sums(block, *old)) for block in blocks]
        counts = np.array([len(b) * one[0] for b, one in zip(blocks, ones, strict=True)])
        share = (counts / counts.sum(axis=0))[:, :, None]
        means = (share * np.array([one[1] for one in ones])).sum(axis=0)
        spread = (share * np.array([one[2] + (one[1] - means) ** 2 for one in ones])).sum(axis=0)
        rows = [len(block) for block in blocks]
        trace = np.average([one[3] for one in ones], weights=rows)
        return counts.sum(axis=0) / sum(rows), means, spread.astype(np.float32), np.float32(trace)

    return iteration


def replaced(place, value_of):
    """Return an iteration that is right but for one of its four results."""

    def iteration(blocks, *old):
        results = list(pass_over(blocks, *old))
        results[place] = value_of(blocks, *old)
        return results

    return iteration


def of_all(blocks):
    return np.concatenate(blocks)


@wrong("scale-1", "averaged-parameters")
def blocks_averaged():
    def iteration(blocks, *old):
        ones = zip(*(divided(*sums(block, *old)) for block in blocks), strict=True)
        return [np.mean(each, axis=0) for each in ones]

    return iteration


@wrong("scale-1", "averaged-parameters")
def blocks_averaged_by_their_rows():
    def iteration(blocks, *old):
        rows = [len(block) for block in blocks]
        ones = zip(*(divided(*sums(block, *old)) for block in blocks), strict=True)
        return [np.average(np.array(each), axis=0, weights=rows) for each in ones]

    return iteration


@wrong("scale-1", "last-block")
def overwritten():
    def iteration(blocks, *old):
        for block in blocks:
            found = sums(block, *old)
        return divided(*found)

    return iteration


@wrong("scale-1", "first-block")
def returned_in_the_loop():
    def iteration(blocks, *old):
        for block in blocks:
            return divided(*sums(block, *old))

    return iteration


@wrong("scale-1", "updated-too-early")
def m_step_in_the_loop():
    def iteration(blocks, *old):
        traces = []
        for block in blocks:
            *old, trace = divided(*sums(block, *old))
            traces.append(trace)
        return *old, np.mean(traces)

    return iteration


@wrong("scale-1", "hard-labels")
def rows_dealt_out_whole():
    def iteration(blocks, *old):
        r, log_density = parts(of_all(blocks), *old)
        hard, X = np.eye(len(old[0]))[r.argmax(axis=1)], of_all(blocks)
        found = divided(hard.sum(axis=0) + 1e-12, hard.T @ X, hard.T @ X**2, log_density.sum(), len(X))
        return found

    return iteration


@wrong("scale-1", "counts-for-weights")
def counts_returned():
    return replaced(0, lambda blocks, *old: added(blocks, *old)[0])


@wrong("scale-1", "divided-by-n")
def means_by_all_rows():
    return replaced(1, lambda blocks, *old: added(blocks, *old)[1] / sum(map(len, blocks)))


@wrong("scale-1", "between-blocks-lost")
def variances_averaged():
    def variances(blocks, *old):
        counts = np.array([sums(block, *old)[0] for block in blocks])
        each = np.array([divided(*sums(block, *old))[2] for block in blocks])
        return ((counts / counts.sum(axis=0))[:, :, None] * each).sum(axis=0)

    return replaced(2, variances)


@wrong("scale-1", "not-centred")
def mean_squares():
    return replaced(2, lambda blocks, *old: added(blocks, *old)[2] / added(blocks, *old)[0][:, None])


@wrong("scale-1", "old-means")
def about_the_old_means():
    def variances(blocks, weights, means, variances):
        r = parts(of_all(blocks), weights, means, variances)[0]
        squares = [share @ (of_all(blocks) - mean) ** 2 for share, mean in zip(r.T, means, strict=True)]
        return np.array(squares) / r.sum(axis=0)[:, None]

    return replaced(2, variances)


@wrong("scale-1", "variance-for-sd")
def standard_deviations():
    return replaced(2, lambda blocks, *old: np.sqrt(pass_over(blocks, *old)[2]))


@wrong("scale-1", "not-updated")
def nothing_done():
    return lambda blocks, *old: (*old, pass_over(blocks, *old)[3])


@wrong("scale-1", "mean-of-means")
def mean_of_the_blocks_means():
    return replaced(3, lambda blocks, *old: np.mean([parts(block, *old)[1].mean() for block in blocks]))


@wrong("scale-1", "total-for-mean")
def total_log_likelihood():
    return replaced(3, lambda blocks, *old: added(blocks, *old)[3])


@wrong("scale-1", "per-block")
def divided_by_the_blocks():
    return replaced(3, lambda blocks, *old: added(blocks, *old)[3] / len(blocks))


@wrong("scale-1", "after-m-step")
def log_likelihood_of_the_new_parameters():
    return replaced(3, lambda blocks, *old: pass_over(blocks, *pass_over(blocks, *old)[:3])[3])


@wrong("scale-1", "wrong-length")
def log_likelihood_forgotten():
    return lambda blocks, *old: pass_over(blocks, *old)[:3]


@wrong("scale-1", "wrong-kind")
def parameters_as_an_object():
    return lambda blocks, *old: Parameters(*pass_over(blocks, *old)[:3], "diag")


@wrong("scale-1", "raised")
def blocks_taken_for_an_array():
    return lambda blocks, *old: pass_over([np.array(blocks)], *old)


def p(kind, k, d):
    return n_parameters(kind, k, d)


@right("scale-2")
def law_and_ceil():
    return lambda loss, kind, k, d: int(np.ceil(p(kind, k, d) / (2 * loss)))


@right("scale-2")
def parameters_by_hand_as_float():
    def enough(loss, covariance_type, k, d):
        shapes = {"full": k * d * (d + 1) / 2, "tied": d * (d + 1) / 2, "diag": k * d, "spherical": k}
        return np.ceil((k - 1 + k * d + shapes[covariance_type]) / loss / 2)

    return enough


@right("scale-2")
def counted_up():
    def enough(loss, kind, k, d):
        m = 1
        while p(kind, k, d) / (2 * m) > loss:
            m += 1
        return [m]

    return enough


@right("scale-2")
def minus_floor_of_the_negative():
    return lambda loss, kind, k, d: -(-p(kind, k, d) // (2 * loss))


@wrong("scale-2", "rounded-down")
def truncated():
    return lambda loss, kind, k, d: int(p(kind, k, d) / (2 * loss))


@wrong("scale-2", "rounded-down")
def not_rounded():
    return lambda loss, kind, k, d: p(kind, k, d) / (2 * loss)


@wrong("scale-2", "once-for-twice")
def two_forgotten():
    return lambda loss, kind, k, d: np.ceil(p(kind, k, d) / loss)


@wrong("scale-2", "half")
def two_twice():
    return lambda loss, kind, k, d: np.ceil(p(kind, k, d) / (4 * loss))


@wrong("scale-2", "doubled")
def precedence():
    return lambda loss, kind, k, d: np.ceil(2 * p(kind, k, d) / loss)


@wrong("scale-2", "components-for-parameters")
def components_counted():
    return lambda loss, kind, k, d: np.ceil(k / (2 * loss))


@wrong("scale-2", "components-for-parameters")
def means_counted():
    return lambda loss, kind, k, d: np.ceil(k * d / (2 * loss))


@wrong("scale-2", "free-weights")
def all_weights_counted():
    return lambda loss, kind, k, d: np.ceil((p(kind, k, d) + 1) / (2 * loss))


@wrong("scale-2", "covariance-type")
def always_full():
    return lambda loss, kind, k, d: np.ceil(p("full", k, d) / (2 * loss))


@wrong("scale-2", "inverted")
def loss_above_the_line():
    return lambda loss, kind, k, d: 2 * loss / p(kind, k, d)


@wrong("scale-2", "square-root-law")
def error_of_a_mean():
    return lambda loss, kind, k, d: np.ceil(p(kind, k, d) / (2 * loss**2))


@wrong("scale-2", "wrong-kind")
def a_sentence():
    return lambda loss, kind, k, d: f"{p(kind, k, d) / (2 * loss):.0f} rows"


@wrong("scale-2", "raised")
def arguments_in_another_order():
    return lambda loss, k, d, kind: np.ceil(p(kind, k, d) / (2 * loss))


@right("scale-3")
def whole_division():
    return lambda megabytes, d, k: megabytes * 1e6 // (8 * (d + k))


@right("scale-3")
def floor_of_bytes():
    def block_rows(megabytes, d, k):
        row = np.zeros(d).nbytes + np.zeros(k).nbytes
        return int(np.floor(megabytes * 1_000_000 / row))

    return block_rows


@right("scale-3")
def item_size():
    return lambda mb, d, k: [int(mb * 10**6 / np.dtype(float).itemsize / (k + d))]


@wrong("scale-3", "rounded-up")
def ceil():
    return lambda mb, d, k: np.ceil(mb * 1e6 / (8 * (d + k)))


@wrong("scale-3", "rounded-up")
def not_whole():
    return lambda mb, d, k: mb * 1e6 / (8 * (d + k))


@wrong("scale-3", "bytes-forgotten")
def numbers_for_bytes():
    return lambda mb, d, k: mb * 1e6 // (d + k)


@wrong("scale-3", "bits-for-bytes")
def sixty_four():
    return lambda mb, d, k: mb * 1e6 // (64 * (d + k))


@wrong("scale-3", "single-precision")
def four_bytes():
    return lambda mb, d, k: mb * 1e6 // (4 * (d + k))


@wrong("scale-3", "responsibilities-forgotten")
def features_only():
    return lambda mb, d, k: mb * 1e6 // (8 * d)


@wrong("scale-3", "rows-forgotten")
def responsibilities_only():
    return lambda mb, d, k: mb * 1e6 // (8 * k)


@wrong("scale-3", "product-for-sum")
def features_times_components():
    return lambda mb, d, k: mb * 1e6 // (8 * d * k)


@wrong("scale-3", "mebibytes")
def powers_of_two():
    return lambda mb, d, k: mb * 2**20 // (8 * (d + k))


@wrong("scale-3", "megabytes-forgotten")
def megabytes_for_bytes():
    return lambda mb, d, k: mb // (8 * (d + k))


@wrong("scale-3", "wrong-kind")
def a_list_of_blocks():
    return lambda mb, d, k: [slice(0, int(mb * 1e6 // (8 * (d + k))))]


def logs(sizes, seconds):
    return np.polyfit(np.log(sizes), np.log(seconds), 1)


@right("scale-4")
def line_through_the_logarithms():
    def forecast(sizes, seconds, size):
        slope, constant = logs(sizes, seconds)
        return slope, np.exp(constant + slope * np.log(size))

    return forecast


@right("scale-4")
def decimal_logarithms_and_regression():
    def forecast(sizes, seconds, size):
        line = linregress(np.log10(sizes), np.log10(seconds))
        return [float(line.slope), 10 ** (line.intercept + line.slope * np.log10(size))]

    return forecast


@right("scale-4")
def first_and_last():
    def forecast(sizes, seconds, size):
        exponent = np.log(seconds[-1] / seconds[0]) / np.log(sizes[-1] / sizes[0])
        return np.array([exponent, seconds[-1] * (size / sizes[-1]) ** exponent])

    return forecast


@wrong("scale-4", "no-logarithms")
def plain_slope():
    def forecast(sizes, seconds, size):
        slope, constant = np.polyfit(sizes, seconds, 1)
        return slope, constant + slope * size

    return forecast


@wrong("scale-4", "one-logarithm")
def logarithm_of_the_time_only():
    return lambda n, s, size: (np.polyfit(n, np.log(s), 1)[0], np.exp(np.polyval(logs(n, s), np.log(size))))


@wrong("scale-4", "axes-swapped")
def sizes_from_times():
    return lambda n, s, size: (logs(s, n)[0], np.exp(np.polyval(logs(n, s), np.log(size))))


@wrong("scale-4", "constant-for-slope")
def second_of_polyfit():
    return lambda n, s, size: (logs(n, s)[1], np.exp(np.polyval(logs(n, s), np.log(size))))


@wrong("scale-4", "ratio-for-exponent")
def growth_by_doubling():
    return lambda n, s, size: (np.mean(s[1:] / s[:-1]), np.exp(np.polyval(logs(n, s), np.log(size))))


@wrong("scale-4", "straight-line")
def plain_extrapolation():
    return lambda n, s, size: (logs(n, s)[0], np.polyval(np.polyfit(n, s, 1), size))


@wrong("scale-4", "in-proportion")
def in_proportion():
    return lambda n, s, size: (logs(n, s)[0], s[-1] * size / n[-1])


@wrong("scale-4", "logarithm-returned")
def exp_forgotten():
    return lambda n, s, size: (logs(n, s)[0], np.polyval(logs(n, s), np.log(size)))


@wrong("scale-4", "constant-forgotten")
def power_alone():
    return lambda n, s, size: (logs(n, s)[0], size ** logs(n, s)[0])


@wrong("scale-4", "wrong-length")
def both_coefficients_and_the_forecast():
    return lambda n, s, size: (*logs(n, s), np.exp(np.polyval(logs(n, s), np.log(size))))


@wrong("scale-4", "wrong-kind")
def forecast_only():
    return lambda n, s, size: float(np.exp(np.polyval(logs(n, s), np.log(size))))


@right("scale-5")
def letter():
    return "b"


@right("scale-5")
def capital_letter():
    return "B"


@right("scale-5")
def letter_in_parentheses():
    return " (b)."


@wrong("scale-5", "chose-a")
def equal_sizes():
    return "a"


@wrong("scale-5", "chose-c")
def only_covariances():
    return "c"


@wrong("scale-5", "chose-d")
def more_iterations():
    return "d"


@wrong("scale-5", "chose-e")
def rounding():
    return "e"


@wrong("scale-5", "wrong-kind")
def two_letters():
    return "a and b"


@wrong("scale-5", "wrong-kind")
def number_of_the_option():
    return 2
