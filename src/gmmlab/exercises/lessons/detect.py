"""Checks of notebook 13: a threshold, what a wanted precision allows, the cheapest threshold, a novel iris."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import (
    Line,
    as_mixture,
    as_number,
    as_results,
    describe,
    mistakes_made,
    need,
    rubric,
    wrong_kind,
)

NOTEBOOK = "13_detect_anomalies"


def _numbers(answer: Any, n_calls: int, expected: str) -> NDArray[np.float64]:
    """Read one number a call; it may be infinite, but not NaN."""
    values = []
    for result in as_results(answer, n_calls):
        single = isinstance(result, float | list | np.ndarray | pd.Series) and np.size(result) == 1
        infinite = single and np.asarray(result).dtype.kind == "f" and np.isinf(result).all()
        values.append(float(np.ravel(result)[0]) if infinite else as_number(result, expected))
    return np.array(values)


def _made(values: NDArray, inputs: list[tuple], wrong: Mapping[str, list[Callable]]) -> dict[str, bool]:
    """Say for each mistake whether one of its functions gives the values."""
    return {
        name: any(_same(values, [function(*arguments) for arguments in inputs]) for function in functions)
        for name, functions in wrong.items()
    }


def _same(values: NDArray, others: Any) -> bool:
    return bool(np.allclose(values, np.array(others, dtype=float), rtol=1e-5, atol=1e-6))


def draw_scores(seed: int) -> list[tuple]:
    """Draw scores of normal samples and false-alarm rates; in the last call there are too few scores for the rate.

    The rates are sums of powers of two, so that a rate times a number of scores is exact.
    """
    rng = np.random.default_rng(seed)
    sizes = [(16 * int(rng.integers(4, 9)) - 1, 1 / 16), (8 * int(rng.integers(4, 9)) - 1, 3 / 8), (12, 1 / 16)]
    return [(rng.normal(-4, 3, n), rate) for n, rate in sizes]


def _rank(scores: NDArray, rate: float) -> int:
    return int(np.floor(rate * (len(scores) + 1)))


def _threshold(scores: NDArray, rate: float) -> float:
    k = _rank(scores, rate)
    return np.sort(scores)[k - 1] if k else -np.inf


_WRONG_THRESHOLDS: dict[str, list[Callable]] = {
    "wrong-tail": [
        lambda s, rate: np.sort(s)[-_rank(s, rate)],
        lambda s, rate: np.sort(s)[-_rank(s, rate) - 1],
        lambda s, rate: np.quantile(s, 1 - rate),
    ],
    "one-too-far": [lambda s, rate: np.sort(s)[_rank(s, rate)]],
    "n-for-n-plus-one": [lambda s, rate: np.sort(s)[int(rate * len(s)) - 1]],
    "interpolated": [np.quantile],
    "percent": [lambda s, rate: np.percentile(s, rate)],
    "rank-for-score": [_rank, lambda s, rate: rate * (len(s) + 1)],
    "unsorted": [lambda s, rate: s[_rank(s, rate) - 1]],
}

_THRESHOLD = {
    "wrong-tail": "This is the upper end. A strange sample has a *low* score, so the alarm begins at the lower end.",
    "one-too-far": "One score too far: Python counts from 0, so the k-th lowest is at place k - 1. With yours, k + 1 "
    "of the scores raise the alarm.",
    "n-for-n-plus-one": "You counted n scores. The new sample takes one of n + 1 places among them and itself.",
    "interpolated": "`np.quantile` reads between two scores, and its convention is another. The promise needs the "
    "k-th lowest score itself.",
    "percent": "The rate is a share, such as 0.05, and you read it as per cent.",
    "rank-for-score": "This is k, the place in the order. The task asks for the score at that place.",
    "unsorted": "The scores come in no order. Sort them before you take the k-th.",
    "too-few-scores": "With k = 0 even the lowest score is too high a threshold: one of n + 1 is more than the rate. "
    "(And place -1 in Python is the *highest* score.) Return minus infinity: no alarm can keep the promise.",
}


@exercise(
    "detect-1",
    title="A threshold that keeps its promise",
    points=2,
    hint="Sort, count, take: np.sort(scores)[k - 1]. What is k with 12 scores and a rate of 1/16, and what would place "
    "-1 give?",
    inputs=draw_scores,
)
def threshold(answer: Any) -> Iterator[Line]:
    """Judge a function from held-out normal scores and a rate to the threshold."""
    inputs = draw_scores(getattr(answer, "seed", 0))
    values = _numbers(answer, len(inputs), "a function that returns one number")
    expected = np.array([_threshold(*arguments) for arguments in inputs])
    mistakes = mistakes_made(_made(values[:2], inputs[:2], _WRONG_THRESHOLDS), _THRESHOLD)
    met = _same(values[:2], expected[:2])
    yield rubric(
        1,
        met,
        "The threshold is the k-th lowest score.",
        *mistakes,
        otherwise="Of n scores, exactly k must be at or below the threshold, and it must be one of them.",
    )
    few = mistakes_made({"too-few-scores": values[2] != -np.inf}, _THRESHOLD)
    yield rubric(
        1,
        met and values[2] == -np.inf,
        "With too few scores it never raises the alarm.",
        *mistakes,
        *few,
        otherwise="With many scores the threshold must be right, too.",
    )


def draw_rates(seed: int) -> list[tuple]:
    """Draw wanted precisions, hit rates and base rates; in the last call every false-alarm rate would do."""
    rng = np.random.default_rng(seed)
    calls = [(rng.uniform(0.2, 0.9), rng.uniform(0.6, 0.95), rng.uniform(0.001, 0.05)) for _ in range(3)]
    return [*calls, (rng.uniform(0.1, 0.2), rng.uniform(0.8, 0.95), rng.uniform(0.6, 0.7))]


def _allowed(p: float, h: float, base: float) -> float:
    return min(1.0, base * h * (1 - p) / ((1 - base) * p))


_WRONG_RATES: dict[str, list[Callable]] = {
    "base-rate-forgotten": [lambda p, h, b: h * (1 - p) / p, lambda p, h, b: min(1, h * (1 - p) / p)],
    "odds-for-base": [lambda p, h, b: b * h * (1 - p) / p, lambda p, h, b: min(1, b * h * (1 - p) / p)],
    "precision-odds-turned": [lambda p, h, b: b * h * p / ((1 - b) * (1 - p))],
    "base-odds-turned": [
        lambda p, h, b: (1 - b) * h * (1 - p) / (b * p),
        lambda p, h, b: min(1, (1 - b) * h * (1 - p) / (b * p)),
    ],
    "precision-itself": [lambda p, h, b: b * h / (b * h + (1 - b) * p), lambda p, h, b: h * b / p],
    "complement": [lambda p, h, b: 1 - p, lambda p, h, b: 1 - _allowed(p, h, b)],
    "percent": [lambda p, h, b: 100 * b * h * (1 - p) / ((1 - b) * p)],
}

_RATES = {
    "base-rate-forgotten": "The base rate does not enter. The rarer the novelties, the fewer false alarms are allowed.",
    "odds-for-base": "The false alarms come from the normal share, 1 - base rate: divide by it.",
    "precision-odds-turned": "A higher precision must allow *fewer* false alarms. Yours allows more.",
    "base-odds-turned": "Rarer novelties must allow *fewer* false alarms. Yours allow more: base rate and its "
    "complement have changed places.",
    "precision-itself": "You put the wanted precision in the place of the false-alarm rate. Write down the formula of "
    "the lesson and solve it for f.",
    "complement": "1 - precision is the share of false ones among the *alarms*. The false-alarm rate is the share of "
    "alarms among the *normal* samples.",
    "percent": "The rates are shares between 0 and 1, and a percentage came.",
    "above-one": "A rate cannot exceed 1. Where novelties are so common that any false-alarm rate will do, return 1.",
}


@exercise(
    "detect-2",
    title="How many false alarms are allowed?",
    points=2,
    hint="Start from precision = base h / (base h + (1 - base) f). Multiply by the denominator and collect f. "
    "Could the result exceed 1?",
    inputs=draw_rates,
)
def allowed_rate(answer: Any) -> Iterator[Line]:
    """Judge a function from precision, hit rate and base rate to the largest false-alarm rate."""
    inputs = draw_rates(getattr(answer, "seed", 0))
    values = _numbers(answer, len(inputs), "a function that returns one number")
    expected = np.array([_allowed(*arguments) for arguments in inputs])
    mistakes = mistakes_made(_made(values[:3], inputs[:3], _WRONG_RATES), _RATES)
    met = _same(values[:3], expected[:3])
    yield rubric(
        1,
        met,
        "With this false-alarm rate the precision is the wanted one.",
        *mistakes,
        otherwise="Put your rate into the lesson's formula: the wanted precision must come out.",
    )
    yield rubric(
        1,
        met and _same(values[3:], expected[3:]),
        "It stays a rate where novelties are common.",
        *mistakes_made({"above-one": met and values[3] > 1}, _RATES),
        *mistakes,
        otherwise="Where the wanted precision lies below the base rate, every false-alarm rate will do: what is the "
        "largest?",
    )


def draw_costs(seed: int) -> list[tuple]:
    """Draw scores of both kinds, a base rate and two costs; in the last call it is cheapest never to alarm."""
    rng = np.random.default_rng(seed)
    calls = []
    for base, miss, alarm in ((0.02, 120.0, 1.0), (0.3, 1.0, 4.0), (0.001, 3000.0, 7.0), (0.001, 5.0, 1.0)):
        normal, strange = rng.normal(0, 1, 300), rng.normal(-2, 1.2, 40)
        calls.append([normal, strange, base, miss, alarm])
    lowest = calls[-1][1].min()
    calls[-1][0][0] = lowest - 1  # the strangest of all is normal: any alarm begins with a false one
    return [tuple(call) for call in calls]


def _cost(t: float, normal: NDArray, strange: NDArray, base: float, miss: float, alarm: float) -> float:
    return base * miss * np.mean(strange > t) + (1 - base) * alarm * np.mean(normal <= t)


def _cuts(normal: NDArray, strange: NDArray) -> NDArray[np.float64]:
    return np.concatenate([[-np.inf], np.sort(np.concatenate([normal, strange]))])


def _best(cost: Callable, normal: NDArray, strange: NDArray, *rest: float) -> float:
    cuts = _cuts(normal, strange)
    return cuts[int(np.argmin([cost(t, normal, strange, *rest) for t in cuts]))]


_WRONG_COSTS: dict[str, Callable] = {
    "base-rate-forgotten": lambda t, n, s, b, m, a: m * np.mean(s > t) + a * np.mean(n <= t),
    "validation-share": lambda t, n, s, b, m, a: m * np.sum(s > t) + a * np.sum(n <= t),
    "costs-forgotten": lambda t, n, s, b, m, a: b * np.mean(s > t) + (1 - b) * np.mean(n <= t),
    "costs-swapped": lambda t, n, s, b, m, a: b * a * np.mean(s > t) + (1 - b) * m * np.mean(n <= t),
    "all-errors-alike": lambda t, n, s, b, m, a: np.mean(s > t) + np.mean(n <= t),
    "counts-for-rates": lambda t, n, s, b, m, a: b * m * np.sum(s > t) + (1 - b) * a * np.sum(n <= t),
    "alarm-above": lambda t, n, s, b, m, a: b * m * np.mean(s <= t) + (1 - b) * a * np.mean(n > t),
    "strictly-below": lambda t, n, s, b, m, a: b * m * np.mean(s >= t) + (1 - b) * a * np.mean(n < t),
}

_COSTS = {
    "base-rate-forgotten": "The base rate does not enter. Misses happen to the share base_rate of all samples, false "
    "alarms to the rest.",
    "validation-share": "You added up costs over the validation samples. Their share of strange ones is not the base "
    "rate: take the rates of misses and of false alarms, and weigh them.",
    "costs-forgotten": "The costs do not enter: this makes the number of errors smallest.",
    "costs-swapped": "The costs have changed places: a miss is a strange sample without an alarm.",
    "all-errors-alike": "Neither costs nor base rate enter here.",
    "counts-for-rates": "You weighed *numbers* of errors. There are more normal samples than strange ones, so divide "
    "each number by its group's size.",
    "alarm-above": "Your alarm is raised at high scores. A low score is strange.",
    "strictly-below": "Your alarm is raised *below* the threshold only. Here it is raised at the threshold too, so "
    "yours raises one false alarm more: compare with `<=`.",
    "never-left-out": "In one call it is cheapest never to raise the alarm, and you do not try that. Add a threshold "
    "below all scores, such as minus infinity.",
    "cost-for-threshold": "This is the smallest cost. The task asks for the threshold at which it is reached.",
}


@exercise(
    "detect-3",
    title="The cheapest threshold",
    points=2,
    hint="Make a list of thresholds: every score, and one below all. Compute the cost of each as in the lesson, and "
    "take the threshold at `np.argmin`.",
    inputs=draw_costs,
)
def cheapest(answer: Any) -> Iterator[Line]:
    """Judge a function from scores, base rate and costs to the cheapest threshold, by the cost that it leads to."""
    inputs = draw_costs(getattr(answer, "seed", 0))
    values = _numbers(answer, len(inputs), "a function that returns one number")
    smallest = [_cost(_best(_cost, *call), *call) for call in inputs]
    excess = [_cost(t, *call) - least for t, call, least in zip(values, inputs, smallest, strict=True)]
    cheap = np.array(excess) < 1e-9
    made = {
        "cost-for-threshold": _same(values[:3], smallest[:3]),
        **{name: _as_cheap(values[:3], inputs[:3], cost) for name, cost in _WRONG_COSTS.items()},
    }
    mistakes = mistakes_made(made, _COSTS)
    met = bool(cheap[:3].all())
    yield rubric(
        1,
        met,
        "No other threshold is cheaper.",
        *mistakes,
        otherwise="Another threshold is cheaper. Compute the cost of yours and of its neighbours by hand.",
    )
    yield rubric(
        1,
        met and cheap[3],
        "Where an alarm does not pay, it stays silent.",
        *mistakes,
        *mistakes_made({"never-left-out": met}, _COSTS),
        otherwise="Another threshold is cheaper in a call where novelties are rare.",
    )


def _as_cheap(values: NDArray, inputs: list[tuple], cost: Callable) -> bool:
    """Say whether the thresholds are the best ones under a wrong cost."""
    pairs = zip(values, inputs, strict=True)
    return all(cost(t, *call) <= cost(_best(cost, *call), *call) + 1e-9 for t, call in pairs)


choice(
    "detect-4",
    module=__name__,
    title="Worse than a coin",
    points=1,
    hint="Look at the three images, and at the scores below them. Where is the peak of one Gaussian?",
    right="c",
    options={
        "a": "One Gaussian has a single best fit, mean and covariance of the training images, and the class finds it "
        "at once. More starts change nothing.",
        "b": "That would work for the 8 alone, and you know it only because you have seen 8s labelled. For the 0 the "
        "same turn would spoil a detector that works: a low density is what a novelty in general has.",
        "c": "The peak of one Gaussian is at the centre of its nine modes, where no normal image lies but the 8s do. "
        "A density with several modes is low there.",
        "d": "The AUC uses no threshold: it asks only which of two images scores lower.",
        "e": "The AUC compares pairs of one normal and one strange image, so that it does not depend on how many of "
        "each there are.",
    },
)


@lru_cache
def _iris() -> tuple[NDArray, NDArray, NDArray]:
    """Return training normals, other normals, and versicolors, as the exercise draws them."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    X, species = load_iris(return_X_y=True)
    own, new = train_test_split(X[species != 1], train_size=60, random_state=0)
    return own, new, X[species == 1]


_GOOD_AUC = 0.9

_FLOWERS = {
    "fitted-on-novelties": "Versicolors were among the flowers that you fitted: a model that has seen the novelty "
    "finds it normal. Fit `own` alone.",
    "fitted-on-test": "The fit has seen the flowers that judge it. Fit `own` alone.",
    "one-component": "One component has its peak between the two species, which is where the versicolors are. "
    "Let the number of components be chosen.",
    "poor-fit": "The normals have several modes, but this mixture does not rank the versicolors below them. "
    "Compare covariance types and numbers by their held-out likelihood.",
    "in-sample": "This is the threshold of the training scores under the model that was fitted to them. They are "
    "optimistic: take scores from models that have not seen the flower.",
    "threshold-on-test": "This threshold comes from the scores of `new`, the flowers that are to judge it. Use `own` "
    "only.",
    "too-high": "Far more than 10 % of the new normal flowers raise the alarm. A low score is strange: take the lower "
    "end.",
    "too-low": "Not one normal flower raises this alarm, and hardly any versicolor does. Is it a log density of this "
    "model? If it comes from unseen flowers, the mixture fits too tightly: take fewer components, or another type.",
}


@exercise(
    "detect-5",
    title="An iris that nobody has seen",
    points=2,
    hint="Try one to four components. Score each fifth of `own` by a mixture fitted to the other four, join the "
    "scores, and use your function from detect-1.",
)
def novel_iris(model: Any, alarm: Any) -> Iterator[Line]:
    """Judge a mixture of two iris species by how it ranks the third, and a threshold for 10 % false alarms."""
    own, new, strange = _iris()
    gmm = _flower_mixture(model)
    normal, novel = _scores(gmm, new), _scores(gmm, strange)
    auc = (np.mean(novel[:, None] < normal) + np.mean(novel[:, None] <= normal)) / 2
    fit = {
        "fitted-on-novelties": _centred_on(gmm, np.concatenate([own, strange]), np.concatenate([own, new, strange])),
        "fitted-on-test": _centred_on(gmm, np.concatenate([own, new]), new),
        "one-component": len(gmm.weights_) == 1,
        "poor-fit": auc < _GOOD_AUC,
    }
    sound = not any(fit.values()) and _centred_on(gmm, own)
    yield rubric(
        1,
        sound,
        f"Fitted to `own` alone, it ranks the versicolors with an AUC of {auc:.2f}.",
        *mistakes_made(fit, _FLOWERS),
        otherwise="This mixture was not fitted to `own`: its mean is another.",
    )
    cut = as_number(alarm, "one number, the threshold, as its second answer")
    made = {
        "in-sample": _is_rank_of(cut, _scores(gmm, own)),
        "threshold-on-test": _is_rank_of(cut, normal),
        "too-high": np.mean(normal <= cut) > 0.25,
        "too-low": np.mean(novel <= cut) < 0.4 and cut < min(normal.min(), _scores(gmm, own).min()),
    }
    yield rubric(
        1,
        sound and not any(made.values()),
        f"The alarm is raised by {100 * np.mean(normal <= cut):.0f} % of the new normal flowers and by "
        f"{100 * np.mean(novel <= cut):.0f} % of the versicolors.",
        *mistakes_made(fit, _FLOWERS),
        *mistakes_made(made, _FLOWERS),
        otherwise="A threshold belongs to a model that was fitted to `own`.",
    )


def _flower_mixture(answer: Any) -> Any:
    """Read a plain mixture of four lengths in cm."""
    need(
        type(answer).__name__ != "Pipeline",
        "wrong-kind",
        f"This exercise asks for a mixture fitted to the lengths in cm, but {describe(answer)} came.",
    )
    gmm = as_mixture(answer, "a fitted GaussianMixture as its first answer")
    need(gmm.means_.shape[1] == 4, "wrong-data", "Fit all four lengths of the flowers.")
    overall = _overall_mean(gmm)
    need(np.abs(overall).max() > 0.5, "wrong-units", "This was fitted to standardised lengths: take cm.")
    return gmm


def _scores(gmm: Any, X: NDArray) -> NDArray[np.float64]:
    try:
        return gmm.score_samples(X)
    except (AttributeError, ValueError):
        wrong_kind(gmm, "a fitted GaussianMixture as its first answer")


def _overall_mean(gmm: Any) -> NDArray[np.float64]:
    """Return the mean of the samples that a mixture was fitted to; a Bayesian one without what its priors added."""
    if not hasattr(gmm, "mean_precision_prior_"):
        return gmm.weights_ @ gmm.means_
    prior = gmm.mean_precision_prior_
    added = len(gmm.means_) * prior * gmm.mean_prior_
    return (gmm.mean_precision_ @ gmm.means_ - added) / (gmm.mean_precision_ - prior).sum()


def _centred_on(gmm: Any, *samples: NDArray) -> bool:
    """Say whether the mixture has the mean of one of the sets of samples."""
    overall = _overall_mean(gmm)
    return any(np.abs(overall - X.mean(axis=0)).max() < 0.02 for X in samples)


def _is_rank_of(cut: float, scores: NDArray) -> bool:
    """Say whether the threshold is one of the scores that a rate of 10 % could mean, or lies between two of them."""
    n = len(scores)
    exact = np.sort(scores)[[int(0.1 * n) - 1, int(0.1 * (n + 1)) - 1, int(0.1 * n)]]
    return bool(np.isclose([*exact, np.quantile(scores, 0.1)], cut, rtol=1e-6, atol=1e-8).any())
