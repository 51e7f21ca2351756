"""Fitting that reaches the good optimum, not merely a converged one.

EM climbs from where it starts, so the starts decide. A k-means start depends on the units of the features while the
likelihood of a mixture does not; so starts come from three views of the data (as they are, standardised, whitened),
and from larger mixtures of which components are joined. All run a little, the best few run on, and then components
are joined and split as long as that leads higher.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_array, check_random_state

from gmmlab.mixture.climb import REG_COVAR, Batch, Climb, climb, short_runs
from gmmlab.mixture.components import COVARIANCE_TYPES, from_parameters
from gmmlab.mixture.em import e_step
from gmmlab.mixture.moments import Groups, groups_of, merge_and_split, merged, mixtures, pair_products, resized, stacked
from gmmlab.mixture.parameters import Parameters
from gmmlab.waiting import bar

THINNEST = 1e-3
"""A component thinner than this in some direction, in standard deviations of the data there, is degenerate."""

ROWS, FEW_ROWS = 5000, 1700  # so many rows tell optima apart; so few tell promising starts from poor ones
SMALL = 6000  # few rows times components: few components are cheap, and two cannot be joined and split
SHORT, LONG = 16, 40  # iterations of a short run and at most of a longer one
KEPT = 4  # short runs that are run on
INSIDE = 5  # starts in each view with one of two components inside the other
FINE = 5  # groups beyond 2 k from which merging begins
WAYS, OTHERS = 24, 8  # ways to join and split that are tried at once; to join or split components of another mixture
JOINS = 3  # ways to join components of a mixture that is larger by design
NEAR = 0.02  # a move whose short run ends this far below the best, per row, may still lead higher
NEARBY = 0.01  # an optimum on a sample that is this far below the best, per row, may be the best on all rows
TIE = 0.005  # the same, for one below what was already polished on all rows
ALIKE, ALIKE_MOVES = 0.9, 0.95  # ends whose clusters agree better (adjusted Rand index) lead to the same optimum
ENOUGH = 500  # rows on which clusters are compared
SAME = 1e-4  # optima of much the same weights that differ by less, in log-likelihood per row, count as one


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
        Effort: k-means starts in each of the three views. For every eight of them, mixtures with one more component
        are tried and joined to `n_components`, and one more failed round of joining and splitting is allowed.
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
    with bar(desc="best_fit", unit=" rounds") as rounds:
        fit = fit_one(X, n_components, covariance_type, n_init=n_init, random_state=random_state, tick=rounds.update)
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
    tick: Callable[[], object] = lambda: None,
) -> Fit:
    """Fit one mixture as `best_fit` does: from starts, then from what one component less and one more find.

    Parameters
    ----------
    X : array of shape (n, d)
    n_components, covariance_type, n_init, random_state
        As in `best_fit`.
    tick : callable
        Called after each round of EM runs.

    Returns
    -------
    Fit
    """
    rng, types = check_random_state(random_state), [covariance_type]
    (fit,) = fit_types(X, n_components, types, n_init=n_init, random_state=rng, tick=tick)
    if n_components == 1:
        return fit
    sample = X[rng.permutation(len(X))[:ROWS]]
    settings = {"n_init": 1 + n_init // 4, "random_state": rng, "tol": SAME, "tick": tick}
    near = [k for k in (n_components - 1, n_components + 1) if k <= len(sample)]
    others = [fit_types(sample, k, types, **settings)[0].parameters for k in near]
    return refit(X, fit, others, random_state=rng)


def fit_types(
    X: NDArray[np.float64],
    n_components: int,
    covariance_types: Sequence[str],
    *,
    n_init: int = 20,
    random_state: int | np.random.RandomState | None = 0,
    tol: float = 1e-12,
    tick: Callable[[], object] = lambda: None,
) -> list[Fit]:
    """Fit one number of components with several covariance types, which share the k-means starts.

    Parameters
    ----------
    X : array of shape (n, d)
    n_components, n_init, random_state
        As in `best_fit`.
    covariance_types : sequence of str
    tol : float
        Gain in log-likelihood per row below which an accelerated iteration counts as converged.
    tick : callable
        Called after each round of EM runs.

    Returns
    -------
    list of Fit
        In the order of `covariance_types`.
    """
    _check(X, n_components, covariance_types, n_init)
    rng = check_random_state(random_state)
    samples = _samples(X, n_components, rng)
    views = [space_of(X, kind).of_rows(X[samples.few]) for kind in _views(X)]
    partitions = _partitions(views, n_components, n_init, rng)
    return [
        _fit(X, samples, partitions, n_components, kind, patience=1 + n_init // 8, tol=tol, tick=tick)
        for kind in covariance_types
    ]


def refit(
    X: NDArray[np.float64],
    fit: Fit,
    others: Sequence[Parameters],
    *,
    random_state: int | np.random.RandomState | None = 0,
    tol: float = 1e-12,
) -> Fit:
    """Fit again from what other mixtures of the same data found, if that leads higher.

    Parameters
    ----------
    X : array of shape (n, d)
    fit : Fit
        Of at least two components.
    others : sequence of Parameters
        Of any type and number of components: two are joined, or some are split, to make as many as `fit` has.
    random_state, tol
        As in `fit_types`.

    Returns
    -------
    Fit
        A better one, or `fit` itself.
    """
    k, kind = len(fit.parameters.weights), fit.parameters.covariance_type
    samples, space = _samples(X, k, check_random_state(random_state)), space_of(X, kind)
    rows = samples.in_space(X, space)
    shares = [e_step(X[samples.few], other)[0].T for other in others]
    starts = [start for share in shares for start in resized(rows.few, share, k, kind, OTHERS)]
    if not starts:
        return fit
    own = _optimum(rows.some, space.of_mixture(fit.parameters), LONG, SAME / 10)
    optima = _optima(rows, _promising(rows.few, stacked(starts), own.run.parameters), [own])
    if _bettered(own, optima) and k > 2:
        optima = _improved(rows, optima, 1, lambda: None)
    rivals = [o for o in optima if not _same(o, own) and o.rank < (own.rank[0], own.rank[1] + rows.tie)]
    if not rivals:
        return fit
    again = _polished(rows, _distinct(rivals), space, tol)
    return min(fit, again, key=lambda f: (f.degenerate, -f.log_likelihood))


def _check(X: NDArray, n_components: int, covariance_types: Sequence[str], n_init: int) -> None:
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


def _views(X: NDArray) -> list[str]:
    """Return the types in whose spaces k-means starts are made: one type, if there is one feature."""
    return ["spherical", "diag", "full"] if X.shape[1] > 1 else ["full"]


class Samples(NamedTuple):
    """Numbers of the rows on which optima are told apart, and of the few of them on which starts are made."""

    rows: NDArray[np.intp]
    few: NDArray[np.intp]

    def in_space(self, X: NDArray, space: Space) -> Rows:
        """Return the rows mapped into the space."""
        V = np.asfortranarray(space.of_rows(X))
        some = V if len(self.rows) == len(V) else np.asfortranarray(V[self.rows])
        return Rows(V, some, np.asfortranarray(V[self.few]))


class Rows(NamedTuple):
    """All rows in a type's space, those on which optima are told apart, and those on which starts are made."""

    all: NDArray
    some: NDArray
    few: NDArray

    @property
    def sampled(self) -> bool:
        """Whether optima are told apart on a sample."""
        return self.some is not self.all

    @property
    def tie(self) -> float:
        """How far below another, per row, an optimum on `some` may well be the better one on all rows."""
        return TIE if self.sampled else -SAME

    @property
    def hopeless(self) -> float:
        """How far below the best, per row, an optimum on `some` cannot be the best on all rows."""
        return NEARBY if self.sampled else 2 * SAME


def _samples(X: NDArray, k: int, rng: np.random.RandomState) -> Samples:
    rows = rng.permutation(len(X))[:ROWS] if len(X) > ROWS else np.arange(len(X))
    return Samples(rows, rows[rng.permutation(len(rows))[: max(FEW_ROWS, SMALL // k)]])


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
    if k == 2:  # two components cannot be joined and split, and k-means never finds one inside the other
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


class _Optimum(NamedTuple):
    """A run and its rank: a lower one is better, and degenerate ones come last."""

    rank: tuple[bool, float]
    run: Climb


def _optimum(V: NDArray, start: Parameters, max_iter: int, tol: float, goal: float = -np.inf) -> _Optimum:
    run = climb(V, start, max_iter, tol, goal)
    return _Optimum((degenerate(V, run.parameters), -run.log_likelihood), run)


def _optima(rows: Rows, starts: Iterable[Parameters], known: Sequence[_Optimum] = ()) -> list[_Optimum]:
    """Run on from each start as long as it may come near the best so far; return also those known."""
    optima = list(known)
    for start in starts:
        best = max((-o.rank[1] for o in optima if not o.rank[0]), default=-np.inf)
        optima.append(_optimum(rows.some, start, LONG, SAME / 10, best - rows.hopeless))
    return optima


def _fit(
    X: NDArray,
    samples: Samples,
    partitions: Partitions,
    k: int,
    kind: str,
    *,
    patience: int,
    tol: float,
    tick: Callable[[], object],
) -> Fit:
    """Find the best optimum on a sample of rows, and polish it on all; the starts are made on a few of the sample."""
    space = space_of(X, kind)
    rows = samples.in_space(X, space)
    optima = _distinct(_optima(rows, _best_starts(rows.few, partitions, k, kind, patience - 1)))
    tick()
    if k > 2:
        optima = _distinct(_improved(rows, optima, patience, tick))
    return _polished(rows, optima, space, tol)


def _best_starts(U: NDArray, partitions: Partitions, k: int, kind: str, larger: int) -> list[Parameters]:
    """Return the ends of the best short runs, preferably not degenerate; at least one mixture."""
    products, d = pair_products(U), U.shape[1]
    groups, fines = groups_of(_indicators(partitions.coarse, k), products, d), []
    for labels in partitions.fine:
        fine = groups_of(_indicators([labels], labels.max() + 1), products, d).take(0)
        fine = fine.take(fine.counts >= 1)
        if len(fine.counts) > k:
            groups = _with(groups, merged(fine, k, kind))
            fines.append(fine)
    for more in range(1, 1 + larger):
        starts = [merged(fine, k + more, kind) for fine in fines if len(fine.counts) > k + more]
        for end in _ends(U, stacked(starts), kind) if starts else []:
            for joined in resized(U, e_step(U, end.parameters)[0].T, k, kind, JOINS):
                groups = _with(groups, joined)
    if kind == "full":  # what a common covariance finds is a good start for many dimensions and few rows
        for end in list(_ends(U, groups, "tied"))[:KEPT]:
            groups = _with(groups, groups_of(e_step(U, end.parameters)[0].T, products, d))
    for race in (True, False):  # the fastest may all collapse
        ends = list(_ends(U, groups, kind, race=race))
        sound = [end for end in ends if not degenerate(U, end.parameters)]
        if sound:
            break
    return _various(U, sound or ends, ALIKE) or [_anyhow(groups, kind)]


def _indicators(labels: list[NDArray], k: int) -> NDArray[np.bool_]:
    return np.stack(labels)[:, None, :] == np.arange(k)[:, None]


def _with(groups: Groups, more: Groups) -> Groups:
    return Groups(*(np.concatenate([array, new[None]]) for array, new in zip(groups, more, strict=True)))


class _End(NamedTuple):
    """Where a short run ended; see `gmmlab.mixture.climb.Ends`."""

    parameters: Parameters
    log_likelihood: float
    start: int


def _ends(U: NDArray, starts: Groups, kind: str, *, race: bool = True) -> Iterator[_End]:
    """Yield where short runs end, from the best down."""
    ends = short_runs(U, Batch(*mixtures(starts, kind)), kind, SHORT, race=race)
    for r, log_likelihood in enumerate(ends.log_likelihood):
        yield _End(ends.batch.parameters(r, kind), float(log_likelihood), int(ends.start[r]))


def _anyhow(groups: Groups, kind: str) -> Parameters:
    """Return a start for data on which every short run lost a component, such as a few values often repeated."""
    weights, means, covariances = mixtures(groups, kind)
    return Batch(np.maximum(weights, 1e-12), means, covariances).parameters(0, kind)


def _improved(rows: Rows, optima: list[_Optimum], patience: int, tick: Callable[[], object]) -> list[_Optimum]:
    """Join two components and split a third of the best optimum as long as that leads to a better one."""
    failed = 0
    while failed < patience:
        best = min(optima, key=lambda o: o.rank)
        moves = merge_and_split(rows.few, best.run.parameters, failed * WAYS, (failed + 1) * WAYS)
        if moves is None:
            break
        optima = _optima(rows, _promising(rows.few, moves, best.run.parameters), optima)
        tick()
        failed = 0 if _bettered(best, optima) else failed + 1
    return optima


def _bettered(best: _Optimum, optima: list[_Optimum]) -> bool:
    return any(o.rank < (best.rank[0], best.rank[1] - SAME) for o in optima)


def _promising(U: NDArray, moves: Groups, best: Parameters) -> list[Parameters]:
    """Return the best ends of short runs that come near the best so far and did not fall back to it."""
    own = groups_of(e_step(U, best)[0].T, pair_products(U), U.shape[1])
    ends = list(_ends(U, _with(moves, own), best.covariance_type))
    level = max((e.log_likelihood for e in ends if e.start == len(moves.counts)), default=-np.inf)
    near = (e for e in ends if abs(e.log_likelihood - level) > SAME and e.log_likelihood > level - NEAR)
    return _various(U, near, ALIKE_MOVES)


def _various(U: NDArray, ends: Iterable[_End], alike: float) -> list[Parameters]:
    """Return the first few ends that do not lead to the same optimum, as far as the clusters tell."""
    kept, labels = [], []
    for end in ends:
        own = e_step(U[:ENOUGH], end.parameters)[0].argmax(axis=1)
        if all(_agreement(own, other) < alike for other in labels):
            kept.append(end.parameters)
            labels.append(own)
        if len(kept) == KEPT:
            break
    return kept


def _agreement(one: NDArray, other: NDArray) -> float:
    """Return the adjusted Rand index; scikit-learn's checks its input, for a quarter of the time of a search."""
    k = max(one.max(), other.max()) + 1
    table = np.bincount(one * k + other, minlength=k * k).reshape(k, k).astype(float)
    both, rows, columns = ((t * (t - 1)).sum() for t in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / (len(one) * (len(one) - 1))
    return float((both - chance) / max((rows + columns) / 2 - chance, 1))


def _distinct(optima: list[_Optimum]) -> list[_Optimum]:
    """Return the optima in order, without those that were found again."""
    kept: list[_Optimum] = []
    for optimum in sorted(optima, key=lambda o: o.rank):
        if not any(_same(optimum, other) for other in kept):
            kept.append(optimum)
    return kept


def _same(one: _Optimum, other: _Optimum) -> bool:
    weights = [np.sort(o.run.parameters.weights) for o in (one, other)]
    return abs(one.rank[1] - other.rank[1]) <= SAME and np.allclose(*weights, atol=0.01)


def _polished(rows: Rows, optima: list[_Optimum], space: Space, tol: float) -> Fit:
    """Run the best optima on all rows to convergence, one after the other, until one is not degenerate."""
    if rows.sampled:
        close = [o for o in optima if o.rank[1] < optima[0].rank[1] + NEARBY][:3]
        optima = _distinct([_optimum(rows.all, o.run.parameters, 10, SAME) for o in close])
    ends = []
    for optimum in optima:
        ends.append(_optimum(rows.all, optimum.run.parameters, 5000, tol))
        if not ends[-1].rank[0]:
            break
    best = min(ends, key=lambda o: o.rank)
    return space.in_units(best.run, best.rank[0])


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
    return bool(rows < _LEAST_ROWS[parameters.covariance_type](V.shape[1]) - 0.01 or thinnest < THINNEST**2)
