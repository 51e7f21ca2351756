"""Fitting that reaches the good optimum, not merely a converged one.

EM climbs from where it starts, so the starts decide. A k-means start depends on the units of the features while the
likelihood of a mixture does not; so starts come from three views of the data (as they are, standardised, whitened).
All run a little, the best few run on. Then a mixture learns from its neighbours as long as that leads higher: from one
with a component less, to which one is added or of which one is cut in two, from one with a component more, of which
two are joined, and from other covariance types.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_array, check_random_state

from gmmlab.engine.climb import REG_COVAR, Batch, Climb, Ends, batch_of, climb, inserted, short_runs
from gmmlab.engine.conversion import from_parameters
from gmmlab.engine.em import e_step
from gmmlab.engine.moments import SINGLE, Groups, groups_of, halved, joined_to, merged, mixtures, pair_products
from gmmlab.engine.parameters import COVARIANCE_TYPES, Parameters
from gmmlab.engine.progress_bar import progress_bar

THINNEST = 1e-3
"""A component thinner than this in some direction, in standard deviations of the data there, is degenerate."""

ROWS, FEW_ROWS = 20_000, 1700  # so many rows tell optima apart; so few tell promising starts from poor ones
SMALL = 6000  # few rows times components: few components are cheap
SHORT, LONG = 16, 40  # iterations of a short run, and at most of a longer one
INSIDE = 5  # starts in each view with one of two components inside the other
FINE = 5  # groups beyond 2 k from which merging begins
JOINS, TRIES = 6, 48  # ways to join or halve components of another mixture, and rows where one is added to it
NEAR = 0.02  # a short run that ends this far below the best, per row, may still lead higher
NEARBY = 0.01  # an optimum on a sample that is this far below the best, per row, may be the best on all rows
ALIKE = 0.9  # ends whose clusters agree better (adjusted Rand index) lead to the same optimum
ENOUGH = 500  # rows on which clusters are compared
SAME, HIGHER = 1e-4, 1e-5  # log-likelihoods per row that differ by less count as one; by more, as progress
TAUGHT_BY = {"full": ["tied"]}  # a common covariance shows the way for many dimensions and few rows
EXCHANGES = 6  # rounds at most in which mixtures learn from their neighbours


class DegenerateFitWarning(UserWarning):
    """Every start ended in a collapsed component: the likelihood found is an artefact."""


class Fit(NamedTuple):
    """A fitted mixture in the units of the data, its log-likelihood per row, and how the fit went."""

    parameters: Parameters
    log_likelihood: float
    n_iter: int
    converged: bool
    degenerate: bool


def best_fit(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    n_init: int = 20,
    random_state: int | np.random.RandomState | None = 0,
) -> GaussianMixture:
    """Fit a mixture by the lab's recipe: many starts, the best improved and polished to real convergence.

    With scikit-learn's defaults (``n_init=1, tol=1e-3``) EM often stops early or at a poor local optimum
    and still reports ``converged_``. The optimum found here does not depend on the units of the features where
    the likelihood does not: on no linear map for ``"full"`` and ``"tied"``, on no rescaling for ``"diag"``.

    A solution is degenerate, and left out wherever another is found, if a component

    - is thinner in some direction than a thousandth of the data's standard deviation there, or
    - owns fewer rows than its own covariance needs: d + 1 (full), 2 (diag, spherical), 1.5 (tied).

    The likelihood of such a solution grows without bound, or would without the regularisation.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Data; integers are converted to floats.
    n_components : int
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the covariances.
    n_init : int
        Effort: k-means starts in each of the three views. For every four of them, one more optimum is kept and learnt
        from.
    random_state : int, RandomState or None
        Seed of the starts.

    Returns
    -------
    GaussianMixture
        Fitted; ``lower_bound_`` is its log-likelihood per row.

    Raises
    ------
    ValueError
        If a number or the covariance type is out of range, or X is not finite or has fewer rows than components.

    Warns
    -----
    DegenerateFitWarning
        If every solution found is degenerate.
    """
    names = feature_names(X)
    X = check_array(X, dtype=np.float64, ensure_min_samples=2)
    fit = fit_one(X, n_components, covariance_type, n_init=n_init, random_state=random_state)
    if fit.degenerate:
        warnings.warn(degenerate_message(n_components, covariance_type), DegenerateFitWarning, stacklevel=2)
    gmm = as_mixture(fit)
    if names is not None:
        gmm.feature_names_in_ = names
    return gmm


def feature_names(X: ArrayLike) -> NDArray | None:
    """Return the names of the columns if all are text."""
    columns = getattr(X, "columns", ())
    named = len(columns) > 0 and all(isinstance(name, str) for name in columns)
    return np.asarray(columns, dtype=object) if named else None


def degenerate_message(n_components: int, covariance_type: str) -> str:
    """Return the sentence that warns of a degenerate fit."""
    return (
        f"Every fit of {n_components} {covariance_type} components ended with one that collapsed on a few samples or a "
        "thin layer of them, so its log-likelihood means little. Use fewer components or a simpler covariance type, "
        "and look for repeated values."
    )


def as_mixture(fit: Fit) -> GaussianMixture:
    """Return the fit as a fitted ``GaussianMixture`` of scikit-learn."""
    p = fit.parameters
    gmm = from_parameters(p.weights, p.means, p.covariances, p.covariance_type)
    gmm.lower_bound_, gmm.n_iter_, gmm.converged_ = fit.log_likelihood, fit.n_iter, fit.converged
    return gmm


def fit_one(
    X: NDArray[np.float64],
    n_components: int,
    covariance_type: str,
    *,
    n_init: int,
    random_state: int | np.random.RandomState | None,
) -> Fit:
    """Fit one mixture as `best_fit` does: together with one component less and one more, which learn from one another.

    Parameters
    ----------
    X : array of shape (n, d)
    n_components, covariance_type, n_init, random_state
        As in `best_fit`.

    Returns
    -------
    Fit
    """
    check(X, n_components, [covariance_type], n_init)
    sample = Sample(X, n_init, random_state)
    less_and_more = (n_components - 1, n_components + 1) if n_components > 1 else ()
    numbers = [n_components, *(k for k in less_and_more if k <= len(X))]
    types = [covariance_type, *TAUGHT_BY.get(covariance_type, [])]
    optima = find_optima([sample], numbers, types, Parallel(n_jobs=1))
    return polished(X, sample, optima[0, n_components, covariance_type], 1e-12)


Cell = tuple[int, int, str]
"""The number of a data set, a number of components and a covariance type."""


def find_optima(
    samples: Sequence[Sample],
    n_components: Iterable[int],
    covariance_types: Sequence[str],
    parallel: Parallel,
    shown: bool | None = None,
) -> dict[Cell, list[Optimum]]:
    """Find the best optima of all mixtures asked for: each alone from starts, then from what its neighbours found.

    A mixture's neighbours are the next smaller one, to which a component is added or of which one is cut in two, the
    next larger one, of which two are joined, and those of the other types.

    Parameters
    ----------
    samples : sequence of Sample
    n_components, covariance_types
        As in `gmmlab.engine.search.search`.
    parallel : joblib.Parallel
    shown : bool, optional
        Whether to draw progress bars; see `gmmlab.engine.progress_bar.bar`.

    Returns
    -------
    dict
        For each cell the best optima, the very best first.
    """
    numbers, types = sorted(set(n_components), reverse=True), list(covariance_types)
    jobs = [(i, k) for k in numbers for i in range(len(samples))]  # the longest first
    found = parallel(
        delayed(from_starts)(samples[i], k, types) for i, k in progress_bar(jobs, unit="k", desc="starts", shown=shown)
    )
    optima = {(i, k, t): row[t] for (i, k), row in zip(jobs, found, strict=True) for t in types}
    new = set(optima)
    for turn in range(EXCHANGES):
        sources = {
            cell: [
                o.run.parameters
                for c in _beside(cell, numbers, types)
                if c in new
                for o in samples[c[0]].sources(optima[c])
            ]
            for cell in optima
            if cell[1] > 1
        }
        jobs = [(cell, others) for cell, others in sources.items() if others]
        if not jobs:
            break
        again = parallel(
            delayed(exchanged)(samples[cell[0]], optima[cell], others, turn)
            for cell, others in progress_bar(jobs, unit="fit", desc="exchange", shown=shown)
        )
        found = {cell: better for (cell, _), better in zip(jobs, again, strict=True)}
        new = {cell for cell, better in found.items() if _higher(better[0], optima[cell][0])}
        optima |= found
    return optima


def _beside(cell: Cell, numbers: list[int], types: list[str]) -> list[Cell]:
    """Return the cells with the next numbers of components, and those of the other types."""
    i, k, t = cell
    place = numbers.index(k)
    next_to = numbers[max(place - 1, 0) : place + 2]
    return [(i, other, t) for other in next_to if other != k] + [(i, k, other) for other in types if other != t]


def check(X: NDArray, n_components: int, covariance_types: Sequence[str], n_init: int) -> None:
    """Refuse what cannot be fitted, in a sentence.

    Raises
    ------
    ValueError
        If a number or a covariance type is out of range, or X has fewer rows than components.
    """
    for kind in covariance_types:
        if kind not in COVARIANCE_TYPES:
            raise ValueError(f"The covariance type must be one of {COVARIANCE_TYPES}, but {kind!r} came.")
    for name, number in {"n_components": n_components, "n_init": n_init}.items():
        if not isinstance(number, int | np.integer) or number < 1:
            raise ValueError(f"{name} must be a whole number from 1 on, but {number!r} came.")
    if len(X) < n_components:
        raise ValueError(
            f"{n_components} components need at least as many samples, but {len(X)} came: ask for fewer components."
        )


class Space(NamedTuple):
    """Where a covariance type is fitted: v = (x - centre) @ forward, and x = v @ back + centre.

    The map is the largest that the type's likelihood does not notice, so one regularisation and one criterion of
    collapse fit all data, whatever their units.
    """

    centre: NDArray
    forward: NDArray
    back: NDArray

    def of_rows(self, X: NDArray) -> NDArray:
        """Return rows in the space."""
        return (X - self.centre) @ self.forward

    def of_mixture(self, p: Parameters) -> Parameters:
        """Return a mixture of the data in the space."""
        return _mapped(p, p.means - self.centre, self.forward)

    def in_units(self, run: Climb, degenerate: bool) -> Fit:
        """Return what was fitted in the space in the units of the data."""
        mixture = _mapped(run.parameters, run.parameters.means, self.back)
        mixture = mixture.shifted(self.centre)
        log_likelihood = run.log_likelihood + np.linalg.slogdet(self.forward)[1]
        return Fit(mixture, float(log_likelihood), run.n_iter, run.converged, degenerate)


def _mapped(p: Parameters, means: NDArray, A: NDArray) -> Parameters:
    """Return the mixture of x @ A; A is diagonal for diag, and a multiple of one for spherical."""
    covariances = {
        "full": lambda c: A.T @ c @ A,
        "tied": lambda c: A.T @ c @ A,
        "diag": lambda c: c * np.diag(A) ** 2,
        "spherical": lambda c: c * A[0, 0] ** 2,
    }[p.covariance_type](p.covariances)
    return Parameters(p.weights, means @ A, covariances, p.covariance_type)


def space_of(X: NDArray, covariance_type: str) -> Space:
    """Return whitened (full, tied), standardised (diag) or uniformly scaled (spherical) space.

    A direction in which the data do not vary keeps its unit.
    """
    centre, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 1e-14 * np.abs(centre), scale, 1.0)
    if covariance_type == "spherical":
        scale = np.full(len(scale), np.sqrt(np.mean(scale**2)))
    if covariance_type in ("diag", "spherical"):
        return Space(centre, np.diag(1 / scale), np.diag(scale))
    Z = (X - centre) / scale
    variances, axes = np.linalg.eigh(Z.T @ Z / len(Z))
    root = np.sqrt(np.where(variances > 1e-12 * variances[-1], variances, 1.0))
    return Space(centre, axes / root / scale[:, None], (axes * root).T * scale)


class Sample:
    """Rows of the data on which optima are told apart, in single precision, in the space of each covariance type.

    Parameters
    ----------
    X : array of shape (n, d)
    n_init : int
        Effort, as in `best_fit`.
    random_state : int, RandomState or None
        Draws the rows, and the seed of whatever is random in what is done with them.
    """

    def __init__(self, X: NDArray[np.float64], n_init: int, random_state: int | np.random.RandomState | None) -> None:
        self.n_init, self.kept = n_init, 2 + n_init // 4  # short runs that are run on, and optima that are kept
        rng = check_random_state(random_state)
        rows = X[rng.permutation(len(X))[:ROWS]]
        self.seed = rng.randint(2**31)
        self.hopeless = NEARBY if len(rows) < len(X) else 2 * SAME  # so far below the best, per row
        self.spaces = {kind: space_of(X, kind) for kind in ("full", "diag", "spherical")}
        self.rows = {
            kind: np.asfortranarray(space.of_rows(rows), dtype=np.float32) for kind, space in self.spaces.items()
        }
        for by_type in (self.spaces, self.rows):
            by_type["tied"] = by_type["full"]

    def few(self, kind: str, k: int) -> NDArray[np.float32]:
        """Return the rows on which starts with k components are made."""
        return self.rows[kind][: max(FEW_ROWS, SMALL // k)]

    def sources(self, optima: list[Optimum]) -> list[Optimum]:
        """Return the best optima, from which others may learn: none that is degenerate."""
        return [optimum for optimum in optima if not optimum.rank[0]][: max(1, self.n_init // 4)]


class Partitions(NamedTuple):
    """Labels of the few rows: coarse ones in k groups, fine ones in more, to be merged."""

    coarse: list[NDArray]
    fine: list[NDArray]


def _partitions(views: list[NDArray], k: int, n_init: int, rng: np.random.RandomState) -> Partitions:
    n = len(views[0])
    if k == 1:
        return Partitions([np.zeros(n, dtype=int)], [])
    shells = np.argsort(np.argsort((views[-1] ** 2).sum(axis=1))) * k // n  # for components around one another
    # Every other start is left as k-means++ seeds it: more various, and good for overlapping components.
    coarse = [_kmeans(view, k, rng, n_iter=4 * (i % 2)) for i in range(n_init, 0, -1) for view in views]
    if k == 2:  # k-means never finds one component inside the other
        coarse += [_neighbours(view, rng) for _ in range(INSIDE) for view in views]
    groups = max(k, min(2 * k + FINE, n // 4))
    return Partitions([shells, *coarse], [_kmeans(view, groups, rng, n_iter=4) for view in views])


def _kmeans(V: NDArray, k: int, rng: np.random.RandomState, n_iter: int) -> NDArray[np.intp]:
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


def _neighbours(V: NDArray, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Return 1 for the tenth of the rows that is nearest to a row drawn at random, and 0 for the others."""
    distance = ((V - V[rng.randint(len(V))]) ** 2).sum(axis=1)
    return (distance <= np.quantile(distance, 0.1)).astype(int)


def _nearest(V: NDArray, centres: NDArray) -> NDArray[np.intp]:
    return ((centres**2).sum(axis=1) - 2 * V @ centres.T).argmin(axis=1)


class Optimum(NamedTuple):
    """A run and its rank: a lower one is better, and degenerate ones come last."""

    rank: tuple[bool, float]
    run: Climb


def _optimum(V: NDArray, start: Parameters, max_iter: int, tol: float, goal: float = -np.inf) -> Optimum:
    run = climb(V, start, max_iter, tol, goal)
    return Optimum((degenerate(V, run.parameters), -run.log_likelihood), run)


def _higher(one: Optimum, other: Optimum) -> bool:
    return one.rank < (other.rank[0], other.rank[1] - HIGHER)


def _optima(sample: Sample, starts: Iterable[Parameters], known: Sequence[Optimum] = ()) -> list[Optimum]:
    """Run on from each start as long as it may come near the best so far; return the best few, and of those known."""
    optima = list(known)
    for start in starts:
        best = max((-o.rank[1] for o in optima if not o.rank[0]), default=-np.inf)
        optima.append(_optimum(sample.rows[start.covariance_type], start, LONG, SAME / 10, best - sample.hopeless))
    return _distinct(optima)[: sample.kept]


def from_starts(sample: Sample, k: int, covariance_types: Sequence[str]) -> dict[str, list[Optimum]]:
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
    views = ["spherical", "diag", "full"] if sample.rows["full"].shape[1] > 1 else ["full"]
    few, rng = [sample.few(view, k) for view in views], np.random.RandomState(sample.seed)
    partitions = _partitions(few, k, sample.n_init, rng)
    return {
        kind: _optima(sample, _best_starts(sample.few(kind, k), partitions, k, kind, sample.kept))
        for kind in covariance_types
    }


def _best_starts(U: NDArray, partitions: Partitions, k: int, kind: str, most: int) -> list[Parameters]:
    """Return the ends of the best short runs, preferably not degenerate; at least one mixture."""
    products, d = pair_products(U), U.shape[1]
    groups = groups_of(_indicators(partitions.coarse, k), products, d)
    for labels in partitions.fine:
        fine = groups_of(_indicators([labels], labels.max() + 1), products, d).take(0)
        fine = fine.take(fine.counts >= 1)
        if len(fine.counts) > k:
            groups = _with(groups, merged(fine, k, kind))
    batch = Batch(*mixtures(groups, kind))
    for race in (True, False):  # the fastest may all collapse
        ends = short_runs(U, batch, kind, SHORT, race=race)
        mixed = [ends.batch.parameters(r, kind) for r in range(len(ends.log_likelihood))]
        sound = [mixture for mixture in mixed if not degenerate(U, mixture)]
        if sound:
            break
    return _various(U, sound or mixed, most) or [_anyhow(batch, kind)]


def _indicators(labels: list[NDArray], k: int) -> NDArray[np.bool_]:
    return np.stack(labels)[:, None, :] == np.arange(k)[:, None]


def _with(groups: Groups, more: Groups) -> Groups:
    return Groups(*(np.concatenate([array, new[None]]) for array, new in zip(groups, more, strict=True)))


def _anyhow(batch: Batch, kind: str) -> Parameters:
    """Return a start for data on which every short run lost a component, such as a few values often repeated."""
    return batch._replace(weights=np.maximum(batch.weights, 1e-12)).parameters(0, kind)


def _various(U: NDArray, mixed: Iterable[Parameters], most: int) -> list[Parameters]:
    """Return the first few mixtures that do not lead to the same optimum, as far as the clusters tell."""
    kept, labels = [], []
    for mixture in mixed:
        own = e_step(U[:ENOUGH], mixture)[0].argmax(axis=1)
        if all(_agreement(own, other) < ALIKE for other in labels):
            kept.append(mixture)
            labels.append(own)
        if len(kept) == most:
            break
    return kept


def exchanged(sample: Sample, optima: list[Optimum], others: Sequence[Parameters], turn: int) -> list[Optimum]:
    """Find better optima from what other mixtures of the same data found.

    Parameters
    ----------
    sample : Sample
    optima : list of Optimum
        Those known, of at least two components.
    others : sequence of Parameters
        In the space of their type, with any number of components: some are joined, or some are added, to make as
        many as the mixtures of `optima` have. Those with fewer are of the same type.
    turn : int
        Exchanges of another turn try other rows.

    Returns
    -------
    list of Optimum
        The best few, in order, of those known and those found.
    """
    like = optima[0].run.parameters
    k, kind = len(like.weights), like.covariance_type
    rows, few, rng = sample.rows[kind], sample.few(kind, k), np.random.RandomState(sample.seed + turn)
    changed, grown = [], []
    for other in others:
        shares = e_step(sample.few(other.covariance_type, k), other)[0].T
        if len(shares) == k - 1:
            changed.append(halved(few, shares, kind, JOINS))
        if len(shares) >= k:
            changed.append(joined_to(few, shares, k, kind, JOINS))
        else:
            larger = batch_of(other)
            for _ in range(k - len(shares)):
                larger = inserted(rows, larger, kind, TRIES // max(len(larger.weights), 1), rng)
            grown.append(larger)
    starts = []
    for batches in ([Batch(*mixtures(groups, kind)) for groups in changed], grown):
        if batches:  # two races: those that are grown lead at first
            ends = short_runs(rows, Batch(*map(np.concatenate, zip(*batches, strict=True))), kind, SHORT)
            starts += _promising(rows, ends, kind, optima[0].rank, sample.kept)
    return _optima(sample, starts, optima)


def _promising(rows: NDArray, ends: Ends, kind: str, best: tuple[bool, float], most: int) -> list[Parameters]:
    """Return the first few sound ends near the best optimum that fell back neither to it nor to one another."""
    known, seen, kept = -np.inf if best[0] else -best[1], [], []
    for r, reached in enumerate(ends.log_likelihood):
        again = -SAME < reached - known < HIGHER or any(abs(reached - other) < SAME for other in seen)
        if again or reached < known - NEAR or len(kept) == most:
            continue
        end = ends.batch.parameters(r, kind)
        if not degenerate(rows, end):
            seen.append(reached)
            kept.append(end)
    return kept


def _agreement(one: NDArray, other: NDArray) -> float:
    """Return the adjusted Rand index; scikit-learn's checks its input, for a quarter of the time of a search."""
    k = max(one.max(), other.max()) + 1
    table = np.bincount(one * k + other, minlength=k * k).reshape(k, k).astype(float)
    both, rows, columns = ((t * (t - 1)).sum() for t in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / (len(one) * (len(one) - 1))
    return float((both - chance) / max((rows + columns) / 2 - chance, 1))


def _distinct(optima: list[Optimum]) -> list[Optimum]:
    """Return the optima in order, without those that were found again."""
    kept: list[Optimum] = []
    for optimum in sorted(optima, key=lambda o: o.rank):
        if not any(_same(optimum, other) for other in kept):
            kept.append(optimum)
    return kept


def _same(one: Optimum, other: Optimum) -> bool:
    weights = [np.sort(o.run.parameters.weights) for o in (one, other)]
    return abs(one.rank[1] - other.rank[1]) <= SAME and np.allclose(*weights, atol=0.01)


def polished(X: NDArray[np.float64], sample: Sample, optima: list[Optimum], tol: float) -> Fit:
    """Run the best optima on all rows to convergence, one after the other, until one is not degenerate.

    Parameters
    ----------
    X : array of shape (n, d)
    sample : Sample
        Of X.
    optima : list of Optimum
    tol : float
        Gain in log-likelihood per row below which an accelerated iteration counts as converged.

    Returns
    -------
    Fit
    """
    space = sample.spaces[optima[0].run.parameters.covariance_type]
    V, (collapsed, best) = np.asfortranarray(space.of_rows(X)), optima[0].rank
    rivals = sum(o.rank < (collapsed, best + sample.hopeless) for o in optima)
    if rivals > 1:
        optima = _distinct([_optimum(V, o.run.parameters, 10, SAME) for o in optima[:rivals]]) + optima[rivals:]
    ends = []
    for optimum in optima:
        ends.append(_optimum(V, optimum.run.parameters, 5000, tol))
        if not ends[-1].rank[0]:
            break
    end = min(ends, key=lambda o: o.rank)
    return space.in_units(end.run, end.rank[0])


_LEAST_ROWS = {"full": lambda d: d + 1, "tied": lambda d: 1.5, "diag": lambda d: 2, "spherical": lambda d: 2}


def degenerate(V: NDArray, parameters: Parameters) -> bool:
    """Say whether a component is thinner, or owns fewer rows, than `best_fit` states; in the type's space."""
    spread = np.sqrt(V.var(axis=0) + REG_COVAR)  # a direction without variance has thickness 1, not 0
    thinnest = {
        "full": lambda c: np.linalg.eigvalsh(c / np.outer(spread, spread)).min(),
        "tied": lambda c: np.linalg.eigvalsh(c / np.outer(spread, spread)).min(),
        "diag": lambda c: (c / spread**2).min(),
        "spherical": lambda c: c.min() / np.mean(spread**2),
    }[parameters.covariance_type](parameters.covariances)
    rows = len(V) * parameters.weights.min()
    return bool(
        rows < _LEAST_ROWS[parameters.covariance_type](V.shape[1]) - 0.01
        or thinnest < THINNEST**2 + (SINGLE if V.dtype == np.float32 else 0)
    )
