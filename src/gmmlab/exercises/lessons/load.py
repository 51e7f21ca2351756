"""Checks of notebook 01: what dropna costs, clumps on the islands, the share of short waits."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import Line, as_count, as_dict, as_number, award, mistakes_made, need, part

NOTEBOOK = "01_load_data"


_LOST = {
    "all-lost-rows": "You counted every row that `dropna()` drops. Two of them have no measurements, so they are not "
    "in `measured`. How many birds of `measured` are dropped?",
    "kept-for-lost": "This is how many birds a table keeps. The question is how many it loses: take a difference.",
    "gaps-for-birds": "You counted missing values. A bird can lack several values and is dropped only once: count "
    "rows.",
    "unmeasured-birds": "These two birds have no measurements, so they never were in `measured`. Which other column "
    "has missing values?",
    "negative": "A number of birds cannot be negative: subtract the other way round.",
}


@exercise(
    "load-1",
    title="What a plain dropna costs",
    points=1,
    hint="Which column has missing values besides the four measurements? Compare the lengths of two tables.",
)
def what_dropna_costs(answer: Any) -> Iterator[Line]:
    """Judge how many measured birds ``dropna()`` without ``subset`` throws away."""
    lost = as_number(answer, "one whole number of birds")
    birds, measures = gmmlab.data.load_penguins(), gmmlab.data.MEASURES
    rows, complete, measured = len(birds), len(birds.dropna()), len(birds.dropna(subset=measures))
    made = {
        "all-lost-rows": lost == rows - complete,
        "kept-for-lost": lost in (complete, measured, rows),
        "gaps-for-birds": lost in (birds.isna().sum().sum(), birds[measures].isna().sum().sum()),
        "unmeasured-birds": lost == rows - measured,
        "negative": lost < 0,
    }
    yield award(
        1,
        lost == measured - complete,
        "These birds have all four measurements; only their sex is unknown.",
        *mistakes_made(made, _LOST),
        otherwise="Compare the number of rows of `measured` with the number of rows of `penguins.dropna()`.",
    )


_KINDS = {
    "birds-for-kinds": "You counted birds. The question is how many clumps there are.",
    "whole-table": "Three is the number for the whole table. Each island has only its own birds: draw each island "
    "alone.",
    "merged-pair": "Two clumps overlap in the pair of measurements that you drew. Try a pair with the bill length.",
    "one-clump-split": "You see more clumps than there are. Small samples look ragged, and a loose cloud is not yet "
    "two clumps. Compare it with the size of the clumps on the other islands.",
}


@exercise(
    "load-2",
    title="The clumps on each island",
    points=2,
    hint="`for island, birds in measured.groupby('island')` gives a table for each island. Draw a pair of measurements "
    "in which all birds together show three clumps, with the same limits for every island.",
)
def clumps_on_islands(answer: Any) -> Iterator[Line]:
    """Judge the number of species on each island."""
    truth = gmmlab.data.load_penguins().groupby("island")["species"].nunique().to_dict()
    counts = _per_island(answer, list(truth))
    for islands in (["Biscoe", "Torgersen"], ["Dream"]):
        yield from part(1, lambda islands=islands: _judge_islands(islands, counts, truth))


def _judge_islands(islands: list[str], counts: dict[str, Any], truth: dict[str, int]) -> Line:
    kinds = {island: as_count(counts[island], f"one whole number for {island}") for island in islands}
    too_many = [kinds[island] - truth[island] for island in islands]
    if islands == ["Dream"] and too_many == [1] and counts["Torgersen"] != 3:
        words = (
            "Dream: three clumps is an honest count by eye, at bill lengths near 38, 46 and 51 mm. Only two "
            "species live there, so a clump need not be a species: female and male Chinstraps differ in bill "
            "length."
        )
        return Line(1, True, words)
    made = {
        "birds-for-kinds": max(too_many) > 10,
        "whole-table": all(isinstance(n, int | float) and n == 3 for n in counts.values()),
        "merged-pair": min(too_many) < 0,
        "one-clump-split": max(too_many) > 0,
    }
    where = " and ".join(islands)
    return award(
        1, not any(too_many), f"{where}: right.", *mistakes_made(made, _KINDS), otherwise=f"Look at {where} again."
    )


def _per_island(answer: Any, islands: list[str]) -> dict[str, Any]:
    """Read what there is for each island from a dict, or from a Series whose index names the islands."""
    table = as_dict(answer, "a dict from the name of each island to a whole number")
    named = {str(island).strip().capitalize(): n for island, n in table.items()}
    need(
        set(named) == set(islands),
        "wrong-islands",
        f"Expected a number for each of {', '.join(islands)}, got other keys.",
    )
    return named


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
    return scipy.stats.norm.cdf(x, w @ m, np.sqrt(w @ (s**2 + m**2) - (w @ m) ** 2))


def _grow_from_0_to_1(shares: NDArray, *_: NDArray) -> bool:
    if shares.ndim > 1:
        return False
    return bool(abs(shares[0]) < 0.01 and abs(shares[-1] - 1) < 0.01 and np.all(np.diff(shares) >= -1e-6))


share_within = function_exercise(
    "load-3",
    title="The share of short waits",
    hint="For one Gaussian, `norm.cdf(t, mean, sd)` is the share of values up to t. Each kind contributes its share. "
    "`minutes[:, None]` is a column; together with the row of means it gives a table, one row for each time.",
    inputs=draw_mixtures,
    returns=[
        Value(
            "shares",
            lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s) @ w,
            [
                Slip(
                    "density-for-probability",
                    lambda x, w, m, s: _parts(scipy.stats.norm.pdf, x, m, s) @ w,
                    "These are densities per minute. The share of waits up to a time is the area under the density, "
                    "which `norm.cdf` gives.",
                ),
                Slip(
                    "longer-for-shorter",
                    lambda x, w, m, s: _parts(scipy.stats.norm.sf, x, m, s) @ w,
                    "These are the shares of the waits that last longer. The task asks for those that are over.",
                ),
                Slip(
                    "variance-for-sd",
                    [
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s**2) @ w,
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, np.sqrt(s)) @ w,
                    ],
                    "The spread is not right. `norm.cdf` takes standard deviations, and `sds` holds them already: "
                    "neither square them nor take their root.",
                ),
                Slip(
                    "unweighted",
                    [
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s).mean(axis=1),
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s).sum(axis=1),
                    ],
                    "Every component counts the same here. A common kind contributes more than a rare one: use the "
                    "weights.",
                ),
                Slip(
                    "one-gaussian",
                    [_one_gaussian, lambda x, w, m, s: scipy.stats.norm.cdf(x, w @ m, w @ s)],
                    "This is one Gaussian with the mean of the whole mixture. Take the share of each component, and "
                    "sum the shares with the weights.",
                ),
                Slip(
                    "components-apart",
                    [
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s),
                        lambda x, w, m, s: _parts(scipy.stats.norm.cdf, x, m, s) * w,
                    ],
                    "Expected one share for each time, got one for each time and component. A wait can be of any "
                    "kind: sum over the components, with the weights.",
                ),
                Slip(
                    "wrong-axis",
                    lambda x, w, m, s: (_parts(scipy.stats.norm.cdf, x, m, s) * w).sum(axis=0),
                    "You summed over the times, so one number for each component is left. Sum over the components.",
                ),
                Slip(
                    "percent",
                    lambda x, w, m, s: 100 * _parts(scipy.stats.norm.cdf, x, m, s) @ w,
                    "These are percentages. A share lies between 0 and 1.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "The shares grow from 0 to 1.",
            "Long before the shortest wait the share is 0, long after the longest it is 1, and it never falls.",
            holds=_grow_from_0_to_1,
        ),
        Credit(
            1,
            "These are the shares of the mixture.",
            "These are not the shares of the mixture. Try a mixture of one component first, then of two.",
        ),
    ],
)


EXERCISES = [what_dropna_costs, clumps_on_islands, share_within]
