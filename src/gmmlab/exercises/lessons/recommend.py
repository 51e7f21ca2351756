"""Checks of notebook 14: conditional Gaussians, moments of a mixture, coverage, and which film to ask about."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import (
    Line,
    Mistake,
    as_array,
    as_number,
    as_results,
    mistakes_made,
    need,
    rubric,
    wrong_kind,
)

NOTEBOOK = "14_recommend_films"


def _made(answers: list[NDArray], inputs: list[tuple], wrong: Mapping[str, list[Callable]]) -> dict[str, bool]:
    """Say for each mistake whether one of its functions gives the answers."""
    return {name: any(_same(answers, inputs, function) for function in many) for name, many in wrong.items()}


def _same(answers: list, inputs: list[tuple], function: Callable) -> bool:
    with np.errstate(all="ignore"):
        expected = [np.asarray(function(*arguments)) for arguments in inputs]
    return all(
        np.shape(a) == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-6)
        for a, b in zip(answers, expected, strict=True)
    )


def _rounded(answers: list, inputs: list[tuple], right: Callable) -> Mistake:
    made = any(_same(answers, inputs, lambda *a, k=k: np.round(right(*a), k)) for k in range(4))
    return Mistake("rounded", made, "These are the right numbers, but rounded. Return them with all their digits.")


def _pairs(answer: Any, n_calls: int, names: tuple[str, str]) -> tuple[list[float], list[float]]:
    """Read two numbers a call; the second may be NaN, as the root of a negative number is."""
    first, second = [], []
    for result in as_results(answer, n_calls):
        expected = f"a function that returns two numbers, {names[0]} and {names[1]}"
        result = np.ravel(result).tolist() if isinstance(result, np.ndarray | pd.Series) else result
        if not isinstance(result, list):
            wrong_kind(result, expected)
        need(len(result) == 2, "wrong-length", f"This exercise asks for {expected}, but {len(result)} things came.")
        first.append(as_number(result[0], f"{names[0]} as one number"))
        undefined = isinstance(result[1], float) and np.isnan(result[1])
        second.append(np.nan if undefined else as_number(result[1], f"{names[1]} as one number"))
    return first, second


def draw_gaussians(seed: int) -> list[tuple]:
    """Draw Gaussians over 4 to 9 films, some ratings in half stars, and the number of a film without one."""
    rng = np.random.default_rng(seed)
    calls = []
    for d, rated in ((4, 2), (6, 1), (7, 4), (9, 6)):
        root = rng.normal(size=(d, d))
        covariance = 0.1 * root @ root.T + 0.3 + 0.3 * np.diag(rng.uniform(0.5, 1.5, size=d))
        known, places = np.full(d, np.nan), rng.permutation(d)
        known[places[:rated]] = rng.integers(2, 11, size=rated) / 2
        calls.append((rng.uniform(2.5, 4.5, size=d), covariance, known, int(places[-1])))
    return calls


def _gain(c: NDArray, seen: NDArray, film: int) -> NDArray:
    return np.linalg.solve(c[seen][:, seen], c[seen, film])


def _star(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return m[film] + _gain(c, seen, film) @ (x[seen] - m[seen])


def _variance(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return c[film, film] - _gain(c, seen, film) @ c[seen, film]


def _sd(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    return np.sqrt(_variance(m, c, x, film))


def _filled(x: NDArray, by: NDArray | float, film: int) -> NDArray:
    """Fill the holes, save for the film in question, as one does who forgets that they are holes."""
    x = np.where(np.isnan(x), by, x)
    x[film] = np.nan
    return x


def _no_inverse(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return m[film] + c[film, seen] @ (x[seen] - m[seen])


def _diagonal_inverse(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return m[film] + (c[film, seen] / np.diag(c)[seen]) @ (x[seen] - m[seen])


def _inverse_of_all(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return m[film] + c[film, seen] @ np.linalg.inv(c)[seen][:, seen] @ (x[seen] - m[seen])


def _not_centred(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    seen = ~np.isnan(x)
    return m[film] + _gain(c, seen, film) @ x[seen]


def _mean_forgotten(m: NDArray, c: NDArray, x: NDArray, film: int) -> float:
    return _star(m, c, x, film) - m[film]


_WRONG_STARS = {
    "not-centred": [_not_centred],
    "mean-forgotten": [_mean_forgotten, lambda m, c, x, film: _not_centred(m, c, x, film) - m[film]],
    "no-inverse": [_no_inverse],
    "correlations-ignored": [_diagonal_inverse],
    "inverse-of-all": [_inverse_of_all],
    "unconditional": [lambda m, c, x, film: m[film], lambda m, c, x, film: np.nanmean(x)],
    "holes-filled": [
        lambda m, c, x, film: _star(m, c, _filled(x, 0.0, film), film),
        lambda m, c, x, film: _star(m, c, _filled(x, m, film), film),
        lambda m, c, x, film: _star(m, c, _filled(x, np.nanmean(x), film), film),
    ],
    "sign": [lambda m, c, x, film: 2 * m[film] - _star(m, c, x, film)],
}

_STARS = {
    "not-centred": "The known ratings enter as they are. What counts is how far each lies from its film's mean.",
    "mean-forgotten": "This is the difference from the film's mean only. Add `mean[film]`.",
    "no-inverse": "The inverse of the covariance of the known films is missing: without it two films that say the same "
    "count twice, and the units do not fit.",
    "correlations-ignored": "You divide by the variances of the known films, as if these films had nothing to do with "
    "each other. It takes the inverse of their covariance matrix.",
    "inverse-of-all": "You inverted the covariance of all films and cut a piece out of the inverse. Cut first, then "
    "invert: the two are not the same.",
    "unconditional": "The user's ratings do not enter here as they should: this is a plain mean.",
    "holes-filled": "Missing ratings were filled, with zeros or with a mean. A film that was not rated says nothing: "
    "leave it out.",
    "sign": "The sign is wrong: a film whose covariance with a well-liked one is positive gets more stars, not fewer.",
}

_WRONG_SDS = {
    "variance-for-sd": [_variance],
    "unconditional": [lambda m, c, x, film: np.sqrt(c[film, film])],
    "explained-for-left": [
        lambda m, c, x, film: np.sqrt(c[film, film] - _variance(m, c, x, film)),
        lambda m, c, x, film: c[film, film] - _variance(m, c, x, film),
    ],
    "sign": [lambda m, c, x, film: np.sqrt(2 * c[film, film] - _variance(m, c, x, film))],
    "no-inverse": [
        lambda m, c, x, film: np.sqrt(c[film, film] - (c[film, ~np.isnan(x)] ** 2).sum()),
        lambda m, c, x, film: c[film, film] - (c[film, ~np.isnan(x)] ** 2).sum(),
    ],
    "holes-filled": [
        lambda m, c, x, film: np.sqrt(_variance(m, c, _filled(x, 0.0, film), film)),
        lambda m, c, x, film: np.sqrt(1 / np.linalg.inv(c)[film, film]),
    ],
}

_SDS = {
    "variance-for-sd": "This is the conditional variance. The standard deviation is its root, in stars.",
    "unconditional": "This is how much users differ before they have rated anything. The known ratings narrow it.",
    "explained-for-left": "This is what the known ratings explain. Asked is what is left: take it from the film's "
    "own variance.",
    "sign": "Knowing more made it less sure: the second term is to be subtracted.",
    "no-inverse": "The inverse of the covariance of the known films is missing in the second term.",
    "holes-filled": "This is the deviation if *all* other films were rated. Only the known ones narrow it.",
}


@exercise(
    "recommend-1",
    title="Predict one film",
    points=2,
    hint="`seen = ~np.isnan(known)` says which films are rated; `covariance[seen][:, seen]` cuts out their covariance. "
    "`np.linalg.solve(A, b)` gives the inverse of A times b.",
    inputs=draw_gaussians,
)
def predict_film(answer: Any) -> Iterator[Line]:
    """Judge a function that conditions one Gaussian on the ratings known."""
    inputs = draw_gaussians(getattr(answer, "seed", 0))
    stars, sds = _pairs(answer, len(inputs), ("the expected rating", "its standard deviation"))
    yield rubric(
        1,
        _same(stars, inputs, _star),
        "These are the conditional means.",
        _rounded(stars, inputs, _star),
        *mistakes_made(_made(stars, inputs, _WRONG_STARS), _STARS),
        otherwise="The expected ratings are off. Take one known rating first: the film's mean plus covariance divided "
        "by variance times the known film's difference from its mean.",
    )
    yield rubric(
        1,
        _same(sds, inputs, _sd),
        "These are the conditional standard deviations.",
        _rounded(sds, inputs, _sd),
        *mistakes_made(_made(sds, inputs, _WRONG_SDS), _SDS),
        otherwise="The standard deviations are off. They depend on which films are known, not on the ratings.",
    )


def draw_answers(seed: int) -> list[tuple]:
    """Draw responsibilities, means and standard deviations of two to five components."""
    rng = np.random.default_rng(seed)
    return [
        (rng.dirichlet(np.full(k, 1.5)), rng.uniform(1, 5, size=k), rng.uniform(0.3, 1.2, size=k)) for k in (2, 3, 4, 5)
    ]


def _mixture_mean(r: NDArray, m: NDArray, s: NDArray) -> float:
    return r @ m


def _mixture_variance(r: NDArray, m: NDArray, s: NDArray) -> float:
    return r @ (s**2 + (m - r @ m) ** 2)


def _mixture_sd(r: NDArray, m: NDArray, s: NDArray) -> float:
    return np.sqrt(_mixture_variance(r, m, s))


_WRONG_MEANS = {
    "winner-only": [lambda r, m, s: m[r.argmax()]],
    "unweighted": [lambda r, m, s: m.mean()],
    "precision-weighted": [
        lambda r, m, s: np.average(m, weights=r / s**2),
        lambda r, m, s: np.average(m, weights=1 / s**2),
    ],
    "divided-twice": [lambda r, m, s: (r * m).mean()],
}  # fmt: skip

_MEANS = {
    "winner-only": "Only the most probable component speaks here. The mixture lets each speak with its weight.",
    "unweighted": "All components count alike here. Each counts with its responsibility.",
    "precision-weighted": "You weigh by precision, as for several measurements of one quantity. Here one of the "
    "components is right, and we do not know which: the weights are the responsibilities alone.",
    "divided-twice": "The responsibilities sum to one: the weighted sum is the mean already, so do not divide again.",
}

_WRONG_SPREADS = {
    "variance-for-sd": [_mixture_variance],
    "between-forgotten": [lambda r, m, s: np.sqrt(r @ s**2), lambda r, m, s: r @ s, lambda r, m, s: r @ s**2],
    "within-forgotten": [
        lambda r, m, s: np.sqrt(r @ (m - r @ m) ** 2),
        lambda r, m, s: m.std(),
        lambda r, m, s: r @ (m - r @ m) ** 2,
    ],
    "sum-of-variables": [lambda r, m, s: np.sqrt(r**2 @ s**2), lambda r, m, s: r**2 @ s**2],
    "winner-only": [lambda r, m, s: s[r.argmax()]],
    "unweighted": [
        lambda r, m, s: s.mean(),
        lambda r, m, s: np.sqrt((s**2).mean() + m.var()),
        lambda r, m, s: np.sqrt((s**2).mean()),
    ],
    "square-forgotten": [lambda r, m, s: np.sqrt(r @ (s**2 + m**2)), lambda r, m, s: r @ (s**2 + m**2)],
    "sds-not-squared": [lambda r, m, s: np.sqrt(r @ (s + (m - r @ m) ** 2))],
}

_SPREADS = {
    "variance-for-sd": "This is the variance. The standard deviation is its root.",
    "between-forgotten": "This is the spread within the components only. If they expect different ratings, not knowing "
    "which is right makes the answer less sure: add the spread between their means.",
    "within-forgotten": "This is the spread between the components' means only. Each is unsure itself: add the spread "
    "within.",
    "sum-of-variables": "This is the deviation of a weighted *sum* of independent ratings. A mixture is not a sum: one "
    "component is right.",
    "winner-only": "Only the most probable component speaks here.",
    "unweighted": "The responsibilities do not enter as they should: each component counts with its own.",
    "square-forgotten": "This is built on the mean square of the rating. Subtract the square of the mean.",
    "sds-not-squared": "Variances add up, standard deviations do not: square `sds` first.",
}


@exercise(
    "recommend-2",
    title="One answer from several tastes",
    points=2,
    hint="The variance of a mixture is the mean of the variances plus the variance of the means, both weighted by the "
    "responsibilities.",
    inputs=draw_answers,
)
def combine(answer: Any) -> Iterator[Line]:
    """Judge a function from the components' answers to mean and standard deviation of the mixture."""
    inputs = draw_answers(getattr(answer, "seed", 0))
    means, spreads = _pairs(answer, len(inputs), ("the mean", "the standard deviation"))
    yield rubric(
        1,
        _same(means, inputs, _mixture_mean),
        "These are the means of the mixtures.",
        _rounded(means, inputs, _mixture_mean),
        *mistakes_made(_made(means, inputs, _WRONG_MEANS), _MEANS),
        otherwise="The means are off. Try two components with half of the responsibility each.",
    )
    yield rubric(
        1,
        _same(spreads, inputs, _mixture_sd),
        "These are their standard deviations.",
        _rounded(spreads, inputs, _mixture_sd),
        *mistakes_made(_made(spreads, inputs, _WRONG_SPREADS), _SPREADS),
        otherwise="The standard deviations are off. Try two components with equal responsibilities, the means 2 and 4 "
        "and hardly any spread of their own: the deviation is 1.",
    )


def draw_promises(seed: int) -> list[tuple]:
    """Draw predictions, deviations, hidden ratings with holes, and levels."""
    rng = np.random.default_rng(seed)
    calls = []
    for level in (0.5, 0.8, 0.9, 0.95):
        mean, sd = rng.uniform(2, 4.5, size=(40, 25)), rng.uniform(0.3, 1.4, size=(40, 25))
        hidden = rng.normal(mean, 0.8)
        hidden[rng.random(hidden.shape) < 0.6] = np.nan
        calls.append((mean, sd, hidden, level))
    return calls


def _share(m: NDArray, s: NDArray, x: NDArray, width: float) -> float:
    seen = ~np.isnan(x)
    return float((np.abs(x - m)[seen] < (width * s)[seen]).mean())


def _coverage(m: NDArray, s: NDArray, x: NDArray, level: float) -> float:
    return _share(m, s, x, norm.ppf((1 + level) / 2))


_WRONG_COVERAGE = {
    "holes-as-misses": [lambda m, s, x, level: _coverage(m, s, x, level) * (~np.isnan(x)).mean()],
    "holes-as-hits": [lambda m, s, x, level: 1 - (1 - _coverage(m, s, x, level)) * (~np.isnan(x)).mean()],
    "one-sided": [
        lambda m, s, x, level: _share(m, s, x, norm.ppf(level)),
        lambda m, s, x, level: float((x < m + norm.ppf(level) * s)[~np.isnan(x)].mean()),
        lambda m, s, x, level: float((x < m + norm.ppf((1 + level) / 2) * s)[~np.isnan(x)].mean()),
    ],
    "level-ignored": [
        *(lambda m, s, x, level, w=w: _share(m, s, x, w) for w in (1.645, 1.96, 1.0, 2.0, norm.ppf(0.95))),
    ],
    "level-for-width": [lambda m, s, x, level: _share(m, s, x, level)],
    "half-width": [lambda m, s, x, level: _share(m, s, x, norm.ppf((1 + level) / 2) / 2)],
    "variance-for-sd": [
        lambda m, s, x, level: _share(m, s**2, x, norm.ppf((1 + level) / 2)),
        lambda m, s, x, level: _share(m, np.sqrt(s), x, norm.ppf((1 + level) / 2)),
    ],
    "misses-for-hits": [lambda m, s, x, level: 1 - _coverage(m, s, x, level)],
    "promise-for-count": [lambda m, s, x, level: level],
    "count-for-share": [lambda m, s, x, level: _coverage(m, s, x, level) * (~np.isnan(x)).sum()],
    "percent": [lambda m, s, x, level: 100 * _coverage(m, s, x, level)],
    "mean-of-rows": [lambda m, s, x, level: np.mean([_coverage(a, b, c, level) for a, b, c in zip(m, s, x, strict=True)
                                                     if np.isfinite(c).any()])],
}  # fmt: skip

_COVERAGE = {
    "holes-as-misses": "The holes count as ratings outside their intervals: a comparison with NaN is False. Only "
    "hidden ratings count.",
    "holes-as-hits": "The holes count as ratings inside their intervals. Only hidden ratings count.",
    "one-sided": "This interval is not the central one: the probability left over lies on both sides, half of it above "
    "and half below.",
    "level-ignored": "The width does not depend on `level`. 1.645 standard deviations belong to 90 % alone.",
    "level-for-width": "`level` is a probability, not a number of standard deviations: `norm.ppf` translates.",
    "half-width": "The intervals are half as wide as promised: the quantile times `sd` is the distance to *either* "
    "side.",
    "variance-for-sd": "`sd` holds standard deviations already: neither square them nor take their root.",
    "misses-for-hits": "This is the share outside.",
    "promise-for-count": "This is what the intervals promise. Count what they hold.",
    "count-for-share": "This is how many ratings lie inside. Divide by how many there are.",
    "percent": "This is a percentage. Give a share from 0 to 1.",
    "mean-of-rows": "You averaged the shares of the users, so that a user with one hidden rating counts like one with "
    "many. Count over all ratings.",
}


@exercise(
    "recommend-3",
    title="Do intervals keep their promise?",
    points=1,
    hint="`norm.ppf(0.95)` belongs to 90 %: 5 % lie above it and 5 % below its negative. Which quantile belongs to "
    "`level`?",
    inputs=draw_promises,
)
def coverage(answer: Any) -> Iterator[Line]:
    """Judge a function that counts how many hidden ratings lie in their intervals."""
    inputs = draw_promises(getattr(answer, "seed", 0))
    shares = [as_number(result, "one share between 0 and 1") for result in as_results(answer, len(inputs))]
    yield rubric(
        1,
        _same(shares, inputs, _coverage),
        "The promise is checked over all hidden ratings.",
        _rounded(shares, inputs, _coverage),
        *mistakes_made(_made(shares, inputs, _WRONG_COVERAGE), _COVERAGE),
        otherwise="The shares are off. With `level=0.9` the lesson's cell gives the right one.",
    )


choice(
    "recommend-4",
    module=__name__,
    title="Why maximum likelihood failed",
    points=1,
    hint="Compare the number of ratings to fit with the numbers in one covariance. What does a covariance of two films "
    "rest on that five users rated both?",
    right="d",
    options={
        "a": "More iterations bring the likelihood of the *fitted* users higher still, and the predictions of new ones "
        "lower: the error grows with each.",
        "b": "A better optimum has a higher likelihood on the fitted users. But that was high already; it is new users "
        "whom it fails.",
        "c": "The prior acts on the covariance only. Ratings remain as they are, in ten steps.",
        "d": "Maximum likelihood takes the accidents of a few users for a law. Imaginary users outvote it where few "
        "real ones speak, and are outvoted where many do.",
        "e": "A hole says nothing and counts as nothing: EM puts the expectation and its uncertainty in its place.",
    },
)


def draw_covariances(seed: int) -> list[tuple]:
    """Draw covariances of 3 to 8 films, in which the widest film is not the most telling one."""
    rng = np.random.default_rng(seed)
    calls: list[tuple] = []
    for d in (3, 4, 6, 8):
        while True:
            loads = rng.normal(scale=0.7, size=(d, 2))
            c = loads @ loads.T + np.diag(rng.uniform(0.1, 2.5, size=d))
            top, second = np.sort(_lost(c))[::-1][:2]
            if np.diag(c).argmax() != _lost(c).argmax() and top > 1.05 * second:
                calls.append((c,))
                break
    return calls


def _lost(c: NDArray) -> NDArray[np.float64]:
    return (c**2).sum(axis=0) / np.diag(c)


def _correlations(c: NDArray) -> NDArray[np.float64]:
    return c / np.sqrt(np.outer(np.diag(c), np.diag(c)))


_WRONG_LOST = {
    "own-variance-only": [lambda c: np.diag(c)],
    "not-divided": [lambda c: (c**2).sum(axis=0), lambda c: (c**2).sum(axis=0) - np.diag(c) ** 2],
    "not-squared": [
        lambda c: c.sum(axis=0),
        lambda c: np.abs(c).sum(axis=0),
        lambda c: c.sum(axis=0) / np.diag(c),
        lambda c: np.abs(c).sum(axis=0) / np.diag(c),
    ],
    "correlations": [lambda c: (_correlations(c) ** 2).sum(axis=0), lambda c: _correlations(c).sum(axis=0)],
    "wrong-axis": [lambda c: (c**2 / np.diag(c)[None, :]).sum(axis=1)],
    "own-left-out": [lambda c: _lost(c) - np.diag(c)],
    "left-for-lost": [lambda c: np.trace(c) - _lost(c)],
    "sds": [lambda c: (np.sqrt(np.diag(c))[:, None] - np.sqrt(np.maximum(
        np.diag(c)[:, None] - c**2 / np.diag(c), 0))).sum(axis=0)],
    "sign": [lambda c: -_lost(c)],
    "mean-for-sum": [lambda c: _lost(c) / len(c)],
}  # fmt: skip

_LOST = {
    "own-variance-only": "This is each film's own variance. A film that divides people tells nothing of the *others* "
    "unless it varies with them.",
    "not-divided": "The division by the rated film's variance is missing: what a noisy film says is worth less.",
    "not-squared": "What film i takes from the variance of film j is the covariance *squared*, divided by the variance "
    "of i.",
    "correlations": "Correlations count all films alike. The fall is in squared stars: use covariances, and divide by "
    "the variance of the rated film only.",
    "wrong-axis": "You divided by the variance of the film that is predicted. Divide by that of the film that is "
    "rated.",
    "own-left-out": "The film itself counts, too: once rated, its own variance is gone.",
    "left-for-lost": "This is the sum of the variances that is left. Asked is how much it falls.",
    "sds": "You added up standard deviations. The task asks for variances.",
    "sign": "The sign is wrong: give the fall as a positive number.",
    "mean-for-sum": "This is the mean over the films. The task asks for the sum.",
}


@exercise(
    "recommend-5",
    title="Which film should we ask about?",
    points=2,
    hint="In the formula for the variance of film j let one film i be known: what is subtracted? Add that up over j.",
    inputs=draw_covariances,
)
def uncertainty_lost(answer: Any) -> Iterator[Line]:
    """Judge a function from a covariance to the fall of the sum of variances, film by film."""
    inputs = draw_covariances(getattr(answer, "seed", 0))
    results = as_results(answer, len(inputs))
    falls = [as_array(r, (len(c),), "one number a film") for r, (c,) in zip(results, inputs, strict=True)]
    mistakes = [_rounded(falls, inputs, _lost), *mistakes_made(_made(falls, inputs, _WRONG_LOST), _LOST)]
    otherwise = "The values are off. Check one by hand: with two films, rating the first takes its own variance, and "
    otherwise += "covariance squared divided by that variance from the second."
    yield rubric(
        1,
        all(fall.argmax() == _lost(c).argmax() for fall, (c,) in zip(falls, inputs, strict=True)),
        "The largest entry is at the film to ask about.",
        *mistakes,
        otherwise=otherwise,
    )
    yield rubric(1, _same(falls, inputs, _lost), "All falls are right.", *mistakes, otherwise=otherwise)
