"""Optima from starts: k-means in three views of the data and merged groups, short runs, and longer ones of the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gmmlab.engine.accelerated import accelerated_em
from gmmlab.engine.covariances import TYPES
from gmmlab.engine.em_steps import e_step
from gmmlab.engine.groups import Groups, common_covariance, cost_of, groups_of, merge, mixtures_of, pair_products
from gmmlab.engine.mixtures import Mixtures
from gmmlab.engine.optima import SAME, optima_from, polish, without
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.races import short_runs
from gmmlab.engine.spaces import Sample, fault
from gmmlab.engine.threads import on_one_thread

SHORT = 16  # iterations of a short run
INNER_STARTS = 5  # starts in each view with one of two components inside the other
FINE = 5  # groups beyond 2 k from which merging begins
REPLICATED = {3: 3e-6, 8: SAME}  # how many short runs have to end how near the best, for it to need no lesson
ALIKE = 0.9  # ends whose clusters agree better (adjusted Rand index) lead to the same optimum
ENOUGH = 500  # rows on which clusters are compared
PLAIN, SOUND = 20, 5  # k-means starts in each view that are run where all else collapsed, until so many ends are sound


@on_one_thread
def from_starts(sample: Sample, k: int, covariance_types: Sequence[str]) -> dict[str, list[Result]]:
    """Find optima with k components of several covariance types, which share the k-means starts.

    Parameters
    ----------
    sample : Sample
    k : int
    covariance_types : sequence of str

    Returns
    -------
    dict
        For each type the best few, in order.
    """
    views = list(sample.rows) if sample.rows["whitened"].shape[1] > 1 else ["whitened"]
    few, rng = [sample.few(view, k) for view in views], np.random.RandomState(sample.seed)
    partitions = _partitions(few, k, sample.n_init, rng)
    found = {}
    for name in covariance_types:
        U = sample.few(TYPES[name].invariance, k)
        starts, flawed, agreed = _best_starts(U, partitions, k, name, sample.kept)
        best, *others = optima_from(sample, starts[:1], flawed)
        best = replace(best, replicated=agreed and not best.degenerate)
        found[name] = optima_from(sample, starts[1:], [best, *others])
    return found


def _best_starts(
    U: np.ndarray, partitions: Partitions, k: int, covariance_type: str, most: int
) -> tuple[list[Parameters], list[Result], bool]:
    """Return the ends of the best short runs, preferably not degenerate, at least one; and the best degenerate one.

    And whether so many lead to the best that no other is likely to be higher.
    """
    products, d = pair_products(U), U.shape[1]
    groups = groups_of(_indicators(partitions.coarse, k), products, d)
    for labels in partitions.fine:
        fine = groups_of(_indicators([labels], labels.max() + 1), products, d).take(0)
        fine = fine.take(fine.counts >= 1)
        if len(fine.counts) > k:
            groups = _with(groups, merge(fine, k, cost_of(covariance_type, common_covariance(fine))))
    starts = mixtures_of(groups, covariance_type)
    for race in (True, False):  # the fastest may all collapse
        ends, reached = short_runs(U, starts, SHORT, race=race)
        sound, flawed = sound_ends(U, ends, reached)
        if sound:
            break
    mixed = sound or [end.parameters for end in flawed]
    agreed = any((reached > reached[:1] - near).sum() >= many for many, near in REPLICATED.items())
    agreed &= all(end.mean_log_likelihood < reached[0] for end in flawed)
    return _various(U, mixed, most) or [_anyhow(starts)], flawed[:1], agreed


def sound_ends(
    U: np.ndarray, ends: Mixtures, reached: np.ndarray, most: int | None = None
) -> tuple[list[Parameters], list[Result]]:
    """Return the first few sound ends of short runs, and the degenerate ones before them."""
    sound, flawed = list[Parameters](), list[Result]()
    for r, level in enumerate(reached):
        if len(sound) == most:
            break
        end = ends.parameters(r)
        reason = fault(U, end)
        if reason:
            flawed.append(Result(end, np.array([level]), SHORT, False, reason))
        else:
            sound.append(end)
    return sound, flawed


@on_one_thread
def best_sound(X: np.ndarray, sample: Sample, optima: list[Result], tol: float) -> Result:
    """Polish the best optimum, as `polish` does; where all are degenerate, look for a sound one from plain starts.

    What leads in short runs is often on its way to a collapse. So here every start is run on, without a race.
    """
    fit, kind = polish(X, sample, optima, tol), optima[0].parameters.type
    k, name = len(fit.parameters.weights), fit.parameters.covariance_type
    if not fit.degenerate or k == 1:
        return fit
    U, rng = sample.few(kind.invariance, k), np.random.RandomState(sample.seed)
    views = [sample.few(view, k) for view in sample.rows]
    groups = groups_of(_indicators(_partitions(views, k, PLAIN, rng).coarse, k), pair_products(U), U.shape[1])
    starts, ends, rows = mixtures_of(groups, name), list[Result](), U.astype(float)
    for r in np.flatnonzero(starts.alive(len(U))):
        end = accelerated_em(rows, starts.parameters(int(r)), 1000, SAME / 10)
        ends += [] if end.degenerate else [end]
        if len(ends) == SOUND:
            break
    again = polish(X, sample, sorted(ends, key=lambda end: end.rank), tol) if ends else fit
    return fit if again.degenerate else without(again, fit)


def _indicators(labels: list[np.ndarray], k: int) -> np.ndarray:
    return np.asarray(np.stack(labels)[:, None, :] == np.arange(k)[:, None])


def _with(groups: Groups, more: Groups) -> Groups:
    return Groups(*(np.concatenate([array, new[None]]) for array, new in zip(groups, more, strict=True)))


def _anyhow(starts: Mixtures) -> Parameters:
    """Return a start for data on which every short run lost a component, such as a few values often repeated."""
    return replace(starts, weights=np.maximum(starts.weights, 1e-12)).parameters(0)


def _various(U: np.ndarray, mixed: Iterable[Parameters], most: int) -> list[Parameters]:
    """Return the first few mixtures that do not lead to the same optimum, as far as the clusters tell."""
    kept: list[Parameters] = []
    labels: list[np.ndarray] = []
    for mixture in mixed:
        own = e_step(U[:ENOUGH], mixture)[0].argmax(axis=1)
        if all(_agreement(own, other) < ALIKE for other in labels):
            kept.append(mixture)
            labels.append(own)
        if len(kept) == most:
            break
    return kept


class Partitions(NamedTuple):
    """Labels of the few rows: coarse ones in k groups, fine ones in more, to be merged."""

    coarse: list[np.ndarray]
    fine: list[np.ndarray]


def _partitions(views: list[np.ndarray], k: int, n_init: int, rng: np.random.RandomState) -> Partitions:
    n = len(views[0])
    if k == 1:
        return Partitions([np.zeros(n, dtype=int)], [])
    shells = np.argsort(np.argsort((views[-1] ** 2).sum(axis=1))) * k // n  # for components around one another
    # Every other start is left as k-means++ seeds it: more various, and good for overlapping components.
    coarse = [_kmeans(view, k, rng, n_iter=4 * (i % 2)) for i in range(n_init, 0, -1) for view in views]
    if k == 2:  # k-means never finds one component inside the other
        coarse += [_neighbours(view, rng) for _ in range(INNER_STARTS) for view in views]
    groups = max(k, min(2 * k + FINE, n // 4))
    return Partitions([shells, *coarse], [_kmeans(view, groups, rng, n_iter=4) for view in views])


def _kmeans(V: np.ndarray, k: int, rng: np.random.RandomState, n_iter: int) -> np.ndarray:
    """Return labels after k-means++ seeding and a few iterations of Lloyd's algorithm."""
    squares, centres = (V**2).sum(axis=1), np.empty((k, V.shape[1]))
    nearest = np.ones(len(V))
    for j in range(k):
        ladder = np.cumsum(nearest)
        centres[j] = V[min(np.searchsorted(ladder, rng.uniform() * ladder[-1]), len(V) - 1)]
        distance = np.maximum(squares - 2 * V @ centres[j] + centres[j] @ centres[j], 0)
        nearest = np.minimum(nearest, distance) if j else distance
    for _ in range(n_iter):
        member = np.eye(k)[_nearest(V, centres)]
        counts = member.sum(axis=0)[:, None]
        centres = np.where(counts > 0, member.T @ V / np.maximum(counts, 1), centres)
    return _nearest(V, centres)


def _neighbours(V: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Return 1 for the tenth of the rows that is nearest to a row drawn at random, and 0 for the others."""
    distance = ((V - V[rng.randint(len(V))]) ** 2).sum(axis=1)
    return np.asarray(distance <= np.quantile(distance, 0.1), dtype=int)


def _nearest(V: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.asarray(((centres**2).sum(axis=1) - 2 * V @ centres.T).argmin(axis=1))


def _agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Return the adjusted Rand index; scikit-learn's checks its input, for a quarter of the time of a search."""
    k = max(one.max(), other.max()) + 1
    table = np.bincount(one * k + other, minlength=k * k).reshape(k, k).astype(float)
    both, rows, columns = ((t * (t - 1)).sum() for t in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / (len(one) * (len(one) - 1))
    return float((both - chance) / max((rows + columns) / 2 - chance, 1))
