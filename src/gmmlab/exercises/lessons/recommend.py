"""Exercises of notebook 14: one answer of a mixture, honest intervals, early stopping, what to ask."""

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Exercise, Slip, Value, choice, function_exercise

NOTEBOOK = "14_recommend_films"

Array = NDArray[np.float64]


def draw_answers(seed: int) -> list[tuple[Any, ...]]:
    """Draw responsibilities, means and standard deviations of two to five components."""
    rng = np.random.default_rng(seed)
    return [
        (rng.dirichlet(np.full(k, 1.5)), rng.uniform(1, 5, size=k), rng.uniform(0.3, 1.2, size=k)) for k in (2, 3, 4, 5)
    ]


def _variance(r: Array, m: Array, s: Array) -> float:
    return float(r @ (s**2 + (m - r @ m) ** 2))


combine: Exercise = function_exercise(
    "recommend-1",
    title="One answer from several components",
    hint="The variance of a mixture is the mean of the variances plus the variance of the means, both weighted by the "
    "responsibilities.",
    inputs=draw_answers,
    returns=[
        Value(
            "mean",
            lambda r, m, s: r @ m,
            [
                Slip(
                    "winner-only",
                    lambda r, m, s: m[r.argmax()],
                    "You used the most probable component only. Each component counts with its responsibility.",
                ),
                Slip(
                    "unweighted",
                    lambda r, m, s: m.mean(),
                    "All components count alike here. Each counts with its responsibility.",
                ),
                Slip(
                    "precision-weighted",
                    [
                        lambda r, m, s: np.average(m, weights=r / s**2),
                        lambda r, m, s: np.average(m, weights=1 / s**2),
                    ],
                    "You weighted by precision, as for several measurements of one quantity. Here one component is "
                    "right and we do not know which: the weights are the responsibilities alone.",
                ),
                Slip(
                    "divided-twice",
                    lambda r, m, s: (r * m).mean(),
                    "The responsibilities sum to one, so the weighted sum is already the mean. Do not divide again.",
                ),
            ],
        ),
        Value(
            "standard deviation",
            lambda r, m, s: np.sqrt(_variance(r, m, s)),
            [
                Slip("variance-for-sd", _variance, "This is the variance. Take the square root."),
                Slip(
                    "between-forgotten",
                    [lambda r, m, s: np.sqrt(r @ s**2), lambda r, m, s: r @ s, lambda r, m, s: r @ s**2],
                    "This is the spread within the components only. Where the components expect different ratings, add "
                    "the spread between their means.",
                ),
                Slip(
                    "within-forgotten",
                    [
                        lambda r, m, s: np.sqrt(r @ (m - r @ m) ** 2),
                        lambda r, m, s: m.std(),
                        lambda r, m, s: r @ (m - r @ m) ** 2,
                    ],
                    "This is the spread between the components' means only. Add the spread within each component.",
                ),
                Slip(
                    "sum-of-variables",
                    [lambda r, m, s: np.sqrt(r**2 @ s**2), lambda r, m, s: r**2 @ s**2],
                    "This is the standard deviation of a weighted sum of independent ratings. A mixture is not a sum: "
                    "each rating comes from one component.",
                ),
                Slip(
                    "winner-only",
                    lambda r, m, s: s[r.argmax()],
                    "You used the most probable component only. Each component counts with its responsibility.",
                ),
                Slip(
                    "unweighted",
                    [
                        lambda r, m, s: s.mean(),
                        lambda r, m, s: np.sqrt((s**2).mean() + m.var()),
                        lambda r, m, s: np.sqrt((s**2).mean()),
                    ],
                    "All components count alike here. Each counts with its responsibility.",
                ),
                Slip(
                    "square-forgotten",
                    [lambda r, m, s: np.sqrt(r @ (s**2 + m**2)), lambda r, m, s: r @ (s**2 + m**2)],
                    "This is built on the mean square of the rating. Subtract the square of the mean.",
                ),
                Slip(
                    "sds-not-squared",
                    lambda r, m, s: np.sqrt(r @ (s + (m - r @ m) ** 2)),
                    "Variances add up, standard deviations do not: square `sds` first.",
                ),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "These are the means of the mixtures.",
            "The mean is not right. Try two components with half of the responsibility each.",
            of=["mean"],
        ),
        Credit(
            1,
            "These are the standard deviations of the mixtures.",
            "The standard deviation is not right. Try equal responsibilities, means 2 and 4, and sds of nearly zero: "
            "the answer is 1.",
            of=["standard deviation"],
        ),
    ],
)


def draw_calibrations(seed: int) -> list[tuple[Any, ...]]:
    """Draw predictions, standard deviations, ratings of which many are missing, and levels."""
    rng = np.random.default_rng(seed)
    calls: list[tuple[Any, ...]] = []
    for level, rows in ((0.5, 9), (0.8, 12), (0.9, 16), (0.95, 20)):
        mean, sd = rng.uniform(2, 4.5, size=(rows, 6)), rng.uniform(0.3, 1.4, size=(rows, 6))
        truth = rng.normal(mean, 1.3 * sd)
        truth[rng.random(truth.shape) < 0.45] = np.nan
        calls.append((mean, sd, truth, level))
    return calls


def _ratios(mean: Array, sd: Array, truth: Array) -> Array:
    ratios = np.abs(truth - mean) / sd
    return np.sort(ratios[~np.isnan(ratios)])


def _stretch(mean: Array, sd: Array, truth: Array, level: float) -> float:
    ratios = _ratios(mean, sd, truth)
    return float(ratios[int(np.ceil((len(ratios) + 1) * level)) - 1])


def _counted_from(n: int, x: Array, level: float) -> float:
    return float(np.sort(x)[min(int(np.ceil((n + 1) * level)), len(x)) - 1])


def _signed(mean: Array, sd: Array, truth: Array, level: float) -> float:
    ratios = (truth - mean) / sd
    ratios = ratios[~np.isnan(ratios)]
    return _counted_from(len(ratios), ratios, level)


def _off_by_one(mean: Array, sd: Array, truth: Array, level: float) -> float:
    ratios = _ratios(mean, sd, truth)
    return float(ratios[min(int(np.ceil((len(ratios) + 1) * level)), len(ratios) - 1)])


def _one_user_each(mean: Array, sd: Array, truth: Array, level: float) -> float:
    return float(np.nanmean(np.nanquantile(np.abs(truth - mean) / sd, level, axis=1)))


stretch: Exercise = function_exercise(
    "recommend-2",
    title="Stretch intervals until they keep their promise",
    hint="Divide each absolute error by its own standard deviation, drop the NaN, and sort. Python counts from 0.",
    inputs=draw_calibrations,
    returns=[
        Value(
            "factor",
            _stretch,
            [
                Slip(
                    "no-correction",
                    [
                        lambda m, s, x, level: np.quantile(_ratios(m, s, x), level),
                        lambda m, s, x, level: _ratios(m, s, x)[int(np.ceil(len(_ratios(m, s, x)) * level)) - 1],
                    ],
                    "This is a plain quantile of the n ratios. The rule asks for place (n + 1) times `level`, rounded "
                    "up: the new rating counts as one more.",
                ),
                Slip(
                    "off-by-one",
                    _off_by_one,
                    "You are one place too far. The first of the sorted ratios has index 0.",
                ),
                Slip(
                    "holes-counted",
                    lambda m, s, x, level: _counted_from(x.size, _ratios(m, s, x), level),
                    "You counted the missing ratings too. Only ratings that are there count in n.",
                ),
                Slip(
                    "sd-ignored",
                    lambda m, s, x, level: _counted_from((~np.isnan(x)).sum(), np.abs(x - m)[~np.isnan(x)], level),
                    "These are errors in stars. Divide each error by its own standard deviation first.",
                ),
                Slip(
                    "variance-for-sd",
                    lambda m, s, x, level: _stretch(m, s**2, x, level),
                    "You divided by the variance. `sd` holds standard deviations, in stars like the errors.",
                ),
                Slip(
                    "signed-errors",
                    _signed,
                    "A prediction can be too high or too low. Take absolute values before you sort.",
                ),
                Slip(
                    "squared-errors",
                    lambda m, s, x, level: _stretch(m, s, x, level) ** 2,
                    "You sorted squared ratios. Take the square root: the factor multiplies standard deviations.",
                ),
                Slip(
                    "gaussian-quantile",
                    lambda m, s, x, level: scipy.stats.norm.ppf((1 + level) / 2),
                    "This is the factor of a perfect Gaussian model. Here the calibration ratings decide.",
                ),
                Slip(
                    "level-ignored",
                    [
                        lambda m, s, x, level: _stretch(m, s, x, 0.9),
                        lambda m, s, x, level: _stretch(m, s, x, (1 + level) / 2),
                    ],
                    "The place does not fit `level`. With absolute errors, `level` itself is the share to be held.",
                ),
                Slip(
                    "times-sd",
                    lambda m, s, x, level: _counted_from(
                        (~np.isnan(x)).sum(), (np.abs(x - m) * s)[~np.isnan(x)], level
                    ),
                    "You multiplied the errors by the standard deviations. Divide: an error counts for less where the "
                    "model was unsure.",
                ),
                Slip(
                    "mean-of-users",
                    _one_user_each,
                    "You took a quantile for each user and averaged. Put the ratios of all users together first.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            2,
            "The intervals hold what they promise, if new ratings are like those you calibrated with.",
            "The factor is not right. Try three ratings with errors 1, 2, 3, all standard deviations 1 and level 0.5: "
            "the place is 2, so the factor is 2.",
        )
    ],
)

stop_early: Exercise = choice(
    "recommend-3",
    title="Stop early?",
    points=1,
    hint="What does the result after five iterations depend on, besides the ratings? And how was the five found?",
    right="d",
    options={
        "a": "The error kept changing after five iterations, so EM had not converged. Closer to the maximum of the "
        "likelihood the predictions are worse.",
        "b": "Other starts may lead to other maxima of the likelihood. But EM raises the likelihood in every "
        "iteration, and from the fifth on the error rose with it. A higher maximum is not what we need.",
        "c": "Five iterations do help: the figure shows a lower error after five than before the first. Ask why.",
        "d": "The fit stays close to its start, the bias model, as with a prior. The number of iterations is a setting "
        "like the number of imaginary users, and both are chosen on validation ratings. This is called early stopping.",
        "e": "Missing ratings are handled alike in the first iteration and in the last, by their conditional means and "
        "covariances.",
    },
)


def draw_covariances(seed: int) -> list[tuple[Any, ...]]:
    """Draw covariances of 3 to 8 films, in which the widest film is not the most telling one."""
    rng = np.random.default_rng(seed)
    calls: list[tuple[Any, ...]] = []
    for d in (3, 4, 6, 8):
        while True:
            loads = rng.normal(scale=0.7, size=(d, 2))
            c = loads @ loads.T + np.diag(rng.uniform(0.1, 2.5, size=d))
            top, second = np.sort(_lost(c))[::-1][:2]
            if np.diag(c).argmax() != _lost(c).argmax() and top > 1.05 * second:
                calls.append((c,))
                break
    return calls


def _lost(c: Array) -> Array:
    return np.asarray((c**2).sum(axis=0) / np.diag(c))


def _correlations(c: Array) -> Array:
    return np.asarray(c / np.sqrt(np.outer(np.diag(c), np.diag(c))))


def _lost_sds(c: Array) -> Array:
    v = np.diag(c)[:, None]
    return np.asarray((np.sqrt(v) - np.sqrt(np.maximum(v - c**2 / np.diag(c), 0))).sum(axis=0))


uncertainty_lost: Exercise = function_exercise(
    "recommend-4",
    title="Which film should we ask about?",
    hint="In the formula for the variance of film m let one film o be known: what is subtracted? Add that up over m.",
    inputs=draw_covariances,
    returns=[
        Value(
            "falls",
            _lost,
            [
                Slip(
                    "own-variance-only",
                    lambda c: np.diag(c),
                    "This is each film's own variance. A film on which people differ tells nothing about the others "
                    "unless it varies with them.",
                ),
                Slip(
                    "not-divided",
                    [lambda c: (c**2).sum(axis=0), lambda c: (c**2).sum(axis=0) - np.diag(c) ** 2],
                    "Divide by the variance of the rated film: a noisy rating tells less.",
                ),
                Slip(
                    "not-squared",
                    [
                        lambda c: c.sum(axis=0),
                        lambda c: np.abs(c).sum(axis=0),
                        lambda c: c.sum(axis=0) / np.diag(c),
                        lambda c: np.abs(c).sum(axis=0) / np.diag(c),
                    ],
                    "What film i takes from the variance of film j is their covariance squared, divided by the "
                    "variance of i.",
                ),
                Slip(
                    "correlations",
                    [lambda c: (_correlations(c) ** 2).sum(axis=0), lambda c: _correlations(c).sum(axis=0)],
                    "Correlations count all films alike. The fall is in squared stars: use covariances, and divide by "
                    "the variance of the rated film only.",
                ),
                Slip(
                    "wrong-axis",
                    lambda c: (c**2 / np.diag(c)[None, :]).sum(axis=1),
                    "You divided by the variance of the film that is predicted. Divide by that of the film that is "
                    "rated.",
                ),
                Slip(
                    "own-left-out",
                    lambda c: _lost(c) - np.diag(c),
                    "The film itself counts too: once rated, its own variance is gone.",
                ),
                Slip(
                    "left-for-lost",
                    lambda c: np.trace(c) - _lost(c),
                    "This is the sum of the variances that is left. The task asks how much it falls.",
                ),
                Slip("sds", _lost_sds, "You added up standard deviations. The task asks for variances."),
                Slip("sign", lambda c: -_lost(c), "The sign is wrong: give the fall as a positive number."),
                Slip(
                    "mean-for-sum",
                    lambda c: _lost(c) / len(c),
                    "This is the mean over the films. The task asks for the sum.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "The largest entry is at the film to ask about.",
            "The largest entry is at another film. Check one by hand: with two films, rating the first takes away its "
            "own variance, and from the second their covariance squared divided by the variance of the first.",
            holds=lambda falls, c: falls.shape == (len(c),) and falls.argmax() == _lost(c).argmax(),
        ),
        Credit(
            1,
            "All falls are right. On the notebook's `cov` several popular films come out nearly alike, so which of "
            "them comes first depends on the ratings that were hidden.",
            "The falls are not right. Check one by hand: with two films, rating the first takes away its own variance, "
            "and from the second their covariance squared divided by the variance of the first.",
        ),
    ],
)

EXERCISES = [combine, stretch, stop_early, uncertainty_lost]
