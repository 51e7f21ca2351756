"""Checks of notebook 15: an iteration over blocks, how many starts, rare rows in a sample, what may be averaged."""

from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, choice, function_exercise

NOTEBOOK = "15_scale_out"


def draw_blocks(seed: int) -> list[tuple]:
    """Draw blocks of different sizes, whose rows drift from block to block, and the parameters of a tied mixture."""
    rng = np.random.default_rng(seed)
    calls = []
    for sizes, k, d in (((30, 12, 21), 2, 3), ((5, 40), 3, 2), ((8, 16, 4, 25), 2, 2)):
        tilt = rng.normal(size=(d, d))
        covariance = np.eye(d) + tilt @ tilt.T / d
        blocks = [rng.normal(loc=0.6 * i, scale=1.5, size=(n, d)) for i, n in enumerate(sizes)]
        calls.append((blocks, rng.dirichlet(np.full(k, 4.0)), rng.normal(scale=1.5, size=(k, d)), covariance))
    return calls


class _Step(NamedTuple):
    """What one iteration gives: new parameters, and the mean log density of a row under the old ones."""

    weights: NDArray
    means: NDArray
    covariance: NDArray
    log_likelihood: float


def _step(X: NDArray, weights: NDArray, means: NDArray, covariance: NDArray, *, hard: bool = False) -> _Step:
    r, log_density = gmmlab.mixture.e_step(X, gmmlab.mixture.Parameters(weights, means, covariance, "tied"))
    r = np.eye(len(weights))[r.argmax(axis=1)] if hard else r
    counts = r.sum(axis=0) + 1e-12
    new = r.T @ X / counts[:, None]
    within = X.T @ X / len(X) - (counts / len(X) * new.T) @ new
    return _Step(counts / len(X), new, within, float(log_density.mean()))


def _whole(blocks: list, *old: NDArray, **how: bool) -> _Step:
    return _step(np.concatenate(blocks), *old, **how)


def _averaged(blocks: list, *old: NDArray, by_rows: bool = False) -> _Step:
    """Return the average of what each block alone would give."""
    rows = [len(block) if by_rows else 1 for block in blocks]
    parts = zip(*(_step(block, *old) for block in blocks), strict=True)
    return _Step(*(np.average(np.array(part), axis=0, weights=rows) for part in parts))


def _updated(blocks: list, *old: NDArray) -> _Step:
    """Return what comes of an M-step after each block."""
    traces = []
    for block in blocks:
        step = _step(block, *old)
        old = (step.weights, step.means, step.covariance + 1e-9 * np.eye(block.shape[1]))
        traces.append(step.log_likelihood)
    return _Step(*old, float(np.mean(traces)))


def _rows(blocks: list) -> int:
    return sum(map(len, blocks))


def _second(blocks: list) -> NDArray:
    """Return the mean of x x^T over all rows."""
    X = np.concatenate(blocks)
    return X.T @ X / len(X)


AVERAGED = (
    "You averaged what each block alone would give. A block has more of one component and less of another, so the "
    "blocks must not count alike. Add up the sums, and divide once, after the last block."
)
LAST = (
    "These are the numbers of the last block alone: each block overwrites what the blocks before it left. Begin with "
    "zeros before the loop, and add."
)
FIRST = "These are the numbers of the first block alone. Does the loop return too early?"
EARLY = (
    "You took an M-step after each block, so later blocks met other parameters than earlier ones. All blocks of one "
    "iteration need the same parameters. The M-step comes after the loop."
)
HARD = "You gave each row to one component alone. Sum the responsibilities themselves."


def _blockwise(name: str) -> list[Slip]:
    """Return the slips that spoil all parameters alike."""

    def of(function: Any, **how: bool) -> Any:
        return lambda *arguments: getattr(function(*arguments, **how), name)

    by_rows = [] if name == "weights" else [of(_averaged, by_rows=True)]  # so averaged, weights come out right
    return [
        Slip("averaged-parameters", [of(_averaged), *by_rows], AVERAGED),
        Slip("last-block", lambda blocks, *old: getattr(_step(blocks[-1], *old), name), LAST),
        Slip("first-block", lambda blocks, *old: getattr(_step(blocks[0], *old), name), FIRST),
        Slip("updated-too-early", of(_updated), EARLY),
        Slip("hard-labels", of(_whole, hard=True), HARD),
    ]


def _about_zero_by(divide: str) -> Any:
    """Return the formula that forgets how many rows a component has when it takes off the squares of the means."""

    def formula(blocks: list, *old: NDArray) -> NDArray:
        step = _whole(blocks, *old)
        squares = step.means.T @ step.means
        return _second(blocks) - (squares if divide == "sum" else squares / len(step.means))

    return formula


def _scatters_averaged(blocks: list, *old: NDArray) -> NDArray:
    """Return the plain average of the covariances that the components would have alone."""
    X, step = np.concatenate(blocks), _whole(blocks, *old)
    r = gmmlab.mixture.e_step(X, gmmlab.mixture.Parameters(*old, "tied"))[0]
    each = [(share * (X - m).T) @ (X - m) / share.sum() for share, m in zip(r.T, step.means, strict=True)]
    return np.mean(each, axis=0)


def _all_rows(blocks: list, *old: NDArray) -> NDArray:
    return np.cov(np.concatenate(blocks).T, bias=True)


def _old_means(blocks: list, weights: NDArray, means: NDArray, covariance: NDArray) -> NDArray:
    step = _whole(blocks, weights, means, covariance)
    return _second(blocks) - (step.weights * means.T) @ means


def _about_old_means(blocks: list, weights: NDArray, means: NDArray, covariance: NDArray) -> NDArray:
    step = _whole(blocks, weights, means, covariance)
    return step.covariance + (step.weights * (step.means - means).T) @ (step.means - means)


def _of(name: str) -> Any:
    return lambda *arguments: getattr(_whole(*arguments), name)


iteration = function_exercise(
    "scale-1",
    title="A tied iteration over blocks",
    hint="Sums start at zero before the loop: responsibilities, responsibilities times rows, log densities, and the "
    "rows themselves. The matrix of squares needs no responsibilities: a row's responsibilities sum to one, and all "
    "components share the covariance. What must be taken off at the end, and how often does each mean count?",
    inputs=draw_blocks,
    returns=[
        Value(
            "weights",
            _of("weights"),
            [
                *_blockwise("weights"),
                Slip(
                    "counts-for-weights",
                    lambda blocks, *old: _whole(blocks, *old).weights * _rows(blocks),
                    "These weights are counts. Mixing weights sum to one.",
                ),
                Slip(
                    "not-updated",
                    lambda blocks, weights, means, covariance: weights,
                    "These are the weights that came in. The M-step is missing.",
                ),
            ],
        ),
        Value(
            "means",
            _of("means"),
            [
                *_blockwise("means"),
                Slip(
                    "divided-by-n",
                    lambda blocks, *old: _whole(blocks, *old).means * _whole(blocks, *old).weights[:, None],
                    "You divided by the number of all rows. Divide a component's sum by the component's own count.",
                ),
                Slip(
                    "not-updated",
                    lambda blocks, weights, means, covariance: means,
                    "These are the means that came in. The M-step is missing.",
                ),
            ],
        ),
        Value(
            "covariance",
            _of("covariance"),
            [
                Slip(
                    "not-centred",
                    lambda blocks, *old: _second(blocks),
                    "This is the mean of x x^T over all rows. The squares of the new means have to be taken off.",
                ),
                Slip(
                    "one-centre",
                    _all_rows,
                    "This is the covariance about the mean of all rows. A tied covariance is measured about the "
                    "components' means.",
                ),
                Slip(
                    "means-unweighted",
                    [_about_zero_by("sum"), _about_zero_by("mean"), _scatters_averaged],
                    "All components count alike here. Weight each by the rows that it has.",
                ),
                Slip(
                    "old-means",
                    [_old_means, _about_old_means],
                    "This covariance is taken about the old means. The M-step measures it about the new means.",
                ),
                Slip(
                    "total-for-mean",
                    lambda blocks, *old: _whole(blocks, *old).covariance * _rows(blocks),
                    "This is the sum over all rows. Divide it by their number.",
                ),
                *_blockwise("covariance"),
                Slip(
                    "not-updated",
                    lambda blocks, weights, means, covariance: covariance,
                    "This is the covariance that came in. The M-step is missing.",
                ),
            ],
        ),
        Value(
            "mean log-likelihood",
            _of("log_likelihood"),
            [
                Slip(
                    "mean-of-means",
                    lambda blocks, *old: _averaged(blocks, *old).log_likelihood,
                    "You averaged the blocks' means, as if all blocks had equally many rows. Add up the log densities "
                    "and the rows of all blocks, and divide once.",
                ),
                Slip(
                    "total-for-mean",
                    lambda blocks, *old: _whole(blocks, *old).log_likelihood * _rows(blocks),
                    "This is the sum over all rows. The task asks for the mean of a row.",
                ),
                Slip(
                    "per-block",
                    lambda blocks, *old: _whole(blocks, *old).log_likelihood * _rows(blocks) / len(blocks),
                    "You divided by the number of blocks. Divide the sum by the number of rows.",
                ),
                Slip("last-block", lambda blocks, *old: _step(blocks[-1], *old).log_likelihood, LAST),
                Slip("first-block", lambda blocks, *old: _step(blocks[0], *old).log_likelihood, FIRST),
                Slip("updated-too-early", lambda blocks, *old: _updated(blocks, *old).log_likelihood, EARLY),
                Slip(
                    "after-m-step",
                    lambda blocks, *old: _whole(blocks, *_whole(blocks, *old)[:3]).log_likelihood,
                    "This is the log-likelihood of the new parameters, which takes a second pass over the blocks. The "
                    "E-step gives that of the parameters that came in, at no further cost.",
                ),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "Weights and means are those of all rows together.",
            "Weights or means are not right. Try with one block: do you get the M-step of notebook 8?",
            of=["weights", "means"],
        ),
        Credit(
            1,
            "So is the covariance.",
            "The covariance is not right. Take the mean of x x^T over all rows, and take off the weighted squares of "
            "the new means.",
            of=["covariance"],
        ),
        Credit(
            1,
            "The mean log-likelihood of a row is right too.",
            "The log-likelihood is not right. Sum the log densities of all blocks, and divide by all rows.",
            of=["mean log-likelihood"],
        ),
    ],
)


def draw_starts(seed: int) -> list[tuple]:
    """Draw log-likelihoods of trial starts, a tolerance and a chance; in the last call all starts are good."""
    rng = np.random.default_rng(seed)
    calls = [_trials(rng, chance) for chance in (0.9, 0.99, 0.95)]
    return [*calls, (rng.uniform(-13.001, -13, rng.integers(4, 9)), 0.01, 0.9)]


def _trials(rng: np.random.Generator, chance: float) -> tuple:
    """Draw a call whose number of starts lies clearly above a whole one, so that rounding matters."""
    while True:
        n, best = int(rng.integers(20, 60)), rng.uniform(-14, -12)
        good = int(rng.integers(2, n // 5 + 1))
        scores = np.append(best - rng.uniform(0.0002, 0.008, good), best - rng.uniform(0.03, 0.4, n - good))
        if 0.1 < _exact_starts(scores, 0.01, chance) % 1 < 0.45:
            return rng.permutation(scores), 0.01, chance


def _share(scores: NDArray, tolerance: float) -> float:
    return float((scores >= scores.max() - tolerance).mean())


def _exact_starts(scores: NDArray, tolerance: float, chance: float) -> float:
    """Return the number of starts at which the chance is reached, not rounded."""
    share = _share(scores, tolerance)
    return 1.0 if share == 1 else float(np.log(1 - chance) / np.log(1 - share))


def _starts(scores: NDArray, tolerance: float, chance: float) -> float:
    return float(np.ceil(_exact_starts(scores, tolerance, chance)))


def _starts_by(miss: float, share: float) -> float:
    return float(np.ceil(np.log(miss) / np.log(1 - share))) if share < 1 else 1.0


starts_needed = function_exercise(
    "scale-2",
    title="How many starts?",
    hint="Let p be the share of good starts among the trials. One start misses with probability 1 - p, and s starts "
    "all miss with probability (1 - p)^s. Which s makes this at most 1 - chance? Then think of p = 1.",
    inputs=draw_starts,
    returns=[
        Value(
            "number of starts",
            _starts,
            [
                Slip(
                    "rounded-down",
                    [
                        lambda *given: np.floor(_exact_starts(*given)),
                        _exact_starts,
                        lambda *given: np.round(_exact_starts(*given)),
                    ],
                    "This is not a whole number, or it is one start too few on some calls. Round up.",
                ),
                Slip(
                    "one-too-many",
                    lambda *given: np.floor(_exact_starts(*given)) + 1,
                    "The number is right where some trial starts fail. Where all of them are good, one is enough.",
                ),
                Slip(
                    "all-good",
                    [
                        lambda *given: 0.0 if _share(*given[:2]) == 1 else _starts(*given),
                        lambda *given: np.nan if _share(*given[:2]) == 1 else _starts(*given),
                    ],
                    "Where all trial starts are good, log(1 - p) is minus infinity. One start is enough then, but at "
                    "least one is needed.",
                ),
                Slip(
                    "chances-added",
                    [
                        lambda scores, tolerance, chance: np.ceil(chance / _share(scores, tolerance)),
                        lambda scores, tolerance, chance: np.ceil(1 / _share(scores, tolerance)),
                    ],
                    "You added the chances of the starts. Two starts can both be good, so chances do not add: multiply "
                    "the chances of a miss.",
                ),
                Slip(
                    "chance-for-miss",
                    lambda scores, tolerance, chance: _starts_by(chance, _share(scores, tolerance)),
                    "This is the number at which all starts miss with the probability `chance`. All of them may miss "
                    "with probability 1 - chance only.",
                ),
                Slip(
                    "share-of-misses",
                    lambda scores, tolerance, chance: (
                        np.ceil(np.log(1 - chance) / np.log(share)) if (share := _share(scores, tolerance)) < 1 else 1.0
                    ),
                    "This is the number for which all starts are good with a small probability. A start misses with "
                    "probability 1 - p.",
                ),
                Slip(
                    "tolerance-forgotten",
                    lambda scores, tolerance, chance: _starts_by(1 - chance, 1 / len(scores)),
                    "Only the single best trial counts as good here. A start within the tolerance of it is good too.",
                ),
            ],
            rtol=0,
            atol=1e-6,
        )
    ],
    credits=[
        Credit(
            1,
            "The formula is right.",
            "The formula is not right. Find p for one call on paper, and look at 1 - (1 - p)^s for s = 1, 2, 3, ...",
            calls=slice(0, 3),
            holds=lambda number, *given: abs(number - _exact_starts(*given)) < 1 + 1e-9,
        ),
        Credit(
            1,
            "It is the smallest whole number, also where all trial starts are good.",
            "The number must be the smallest whole one that reaches the chance. Try one where all trials are good.",
        ),
    ],
)


def draw_groups(seed: int) -> list[tuple]:
    """Draw the share of a rare group, the least number of its rows that a sample must hold, and a chance."""
    rng = np.random.default_rng(seed)
    return [
        (float(rng.uniform(0.002, 0.02)), int(least), float(chance))
        for least, chance in ((1, 0.9), (rng.integers(4, 9), 0.95), (rng.integers(15, 40), 0.99))
    ]


def _rows_for(share: float, least: float, chance: float) -> float:
    """Return the smallest sample that holds at least so many rows of the group with this chance, by bisection."""
    low, high = 0, 1
    while scipy.stats.binom.sf(least - 1, high, share) < chance:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if scipy.stats.binom.sf(least - 1, middle, share) >= chance else (middle, high)
    return float(high)


rare_rows = function_exercise(
    "scale-3",
    title="Do not lose the rare",
    hint="The number of rare rows among m is binomial: `scipy.stats.binom.sf(least - 1, m, share)` is the probability "
    "of at least `least` of them, and m may be an array of sizes. Where does it first reach `chance`?",
    inputs=draw_groups,
    returns=[
        Value(
            "number of rows",
            _rows_for,
            [
                Slip(
                    "expected-only",
                    lambda share, least, chance: least / share,
                    "A sample of this size holds that many rare rows on average. About half of such samples hold "
                    "fewer. The task asks for a chance.",
                ),
                Slip(
                    "chance-times",
                    [
                        lambda share, least, chance: chance * least / share,
                        lambda share, least, chance: least / (share * chance),
                    ],
                    "The average number of rare rows times the chance is no probability. How often does a sample of "
                    "this size hold at least that many?",
                ),
                Slip(
                    "one-row",
                    lambda share, least, chance: np.log(1 - chance) / np.log(1 - share),
                    "This is right for one rare row, whatever `least` is.",
                ),
                Slip(
                    "one-row-times-least",
                    lambda share, least, chance: least * np.log(1 - chance) / np.log(1 - share),
                    "You took the size for one rare row, times their number. That is more than needed: a large sample "
                    "makes up for bad luck at the beginning.",
                ),
                Slip(
                    "more-than",
                    lambda share, least, chance: _rows_for(share, least + 1, chance),
                    "This sample holds more than `least` rare rows with that chance. `binom.sf(k, m, share)` is the "
                    "probability of more than k.",
                ),
                Slip(
                    "chance-of-missing",
                    lambda share, least, chance: _rows_for(share, least, 1 - chance),
                    "This sample misses the rare rows with that probability.",
                ),
            ],
            rtol=0.01,
            atol=1,
        )
    ],
    credits=[
        Credit(
            1,
            "One rare row is found often enough.",
            "The number for one rare row is not right: m rows hold none of them with probability (1 - share)^m.",
            calls=slice(0, 1),
        ),
        Credit(
            1,
            "So are several.",
            "The number for several rare rows is not right. Which distribution has the number of rare rows among m?",
            calls=slice(1, None),
        ),
    ],
)


average_machines = choice(
    "scale-4",
    title="Twenty machines, one average",
    points=1,
    hint="What is component 2 of machine 7 on machine 8? And what did exercise scale-1 divide only once?",
    right="b",
    options={
        "a": "Equal sizes do not help. Component 2 of one machine may be component 4 of the next, and even in the same "
        "order the average of twenty optima is not the optimum of all rows.",
        "b": "Right. What adds up are the statistics of one iteration, made with the same parameters on every machine.",
        "c": "The weights and means are no better off. Averaged over machines whose components come in different "
        "orders, they describe nothing.",
        "d": "More iterations bring each machine nearer to an optimum of its own rows. They bring no machine nearer to "
        "the others.",
        "e": "Rounding errors of twenty sums are about the last of sixteen digits. The fault is larger.",
    },
)

EXERCISES = [iteration, starts_needed, rare_rows, average_machines]
