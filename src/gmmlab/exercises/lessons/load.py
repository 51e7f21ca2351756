"""Checks of notebook 01: gaps, kinds on the islands, shares of a mixture, floats."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import norm

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, as_array, as_number, as_results, mistakes_made, need, rubric, wrong_kind
from gmmlab.mixture import best_fit

NOTEBOOK = "01_load_data"


_LOST = {
    "all-lost-rows": "You counted every row that `dropna()` drops. Some of them lack the measures, so they are not in "
    "`measured`: how many birds of `measured` go?",
    "kept-for-lost": "This is how many birds a table keeps. The question is how many go: take a difference.",
    "gaps-for-birds": "You counted gaps. A bird may have several gaps and is lost only once: count rows.",
    "unmeasured-birds": "These birds lack the measures, so `measured` never had them. Which other column has gaps?",
    "negative": "A number of birds is not negative: subtract the other way round.",
}


@exercise(
    "load-1",
    title="What a plain dropna costs",
    points=1,
    hint="Which column has gaps besides the four measures? Compare the lengths of two tables.",
)
def birds_lost(answer: Any) -> Iterator[Line]:
    """Judge how many measured birds ``dropna()`` without ``subset`` throws away."""
    lost = as_number(answer, "one whole number of birds")
    birds = load_penguins()
    rows, complete, measured = len(birds), len(birds.dropna()), len(birds.dropna(subset=MEASURES))
    made = {
        "all-lost-rows": lost == rows - complete,
        "kept-for-lost": lost in (complete, measured, rows),
        "gaps-for-birds": lost in (birds.isna().sum().sum(), birds[MEASURES].isna().sum().sum()),
        "unmeasured-birds": lost == rows - measured,
        "negative": lost < 0,
    }
    yield rubric(
        1,
        lost == measured - complete,
        "These birds have all four measures; only their sex is unknown.",
        *mistakes_made(made, _LOST),
        otherwise="Compare the number of rows of `measured` with that of `penguins.dropna()`.",
    )


_KINDS = {
    "birds-for-kinds": "You counted birds. The question is how many kinds there are.",
    "whole-table": "Three is the number for the whole table. An island has its own birds only: draw each island alone.",
    "merged-pair": "Two kinds lie on top of each other in the pair of measures that you drew. Try a pair with the bill "
    "length.",
    "one-clump-split": "You see more kinds than there are. A loose cloud is not yet two clumps, small samples look "
    "ragged: compare it with the size of the clumps on the other islands.",
}


@exercise(
    "load-2",
    title="The kinds on each island",
    points=2,
    hint="`for island, birds in measured.groupby('island')` gives a table for each island. Draw a pair of measures in "
    "which all birds together show three clumps, with the same limits for every island.",
)
def kinds_on_islands(answer: Any) -> Iterator[Line]:
    """Judge the number of species on each island."""
    truth = load_penguins().groupby("island")["species"].nunique().to_dict()
    kinds = _per_island(answer, list(truth))
    for islands in (["Biscoe", "Torgersen"], ["Dream"]):
        too_many = [kinds[island] - truth[island] for island in islands]
        if islands == ["Dream"] and too_many == [1] and kinds["Torgersen"] < 3:
            words = (
                "Dream: three clumps is an honest count by eye, at bill lengths of about 38, 46 and 51 mm. Two species "
                "live there, so here a clump is not a kind: male and female Chinstraps differ in bill length."
            )
            yield Line(1, True, words)
            continue
        made = {
            "birds-for-kinds": max(too_many) > 10,
            "whole-table": set(kinds.values()) == {3},
            "merged-pair": min(too_many) < 0,
            "one-clump-split": max(too_many) > 0,
        }
        where = " and ".join(islands)
        yield rubric(
            1, not any(too_many), f"{where}: right.", *mistakes_made(made, _KINDS), otherwise=f"Look at {where} again."
        )


def _per_island(answer: Any, islands: list[str]) -> dict[str, float]:
    """Read one number for each island from a dict, or from a Series whose index names the islands."""
    table = answer.to_dict() if isinstance(answer, pd.Series) else answer
    if not isinstance(table, dict):
        wrong_kind(answer, "a dict from the name of each island to a whole number")
    named = {str(island).strip().capitalize(): n for island, n in table.items()}
    need(
        set(named) == set(islands),
        "wrong-islands",
        f"This exercise asks for a number for each of {', '.join(islands)}; the keys given are not these three.",
    )
    return {island: as_number(named[island], f"a whole number for {island}") for island in islands}


choice(
    "load-3",
    module=__name__,
    title="What a gap proves",
    points=1,
    hint="Where do Adelie and Chinstrap lie in panel D?",
    right="b",
    options={
        "a": "The gap shows two kinds at least. This very table has three species: where is the third in panel D?",
        "b": "A gap separates at least two kinds. On either side may lie several that differ in other measures, as "
        "Adelie and Chinstrap do.",
        "c": "A correlation says how well one straight line describes all the points. It does not count clumps: panel "
        "F has the strongest correlation and shows two.",
        "d": "Standardising changes the numbers on the axes and not the picture: what overlaps before overlaps after.",
    },
)


def draw_mixtures(seed: int) -> list[tuple]:
    """Draw times in minutes, and weights, means and standard deviations of mixtures of 2, 3 and 4 components."""
    rng = np.random.default_rng(seed)
    calls = []
    for k in (2, 3, 4):
        means, sds = rng.uniform(40, 100, k), rng.uniform(3, 9, k)
        minutes = np.linspace(means.min() - 40, means.max() + 40, 12)
        calls.append((minutes, rng.dirichlet(np.full(k, 5.0)), means, sds))
    return calls


def _parts(function: Callable, x: NDArray, m: NDArray, s: NDArray) -> NDArray:
    """Return a function of one Gaussian, at each time (rows) for each component (columns)."""
    return function(x[:, None], m, s)


def _one_gaussian(x: NDArray, w: NDArray, m: NDArray, s: NDArray) -> NDArray:
    return norm.cdf(x, w @ m, np.sqrt(w @ (s**2 + m**2) - (w @ m) ** 2))


_WRONG_SHARES = {
    "density-for-probability": [lambda x, w, m, s: _parts(norm.pdf, x, m, s) @ w],
    "longer-for-shorter": [lambda x, w, m, s: _parts(norm.sf, x, m, s) @ w],
    "variance-for-sd": [
        lambda x, w, m, s: _parts(norm.cdf, x, m, s**2) @ w,
        lambda x, w, m, s: _parts(norm.cdf, x, m, np.sqrt(s)) @ w,
    ],
    "unweighted": [
        lambda x, w, m, s: _parts(norm.cdf, x, m, s).mean(axis=1),
        lambda x, w, m, s: _parts(norm.cdf, x, m, s).sum(axis=1),
    ],
    "one-gaussian": [_one_gaussian],
    "components-apart": [
        lambda x, w, m, s: _parts(norm.cdf, x, m, s),
        lambda x, w, m, s: _parts(norm.cdf, x, m, s) * w,
    ],
    "wrong-axis": [lambda x, w, m, s: (_parts(norm.cdf, x, m, s) * w).sum(axis=0)],
    "percent": [lambda x, w, m, s: 100 * _parts(norm.cdf, x, m, s) @ w],
}

_SHARES = {
    "density-for-probability": "These are densities: how crowded the waits are at one time, per minute. A share of the "
    "waits is an area under the density, which `norm.cdf` gives.",
    "longer-for-shorter": "These are the shares of the waits that last longer. The task asks for those that are over.",
    "variance-for-sd": "The spread is not right: `norm.cdf` takes a standard deviation, and `sds` holds just that. "
    "Neither square it nor take its root.",
    "unweighted": "Every component counts the same here. A common kind contributes more than a rare one: use the "
    "weights.",
    "one-gaussian": "This is one Gaussian with the mean and the spread of the whole mixture, the poor summary that the "
    "mixture replaces. Take a share from each component.",
    "components-apart": "Your function returned one number for each component. A wait may be of any kind: weight the "
    "components' shares and add them up.",
    "wrong-axis": "You added up over the times, so that one number for each component is left. Add up over the "
    "components.",
    "percent": "These are per cent. A share lies between 0 and 1.",
    "another-curve": "These numbers grow from 0 to 1, but they are not the shares of the mixture: how fast the shares "
    "grow depends on weights, means and standard deviations.",
}


@exercise(
    "load-4",
    title="The share of short waits",
    points=2,
    hint="For one Gaussian, `norm.cdf(t, mean, sd)` is the share of values up to t. Each kind contributes its share. "
    "`minutes[:, None]` is a column; it meets the row of components as a table.",
    inputs=draw_mixtures,
)
def share_within(answer: Any) -> Iterator[Line]:
    """Judge the distribution function of a one-dimensional mixture."""
    results = as_results(answer, 3)
    inputs = draw_mixtures(answer.seed)
    shares = [_shares(result, *arguments[:2]) for result, arguments in zip(results, inputs, strict=True)]
    made = {name: any(_same(shares, inputs, wrong) for wrong in many) for name, many in _WRONG_SHARES.items()}
    right = _same(shares, inputs, lambda x, w, m, s: _parts(norm.cdf, x, m, s) @ w)
    near = right or made["unweighted"] or made["variance-for-sd"] or made["one-gaussian"]
    made["another-curve"] = grows = all(map(_grows_from_0_to_1, shares))
    mistakes = mistakes_made(made, _SHARES)
    yield rubric(
        1,
        grows and near,
        "The shares grow from 0 to 1.",
        *mistakes,
        otherwise="Long before the shortest wait the share is 0, long after the longest it is 1, and it never falls.",
    )
    yield rubric(
        1,
        right,
        "They are the shares of the mixture.",
        *mistakes,
        otherwise="These are not the shares of the mixture. Try a mixture of one component first, then of two.",
    )


def _shares(result: Any, minutes: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Read the result of a call: as many shares as times, or a shape that a known mistake gives."""
    n, k = len(minutes), len(weights)
    shape = getattr(result, "shape", None)
    expected = f"a function that returns {n} shares for {n} times"
    return as_array(result, shape if shape in [(n, 1), (n, k), (k,)] else (n,), expected).ravel()


def _same(shares: list[NDArray], inputs: list[tuple], function: Callable) -> bool:
    others = [function(*arguments).ravel() for arguments in inputs]
    return all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(shares, others, strict=True)
    )


def _grows_from_0_to_1(shares: NDArray) -> bool:
    return bool(abs(shares[0]) < 0.01 and abs(shares[-1] - 1) < 0.01 and np.all(shares[1:] >= shares[:-1] - 1e-6))


_TABLE = {
    "integer-input": "The values are right, but they are still integers, and scores of integers can be wrong without a "
    "warning. Turn the table into floats.",
    "wrong-units": "The table holds minutes. The task is about `seconds`.",
    "wrong-column": "The table holds the waiting times. `seconds` holds the lengths of the eruptions.",
    "not-rounded": "The table holds seconds with decimals. Take `seconds` as it is, and change only its type.",
    "changed-values": "The values are not those of `seconds`. Change only their type.",
}

_TOTAL = {
    "integer-input": "This is what scikit-learn gives for integers: too high, since decimals were cut. Score floats.",
    "per-sample-for-total": "`score` returns the mean over the eruptions. The log-likelihood is their sum.",
    "wrong-units": "This is the log-likelihood in minutes. A density per second is a 60th of a density per minute, so "
    "that in seconds the number is another.",
    "one-component": "This is what one Gaussian reaches. The task asks for two.",
    "criterion-for-likelihood": "This is BIC or AIC, which also count the parameters. Use `score`.",
    "sign": "The sign is wrong: these densities are below 1, and their logarithms are negative.",
}


@exercise(
    "load-5",
    title="Whole seconds",
    points=2,
    hint="Which type must a table have before it is scored? And what does `score` return, a sum or a mean?",
)
def whole_seconds(table: Any, total: Any) -> Iterator[Line]:
    """Judge the eruption lengths in seconds as a table of floats, and the log-likelihood of two Gaussians on it."""
    yield _judge_table(table)
    yield _judge_total(as_number(total, "one number, the log-likelihood, as its second answer"))


def _judge_table(table: Any) -> Line:
    values = as_array(table, (272, 1), "a table of 272 rows and one column as its first answer")
    kind, minutes = np.asarray(table).dtype.kind, load_faithful()[["eruptions"]].to_numpy()
    right = np.allclose(values, _seconds())
    made = {
        "integer-input": right,
        "wrong-units": np.allclose(values, minutes),
        "wrong-column": np.allclose(values, load_faithful()[["waiting"]]),
        "not-rounded": np.allclose(values, 60 * minutes),
        "changed-values": True,
    }
    words = "The table holds the seconds as floats."
    return rubric(1, right and kind == "f", words, *mistakes_made(made, _TABLE), otherwise=_TABLE["changed-values"])


def _judge_total(total: float) -> Line:
    likelihoods = _likelihoods()
    made = {name: any(abs(total - value) < 0.2 for value in values) for name, values in likelihoods.items()}
    right = made.pop("right")
    words = "This is the log-likelihood of two Gaussians on the seconds."
    otherwise = "Fit two components with `best_fit` to the floats, and score the same floats."
    return rubric(1, right, words, *mistakes_made(made, _TOTAL), otherwise=otherwise)


def _seconds() -> NDArray[np.float64]:
    return (load_faithful()[["eruptions"]] * 60).round().to_numpy()


@lru_cache
def _likelihoods() -> dict[str, list[float]]:
    """Return the right log-likelihood of the seconds, and those that the usual mistakes give."""
    seconds, minutes = _seconds(), load_faithful()[["eruptions"]].to_numpy()
    two, n = best_fit(seconds, 2), len(seconds)
    means, sds = two.means_.ravel(), np.sqrt(two.covariances_).ravel()
    cut = np.floor(((seconds - means) / sds) ** 2)
    # scikit-learn 1.8 and 1.9 cut the squares; 1.7 cuts log(2 pi), which is 1.84, to 1 as well.
    logs = [np.log(two.weights_ / sds) - (constant + cut) / 2 for constant in (np.log(2 * np.pi), 1)]
    return {
        "right": [two.score(seconds) * n],
        "integer-input": [float(logsumexp(parts, axis=1).sum()) for parts in logs],
        "per-sample-for-total": [two.score(seconds)],
        "wrong-units": [best_fit(minutes, 2).score(minutes) * n],
        "one-component": [best_fit(seconds, 1).score(seconds) * n],
        "criterion-for-likelihood": [two.bic(seconds), two.aic(seconds)],
        "sign": [-two.score(seconds) * n],
    }
