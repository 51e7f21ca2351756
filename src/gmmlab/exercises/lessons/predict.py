"""Checks of notebook 04: responsibilities, names for clusters, the least sure bird, a colony with other weights."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import (
    Line,
    Misfit,
    Mistake,
    as_array,
    as_labels,
    as_number,
    as_results,
    mistakes_made,
    need,
    rubric,
)
from gmmlab.mixture import COVARIANCE_TYPES, in_original_units, match_labels, sort_components
from gmmlab.preprocess import split_penguins

NOTEBOOK = "04_predict_clusters"

_FAR = 500.0
"""Distance from the origin at which the density of every component that is drawn is rounded to 0."""


def draw_mixtures(seed: int) -> list[tuple]:
    """Draw samples, weights, means and covariances of mixtures; the last samples lie where all densities underflow."""
    rng = np.random.default_rng(seed)
    calls = []
    for n, k, d in ((7, 2, 2), (8, 3, 4), (9, 4, 3), (6, 3, 2)):
        roots = rng.normal(size=(k, d, d))
        covariances = roots @ roots.swapaxes(1, 2) + 0.5 * np.eye(d)
        X = rng.normal(scale=1.5, size=(n, d))
        calls.append((X, rng.dirichlet(np.full(k, 2.0)), rng.normal(scale=1.2, size=(k, d)), covariances))
    far = calls[-1][0]
    far[1:] *= _FAR / np.linalg.norm(far[1:], axis=1, keepdims=True)
    return calls


def _log_densities(X: NDArray, means: NDArray, covariances: NDArray) -> NDArray[np.float64]:
    """Return the log density of each sample (row) under each Gaussian (column)."""
    pairs = zip(means, covariances, strict=True)
    return np.column_stack([multivariate_normal(mean, covariance).logpdf(X) for mean, covariance in pairs])


def _log_joint(X: NDArray, weights: NDArray, means: NDArray, covariances: NDArray) -> NDArray[np.float64]:
    return np.log(weights) + _log_densities(X, means, covariances)


def _shares(log: NDArray, axis: int = 1) -> NDArray[np.float64]:
    """Turn logarithms into shares that sum to one along an axis, without underflow."""
    return np.exp(log - logsumexp(log, axis=axis, keepdims=True))


def _responsibilities(X: NDArray, w: NDArray, m: NDArray, c: NDArray) -> NDArray[np.float64]:
    return _shares(_log_joint(X, w, m, c))


def _diagonal(covariances: NDArray) -> NDArray[np.float64]:
    return covariances * np.eye(covariances.shape[-1])


_WRONG_SHARES = {
    "hard-labels": [lambda X, w, m, c: np.eye(len(w))[_log_joint(X, w, m, c).argmax(axis=1)]],
    "density-for-probability": [
        lambda X, w, m, c: np.exp(_log_densities(X, m, c)),
        lambda X, w, m, c: np.exp(_log_joint(X, w, m, c)),
    ],
    "unweighted": [lambda X, w, m, c: _shares(_log_densities(X, m, c))],
    "wrong-axis": [
        lambda X, w, m, c: _shares(_log_joint(X, w, m, c), axis=0),
        lambda X, w, m, c: _shares(_log_densities(X, m, c), axis=0),
    ],
    "log-for-probability": [
        lambda X, w, m, c: _log_joint(X, w, m, c),
        lambda X, w, m, c: np.log(_responsibilities(X, w, m, c)),
    ],
    "correlation-ignored": [lambda X, w, m, c: _responsibilities(X, w, m, _diagonal(c))],
}

_SHARES = {
    "hard-labels": "These are hard labels: all of a sample goes to one component. Responsibilities keep the doubt, so "
    "that each component gets its share.",
    "density-for-probability": "The rows do not sum to one: these are densities, or weights times densities. Bayes' "
    "rule divides by their sum over the components.",
    "unweighted": "Every component counts the same here. Before we measure, a common cluster is more probable than a "
    "rare one: use the weights.",
    "wrong-axis": "The columns sum to one, not the rows: you divided by sums over the samples. Add up over the "
    "components; `keepdims=True` helps.",
    "log-for-probability": "These are logarithms. Responsibilities lie between 0 and 1.",
    "correlation-ignored": "These use the variances alone, as a diag mixture does. The covariance matrices are full.",
}


@exercise(
    "predict-1",
    title="Responsibilities from the parameters",
    points=2,
    hint="The notebook computes them by hand from densities. Far out every density is rounded to 0, and 0 / 0 is NaN: "
    "take `logpdf`, add the logarithms of the weights, and subtract the largest of each row before `np.exp`. It "
    "cancels when you divide.",
    inputs=draw_mixtures,
)
def responsibilities(answer: Any) -> Iterator[Line]:
    """Judge a function for responsibilities, on samples near the components and far from them."""
    results = as_results(answer, 4)
    *inputs, far = draw_mixtures(answer.seed)
    shares = [_table(result, *arguments[:2]) for result, arguments in zip(results[:-1], inputs, strict=True)]
    near = _same(shares, inputs, _responsibilities)
    made = {name: any(_same(shares, inputs, f) for f in many) for name, many in _WRONG_SHARES.items()}
    yield rubric(
        1,
        near,
        "These are the responsibilities, and each row sums to one.",
        *mistakes_made(made, _SHARES),
        otherwise="These are not the responsibilities. Try one component first: all of them must be 1.",
    )
    yield _far_line(_table(results[-1], *far[:2], finite=False), far, near)


def _far_line(shares: NDArray, far: tuple, near: bool) -> Line:
    """Judge the samples so far out that every density is rounded to zero."""
    made = {"not-yet-near": not near, "underflow": not np.isfinite(shares).all()}
    return rubric(
        1,
        near and _same([shares], [far], _responsibilities),
        "They hold far from all components, too.",
        *mistakes_made(made, _FAR_OUT),
        otherwise="Far from all components the numbers are finite, but not the responsibilities.",
    )


_FAR_OUT = {
    "not-yet-near": "First get the samples near the components right.",
    "underflow": "Far from all components every density is rounded to 0, and your function divides 0 by 0. Stay with "
    "the logarithms as long as you can.",
}


def _table(result: Any, X: NDArray, weights: NDArray, *, finite: bool = True) -> NDArray[np.float64]:
    """Read one row a sample and one column a component; only where ``finite`` is False may it hold NaN."""
    expected = f"a function that returns {len(X)} rows of {len(weights)} responsibilities"
    if getattr(result, "shape", None) == (len(X),):
        raise Misfit("hard-labels", f"One number a sample came back. This exercise asks for {expected}.")
    if not finite and isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return as_array(np.nan_to_num(result), (len(X), len(weights)), expected) + 0 * result
    return as_array(result, (len(X), len(weights)), expected)


def _same(shares: list[NDArray], inputs: list[tuple], function: Callable) -> bool:
    pairs = zip(shares, inputs, strict=True)
    return all(np.allclose(a, function(*arguments), rtol=1e-4, atol=1e-5) for a, arguments in pairs)


SPLIT = 133
"""Seed of the split of predict-2: here the full mixture makes three mistakes, so that copied species do not fit."""

_RECIPE = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0}

_NEAR = 0.015
"""How far the announced mistakes of fits by other seeds and settings may differ; fits made wrongly differ more."""


def _fit(X: pd.DataFrame, covariance_type: str = "full") -> GaussianMixture:
    """Fit as the task says: to scaled birds, then back to mm and g."""
    scaler = StandardScaler().fit(X)
    scaled = GaussianMixture(3, covariance_type=covariance_type, **_RECIPE).fit(scaler.transform(X))
    return sort_components(in_original_units(scaled, scaler))


@lru_cache
def _held_out(way: str = "full") -> tuple[NDArray, float]:
    """Fit the split of predict-2 in a right or a wrong way: the held-out birds' labels, the mistakes announced."""
    X_fit, X_held, _, _ = split_penguins(random_state=SPLIT)
    seen = {"test": X_held, "all": pd.concat([X_fit, X_held])}.get(way, X_fit)
    if way == "raw":
        model = GaussianMixture(3, **_RECIPE).fit(seen)
    else:
        model = _fit(seen, way if way in COVARIANCE_TYPES else "full")
    return model.predict(X_held), float(np.sum(1 - model.predict_proba(X_held).max(axis=1)))


_WRONG_WAYS = {
    "fitted-on-test": ("test", "all"),
    "unscaled": ("raw",),
    "covariance-type": ("tied", "diag", "spherical"),
}

_WAYS = {
    "fitted-on-test": "This comes from a model that was fitted with the held-out birds in it. Fit on `X_fit` alone: "
    "the birds of `X_held` must be new to the model.",
    "unscaled": "This comes from a model that was fitted to unscaled birds, whose start by k-means sees hardly "
    "anything but grams. Put a `StandardScaler` before the mixture.",
    "covariance-type": "This comes from a mixture of another covariance type. The task asks for `full`.",
}

_NAMES = {
    **_WAYS,
    "species-for-clusters": "These are the species themselves, with hardly a mistake; the model makes more. Name its "
    "clusters, and give each bird the name of its cluster.",
    "other-split": "These are birds of the lesson's split. Take `X_fit` and `X_held`.",
    "labels-not-matched": "The groups are right, but they bear wrong names: a component's number says nothing about "
    "its species. Match components and species on the training birds, then look the names up.",
}


@exercise(
    "predict-2",
    title="Another split, from fit to names",
    points=3,
    hint="The lesson does it for its own split: a pipeline, `linear_sum_assignment` on the training birds, the sum of "
    "doubts. Name the clusters by `y_fit`; you do not need `y_held`.",
)
def names_on_another_split(names: Any, expected: Any) -> Iterator[Line]:
    """Judge the named clusters of new held-out birds, and the number of mistakes announced."""
    species = split_penguins(random_state=SPLIT)[3].to_numpy(dtype=str)
    labels, found = _as_names(names, len(species)), _held_out()[0]
    grouped = _regrouped(labels, found) <= 1
    mistakes = [] if grouped else mistakes_made(_wrong_groups(labels, species), _NAMES)
    yield rubric(
        1,
        grouped,
        "The birds are in the clusters of a full mixture that had not seen them.",
        *mistakes,
        otherwise="The birds are not in the clusters of the best fit. Fit to scaled `X_fit` with `n_init=10`.",
    )
    yield rubric(
        1,
        np.sum(labels != match_labels(species, found)) <= 1,
        "Each cluster has the name of the species that is most of it.",
        Mistake("labels-not-matched", grouped, _NAMES["labels-not-matched"]),
        *mistakes,
        otherwise="Too many birds bear a wrong name.",
    )
    yield _announced_line(as_number(expected, "the number of mistakes to expect"), species)


def _as_names(answer: Any, n: int) -> NDArray:
    expected = "the names of the species, one for each bird of `X_held`"
    labels = as_labels(answer, n, expected)
    need(
        labels.dtype.kind == "U",
        "labels-not-matched",
        f"This exercise asks for {expected}, but numbers came. They mean nothing before they are matched.",
    )
    return np.char.capitalize(np.char.strip(labels))


def _regrouped(labels: NDArray, found: NDArray) -> int:
    """Count the birds that two clusterings group differently, whatever the names."""
    return int(np.sum(match_labels(found, labels) != found))


def _wrong_groups(labels: NDArray, species: NDArray) -> dict[str, bool]:
    ways = {name: any(_regrouped(labels, _held_out(way)[0]) <= 1 for way in many) for name, many in _WRONG_WAYS.items()}
    gmm, _, X_test = _lesson()
    return {
        "species-for-clusters": np.sum(labels != species) <= 1,
        **ways,
        "other-split": _regrouped(labels, gmm.predict(X_test)) <= 1,
    }


_ANNOUNCED = {
    **_WAYS,
    "made-for-announced": "This is how many mistakes the model makes, which only the species can tell. What it "
    "announces is in the responsibilities alone.",
    "hard-labels": "Hard labels know no doubt, so that they announce no mistake. Use the responsibilities.",
    "per-sample-for-total": "This is the chance of a mistake for one bird, on average. The question is how many "
    "mistakes there are among all birds: a sum.",
    "right-for-wrong": "This is how many birds to expect in the right cluster. The question is about the others.",
    "all-shares": "The responsibilities of a bird sum to one, so that this is the number of birds. Take the largest of "
    "each row.",
}


def _announced_line(number: float, species: NDArray) -> Line:
    labels, announced = _held_out()
    n, right = len(species), abs(number - announced) < _NEAR
    made = {
        "made-for-announced": number == np.sum(match_labels(species, labels) != species),
        "hard-labels": number == 0,
        "per-sample-for-total": abs(number * n - announced) < _NEAR,
        "right-for-wrong": abs(n - number - announced) < _NEAR,
        "all-shares": abs(number - n) < 1e-3,
    }
    if not right:
        made |= {
            name: any(abs(number - _held_out(way)[1]) < _NEAR for way in many) for name, many in _WRONG_WAYS.items()
        }
    return rubric(
        1,
        right,
        "That is the number of mistakes that the responsibilities announce.",
        *mistakes_made(made, _ANNOUNCED),
        otherwise="The number is not right. For each bird, what is the chance that its label is wrong?",
    )


@lru_cache
def _lesson() -> tuple[GaussianMixture, pd.DataFrame, pd.DataFrame]:
    """Return the lesson's mixture, its training birds and its held-out birds."""
    X_train, X_test, _, _ = split_penguins()
    return _fit(X_train), X_train, X_test


def _least_sure(X: pd.DataFrame) -> int:
    """Return the position of the bird with the smallest of the largest responsibilities."""
    return int(_lesson()[0].predict_proba(X).max(axis=1).argmin())


_BIRD = {
    "position-for-label": "This is the bird's position in the table. `X_train.index` has the row label at that "
    "position.",
    "held-out-bird": "This is the least sure of the held-out birds. The task asks for the training birds.",
    "density-for-probability": "This is the bird with the lowest density: the strangest, far from all clusters. The "
    "least sure bird lies between clusters.",
    "surest-for-least": "Of this bird the model is practically certain. Look for the smallest of the largest "
    "responsibilities.",
}


@exercise(
    "predict-3",
    title="The bird in the middle",
    points=2,
    hint="`gmm.predict_proba(X_train).max(axis=1)` is how sure the model is of each bird. `argmin` gives a position, "
    "`X_train.index` the row label there, and `X_train.loc[[label]]` the bird as a table of one row.",
)
def least_sure_bird(label: Any, after: Any) -> Iterator[Line]:
    """Judge which training bird is the least sure, and its responsibilities with a longer bill."""
    gmm, X_train, X_test = _lesson()
    bird, place = as_number(label, "the row label of one bird"), _least_sure(X_train)
    made = {
        "position-for-label": bird == place,
        "held-out-bird": bird == X_test.index[_least_sure(X_test)],
        "density-for-probability": bird == X_train.index[gmm.score_samples(X_train).argmin()],
        "surest-for-least": bird in X_train.index[gmm.predict_proba(X_train).max(axis=1) > 0.999],
    }
    yield rubric(
        1,
        bird == X_train.index[place],
        "No training bird has a smaller largest responsibility.",
        *mistakes_made(made, _BIRD),
        otherwise="There is a bird in `X_train` of which the model is less sure.",
    )
    yield _after_line(after)


_AFTER = {
    "unchanged": "These are the responsibilities of the bird as it is. Change its bill length, then ask the model.",
    "shorter": "These are the responsibilities for a bill that is 2 mm shorter.",
    "wrong-column": "These are the responsibilities for a bill that is 2 mm deeper. Change its length.",
    "hard-labels": "This is a hard label written as a row. Responsibilities say how sure the model is.",
    "density-for-probability": "These do not sum to one, as responsibilities do. Are they densities?",
    "not-sorted": "The three numbers are right, but not their order. Ask `gmm`, whose components are sorted by bill "
    "length, and leave the columns as they come.",
}


def _after_line(answer: Any) -> Line:
    """Judge the responsibilities of the bird with a longer bill, in the order of the sorted components."""
    nested = isinstance(answer, list) and any(isinstance(row, list) for row in answer)
    one_row = nested or getattr(answer, "ndim", 1) == 2
    shares = as_array(answer, (1, 3) if one_row else (3,), "three responsibilities").ravel()
    made = {
        "unchanged": _alike(shares, 0, 0),
        "shorter": _alike(shares, -2, 0),
        "wrong-column": _alike(shares, 0, 2),
        "hard-labels": np.array_equal(np.sort(shares), [0, 0, 1]),
        "density-for-probability": abs(shares.sum() - 1) > 0.01,
        "not-sorted": _alike(np.sort(shares), 2, 0, order=np.sort),
    }
    return rubric(
        1,
        _alike(shares, 2, 0),
        "Two millimetres take the doubt away.",
        *mistakes_made(made, _AFTER),
        otherwise="These are not the responsibilities of this bird with a bill 2 mm longer.",
    )


def _alike(shares: NDArray, longer: float, deeper: float, order: Callable = np.asarray) -> bool:
    """Whether these are the responsibilities of the least sure bird with its bill changed by so many mm."""
    gmm, X_train, _ = _lesson()
    bird = X_train.iloc[[_least_sure(X_train)]] + [longer, deeper, 0, 0]
    return bool(np.allclose(shares, order(gmm.predict_proba(bird)[0]), atol=1e-3))


choice(
    "predict-4",
    module=__name__,
    title="A colony with few Chinstraps",
    points=1,
    hint="Which factor of Bayes' rule changes? Think of a bird for which the two densities are the same.",
    right="c",
    options={
        "a": "That would hold if a bird went to the nearest mean, or to the largest density. In Bayes' rule the "
        "weights count, too.",
        "b": "A label is the largest responsibility. Near the border the two largest are almost the same, so that a "
        "change of the weights turns some labels.",
        "c": "A rare cluster needs better evidence: the border moves towards its mean, and birds that were nearly "
        "halfway change sides.",
        "d": "A smaller weight lowers the responsibility of component 2 everywhere. It can lose birds and not win any.",
    },
)
