"""Mixtures of one data set learn from their neighbours and from dense groups of rows, as long as that leads higher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from joblib import Parallel, delayed

from gmmlab.engine.covariances import TYPES
from gmmlab.engine.dense import dense_starts
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.groups import cut_components, join_components, mixtures_of
from gmmlab.engine.mixtures import Mixtures, batch_of, batch_of_one
from gmmlab.engine.optima import HIGHER, SAME, is_higher, optima_from
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.progress_bars import run_all
from gmmlab.engine.races import add_component, short_runs
from gmmlab.engine.spaces import Sample
from gmmlab.engine.starts import SHORT, from_starts, sound_ends
from gmmlab.engine.threads import on_one_thread

JOINS, ROWS_TRIED = 6, 48  # ways to join or cut components of another mixture, and rows where one is added to it
NEAR = 0.02  # a short run that ends this far below the best, per row, may still lead higher
ROUNDS = 12  # at most, in which mixtures learn

Cell = tuple[int, int, str]
"""The number of a data set, a number of components and a covariance type."""
Optima = dict[Cell, list[Result]]
"""For each cell the best, the very best first."""


def find_optima(
    samples: Sequence[Sample],
    n_components: Iterable[int],
    covariance_types: Sequence[str],
    parallel: Parallel,
    shown: bool | None = None,
    known: Optima | None = None,
) -> Optima:
    """Find the best optima of all mixtures asked for: each alone from starts, then from what its neighbours found.

    A mixture's neighbours are the next smaller one, to which a component is added or of which one is cut in two, the
    next larger one, of which two are joined, and those of the other types.

    Parameters
    ----------
    samples : sequence of Sample
    n_components, covariance_types
        As in `gmmlab.engine.model_search.search`.
    parallel : joblib.Parallel
    shown : bool, optional
        Whether to draw progress bars; see `gmmlab.engine.progress_bars.progress_bar`.
    known : dict, optional
        What starts led to in some cells.

    Returns
    -------
    dict
        For each cell the best optima, the very best first.
    """
    numbers, types = sorted(set(n_components), reverse=True), list(covariance_types)
    optima = dict(known or {})
    unknown = {(i, k): [t for t in types if (i, k, t) not in optima] for k in numbers for i in range(len(samples))}
    jobs = [job for job, of_types in unknown.items() if of_types]  # the longest first
    tasks = [delayed(from_starts)(samples[i], k, unknown[i, k]) for i, k in jobs]
    found = run_all(parallel, tasks, unit="k", desc="starts", shown=shown)
    optima |= {(*job, t): best for job, row in zip(jobs, found, strict=True) for t, best in row.items()}
    new, tried = set(optima), dict[Cell, Result]()
    for turn in range(ROUNDS):
        sources = {
            cell: [
                o.parameters
                for c in _beside(cell, numbers, types)
                if c in new
                for o in teachers(samples[c[0]], optima[c])
            ]
            for cell in optima
            if cell[1] > 1
        }
        lessons = {
            cell: delayed(learn_from)(samples[cell[0]], optima[cell], others, turn)
            for cell, others in sources.items()
            if others
        }
        if not lessons:  # each looks once where rows lie denser than its best optimum says
            best = {c: optima[c][0] for c in sources if not TYPES[c[2]].shared and not optima[c][0].degenerate}
            untried = [c for c, optimum in best.items() if c not in tried or is_higher(optimum, tried[c])]
            lessons, tried = {c: delayed(learn_from_rows)(samples[c[0]], optima[c]) for c in untried}, best
        if not lessons:
            break
        again = run_all(parallel, list(lessons.values()), unit="fit", desc="exchange", shown=shown)
        better = dict(zip(lessons, again, strict=True))
        new = {cell for cell, learnt in better.items() if is_higher(learnt[0], optima[cell][0])}
        optima |= better
    return optima


def teachers(sample: Sample, optima: list[Result]) -> list[Result]:
    """Return the best optima, from which others may learn: none that is degenerate."""
    return [optimum for optimum in optima if not optimum.degenerate][: max(1, sample.n_init // 4)]


def _beside(cell: Cell, numbers: list[int], types: list[str]) -> list[Cell]:
    """Return the cells with the next numbers of components, and those of the other types."""
    i, k, t = cell
    place = numbers.index(k)
    next_to = numbers[max(place - 1, 0) : place + 2]
    return [(i, other, t) for other in next_to if other != k] + [(i, k, other) for other in types if other != t]


@on_one_thread
def learn_from(sample: Sample, optima: list[Result], others: Sequence[Parameters], turn: int) -> list[Result]:
    """Find better optima from what other mixtures of the same data found.

    Parameters
    ----------
    sample : Sample
    optima : list of Result
        Those known, of at least two components.
    others : sequence of Parameters
        In the space of their type, with any number of components: some are joined, or some are added, to make as
        many as the mixtures of `optima` have. Those with fewer are of the same type.
    turn : int
        Exchanges of another turn try other rows.

    Returns
    -------
    list of Result
        The best few, in order, of those known and those found.
    """
    like = optima[0].parameters
    k, name, rng = len(like.weights), like.covariance_type, np.random.RandomState(sample.seed + turn)
    rows, few = sample.rows[like.type.invariance], sample.few(like.type.invariance, k)
    changed, grown = [], []
    for other in others:
        shares = e_step(sample.few(other.type.invariance, k), other)[0].T
        if len(shares) == k - 1:
            changed.append(mixtures_of(cut_components(few, shares, name, JOINS), name))
        if len(shares) >= k:
            changed.append(mixtures_of(join_components(few, shares, k, name, JOINS), name))
        else:
            larger = batch_of_one(other)
            for _ in range(k - len(shares)):
                larger = add_component(rows, larger, ROWS_TRIED // max(len(larger), 1), rng)
            grown.append(larger)
    return _raced(sample, optima, changed, grown)  # two races: those that are grown lead at first


def confirmed(sample: Sample, optima: list[Result]) -> list[Result]:
    """Return the best optima if the very best is replicated and no dense rows lead higher; else none.

    All starts may miss the same small dense group. A common covariance has no such group, and so no such proof.
    """
    best = optima[0]
    if not best.replicated or best.parameters.type.shared:
        return []
    again = learn_from_rows(sample, optima)
    return again if again[0].mean_log_likelihood < best.mean_log_likelihood + SAME else []


def learn_from_rows(sample: Sample, optima: list[Result]) -> list[Result]:
    """Find better optima where rows lie denser than the best one says; parameters and result as in `learn_from`."""
    return _raced(sample, optima, dense_starts(sample, optima[0].parameters))


def _raced(sample: Sample, optima: list[Result], *races: list[Mixtures]) -> list[Result]:
    """Return the best of the optima known and of those that the starts lead to, which run in races apart."""
    rows = sample.rows[optima[0].parameters.type.invariance]
    starts, flawed = list[Parameters](), list[Result]()
    for batches in races:
        if batches:
            ends, reached = short_runs(rows, batch_of(batches), SHORT)
            new, faulty = sound_ends(rows, *_promising(ends, reached, optima[0]), sample.kept)
            starts, flawed = starts + new, flawed + faulty[:1]
    return optima_from(sample, starts, [*optima, *flawed])


def _promising(ends: Mixtures, reached: np.ndarray, best: Result) -> tuple[Mixtures, np.ndarray]:
    """Return the ends near the best optimum that fell back neither to it nor to one another."""
    known, kept = -np.inf if best.degenerate else best.mean_log_likelihood, list[int]()
    for r, level in enumerate(reached):
        again = -SAME < level - known < HIGHER or any(abs(level - reached[other]) < SAME for other in kept)
        if not again and level >= known - NEAR:
            kept.append(r)
    return ends.take(kept), reached[kept]
