"""Exercises of notebook 13: a threshold, its costs, an odd length, a novel iris."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Exercise, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import (
    Line,
    as_mixture,
    as_number,
    as_results,
    award,
    describe,
    is_fitted_to,
    mistakes_made,
    need,
    overall_mean,
    wrong_kind,
)

NOTEBOOK = "13_detect_anomalies"

Scores = NDArray[np.float64]

_OTHER_QUANTILES = ("lower", "higher", "nearest", "weibull", "inverted_cdf")


def draw_scores(seed: int) -> list[tuple]:
    """Draw scores of normal samples and false-alarm rates.

    First two plain calls; then one in which rate (n + 1) is a whole number that floating point misses from below; then
    one with too few scores for the rate.
    """
    rng = np.random.default_rng(seed)
    missed = [(n, k / (n + 1)) for n in range(80, 200) for k in range(5, 60) if int(k / (n + 1) * (n + 1)) < k]
    n, rate = missed[rng.integers(len(missed))]
    sizes = [(16 * int(rng.integers(4, 9)) - 1, 1 / 16), (int(rng.integers(60, 70)), 0.12), (n, rate), (12, 1 / 16)]
    return [(rng.normal(-4, 3, n), rate) for n, rate in sizes]


def _rank(scores: Scores, rate: float) -> int:
    """Return the largest k with k / (n + 1) <= rate; the division rounds like the rate itself, so this is exact."""
    n = len(scores)
    return int(np.sum(np.arange(1, n + 1) / (n + 1) <= rate))


def _product(scores: Scores, rate: float) -> int:
    return int(rate * (len(scores) + 1))


def _lowest(scores: Scores, k: int) -> float:
    """Return the k-th lowest score, minus infinity for k = 0."""
    return float(np.sort(scores)[k - 1]) if k > 0 else -np.inf


def _either(rank: Callable[[Scores, float], int]) -> list[Callable[[Scores, float], float]]:
    """Return the k-th lowest score by this rank: with minus infinity for k = 0, and with Python's place -1."""
    return [lambda s, rate: _lowest(s, rank(s, rate)), lambda s, rate: np.sort(s)[rank(s, rate) - 1]]


alarm_threshold: Exercise = function_exercise(
    "detect-1",
    title="A threshold for any rate",
    hint="Compute k / (n + 1) for k = 1, 2, ..., n, and count how many of these shares are at most the rate. What is k "
    "with 12 scores and a rate of 1/16? And what would place -1 give?",
    inputs=draw_scores,
    returns=[
        Value(
            "threshold",
            lambda s, rate: _lowest(s, _rank(s, rate)),
            [
                Slip(
                    "float-product",
                    _either(_product),
                    "Nearly: rate (n + 1) is rounded down to one less where the product should be a whole number. "
                    "`int(0.29 * 100)` is 28, since the product is 28.999... in floating point. Compare k / (n + 1) "
                    "with the rate instead.",
                ),
                Slip(
                    "too-few-scores",
                    [
                        lambda s, rate: np.sort(s)[_rank(s, rate) - 1],
                        lambda s, rate: np.sort(s)[max(_rank(s, rate), 1) - 1],
                        lambda s, rate: np.sort(s)[max(_product(s, rate), 1) - 1],
                    ],
                    "With k = 0 even the lowest score is too high a threshold: one of n + 1 is more than the rate. "
                    "(And place -1 in Python is the highest score.) Return minus infinity.",
                ),
                Slip(
                    "wrong-tail",
                    [
                        lambda s, rate: np.sort(s)[-max(_rank(s, rate), 1)],
                        lambda s, rate: np.sort(s)[-max(_product(s, rate), 1)],
                        lambda s, rate: np.sort(s)[-_rank(s, rate) - 1],
                        lambda s, rate: np.quantile(s, 1 - rate),
                        lambda s, rate: np.sort(s)[::-1][_product(s, rate) - 1],
                    ],
                    "This is the upper end. A strange sample has a low score, so the alarm begins at the lower end.",
                ),
                Slip(
                    "one-too-far",
                    [lambda s, rate: np.sort(s)[_rank(s, rate)], lambda s, rate: np.sort(s)[_product(s, rate)]],
                    "One score too far: Python counts from 0, so the k-th lowest score is at place k - 1.",
                ),
                Slip(
                    "n-for-n-plus-one",
                    [
                        *_either(lambda s, rate: int(rate * len(s))),
                        *_either(lambda s, rate: int(np.sum(np.arange(1, len(s) + 1) / len(s) <= rate))),
                    ],
                    "You counted n scores. The new sample takes one of n + 1 places among the scores and itself.",
                ),
                Slip(
                    "interpolated",
                    [np.quantile, *(lambda s, rate, m=m: np.quantile(s, rate, method=m) for m in _OTHER_QUANTILES)],
                    "The quantiles of numpy follow another convention, and most of them interpolate. The false-alarm "
                    "rate holds for the k-th lowest score itself.",
                ),
                Slip(
                    "percent",
                    lambda s, rate: np.percentile(s, rate),
                    "The rate is a share, for example 0.05. You read it as per cent.",
                ),
                Slip(
                    "rank-for-score",
                    [_rank, _product, lambda s, rate: rate * (len(s) + 1)],
                    "This is k, the place in the order. The task asks for the score at this place.",
                ),
                Slip(
                    "unsorted",
                    [lambda s, rate: s[_rank(s, rate) - 1], lambda s, rate: s[_product(s, rate) - 1]],
                    "The scores come in no order. Sort them before you take the k-th.",
                ),
            ],
            rtol=1e-6,
            atol=1e-6,
        )
    ],
    credits=[
        Credit(
            1,
            "The threshold is the k-th lowest score.",
            "Of n scores, exactly k must be at or below the threshold, and the threshold must be one of them.",
            calls=slice(0, 2),
        ),
        Credit(
            1,
            "It is exact where the product of rate and n + 1 is a whole number, and minus infinity for too few scores.",
            "Try 99 scores with a rate of 0.29, and 12 scores with a rate of 1/16.",
        ),
    ],
)


def _numbers(answer: Any, n_calls: int, expected: str) -> Scores:
    """Read one number a call; it may be infinite, but not NaN."""
    values = []
    for result in as_results(answer, n_calls):
        numbers = isinstance(result, float | list | np.ndarray) or type(result).__name__ == "Series"
        single = numbers and np.size(result) == 1
        infinite = single and np.asarray(result).dtype.kind == "f" and np.isinf(result).all()
        values.append(float(np.ravel(result)[0]) if infinite else as_number(result, expected))
    return np.array(values)


def _same(values: Scores, others: Any) -> bool:
    return bool(np.allclose(values, np.array(others, dtype=float), rtol=1e-5, atol=1e-6))


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


def _cost(t: float, normal: Scores, strange: Scores, base: float, miss: float, alarm: float) -> float:
    return base * miss * np.mean(strange > t) + (1 - base) * alarm * np.mean(normal <= t)


def _cuts(normal: Scores, strange: Scores) -> Scores:
    return np.concatenate([[-np.inf], np.sort(np.concatenate([normal, strange]))])


def _best(cost: Callable, normal: Scores, strange: Scores, *rest: float) -> float:
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
    "counts-for-rates": "You weighed numbers of errors. There are more normal samples than strange ones, so divide "
    "each number by its group's size.",
    "alarm-above": "Your alarm is raised at high scores. A low score is strange.",
    "strictly-below": "Your alarm is raised below the threshold only. Here it is raised at the threshold too, so "
    "yours raises one false alarm more: compare with `<=`.",
    "never-left-out": "In one call it is cheapest never to raise the alarm, and you do not try that. Add a threshold "
    "below all scores, such as minus infinity.",
    "cost-for-threshold": "This is the smallest cost. The task asks for the threshold at which it is reached.",
}


@exercise(
    "detect-2",
    title="The cheapest threshold",
    points=2,
    hint="Make a list of thresholds: every score, and one below all. Compute the cost of each with the formula, and "
    "take the threshold at `np.argmin`.",
    inputs=draw_costs,
)
def cheapest(answer: Any) -> Iterator[Line]:
    """Judge a function from scores, base rate and costs to the cheapest threshold, by the cost that it leads to."""
    seed = getattr(answer, "seed", 0)
    inputs = draw_costs(seed)
    values = _numbers(answer, len(inputs), "a function that returns one number")
    smallest = _smallest(seed)
    excess = [_cost(t, *call) - least for t, call, least in zip(values, inputs, smallest, strict=True)]
    cheap = np.array(excess) < 1e-9
    made = {
        "cost-for-threshold": _same(values[:3], smallest[:3]),
        **{name: _as_cheap(values[:3], inputs[:3], seed, name) for name in _WRONG_COSTS},
    }
    mistakes = mistakes_made(made, _COSTS)
    met = bool(cheap[:3].all())
    yield award(
        1,
        met,
        "No other threshold is cheaper.",
        *mistakes,
        otherwise="Another threshold is cheaper. Compute the cost of yours and of its neighbours by hand.",
    )
    yield award(
        1,
        met and cheap[3],
        "Where an alarm does not pay, it stays silent.",
        *mistakes,
        *mistakes_made({"never-left-out": met}, _COSTS),
        otherwise="Another threshold is cheaper in a call where anomalies are rare.",
    )


@lru_cache(maxsize=1000)
def _smallest(seed: int, wrong: str | None = None) -> list[float]:
    """Return the smallest cost in each call, the right one or a wrong one: a class is judged on one seed."""
    cost = _cost if wrong is None else _WRONG_COSTS[wrong]
    return [float(cost(_best(cost, *call), *call)) for call in draw_costs(seed)]


def _as_cheap(values: Scores, inputs: list[tuple], seed: int, wrong: str) -> bool:
    """Say whether the thresholds for the first calls are the best ones under a wrong cost."""
    cost, smallest = _WRONG_COSTS[wrong], _smallest(seed, wrong)[: len(inputs)]
    return all(cost(t, *call) <= least + 1e-9 for t, call, least in zip(values, inputs, smallest, strict=True))


def draw_notes(seed: int) -> list[tuple]:
    """Draw a sample, a mean and a covariance: first of two correlated features, then of five."""
    rng = np.random.default_rng(seed)
    calls = []
    for d in (2, 5, 5):
        maps = np.eye(d) + 0.5 * rng.normal(size=(d, d))
        covariance = maps @ maps.T * np.outer(sds := rng.uniform(0.3, 3, d), sds)
        mean = rng.uniform(5, 200, d)
        calls.append((mean + 1.5 * rng.normal(size=d) * np.sqrt(np.diag(covariance)), mean, covariance))
    return calls


def _residuals(x: Scores, mean: Scores, covariance: Scores) -> tuple[Scores, Scores]:
    """Return how far each feature is from its prediction by the others, and the variance of that."""
    precision = np.linalg.inv(covariance)
    variances = 1 / np.diag(precision)
    return precision @ (x - mean) * variances, variances


def _ratio(power: float) -> Callable[..., Scores]:
    """Return the residual divided by a power of its variance."""

    def formula(x: Scores, mean: Scores, covariance: Scores) -> Scores:
        residuals, variances = _residuals(x, mean, covariance)
        return residuals / variances**power

    return formula


def _slopes(x: Scores, covariance: Scores, j: int) -> tuple[NDArray[np.bool_], Scores]:
    others = np.arange(len(x)) != j
    return others, np.linalg.solve(covariance[others][:, others], covariance[others, j])


def _uncentred(x: Scores, mean: Scores, covariance: Scores) -> Scores:
    """Return the scores if the others' mean is not subtracted in the prediction."""
    _, variances = _residuals(x, mean, covariance)
    z = []
    for j in range(len(x)):
        others, slope = _slopes(x, covariance, j)
        z.append((x[j] - mean[j] - slope @ x[others]) / np.sqrt(variances[j]))
    return np.array(z)


def _with_plain_sd(x: Scores, mean: Scores, covariance: Scores) -> Scores:
    return _residuals(x, mean, covariance)[0] / np.sqrt(np.diag(covariance))


conditional_z: Exercise = function_exercise(
    "detect-3",
    title="What is wrong with this note?",
    hint="Take one length j at a time. `others = np.arange(d) != j` picks the rest, and "
    "`np.linalg.solve(covariance[others][:, others], covariance[others, j])` gives the slopes of the prediction.",
    inputs=draw_notes,
    returns=[
        Value(
            "conditional z-scores",
            _ratio(0.5),
            [
                Slip(
                    "others-ignored",
                    lambda x, m, c: (x - m) / np.sqrt(np.diag(c)),
                    "These are plain z-scores: each length is compared with its mean. Compare each length with what "
                    "the others predict.",
                ),
                Slip(
                    "plain-variance",
                    _with_plain_sd,
                    "The prediction is right, but you divided by the plain standard deviation. The variance given the "
                    "others is smaller.",
                ),
                Slip(
                    "variance-for-sd",
                    _ratio(1.0),
                    "You divided by the variance. A z-score divides by its root, the standard deviation.",
                ),
                Slip(
                    "not-divided",
                    _ratio(0.0),
                    "This is the distance from the prediction in the feature's unit. Divide it by the root of the "
                    "conditional variance.",
                ),
                Slip(
                    "sign-turned",
                    lambda x, m, c: -_ratio(0.5)(x, m, c),
                    "The sign is turned. A value above its prediction has a positive score.",
                ),
                Slip(
                    "sign-lost",
                    [lambda x, m, c: np.abs(_ratio(0.5)(x, m, c)), lambda x, m, c: _ratio(0.5)(x, m, c) ** 2],
                    "The sign is lost. Keep it: an expert wants to know whether a length is too long or too short.",
                ),
                Slip(
                    "not-centred",
                    _uncentred,
                    "The prediction uses the others' deviations from their means, x - mean, not the lengths "
                    "themselves.",
                ),
                Slip(
                    "whole-distance",
                    [
                        lambda x, m, c: np.sqrt((x - m) @ np.linalg.solve(c, x - m)),
                        lambda x, m, c: (x - m) @ np.linalg.solve(c, x - m),
                    ],
                    "Expected one number for each length, got one for the whole note, its Mahalanobis distance.",
                ),
                Slip(
                    "whitened",
                    lambda x, m, c: np.linalg.solve(np.linalg.cholesky(c), x - m),
                    "You used the Cholesky factor. It compares each length with those before it only, not with all "
                    "others.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "Right for two features.",
            "Not right for two features. With a correlation r and both variances 1, the prediction is r times the "
            "other deviation and its variance is 1 - r squared.",
            calls=slice(0, 1),
        ),
        Credit(
            1,
            "Right for five features.",
            "Not right for five features. Take the matrix of all other features, not one at a time.",
            calls=slice(1, None),
        ),
    ],
)


def draw_flowers(seed: int) -> tuple[Scores, Scores, Scores]:
    """Part the normal flowers into 60 to learn from and 40 others; the versicolors are always the same."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    X, species = load_iris(return_X_y=True)
    own, new = train_test_split(X[species != 1], train_size=60, random_state=seed % 2**32)
    return own, new, X[species == 1]


_GOOD_AUC = 0.9

_FLOWERS = {
    "fitted-on-anomalies": "Versicolors were among the flowers that you fitted: a model that has seen the anomaly "
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
    "too-high": "Far more than 10% of the new normal flowers raise the alarm. A low score is strange: take the lower "
    "end.",
    "too-low": "Not one normal flower raises this alarm, and hardly any versicolor does. Is it a log density of this "
    "model? If it comes from unseen flowers, the mixture fits too tightly: take fewer components, or another type.",
}


@exercise(
    "detect-4",
    title="An iris that nobody has seen",
    points=2,
    hint="Try one to four components. Score each fifth of `own` by a mixture fitted to the other four, join the "
    "scores, and take the sixth lowest: 6/61 is just below 10%.",
    data=draw_flowers,
)
def novel_iris(flowers: tuple[Scores, Scores, Scores], model: Any, alarm: Any) -> Iterator[Line]:
    """Judge a mixture of two iris species by how it ranks the third, and a threshold for 10% false alarms."""
    own, new, strange = flowers
    gmm = _flower_mixture(model)
    normal, novel = _scores(gmm, new), _scores(gmm, strange)
    auc = (np.mean(novel[:, None] < normal) + np.mean(novel[:, None] <= normal)) / 2
    fit = {
        "fitted-on-anomalies": is_fitted_to(gmm, np.concatenate([own, strange]))
        or is_fitted_to(gmm, np.concatenate([own, new, strange])),
        "fitted-on-test": is_fitted_to(gmm, np.concatenate([own, new])) or is_fitted_to(gmm, new),
        "one-component": len(gmm.weights_) == 1,
        "poor-fit": auc < _GOOD_AUC,
    }
    sound = not any(fit.values()) and is_fitted_to(gmm, own)
    yield award(
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
    yield award(
        1,
        sound and not any(made.values()),
        f"The alarm is raised by {100 * np.mean(normal <= cut):.0f}% of the new normal flowers and by "
        f"{100 * np.mean(novel <= cut):.0f}% of the versicolors.",
        *mistakes_made(fit, _FLOWERS),
        *mistakes_made(made, _FLOWERS),
        otherwise="A threshold belongs to a model that was fitted to `own`.",
    )


def _flower_mixture(answer: Any) -> Any:
    """Read a plain mixture of four lengths in cm."""
    need(
        type(answer).__name__ != "Pipeline",
        "wrong-kind",
        f"Expected a mixture fitted to the lengths in cm, got {describe(answer)}.",
    )
    gmm = as_mixture(answer, "a fitted GaussianMixture as its first answer")
    need(gmm.means_.shape[1] == 4, "wrong-data", "Fit all four lengths of the flowers.")
    overall = overall_mean(gmm)
    need(np.abs(overall).max() > 0.5, "wrong-units", "This was fitted to standardised lengths: take cm.")
    return gmm


def _scores(gmm: Any, X: Scores) -> Scores:
    try:
        return gmm.score_samples(X)
    except (AttributeError, ValueError):
        wrong_kind(gmm, "a fitted GaussianMixture as its first answer")


def _is_rank_of(cut: float, scores: Scores) -> bool:
    """Say whether the threshold is one of the scores that a rate of 10% could mean, or lies between two of them."""
    n = len(scores)
    exact = np.sort(scores)[[int(0.1 * n) - 1, int(0.1 * (n + 1)) - 1, int(0.1 * n)]]
    return bool(np.isclose([*exact, np.quantile(scores, 0.1)], cut, rtol=1e-6, atol=1e-8).any())


EXERCISES = [alarm_threshold, cheapest, conditional_z, novel_iris]
