"""Exercises of notebook 07: BIC from a report, the pair to merge, a search of spheres, groups of banknotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, choice, exercise, function_exercise, text
from gmmlab.exercises.rubric import Line, as_labels, as_mixture, award, mistakes_made, need, part

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

NOTEBOOK = "07_choose_model"

Numbers = NDArray[np.float64]


def draw_reports(seed: int) -> list[tuple[Any, ...]]:
    """Draw for each covariance type a model's K, d and n, each reported twice with different scores."""
    rng = np.random.default_rng(seed)
    calls: list[tuple[Any, ...]] = []
    for kind in gmmlab.mixture.COVARIANCE_TYPES:
        k, d, n = int(rng.integers(2, 9)), int(rng.integers(2, 8)), int(rng.integers(60, 900))
        score = -float(rng.uniform(2, 9))
        calls += [(score, kind, k, d, n), (score - float(rng.uniform(0.5, 1)), kind, k, d, n)]
    return calls


def _bic(score: float, kind: str, k: int, d: int, n: int, *, more: float = 0) -> float:
    """Return BIC, or what a miscount of the parameters makes of it."""
    return float((gmmlab.mixture.n_parameters(kind, k, d) + more) * np.log(n) - 2 * n * score)


def _price(weight: Callable[[int], float]) -> Callable[..., float]:
    """Return a criterion that charges this price for a parameter."""
    return lambda score, kind, k, d, n: gmmlab.mixture.n_parameters(kind, k, d) * weight(n) - 2 * n * score


def _own(count: Callable[[str, int, int], float]) -> Callable[..., float]:
    """Return BIC with another count of the parameters."""
    return lambda score, kind, k, d, n: count(kind, k, d) * np.log(n) - 2 * n * score


def _all_entries(kind: str, k: int, d: int) -> float:
    return k - 1 + k * d + {"full": k * d * d, "tied": d * d, "diag": k * d, "spherical": k}[kind]


bic_from_score = function_exercise(
    "choose-1",
    title="BIC from a report",
    hint="What is the total log-likelihood, if `score` is a mean over n rows? How many different entries does a "
    "covariance matrix of each type have, and how many of the K weights are free?",
    inputs=draw_reports,
    returns=[
        Value(
            "BIC",
            _bic,
            [
                Slip(
                    "bic-sign",
                    [lambda *report: -_bic(*report), lambda s, *model: _bic(-s, *model)],
                    "A sign is wrong. The price of the parameters makes BIC larger, a higher likelihood makes it "
                    "smaller, and lower is better. (mclust turns both signs round; the task asks for scikit-learn's.)",
                ),
                Slip(
                    "per-sample-for-total",
                    [
                        lambda s, kind, k, d, n: _bic(s / n, kind, k, d, n),
                        lambda s, kind, k, d, n: _bic(s, kind, k, d, n) / n,
                    ],
                    "`score` is the mean log-likelihood of a row, and BIC needs the total. The price of the "
                    "parameters is not per row.",
                ),
                Slip(
                    "aic-for-bic",
                    _price(lambda n: 2),
                    "This is AIC: a price of 2 for each parameter. What does BIC charge?",
                ),
                Slip(
                    "once-for-twice",
                    lambda s, *model: _bic(s / 2, *model),
                    "The log-likelihood counts twice in BIC.",
                ),
                Slip("half", lambda *report: _bic(*report) / 2, "This is half of BIC: both terms are halved."),
                Slip(
                    "free-weights",
                    lambda *report: _bic(*report, more=1),
                    "You count one parameter too many. The weights sum to 1: how many of them are free?",
                ),
                Slip(
                    "no-weights",
                    lambda s, kind, k, d, n: _bic(s, kind, k, d, n, more=1 - k),
                    "You count no weights. All but one of the K weights are free.",
                ),
                Slip(
                    "entries-counted-twice",
                    _own(_all_entries),
                    "You count all d times d entries of a covariance matrix. The matrix is symmetric: each entry off "
                    "the diagonal appears twice.",
                ),
                Slip(
                    "one-covariance",
                    _own(lambda kind, k, d: gmmlab.mixture.n_parameters("tied", k, d)),
                    "You count one shared covariance for every type. Only `tied` shares it.",
                ),
                Slip(
                    "full-for-all",
                    _own(lambda kind, k, d: gmmlab.mixture.n_parameters("full", k, d)),
                    "You count a full covariance for each component, whatever the type.",
                ),
                Slip(
                    "components-for-parameters",
                    _own(lambda kind, k, d: k),
                    "You charge for each component. The price is for each free parameter: weights, means and "
                    "covariances.",
                ),
                Slip(
                    "wrong-log",
                    [_price(np.log10), _price(np.log2)],
                    "The logarithm in BIC is the natural one, `np.log`.",
                ),
                Slip(
                    "no-price",
                    _price(lambda n: 0),
                    "The parameters cost nothing here. What does BIC add for each of them?",
                ),
            ],
            atol=1e-3,
        )
    ],
    credits=[
        Credit(
            1,
            "BIC is right for `full` and `tied`.",
            "BIC is not right for `full` and `tied`. Compare it with `bic` of a fitted model: which term differs?",
            calls=slice(0, 4),
        ),
        Credit(
            1,
            "BIC is right for `diag` and `spherical`.",
            "BIC is not right for `diag` and `spherical`. How many numbers describe one covariance of each type?",
            calls=slice(4, None),
        ),
    ],
)


def draw_responsibilities(seed: int) -> list[tuple[Any, ...]]:
    """Draw four arrays of responsibilities without zeros and four with zeros; no wrong rule is right on four."""
    return [(r.copy(),) for r in _drawn(seed)]


@lru_cache
def _drawn(seed: int) -> list[Numbers]:
    rng, drawn = np.random.default_rng(seed), []
    for zeros in (0.0, 0.2):
        four = [_draw(rng, zeros) for _ in range(4)]
        while any(all(rule(r) == best for r, best in four) for rule in _RULES):
            four = [_draw(rng, zeros) for _ in range(4)]
        drawn += [r for r, _ in four]
    return drawn


def _draw(rng: np.random.Generator, zeros: float) -> tuple[Numbers, list[int]]:
    """Draw responsibilities, a share of them zero, of which one pair is clearly the best to merge, and that pair."""
    while True:
        k, n = int(rng.integers(4, 7)), int(rng.integers(30, 90))
        r = np.clip(rng.dirichlet(rng.uniform(0.05, 1.2, size=k), size=n), 1e-12, None)
        r[rng.random(r.shape) < zeros] = 0
        r = r[r.sum(axis=1) > 0]
        r = np.asarray(r / r.sum(axis=1, keepdims=True))
        falls = sorted((_fall(r, *pair), list(pair)) for pair in combinations(range(k), 2))
        if falls[-1][0] > 1.02 * falls[-2][0]:
            return r, falls[-1][1]


def _fall(r: Numbers, j: int, k: int) -> float:
    """Return by how much merging two columns lowers the entropy."""
    return float(
        (scipy.special.entr(r[:, j]) + scipy.special.entr(r[:, k]) - scipy.special.entr(r[:, j] + r[:, k])).sum()
    )


def _pair(r: Numbers, gain: Callable[[Numbers, int, int], Any]) -> list[int]:
    """Return the pair of columns for which this is largest."""
    return list(max(combinations(range(r.shape[1]), 2), key=lambda pair: gain(r, *pair)))


def _two(values: Numbers) -> list[int]:
    """Return the places of the two largest values, in order."""
    return sorted(np.argsort(values)[-2:].tolist())


def _right(r: Numbers) -> list[int]:
    return _pair(r, _fall)


def _merged(r: Numbers, j: int, k: int) -> Numbers:
    return np.column_stack([np.delete(r, [j, k], axis=1), r[:, j] + r[:, k]])


_PAIRS: dict[str, tuple[Callable[[Numbers], list[int]], str]] = {
    "smallest-fall": (
        lambda r: _pair(r, lambda r, j, k: -_fall(r, j, k)),
        "For these two columns the entropy falls least. Look for the largest fall.",
    ),
    "union-alone": (
        lambda r: _pair(r, lambda r, j, k: -scipy.special.entr(r[:, j] + r[:, k]).sum()),
        "You compared only the entropy of the merged column. What matters is how much of the two columns' own entropy "
        "is gone.",
    ),
    "columns-alone": (
        lambda r: _two(scipy.special.entr(r).sum(axis=0)),
        "You took the two columns with the most entropy. They need not overlap with each other: subtract the entropy "
        "of their sum.",
    ),
    "smallest-components": (
        lambda r: _two(-r.sum(axis=0)),
        "You took the two smallest components. Size does not matter here: which two overlap?",
    ),
    "mean-responsibilities": (
        lambda r: _pair(r, lambda r, j, k: -scipy.special.entr(_merged(r, j, k).mean(axis=0)).sum()),
        "You averaged the responsibilities before taking the entropy, so you compare sizes of components. Take the "
        "entropy of each entry, then sum.",
    ),
    "missing-weight": (
        lambda r: _pair(r, lambda r, j, k: (np.log(np.clip(_merged(r, j, k), 1e-12, None)).sum())),
        "Each logarithm has to be weighted by the responsibility itself: r log r.",
    ),
}  # fmt: skip


_OVERLAPS: list[Callable[[Numbers], list[int]]] = [
    lambda r: _pair(r, lambda r, j, k: r[:, j] @ r[:, k]),
    lambda r: _pair(r, lambda r, j, k: np.log(_merged(r, j, k).max(axis=1)).sum()),
]

_RULES = [lambda r: [0, 1], *_OVERLAPS, *(rule for rule, _ in _PAIRS.values())]


best_pair = function_exercise(
    "choose-2",
    title="Which two should be merged?",
    hint="`entr(responsibilities).sum(axis=0)` is the entropy in each column. What does the sum of two columns have?",
    inputs=draw_responsibilities,
    returns=[
        Value(
            "column numbers",
            _right,
            [
                Slip(
                    "larger-first",
                    lambda r: _right(r)[::-1],
                    "These are the right columns. Give the smaller number first.",
                ),
                Slip(
                    "counted-from-one",
                    lambda r: [place + 1 for place in _right(r)],
                    "You counted the columns from 1. Python counts from 0.",
                ),
                Slip(
                    "other-overlap",
                    _OVERLAPS,
                    "You measured overlap in another way, by products of responsibilities or by the largest one of "
                    "each sample. The task asks for the fall of the entropy, summed over all columns.",
                ),
                *[Slip(name, rule, words) for name, (rule, words) in _PAIRS.items()],
                Slip(
                    "first-pair",
                    lambda r: [0, 1],
                    "You always return the first two columns. Does 0 log 0 give NaN somewhere? No number is larger "
                    "than NaN.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            2,
            "Right where all responsibilities are positive.",
            "Not the pair whose merging lowers the entropy most. Print the fall for every pair.",
            calls=slice(0, 4),
        ),
        Credit(
            1,
            "Right where some responsibilities are exactly 0.",
            "Not right where some responsibilities are exactly 0. A responsibility of 0 adds no entropy.",
            calls=slice(4, None),
        ),
    ],
)


spheres_only = choice(
    "choose-3",
    title="Six kinds of penguin?",
    points=1,
    hint="What do spheres look like on a stretched group? And which curve of the figure is lowest?",
    right="c",
    options={
        "a": "BIC chose among spherical models only. It says how many spheres describe the density, and one stretched "
        "group can need several spheres.",
        "b": "A minimum at the edge does ask for a longer range. But the number at its end would count spheres, "
        "and another covariance type has a far lower BIC with fewer components.",
        "c": "The covariance type was chosen before the number, and it fits badly. Search both together, and then ask "
        "whether the components overlap.",
        "d": "AIC charges less than BIC for a parameter, so its curve turns even later.",
        "e": "Converged fits can go on falling, as long as each further sphere is worth its price.",
    },
)

TOLERANCE = 0.1
"""How far the BIC of a student's model may be above the best known."""
NARROW = 0.02
"""Standard deviation in mm below which a component has collapsed: the notes were measured to 0.1 mm."""
ALIKE = 0.97
"""Adjusted Rand index from which two clusterings of the notes count as the same."""

_NOTES = {
    "collapsed": "A component has collapsed: in one direction it is narrower than the notes were measured. Leave such "
    "fits out before you compare.",
    "bic-sign": "This is the model with the highest BIC, or close to it. In scikit-learn, lower is better.",
    "covariance-type": "Another covariance type has a lower BIC. Search all four.",
    "icl-for-bic": "This is the number that ICL prefers, and `choose_4` should have the lowest BIC. If BIC is lowest "
    "here in your search, another of its fits was poor: the default settings do not suffice.",
    "too-many": "These are more components than BIC prefers. Did you use AIC, or the likelihood?",
    "too-few": "With more components BIC falls further.",
    "default-tol": "Type and number are right, but this fit is not the best one of its kind. More starts and a smaller "
    "`tol` bring BIC down further.",
}

_CLUSTERS = {
    "not-merged": "These are the components themselves. Merge until as many clusters are left as ICL prefers.",
    "truth-for-clusters": "This is what is printed in `Status`, or close to it. A clustering does not know it.",
    "merged-too-far": "You merged once more than ICL asks for.",
    "other-pair": "You merged two components, but not those whose merging lowers the entropy most.",
    "one-cluster": "All notes are in one cluster. Stop merging earlier.",
}


@lru_cache
def _notes() -> tuple[Numbers, NDArray[Any]]:
    """Return the lengths and the status."""
    table = gmmlab.data.load_banknotes()
    return table.drop(columns="Status").to_numpy(), table["Status"].to_numpy()


@lru_cache
def _best() -> GaussianMixture:
    return gmmlab.mixture.best_fit(_notes()[0], 4, covariance_type="tied")


def _plain(gmm: Any) -> GaussianMixture:
    """Return the mixture without feature names, so that it takes an array without a warning."""
    return gmmlab.mixture.from_parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)


@exercise(
    "choose-4",
    title="How many groups of banknotes?",
    points=3,
    hint="The table of `search` has columns `bic` and `icl`. Fit the model of the lowest BIC again with the settings "
    "of the lesson, and give its responsibilities to your `best_pair`.",
)
def choose_for_banknotes(model: Any, labels: Any) -> Iterator[Line]:
    """Judge the mixture with the lowest BIC on the banknotes, and the clusters that its components are merged to."""
    X, _ = _notes()
    expected = "the cluster of each note, as its second answer"
    yield from part(2, lambda: _judge_model(_note_mixture(model, X), X))
    yield from part(1, lambda: _judge_clusters(as_labels(labels, len(X), expected)))


def _note_mixture(answer: Any, X: Numbers) -> Any:
    """Read a plain mixture of six lengths in mm."""
    gmm = as_mixture(answer, "a fitted GaussianMixture as its first answer")
    need(type(gmm).__name__ == "GaussianMixture", "wrong-kind", "Fit a `GaussianMixture`: BIC counts its parameters.")
    need(gmm.means_.shape[1] == X.shape[1], "wrong-data",
         f"Expected a mixture of all {X.shape[1]} lengths of `notes`, got {gmm.means_.shape[1]} features.")  # fmt: skip
    overall = gmm.weights_ @ gmm.means_
    centred = np.abs(overall - X.mean(axis=0)).max() < 0.5
    need(centred or np.abs(overall).max() > 1, "wrong-units", "This was fitted to standardised lengths: take mm.")
    need(centred, "wrong-data", "This was not fitted to `notes`: its overall mean is not that of the notes.")
    return gmm


def _judge_model(gmm: Any, X: Numbers) -> Iterator[Line]:
    kind, k, bic, best = gmm.covariance_type, len(gmm.weights_), float(_plain(gmm).bic(X)), float(_best().bic(X))
    collapsed = np.linalg.eigvalsh(gmmlab.mixture.covariance_matrices(gmm)).min() < NARROW**2
    made = {
        "collapsed": collapsed,
        "bic-sign": bic > 2400,
        "covariance-type": kind != "tied",
        "icl-for-bic": k == 3,
        "too-many": k > 4,
        "too-few": k < 4,
        "default-tol": bic > best + TOLERANCE,
    }
    mistakes = mistakes_made(made, _NOTES)
    chosen = not collapsed and (kind, k) == ("tied", 4)
    yield award(
        1, chosen, "Type and number are those of the lowest BIC.", *mistakes, otherwise=_NOTES["too-few"]
    )  # fmt: skip
    yield award(
        1,
        not collapsed and bic <= best + TOLERANCE,
        "The fit reaches the best BIC that we know.",
        *mistakes,
        otherwise=_NOTES["default-tol"],
    )


def _judge_clusters(labels: NDArray[Any]) -> Line:
    from sklearn.metrics import adjusted_rand_score

    X, status = _notes()
    four, three, two, _ = gmmlab.mixture.merge_by_entropy(_best().predict_proba(X))

    def same(others: NDArray[Any]) -> bool:
        return bool(adjusted_rand_score(others, labels) >= ALIKE)

    r, columns = four.responsibilities, range(4)
    made = {
        "one-cluster": len(np.unique(labels)) == 1,
        "not-merged": same(r.argmax(axis=1)),
        "truth-for-clusters": same(status),
        "merged-too-far": same(two.responsibilities.argmax(axis=1)),
        "other-pair": any(same(_merged(r, *pair).argmax(axis=1)) for pair in combinations(columns, 2)),
    }
    return award(
        1,
        same(three.responsibilities.argmax(axis=1)),
        "These are the three clusters: two overlapping components are now one.",
        *mistakes_made(made, _CLUSTERS),
        otherwise="These are not the merged clusters of the model of lowest BIC. Start from its responsibilities, and "
        "take for each note the cluster with the largest sum.",
    )


defend_your_number = text(
    "choose-5",
    title="Defend your number",
    hint="The table of the search has a BIC for every number. What does a difference of 2 say, and one of 100?",
    criteria={
        "it names your number, and the evidence for it in figures that you computed": 1,
        "it compares your number with a smaller and a larger one": 1,
        "it says what the number does not tell about the notes": 1,
    },
    least=60,
    most=150,
    avoid={"prov(e|es|ed|ing)\\b": "No criterion proves a number. Say how much better it is than another."},
)


EXERCISES = [bic_from_score, best_pair, spheres_only, choose_for_banknotes, defend_your_number]
