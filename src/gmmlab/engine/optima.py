"""Optima: which are the same, which is higher, and the best of them on all rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from gmmlab.engine.accelerated import accelerated_em
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.spaces import Sample

LONG = 40  # iterations at most of a run on the sample
NEARBY = 0.01  # an optimum on a sample that is this far below the best, per row, may be the best on all rows
SAME, HIGHER = 1e-4, 1e-5  # log-likelihoods per row that differ by less count as one; by more, as progress


def optima_from(sample: Sample, starts: Iterable[Parameters], known: Sequence[Result] = ()) -> list[Result]:
    """Run on from each start as long as it may come near the best so far; return the best few, and of those known."""
    optima = list(known)
    for start in starts:
        best = max((o.mean_log_likelihood for o in optima if not o.degenerate), default=-np.inf)
        rows, goal = sample.rows[start.type.invariance], best - _hopeless(sample)
        optima.append(accelerated_em(rows, start, LONG, SAME / 10, goal))
    optima = _distinct(optima)
    sound = [optimum for optimum in optima if not optimum.degenerate][: sample.kept]
    flawed = [optimum for optimum in optima if optimum.degenerate]
    return sound + flawed[: max(1, sample.kept - len(sound))]  # one at least, to tell that it was left out


def is_higher(one: Result, other: Result) -> bool:
    """Say whether a result is progress over another."""
    return one.rank < (other.degenerate, -other.mean_log_likelihood - HIGHER)


def polish(X: np.ndarray, sample: Sample, optima: list[Result], tol: float) -> Result:
    """Run the best optima on all rows to convergence, one after the other, until one is not degenerate.

    Says of the result whether one that is likelier was left out, and why.

    Parameters
    ----------
    X : array of shape (n, d)
    sample : Sample
        Of X.
    optima : list of Result
    tol : float
        Gain in log-likelihood per row below which an accelerated iteration counts as converged.

    Returns
    -------
    Result
        In the units of the data.
    """
    space = sample.spaces[optima[0].parameters.type.invariance]
    V, (collapsed, best) = np.asfortranarray(space.of_rows(X)), optima[0].rank
    rivals = sum(o.rank < (collapsed, best + _hopeless(sample)) for o in optima)
    flawed = [o for o in optima if o.degenerate and not collapsed and o.mean_log_likelihood > HIGHER - best]
    if rivals > 1:
        tried = [accelerated_em(V, o.parameters, 10, SAME, weights=sample.weights) for o in optima[:rivals]]
        optima = _distinct(tried) + optima[rivals:]
    ends: list[Result] = []
    for optimum in optima:
        ends.append(accelerated_em(V, optimum.parameters, 5000, tol, weights=sample.weights))
        if not ends[-1].degenerate:
            break
    fit = min(ends, key=lambda end: end.rank)
    flawed += [end for end in ends if end.degenerate and end.mean_log_likelihood > fit.mean_log_likelihood + HIGHER]
    if flawed and not fit.degenerate:
        fit = without(fit, max(flawed, key=lambda o: o.mean_log_likelihood))
    return space.in_units(fit)


def without(fit: Result, likelier: Result) -> Result:
    """Return a fit that says why a likelier one was left out."""
    return replace(fit, left_out=f"A likelier solution was left out. {likelier.fault}")


def _hopeless(sample: Sample) -> float:
    """Return how far below the best a run on the sample, per row, has no hope to be the best on all rows."""
    return 2 * SAME if sample.whole else NEARBY


def _distinct(optima: list[Result]) -> list[Result]:
    """Return the optima in order, without those that were found again."""
    kept: list[Result] = []
    for optimum in sorted(optima, key=lambda o: o.rank):
        if not any(_same(optimum, other) for other in kept):
            kept.append(optimum)
    return kept


def _same(one: Result, other: Result) -> bool:
    weights, others = (np.sort(o.parameters.weights) for o in (one, other))
    return abs(one.mean_log_likelihood - other.mean_log_likelihood) <= SAME and np.allclose(weights, others, atol=0.01)
