"""Checks of notebook 10: p-values by simulation, matched standard errors, a chain of tests, EM with noise."""

from itertools import permutations

import numpy as np
import scipy
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Slip, Value, function_exercise

NOTEBOOK = "10_check_model"


def draw_statistics(seed: int) -> list[tuple]:
    """Draw observed statistics and simulated ones, whole numbers with ties, without and with an extreme one."""
    rng = np.random.default_rng(seed)
    calls = []
    for b, m in ((19, 3), (39, 4), (24, 5)):
        simulated = rng.integers(0, 12, size=(b, m)).astype(float)
        observed = np.array([rng.choice(column) for column in simulated.T])
        observed[0] = 20 if b != 39 else observed[0]
        calls.append((observed, simulated))
    return calls


def _at_least(observed: NDArray[np.float64], simulated: NDArray[np.float64]) -> NDArray[np.float64]:
    return (simulated >= observed).sum(axis=0)


p_values = function_exercise(
    "check-1",
    title="P-values from simulated data",
    hint="Compare the whole table with the observed row: `simulated >= observed`. Then count down each column.",
    inputs=draw_statistics,
    returns=[
        Value(
            "p-values",
            lambda observed, simulated: (1 + _at_least(observed, simulated)) / (1 + len(simulated)),
            [
                Slip(
                    "observed-left-out",
                    [
                        lambda observed, simulated: _at_least(observed, simulated) / len(simulated),
                        lambda observed, simulated: _at_least(observed, simulated) / (1 + len(simulated)),
                        lambda observed, simulated: (1 + _at_least(observed, simulated)) / len(simulated),
                    ],
                    "The observed data set counts as one of the data sets, above and below the fraction line: add 1 to "
                    "both. Otherwise a p-value could be 0.",
                ),
                Slip(
                    "ties-left-out",
                    [
                        lambda observed, simulated: (1 + (simulated > observed).sum(axis=0)) / (1 + len(simulated)),
                        lambda observed, simulated: (simulated > observed).mean(axis=0),
                    ],
                    "A simulated statistic that equals the observed one counts, too: at least as large, not larger.",
                ),
                Slip(
                    "wrong-tail",
                    [
                        lambda observed, simulated: (1 + (simulated <= observed).sum(axis=0)) / (1 + len(simulated)),
                        lambda observed, simulated: (simulated <= observed).mean(axis=0),
                        lambda observed, simulated: (simulated < observed).mean(axis=0),
                        lambda observed, simulated: 1 - (1 + _at_least(observed, simulated)) / (1 + len(simulated)),
                    ],
                    "You counted the small statistics. A large statistic speaks against the model: count those at "
                    "least as large as the observed one.",
                ),
                Slip(
                    "counts",
                    [lambda observed, simulated: 1.0 + _at_least(observed, simulated), _at_least],
                    "These are counts. Divide by the number of data sets.",
                ),
                Slip(
                    "one-for-all",
                    lambda observed, simulated: (1 + (simulated >= observed).sum()) / (1 + simulated.size),
                    "Expected one p-value for each statistic, got one for all. Count along axis 0 only.",
                ),
                Slip(
                    "wrong-axis",
                    lambda observed, simulated: (1 + (simulated >= observed).sum(axis=1)) / (1 + len(observed)),
                    "You counted along the rows. A row is a simulated data set: count down the columns, axis 0.",
                ),
            ],
        )
    ],
    credits=[
        Credit(1, "Right for a handful of statistics.", "Not right. Try one statistic on paper.", calls=slice(0, 1)),
        Credit(
            1, "Right for other numbers of simulations.", "Not right for other numbers of simulations.",
            calls=slice(1, None),
        ),
    ],
)  # fmt: skip


def draw_resamples(seed: int) -> list[tuple]:
    """Draw weights and means of resamples whose components come in any order, and the original means."""
    rng = np.random.default_rng(seed)
    calls = []
    for b, k, d in ((12, 3, 2), (15, 3, 2), (20, 4, 3)):
        original = rng.normal(size=(k, d))
        places = rng.permutation(k)
        original[:, 1] = 6.0 * places
        original[:, 0] = np.linspace(0, 0.6, k)  # close in the first feature: sorting by it goes wrong
        shares = rng.dirichlet(np.full(k, 60.0), size=b)
        means = original + rng.normal(scale=0.5, size=(b, k, d))
        j = int(np.argmin(places))  # its partner goes farther away than its neighbour's partner is
        means[0, j] = original[j] + 8 * np.eye(d)[0]
        order = np.array([rng.permutation(k) for _ in range(b)])
        rows = np.arange(b)[:, None]
        calls.append((shares[rows, order], means[rows, order], original))
    return calls


def _squares(means: NDArray[np.float64], original: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((original[:, None] - means[None]) ** 2).sum(axis=-1)


def _ordered(weights: NDArray[np.float64], means: NDArray[np.float64], order_of: object) -> NDArray[np.float64]:
    return np.array([w[order_of(w, m)] for w, m in zip(weights, means, strict=True)])  # type: ignore[operator]


def _matched(
    weights: NDArray[np.float64], means: NDArray[np.float64], original: NDArray[np.float64]
) -> NDArray[np.float64]:
    return _ordered(weights, means, lambda w, m: scipy.optimize.linear_sum_assignment(_squares(m, original))[1])


def _nearest(
    weights: NDArray[np.float64], means: NDArray[np.float64], original: NDArray[np.float64]
) -> NDArray[np.float64]:
    return _ordered(weights, means, lambda w, m: _squares(m, original).argmin(axis=1))


def _best_permutation(m: NDArray[np.float64], original: NDArray[np.float64], worst: bool = False) -> list[int]:
    orders = [list(p) for p in permutations(range(len(m)))]
    costs = [((m[p] - original) ** 2).sum() for p in orders]
    return orders[int(np.argmax(costs) if worst else np.argmin(costs))]


matched_errors = function_exercise(
    "check-2",
    title="Standard errors with matched components",
    hint="`linear_sum_assignment(D)` takes a table of costs, here the distances from each original mean (rows) to each "
    "mean of the resample (columns). Its second result is the order of the partners.",
    inputs=draw_resamples,
    returns=[
        Value(
            "standard errors",
            lambda weights, means, original: _matched(weights, means, original).std(axis=0, ddof=1),
            [
                Slip(
                    "unmatched",
                    [
                        lambda weights, means, original: weights.std(axis=0, ddof=1),
                        lambda weights, means, original: weights.std(axis=0),
                    ],
                    "You took the components in the order in which each resample has them. Match the components to the "
                    "original ones first.",
                ),
                Slip(
                    "sorted-by-weight",
                    [
                        lambda weights, means, original: np.sort(weights, axis=1).std(axis=0, ddof=1),
                        lambda weights, means, original: np.sort(weights, axis=1)[:, ::-1].std(axis=0, ddof=1),
                    ],
                    "You sorted by weight. Components with similar weights change places in that order: match them by "
                    "their means.",
                ),
                Slip(
                    "sorted-by-feature",
                    lambda weights, means, original: _ordered(weights, means, lambda w, m: m[:, 0].argsort()).std(
                        axis=0, ddof=1
                    ),
                    "You sorted by the first feature. The components are close there: use the distance of the whole "
                    "means.",
                ),
                Slip(
                    "not-one-to-one",
                    lambda weights, means, original: _nearest(weights, means, original).std(axis=0, ddof=1),
                    "You took the nearest component for each original one, so one component can serve twice. Match "
                    "them one to one.",
                ),
                Slip(
                    "farthest",
                    lambda weights, means, original: _ordered(
                        weights, means, lambda w, m: _best_permutation(m, original, worst=True)
                    ).std(axis=0, ddof=1),
                    "You matched each component to the farthest. Make the sum of the distances small, not large.",
                ),
                Slip(
                    "inverse-order",
                    lambda weights, means, original: _ordered(
                        weights,
                        means,
                        lambda w, m: scipy.optimize.linear_sum_assignment(_squares(m, original))[1].argsort(),
                    ).std(axis=0, ddof=1),
                    "You used the order the wrong way round: rows of the cost table are the original components.",
                ),
                Slip(
                    "error-of-the-mean",
                    lambda weights, means, original: (
                        _matched(weights, means, original).std(axis=0, ddof=1) / np.sqrt(len(weights))
                    ),
                    "You divided by the root of the number of resamples. The standard error is the standard deviation "
                    "over the resamples itself.",
                ),
                Slip(
                    "variance-for-sd",
                    lambda weights, means, original: _matched(weights, means, original).var(axis=0, ddof=1),
                    "These are variances. Take the root.",
                ),
                Slip(
                    "divided-by-B",
                    lambda weights, means, original: _matched(weights, means, original).std(axis=0),
                    "Divide by B - 1, with `ddof=1`.",
                ),
            ],
        )
    ],
    credits=[
        Credit(1, "Right for three components.", "Not right for three components.", calls=slice(0, 2)),
        Credit(2, "Right for four components in three features.", "Not right for four components.", calls=slice(2, 3)),
    ],
)


def draw_chains(seed: int) -> list[tuple]:
    """Draw observed and simulated statistics of 1 against 2, 2 against 3, ... components, and a level.

    The first test that does not reject comes second, then first, then third though later ones reject; in the last
    call all reject.
    """
    rng = np.random.default_rng(seed)
    chains = (
        ([40, 7.9, 30, 3, 25], 0.05),
        ([6, 25, 3], 0.05),
        ([60, 30, 9.5, 28, 2], 0.01),
        ([50, 21, 19], 0.05),
    )
    calls = []
    for heights, level in chains:
        simulated = rng.gamma(6, 0.9, size=(199, len(heights))).clip(1, 15)
        observed = np.array(heights, dtype=float) + rng.uniform(0, 0.3, size=len(heights)).round(3)
        calls.append((observed, simulated, level))
    return calls


def _p(observed: NDArray[np.float64], simulated: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 + _at_least(observed, simulated)) / (1 + len(simulated)))


def _first(kept: NDArray[np.bool_]) -> int:
    """Return the number of components of the first hypothesis that is kept, or one more than there are."""
    return int(np.argmax(kept)) + 1 if kept.any() else len(kept) + 1


choose_k = function_exercise(
    "check-3",
    title="Add components until the test is content",
    hint="Compute the p-values as in check-1. Go through them in order and stop at the first that exceeds the level.",
    inputs=draw_chains,
    returns=[
        Value(
            "number of components",
            lambda observed, simulated, level: _first(_p(observed, simulated) > level),
            [
                Slip(
                    "counted-from-zero",
                    lambda observed, simulated, level: _first(_p(observed, simulated) > level) - 1,
                    "The first test has one component under the null hypothesis. Add 1 to the place in the array.",
                ),
                Slip(
                    "one-too-many",
                    lambda observed, simulated, level: _first(_p(observed, simulated) > level) + 1,
                    "You returned the larger number of the test that does not reject. Its smaller number is enough.",
                ),
                Slip(
                    "rejections-counted",
                    lambda observed, simulated, level: 1 + int((_p(observed, simulated) <= level).sum()),
                    "You counted all rejections. Stop at the first test that does not reject.",
                ),
                Slip(
                    "last-rejection",
                    lambda observed, simulated, level: (
                        len(observed) + 1 - int(np.argmax((_p(observed, simulated) <= level)[::-1]))
                        if (_p(observed, simulated) <= level).any()
                        else 1
                    ),
                    "You looked for the last rejection. Stop at the first test that does not reject.",
                ),
                Slip(
                    "largest-p-value",
                    lambda observed, simulated, level: int(np.argmax(_p(observed, simulated))) + 1,
                    "You took the test with the largest p-value. Take the first whose p-value exceeds the level.",
                ),
                Slip(
                    "first-rejection",
                    lambda observed, simulated, level: _first(_p(observed, simulated) <= level),
                    "This is the first test that rejects. A rejection asks for one more component: go on until a test "
                    "does not reject.",
                ),
                Slip(
                    "smallest-statistic",
                    lambda observed, simulated, level: int(np.argmin(observed)) + 1,
                    "You took the smallest statistic. Compare each statistic with its simulations, in order.",
                ),
                Slip(
                    "chi-squared",
                    [
                        lambda observed, simulated, level: _first(scipy.stats.chi2.sf(observed, 1) > level),
                        lambda observed, simulated, level: _first(scipy.stats.chi2.sf(observed, 2) > level),
                        lambda observed, simulated, level: _first(scipy.stats.chi2.sf(observed, 3) > level),
                    ],
                    "This is what a chi-squared distribution would say. It does not hold here: use the simulated "
                    "statistics.",
                ),
                Slip(
                    "all-rejected",
                    lambda observed, simulated, level: (
                        len(observed)
                        if (_p(observed, simulated) <= level).all()
                        else _first(_p(observed, simulated) > level)
                    ),
                    "Where every test rejects, even the last smaller number is not enough: return one more than there "
                    "are tests.",
                ),
                Slip(
                    "all-rejected-is-one",
                    lambda observed, simulated, level: int(np.argmax(_p(observed, simulated) > level)) + 1,
                    "Where every test rejects, `argmax` gives 0. Treat that case by itself: return one more than there "
                    "are tests.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            2,
            "Right where a test does not reject.",
            "Not right where a test does not reject. Print the p-values and find the first above the level.",
            calls=slice(0, 3),
        ),
        Credit(
            1,
            "Right where every test rejects.",
            "Not right where every test rejects: return one more than there are tests.",
            calls=slice(3, None),
        ),
    ],
)


def draw_densities(seed: int) -> list[tuple]:
    """Draw densities of Gaussians at rows, current weights with the noise's last, and a volume."""
    rng = np.random.default_rng(seed)
    calls = []
    for n, k, volume in ((8, 1, 4.0), (12, 2, 20.0), (30, 3, 0.5)):
        densities = rng.gamma(0.7, 1 / volume, size=(n, k)) * rng.uniform(0.5, 3, size=k)
        calls.append((densities, rng.dirichlet(np.full(k + 1, 4.0)), volume))
    return calls


def _shares(densities: NDArray[np.float64], weights: NDArray[np.float64], uniform: float) -> NDArray[np.float64]:
    joint = np.column_stack([densities, np.full(len(densities), uniform)]) * weights
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _hard(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(shares.argmax(axis=1), minlength=shares.shape[1]) / len(shares)


noise_step = function_exercise(
    "check-4",
    title="An EM step with a noise component",
    hint="Put a column of 1 / volume beside the densities, multiply each column by its weight, and divide each row by "
    "its sum. The new weights are the means of the columns.",
    inputs=draw_densities,
    returns=[
        Value(
            "weights",
            lambda densities, weights, volume: _shares(densities, weights, 1 / volume).mean(axis=0),
            [
                Slip(
                    "volume-for-density",
                    lambda densities, weights, volume: _shares(densities, weights, volume).mean(axis=0),
                    "You used the volume as the density of the noise. A uniform density is 1 / volume.",
                ),
                Slip(
                    "density-one",
                    lambda densities, weights, volume: _shares(densities, weights, 1.0).mean(axis=0),
                    "You gave the noise the density 1. A uniform density on a box is 1 / volume.",
                ),
                Slip(
                    "weights-left-out",
                    lambda densities, weights, volume: _shares(densities, np.ones_like(weights), 1 / volume).mean(
                        axis=0
                    ),
                    "You left the current weights out of the E-step: multiply each density by its weight first.",
                ),
                Slip(
                    "noise-first",
                    lambda densities, weights, volume: np.roll(_shares(densities, weights, 1 / volume).mean(axis=0), 1),
                    "You put the noise first. The task asks for its weight last.",
                ),
                Slip(
                    "weights-shifted",
                    lambda densities, weights, volume: _shares(densities, np.roll(weights, -1), 1 / volume).mean(
                        axis=0
                    ),
                    "The weight of the noise is the last of the weights, not the first.",
                ),
                Slip(
                    "sums-for-means",
                    lambda densities, weights, volume: _shares(densities, weights, 1 / volume).sum(axis=0),
                    "These are sums of responsibilities. Divide by the number of rows: weights sum to 1.",
                ),
                Slip(
                    "hard-assignment",
                    lambda densities, weights, volume: _hard(_shares(densities, weights, 1 / volume)),
                    "You assigned each row to one component. EM shares a row out: average the responsibilities.",
                ),
                Slip(
                    "not-normalised",
                    [
                        lambda densities, weights, volume: (
                            np.column_stack([densities, np.full(len(densities), 1 / volume)]) * weights
                        ).mean(axis=0),
                        lambda densities, weights, volume: (
                            (np.column_stack([densities, np.full(len(densities), 1 / volume)]) * weights).sum(axis=0)
                            / (np.column_stack([densities, np.full(len(densities), 1 / volume)]) * weights).sum()
                        ),
                    ],
                    "Divide each row by its own sum first: the responsibilities of a row sum to 1.",
                ),
                Slip(
                    "noise-left-out",
                    lambda densities, weights, volume: _shares(densities, weights, 1 / volume).mean(axis=0)[:-1],
                    "The weight of the noise is missing. Return it last.",
                ),
                Slip(
                    "responsibilities",
                    lambda densities, weights, volume: _shares(densities, weights, 1 / volume),
                    "These are the responsibilities, one row for each row of the data. Average them over the rows.",
                ),
                Slip(
                    "no-step",
                    lambda densities, weights, volume: weights,
                    "These are the weights that you were given. Compute the new ones.",
                ),
            ],
        )
    ],
    credits=[
        Credit(1, "Right for one Gaussian and noise.", "Not right for one Gaussian and noise.", calls=slice(0, 1)),
        Credit(2, "Right for several Gaussians.", "Not right for several Gaussians.", calls=slice(1, None)),
    ],
)


EXERCISES = [p_values, matched_errors, choose_k, noise_step]
