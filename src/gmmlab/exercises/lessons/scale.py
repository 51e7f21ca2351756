"""Checks of notebook 15: an iteration over blocks, sizes of samples and of blocks, a forecast, what may be averaged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gmmlab.engine.em import e_step
from gmmlab.engine.parameters import Parameters
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, as_array, as_number, as_results, mistakes_made, need, rubric, wrong_kind
from gmmlab.mixture import COVARIANCE_TYPES, n_parameters

NOTEBOOK = "15_scale_out"

Wrong = Mapping[str, list[Callable]]


def _same(answers: Sequence, inputs: list[tuple], function: Callable, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    pairs = zip(answers, (np.asarray(function(*arguments)) for arguments in inputs), strict=True)
    return all(np.shape(a) == b.shape and np.allclose(a, b, rtol=rtol, atol=atol) for a, b in pairs)


def _made(answers: Sequence, inputs: list[tuple], wrong: Wrong, **tolerance: float) -> dict[str, bool]:
    """Say for each mistake whether one of its functions gives the answers."""
    return {name: any(_same(answers, inputs, f, **tolerance) for f in many) for name, many in wrong.items()}


def draw_blocks(seed: int) -> list[tuple]:
    """Draw blocks of different sizes, whose rows drift from block to block, and the parameters of a diag mixture."""
    rng = np.random.default_rng(seed)
    calls = []
    for sizes, k, d in (((30, 12, 21), 2, 3), ((5, 40), 3, 2), ((8, 16, 4, 25), 2, 2)):
        means, variances = rng.normal(scale=1.5, size=(k, d)), rng.uniform(0.5, 2, size=(k, d))
        blocks = [rng.normal(loc=0.6 * i, scale=1.5, size=(n, d)) for i, n in enumerate(sizes)]
        calls.append((blocks, rng.dirichlet(np.full(k, 4.0)), means, variances))
    return calls


class _Step(NamedTuple):
    """What one pass gives: new parameters, and the mean log density of a row under the old ones."""

    weights: NDArray
    means: NDArray
    variances: NDArray
    log_likelihood: float


def _step(X: NDArray, weights: NDArray, means: NDArray, variances: NDArray, *, hard: bool = False) -> _Step:
    r, log_density = e_step(X, Parameters(weights, means, variances, "diag"))
    r = np.eye(len(weights))[r.argmax(axis=1)] if hard else r
    counts = r.sum(axis=0)[:, None] + 1e-12
    new = r.T @ X / counts
    return _Step(r.mean(axis=0), new, r.T @ X**2 / counts - new**2, float(log_density.mean()))


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
        old, traces = (step.weights, step.means, step.variances + 1e-9), [*traces, step.log_likelihood]
    return _Step(*old, float(np.mean(traces)))


def _within(blocks: list, *old: NDArray) -> NDArray:
    """Return the blocks' variances averaged by their counts, which forgets that the blocks' means differ."""
    steps = [_step(block, *old) for block in blocks]
    counts = np.array([len(block) * step.weights for block, step in zip(blocks, steps, strict=True)])
    return np.einsum("bk,bkd->kd", counts / counts.sum(axis=0), np.array([step.variances for step in steps]))


def _of(name: str, function: Callable = _whole, **how: bool) -> Callable:
    return lambda *arguments: getattr(function(*arguments, **how), name)


def _blockwise(name: str) -> dict[str, list[Callable]]:
    return {
        "averaged-parameters": [_of(name, _averaged), _of(name, _averaged, by_rows=True)],
        "last-block": [lambda blocks, *old: getattr(_step(blocks[-1], *old), name)],
        "first-block": [lambda blocks, *old: getattr(_step(blocks[0], *old), name)],
        "updated-too-early": [_of(name, _updated)],
        "hard-labels": [_of(name, hard=True)],
    }


def _rows(blocks: list) -> int:
    return sum(map(len, blocks))


_WRONG_WEIGHTS: Wrong = _blockwise("weights") | {
    "averaged-parameters": [_of("weights", _averaged)],  # weighted by rows, the average of weights is right
    "counts-for-weights": [lambda blocks, *old: _whole(blocks, *old).weights * _rows(blocks)],
    "not-updated": [lambda blocks, weights, means, variances: weights],
}
_WRONG_MEANS: Wrong = _blockwise("means") | {
    "divided-by-n": [lambda blocks, *old: _whole(blocks, *old).means * _whole(blocks, *old).weights[:, None]],
    "not-updated": [lambda blocks, weights, means, variances: means],
}
_WRONG_VARIANCES: Wrong = _blockwise("variances") | {
    "between-blocks-lost": [_within],
    "not-centred": [lambda blocks, *old: _whole(blocks, *old).variances + _whole(blocks, *old).means ** 2],
    "old-means": [
        lambda blocks, w, m, v: _whole(blocks, w, m, v).variances + (_whole(blocks, w, m, v).means - m) ** 2,
        lambda blocks, w, m, v: _whole(blocks, w, m, v).variances + _whole(blocks, w, m, v).means ** 2 - m**2,
    ],
    "variance-for-sd": [lambda blocks, *old: np.sqrt(_whole(blocks, *old).variances)],
    "not-updated": [lambda blocks, weights, means, variances: variances],
}
_WRONG_LOG_LIKELIHOODS: Wrong = {
    "mean-of-means": [_of("log_likelihood", _averaged)],
    "total-for-mean": [lambda blocks, *old: _whole(blocks, *old).log_likelihood * _rows(blocks)],
    "per-block": [lambda blocks, *old: _whole(blocks, *old).log_likelihood * _rows(blocks) / len(blocks)],
    "last-block": [lambda blocks, *old: _step(blocks[-1], *old).log_likelihood],
    "first-block": [lambda blocks, *old: _step(blocks[0], *old).log_likelihood],
    "updated-too-early": [_of("log_likelihood", _updated)],
    "after-m-step": [lambda blocks, *old: _whole(blocks, *_whole(blocks, *old)[:3]).log_likelihood],
}

_PASS = {
    "averaged-parameters": "You averaged what each block alone would give. A block has more of one component and less "
    "of another, so its parameters must not count alike. Add up the sums; divide once, after the last block.",
    "last-block": "These are the numbers of the last block alone: each block overwrites what the ones before it left. "
    "Begin with zeros before the loop, and add.",
    "first-block": "These are the numbers of the first block alone. Does the loop return too early?",
    "updated-too-early": "You took an M-step after each block, so later blocks met other parameters than earlier ones. "
    "All blocks of one iteration need the same parameters; the M-step comes after the loop.",
    "hard-labels": "You gave each row to one component alone. Sum the responsibilities themselves.",
    "counts-for-weights": "The weights are the counts. Mixing weights sum to one.",
    "divided-by-n": "You divided by the number of all rows. A component's sums are divided by its own count.",
    "between-blocks-lost": "You averaged the variances of the blocks. That leaves out how far the blocks' means lie "
    "apart. Sum the squares over all blocks, and take off the square of the new mean once, at the end.",
    "not-centred": "This is the mean square. The square of the new mean has to be taken off.",
    "old-means": "The spread is taken about the old means. The M-step wants it about the new ones.",
    "variance-for-sd": "These are standard deviations; the task asks for variances.",
    "not-updated": "This is what came in: the M-step is missing.",
    "mean-of-means": "You averaged the blocks' means, as if all blocks had equally many rows. Add up the log densities "
    "and the rows of all blocks, and divide once.",
    "total-for-mean": "This is the sum over all rows. The task asks for the mean of a row.",
    "per-block": "You divided by the number of blocks. The mean of a row is the sum divided by the number of rows.",
    "after-m-step": "This is the log-likelihood of the new parameters, which takes a second pass over the blocks. The "
    "E-step gives that of the parameters that came in, for nothing.",
}


@exercise(
    "scale-1",
    title="An iteration over blocks",
    points=3,
    hint="Four sums start at zero before the loop: responsibilities, responsibilities times rows, responsibilities "
    "times squared rows, log densities. (And count the rows.) What is the first thing that may be divided, and when?",
    inputs=draw_blocks,
)
def iteration(answer: Any) -> Iterator[Line]:
    """Judge parameters and log-likelihood of one EM iteration over blocks."""
    inputs = draw_blocks(getattr(answer, "seed", 0))
    results = as_results(answer, len(inputs))
    steps = [
        _read_step(result, *arguments[1].shape, arguments[2].shape[1])
        for result, arguments in zip(results, inputs, strict=True)
    ]
    weights, means, variances, log_likelihoods = map(list, zip(*steps, strict=True))
    made = _made(weights, inputs, _WRONG_WEIGHTS)
    of_means = _made(means, inputs, _WRONG_MEANS)
    yield rubric(
        1,
        _same(weights, inputs, _of("weights")) and _same(means, inputs, _of("means")),
        "Weights and means are those of all rows together.",
        *mistakes_made(made, _PASS),
        *mistakes_made(of_means, _PASS),
        otherwise="Weights or means are not right. Try with one block: do you get what `m_step` gives?",
    )
    yield rubric(
        1,
        _same(variances, inputs, _of("variances")),
        "So are the variances.",
        *mistakes_made(_made(variances, inputs, _WRONG_VARIANCES), _PASS),
        otherwise="The variances are not right: mean of the squares minus square of the new mean, over all rows.",
    )
    yield rubric(
        1,
        _same(log_likelihoods, inputs, _of("log_likelihood")),
        "And the log-likelihood of a row is the mean over all rows.",
        *mistakes_made(_made(log_likelihoods, inputs, _WRONG_LOG_LIKELIHOODS), _PASS),
        otherwise="The log-likelihood is not right: sum the log densities of all blocks, and divide by all rows.",
    )


def _read_step(result: Any, k: int, d: int) -> tuple[NDArray, NDArray, NDArray, float]:
    names = "weights (k,), means (k, d), variances (k, d) and the mean log-likelihood of a row"
    if not isinstance(result, list):
        wrong_kind(result, f"a function that returns four things: {names}")
    need(len(result) == 4, "wrong-length", f"The function returns four things: {names}; {len(result)} came.")
    weights, means, variances, log_likelihood = result
    return (
        as_array(weights, (k,), f"weights of shape {(k,)}"),
        as_array(means, (k, d), f"means of shape {(k, d)}"),
        as_array(variances, (k, d), f"variances of shape {(k, d)}"),
        as_number(log_likelihood, "the mean log-likelihood of a row as one number"),
    )


def draw_losses(seed: int) -> list[tuple]:
    """Draw for each covariance type the loss that is allowed, and a model."""
    rng = np.random.default_rng(seed)
    return [
        (float(rng.uniform(0.0007, 0.009)), kind, int(rng.integers(3, 9)), int(rng.integers(3, 9)))
        for kind in COVARIANCE_TYPES
    ]


def _enough(loss: float, kind: str, k: int, d: int) -> float:
    return n_parameters(kind, k, d) / (2 * loss)


_WRONG_SIZES: Wrong = {
    "once-for-twice": [lambda loss, t, k, d: n_parameters(t, k, d) / loss],
    "half": [lambda loss, t, k, d: n_parameters(t, k, d) / (4 * loss)],
    "doubled": [lambda loss, t, k, d: 2 * n_parameters(t, k, d) / loss],
    "components-for-parameters": [lambda loss, t, k, d: k / (2 * loss), lambda loss, t, k, d: k * d / (2 * loss)],
    "free-weights": [lambda loss, t, k, d: (n_parameters(t, k, d) + 1) / (2 * loss)],
    "covariance-type": [lambda loss, t, k, d, other=o: _enough(loss, other, k, d) for o in COVARIANCE_TYPES],
    "inverted": [
        lambda loss, t, k, d: 2 * loss / n_parameters(t, k, d),
        lambda loss, t, k, d: n_parameters(t, k, d) * loss / 2,
    ],
    "square-root-law": [
        lambda loss, t, k, d: n_parameters(t, k, d) / (2 * loss**2),
        lambda loss, t, k, d: (n_parameters(t, k, d) / (2 * loss)) ** 2,
    ],
}

_SIZES = {
    "once-for-twice": "Twice as many as needed: the loss is `p / 2m`, with a 2.",
    "half": "Half as many as needed: solve `p / 2m = loss` for `m` once more.",
    "doubled": "Four times as many as needed: the 2 of `p / 2m` belongs below the line.",
    "components-for-parameters": "You counted components or means. `p` counts all free parameters: `n_parameters`.",
    "free-weights": "You count one parameter too many: the weights sum to one.",
    "covariance-type": "This is right for one covariance type and is given for all. The type changes `p`.",
    "inverted": "The smaller the loss that is allowed, the more rows it takes: loss belongs below the line.",
    "square-root-law": "The error of a *parameter* falls as `1 / sqrt(m)`. The log-likelihood is flat at its top, so "
    "its loss goes with the square of that error, as `1 / m`.",
    "rounded-down": "This many rows lose a little more than allowed, or it is no whole number. Round up.",
}


@exercise(
    "scale-2",
    title="How many rows are enough",
    points=2,
    hint="Solve `loss = p / 2m` for `m`. `n_parameters(covariance_type, k, d)` gives `p`; `np.ceil` rounds up.",
    inputs=draw_losses,
)
def enough(answer: Any) -> Iterator[Line]:
    """Judge the size of a sample that loses no more than it may."""
    inputs = draw_losses(getattr(answer, "seed", 0))
    values = [as_number(r, "one number of rows a call") for r in as_results(answer, len(inputs))]
    near = all(abs(m - _enough(*arguments)) <= 1.0 for m, arguments in zip(values, inputs, strict=True))
    up = all(m == np.ceil(_enough(*arguments)) for m, arguments in zip(values, inputs, strict=True))
    mistakes = mistakes_made(_made(values, inputs, _WRONG_SIZES, rtol=2e-3, atol=1.0), _SIZES)
    yield rubric(
        1,
        near,
        "The law is solved rightly.",
        *mistakes,
        otherwise="Put your number of rows into `p / 2m`: does the loss come out?",
    )
    made = {"rounded-down": near}
    yield rubric(
        1,
        up,
        "It is a whole number of rows that keeps the loss below what is allowed.",
        *mistakes,
        *mistakes_made(made, _SIZES),
        otherwise="First get the law right, then round up.",
    )


def draw_budgets(seed: int) -> list[tuple]:
    """Draw a budget in MB, and numbers of features and components."""
    rng = np.random.default_rng(seed)
    return [(float(rng.uniform(2, 90)), int(rng.integers(3, 20)), int(rng.integers(3, 20))) for _ in range(4)]


def _fitting(megabytes: float, d: int, k: int) -> float:
    return megabytes * 1e6 / (8 * (d + k))


_WRONG_BLOCKS: Wrong = {
    "bytes-forgotten": [lambda mb, d, k: mb * 1e6 / (d + k)],
    "bits-for-bytes": [lambda mb, d, k: mb * 1e6 / (64 * (d + k))],
    "single-precision": [lambda mb, d, k: mb * 1e6 / (4 * (d + k))],
    "responsibilities-forgotten": [lambda mb, d, k: mb * 1e6 / (8 * d)],
    "rows-forgotten": [lambda mb, d, k: mb * 1e6 / (8 * k)],
    "product-for-sum": [lambda mb, d, k: mb * 1e6 / (8 * d * k)],
    "mebibytes": [lambda mb, d, k: mb * 2**20 / (8 * (d + k))],
    "megabytes-forgotten": [lambda mb, d, k: mb / (8 * (d + k)), lambda mb, d, k: mb * 1e3 / (8 * (d + k))],
}

_BLOCKS = {
    "bytes-forgotten": "This counts numbers, not bytes. How many bytes has a float64?",
    "bits-for-bytes": "A float64 has 64 bits, which are 8 bytes.",
    "single-precision": "Four bytes are a float32. The task says float64.",
    "responsibilities-forgotten": "The responsibilities are missing: each row has `k`, besides its `d` features.",
    "rows-forgotten": "The rows themselves are missing: each has `d` features besides its `k` responsibilities.",
    "product-for-sum": "A row holds `d` numbers and `k` more, not `d` times `k`.",
    "mebibytes": "One MB here is `10**6` bytes; `2**20` bytes are a mebibyte.",
    "megabytes-forgotten": "The budget is given in MB. How many bytes are that?",
    "rounded-up": "This block is one row too large for the budget, or it is no whole number. Round down.",
}


@exercise(
    "scale-3",
    title="The largest block",
    points=1,
    hint="How many numbers does one row bring, its responsibilities included? How many bytes are they? Then divide.",
    inputs=draw_budgets,
)
def largest_block(answer: Any) -> Iterator[Line]:
    """Judge the rows of the largest block within a budget of memory."""
    inputs = draw_budgets(getattr(answer, "seed", 0))
    values = [as_number(r, "one number of rows a call") for r in as_results(answer, len(inputs))]
    exact = [_fitting(*arguments) for arguments in inputs]
    made = _made(values, inputs, _WRONG_BLOCKS, rtol=1e-3, atol=1.0)
    made["rounded-up"] = all(abs(a - b) <= 1.0 for a, b in zip(values, exact, strict=True))
    yield rubric(
        1,
        values == np.floor(exact).tolist(),
        "So many rows fit, and not one more.",
        *mistakes_made(made, _BLOCKS),
        otherwise="Multiply back: how many bytes have that many rows, with `d` features and `k` responsibilities each?",
    )


def draw_timings(seed: int) -> list[tuple]:
    """Draw sizes, the times that they took (a power law, with noise of a few per cent) and a larger size."""
    rng = np.random.default_rng(seed)
    calls = []
    for low in (0.55, 1.5, 2.3):
        exponent, first = rng.uniform(low, low + 0.2), rng.uniform(500, 2000)
        sizes = np.round(first * 2.0 ** np.arange(6))
        seconds = rng.uniform(2e-3, 2e-2) * (sizes / first) ** exponent * np.exp(rng.normal(scale=0.01, size=6))
        calls.append((sizes, seconds, float(np.round(sizes[-1] * rng.uniform(8, 12)))))
    return calls


def _line(x: NDArray, y: NDArray) -> NDArray:
    return np.polyfit(x, y, 1)


def _exponent(sizes: NDArray, seconds: NDArray, size: float) -> float:
    return _line(np.log(sizes), np.log(seconds))[0]


def _forecast(sizes: NDArray, seconds: NDArray, size: float) -> float:
    return float(np.exp(np.polyval(_line(np.log(sizes), np.log(seconds)), np.log(size))))


_WRONG_EXPONENTS: Wrong = {
    "no-logarithms": [lambda n, s, size: _line(n, s)[0]],
    "one-logarithm": [lambda n, s, size: _line(n, np.log(s))[0], lambda n, s, size: _line(np.log(n), s)[0]],
    "axes-swapped": [lambda n, s, size: _line(np.log(s), np.log(n))[0]],
    "constant-for-slope": [lambda n, s, size: _line(np.log(n), np.log(s))[1]],
    "ratio-for-exponent": [lambda n, s, size: s[-1] / s[-2], lambda n, s, size: np.mean(s[1:] / s[:-1])],
}
_WRONG_FORECASTS: Wrong = {
    "straight-line": [lambda n, s, size: np.polyval(_line(n, s), size)],
    "in-proportion": [lambda n, s, size: s[-1] * size / n[-1], lambda n, s, size: s[0] * size / n[0]],
    "logarithm-returned": [
        lambda n, s, size: np.log(_forecast(n, s, size)),
        lambda n, s, size: np.log10(_forecast(n, s, size)),
    ],
    "constant-forgotten": [lambda n, s, size: size ** _exponent(n, s, size)],
}

_TIMINGS = {
    "no-logarithms": "This is the slope of seconds against sizes. A power law is a straight line only where both axes "
    "are logarithmic: `log t = log c + a log n`.",
    "one-logarithm": "Only one of the two is a logarithm. A power law is a straight line where both are.",
    "axes-swapped": "The axes are swapped: the times follow from the sizes.",
    "constant-for-slope": "This is the line's constant. `np.polyfit` gives the slope first.",
    "ratio-for-exponent": "This is the factor by which the time grows when the size doubles. The exponent is its "
    "logarithm to the base 2.",
    "straight-line": "This extends a straight line through the plain numbers. Extend the line through the logarithms.",
    "in-proportion": "This takes the time to grow in proportion to the size, whatever the exponent is.",
    "logarithm-returned": "This is the logarithm of the time. Undo it with `np.exp`.",
    "constant-forgotten": "This is the size to the power of the exponent. The constant in front of it is missing.",
}


@exercise(
    "scale-4",
    title="An exponent and a forecast",
    points=2,
    hint="`slope, constant = np.polyfit(np.log(sizes), np.log(seconds), 1)`: which of the two is the exponent? Put the "
    "logarithm of the new size into the line, and undo the logarithm.",
    inputs=draw_timings,
)
def forecast(answer: Any) -> Iterator[Line]:
    """Judge the exponent of timings, and the time they forecast; any sensible fit of the line counts."""
    inputs = draw_timings(getattr(answer, "seed", 0))
    pairs = [_read_pair(result) for result in as_results(answer, len(inputs))]
    exponents, times = zip(*pairs, strict=True)
    yield rubric(
        1,
        _same(exponents, inputs, _exponent, rtol=0, atol=0.06),
        "The exponent is right.",
        *mistakes_made(_made(exponents, inputs, _WRONG_EXPONENTS, rtol=0.02), _TIMINGS),
        otherwise="The exponent is the slope of the logarithm of the time against the logarithm of the size.",
    )
    yield rubric(
        1,
        _same(times, inputs, _forecast, rtol=0.2, atol=0),
        "So is the forecast.",
        *mistakes_made(_made(times, inputs, _WRONG_FORECASTS, rtol=0.05), _TIMINGS),
        otherwise="Forecast one of the sizes that were measured: does about the measured time come out?",
    )


def _read_pair(result: Any) -> tuple[float, float]:
    names = "the exponent and the seconds for the new size"
    if not isinstance(result, list | np.ndarray):
        wrong_kind(result, f"a function that returns two things: {names}")
    need(len(result) == 2, "wrong-length", f"The function returns two things: {names}; {len(result)} came.")
    return as_number(result[0], "the exponent as one number"), as_number(result[1], "the seconds as one number")


choice(
    "scale-5",
    module=__name__,
    title="Twenty machines, one average",
    points=1,
    hint="What is component 2 of machine 7 on machine 8? And what did exercise scale-1 divide only once?",
    right="b",
    options={
        "a": "Equal sizes do not help. Component 2 of one machine may be component 4 of the next, and even in the same "
        "order the average of twenty optima is not the optimum of all rows.",
        "b": "Right. What adds up are the statistics of one iteration, made with the same parameters on every machine.",
        "c": "The weights and means are no better off: averaged over machines whose components come in different "
        "orders, they describe nothing.",
        "d": "More iterations make each machine surer of its own rows. They bring no machine nearer to the others.",
        "e": "Rounding errors of twenty sums are about the last of sixteen digits. The fault is larger.",
    },
)
