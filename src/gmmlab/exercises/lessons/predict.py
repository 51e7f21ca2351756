"""Checks of notebook 04: responsibilities, a name for every cluster, the least sure bird."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import Line, as_array, as_number, award, mistakes_made, part

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.mixture import GaussianMixture

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
    return np.column_stack([scipy.stats.multivariate_normal(mean, covariance).logpdf(X) for mean, covariance in pairs])


def _log_joint(X: NDArray, weights: NDArray, means: NDArray, covariances: NDArray) -> NDArray[np.float64]:
    return np.log(weights) + _log_densities(X, means, covariances)


def _shares(log: NDArray, axis: int = 1) -> NDArray[np.float64]:
    """Turn logarithms into shares that sum to one along an axis, without underflow."""
    return np.exp(log - scipy.special.logsumexp(log, axis=axis, keepdims=True))


def _quotients(log: NDArray, axis: int = 1) -> NDArray[np.float64]:
    """Turn logarithms into shares as one does at first: 0 / 0 where every density underflows."""
    return np.exp(log) / np.exp(log).sum(axis=axis, keepdims=True)


def _responsibilities(X: NDArray, w: NDArray, m: NDArray, c: NDArray) -> NDArray[np.float64]:
    return _shares(_log_joint(X, w, m, c))


def _diagonal(covariances: NDArray) -> NDArray[np.float64]:
    return covariances * np.eye(covariances.shape[-1])


responsibilities = function_exercise(
    "predict-1",
    title="Responsibilities from the parameters",
    hint="Fill an array of shape (n, k) column by column, as the lesson does for one bird. Far from all components "
    "every density is rounded to 0, and 0 / 0 is NaN: take `logpdf`, add the logarithms of the weights, and subtract "
    "the largest value of each row before `np.exp`. The subtracted value cancels when you divide.",
    inputs=draw_mixtures,
    returns=[
        Value(
            "responsibilities",
            _responsibilities,
            [
                Slip(
                    "underflow",
                    lambda X, w, m, c: _quotients(_log_joint(X, w, m, c)),
                    "Far from all components every density is rounded to 0, and your function divides 0 by 0. Stay "
                    "with the logarithms as long as you can.",
                ),
                Slip(
                    "hard-labels",
                    [
                        lambda X, w, m, c: _log_joint(X, w, m, c).argmax(axis=1),
                        lambda X, w, m, c: np.eye(len(w))[_log_joint(X, w, m, c).argmax(axis=1)],
                    ],
                    "These are hard labels. Responsibilities keep the doubt: each component gets its share of a "
                    "sample, so return one row of shares for each sample.",
                ),
                Slip(
                    "density-for-probability",
                    [
                        lambda X, w, m, c: np.exp(_log_densities(X, m, c)),
                        lambda X, w, m, c: np.exp(_log_joint(X, w, m, c)),
                    ],
                    "The rows do not sum to one: these are densities, or weights times densities. Bayes' rule divides "
                    "by their sum over the components.",
                ),
                Slip(
                    "unweighted",
                    [
                        lambda X, w, m, c: _shares(_log_densities(X, m, c)),
                        lambda X, w, m, c: _quotients(_log_densities(X, m, c)),
                    ],
                    "Every component counts the same here. Before we measure, a common cluster is more probable than "
                    "a rare one: use the weights.",
                ),
                Slip(
                    "wrong-axis",
                    [
                        lambda X, w, m, c: _shares(_log_joint(X, w, m, c), axis=0),
                        lambda X, w, m, c: _quotients(_log_joint(X, w, m, c), axis=0),
                        lambda X, w, m, c: _shares(_log_densities(X, m, c), axis=0),
                    ],
                    "The columns sum to one, not the rows: you divided by sums over the samples. Add up over the "
                    "components; `keepdims=True` helps.",
                ),
                Slip(
                    "log-for-probability",
                    [
                        lambda X, w, m, c: _log_joint(X, w, m, c),
                        lambda X, w, m, c: np.log(_responsibilities(X, w, m, c)),
                    ],
                    "These are logarithms. Responsibilities lie between 0 and 1.",
                ),
                Slip(
                    "log-weights-forgotten",
                    [
                        lambda X, w, m, c: _shares(w + _log_densities(X, m, c)),
                        lambda X, w, m, c: _shares(w * _log_densities(X, m, c)),
                    ],
                    "You joined the weights themselves with log densities. The logarithm of a product is the sum of "
                    "the logarithms: add `np.log(weights)`.",
                ),
                Slip(
                    "correlation-ignored",
                    [
                        lambda X, w, m, c: _responsibilities(X, w, m, _diagonal(c)),
                        lambda X, w, m, c: _quotients(_log_joint(X, w, m, _diagonal(c))),
                    ],
                    "These use the variances alone, as a diag mixture does. The covariance matrices are full.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "These are the responsibilities, and each row sums to one.",
            "These are not the responsibilities. Try one component first: all of them must be 1.",
            calls=slice(0, 3),
        ),
        Credit(
            1,
            "They hold far from all components, too.",
            "Far from all components these are not the responsibilities.",
        ),
    ],
)


def draw_clusterings(seed: int) -> list[tuple]:
    """Draw cluster labels and species numbers: twice one cluster a species, twice more clusters than species."""
    rng = np.random.default_rng(seed)
    return [_clustering(rng, k) for k in (3, 3, 4, 5)]


def _clustering(rng: np.random.Generator, k: int) -> tuple[NDArray, NDArray]:
    """Draw ``k`` clusters; beyond three, clusters share the commonest species, and the first holds much of another."""
    common, rare, third = rng.permutation(3).tolist()
    table = rng.integers(2, 5, size=(k, 3))
    homes = [common] * (k - 2) + [rare, third]
    table[np.arange(k), homes] = rng.integers(18, 23, size=k)
    if k > 3:
        table[0, rare], table[-2, rare] = 15, 9  # most of the rare species, and yet not most of the cluster
    table = rng.permutation(table)
    labels, species = (np.repeat(places.ravel(), table.ravel()) for places in np.indices(table.shape))
    order = rng.permutation(len(labels))
    return labels[order], species[order]


def _counts(labels: NDArray, species: NDArray) -> NDArray[np.int64]:
    """Return the number of birds of each cluster (row) and species (column)."""
    from sklearn.metrics.cluster import contingency_matrix

    return contingency_matrix(species, labels).T


def _by_majority(labels: NDArray, species: NDArray) -> NDArray[np.int64]:
    return _counts(labels, species).argmax(axis=1)[labels]


def _rarest(labels: NDArray, species: NDArray) -> NDArray[np.int64]:
    return _counts(labels, species).argmin(axis=1)[labels]


def _averages(labels: NDArray, species: NDArray) -> NDArray[np.float64]:
    """Return for each bird the mean species number of its cluster."""
    sums = np.bincount(labels, weights=species) / np.bincount(labels)
    return sums[labels]


name_clusters = function_exercise(
    "predict-2",
    title="A name for every cluster",
    hint="Which species does a cluster hold most of? `pd.crosstab(labels, species)` counts, and `np.argmax` with the "
    "right axis gives one species for each cluster. Then look up the name of each bird's cluster.",
    inputs=draw_clusterings,
    returns=[
        Value(
            "names",
            _by_majority,
            [
                Slip(
                    "one-to-one",
                    lambda labels, species: gmmlab.mixture.match_labels(species, labels),
                    "A one-to-one matching gives each species one cluster. With more clusters than species some "
                    "clusters go without a name. Let two clusters have the same name.",
                ),
                Slip(
                    "labels-not-matched",
                    lambda labels, species: labels,
                    "These are the cluster numbers as they are. A cluster's number says nothing about its species: "
                    "count first.",
                ),
                Slip(
                    "species-for-clusters",
                    lambda labels, species: species,
                    "These are the species of the birds. All birds of a cluster get one name, also those of another "
                    "species.",
                ),
                Slip(
                    "one-name-a-cluster",
                    lambda labels, species: _counts(labels, species).argmax(axis=1),
                    "You return one name for each cluster. The task asks for one name for each bird: index the names "
                    "with `labels`.",
                ),
                Slip(
                    "wrong-axis",
                    [
                        lambda labels, species: _counts(labels, species).argmax(axis=0),
                        lambda labels, species: _counts(labels, species).argmax(axis=0)[species],
                    ],
                    "You looked for the largest cluster of each species. The task asks for the commonest species of "
                    "each cluster: take the other axis.",
                ),
                Slip(
                    "predict_proba-for-predict",
                    lambda labels, species: (
                        _counts(labels, species) / _counts(labels, species).sum(axis=1, keepdims=True)
                    )[labels],
                    "You return a row of shares for each bird, as `predict_proba` would. The task asks for one name, "
                    "as `predict` gives one label: the species with the largest share.",
                ),
                Slip(
                    "overall-majority",
                    lambda labels, species: np.full(len(labels), np.bincount(species).argmax()),
                    "Every bird gets the commonest species of all. Count within each cluster.",
                ),
                Slip(
                    "share-of-species",
                    lambda labels, species: (_counts(labels, species) / _counts(labels, species).sum(axis=0)).argmax(
                        axis=1
                    )[labels],
                    "You compared shares of each species. Within one cluster compare counts: the commonest species "
                    "names it.",
                ),
                Slip(
                    "averaged-names",
                    [
                        _averages,
                        lambda labels, species: np.round(_averages(labels, species)),
                        lambda labels, species: np.floor(_averages(labels, species)),
                    ],
                    "You averaged species numbers. The numbers are names: the mean of species 0 and species 2 is not "
                    "species 1. Count.",
                ),
                Slip(
                    "rarest-for-commonest",
                    _rarest,
                    "You took the rarest species of each cluster: `argmin` for `argmax`.",
                ),
                Slip(
                    "count-for-name",
                    [
                        lambda labels, species: _counts(labels, species).max(axis=1)[labels],
                        lambda labels, species: np.bincount(labels)[labels],
                    ],
                    "You return how many birds there are. The name is the place of the largest count: `argmax`.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "With one cluster for each species every bird has the right name.",
            "With one cluster for each species some birds have a wrong name. Count the birds of each species in each "
            "cluster.",
            calls=slice(0, 2),
        ),
        Credit(
            1,
            "With more clusters than species, too, every cluster has its name.",
            "With more clusters than species some birds have a wrong name.",
        ),
    ],
)


_RECIPE = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0}


@lru_cache
def _lesson() -> tuple[GaussianMixture, pd.DataFrame, pd.DataFrame]:
    """Return the lesson's mixture in mm and g, its training birds and its held-out birds."""
    from sklearn.mixture import GaussianMixture
    from sklearn.preprocessing import StandardScaler

    X_train, X_test, _, _ = gmmlab.preprocess.split_penguins()
    scaler = StandardScaler().fit(X_train)
    scaled = GaussianMixture(3, **_RECIPE).fit(scaler.transform(X_train))
    return gmmlab.mixture.sort_components(gmmlab.mixture.in_original_units(scaled, scaler)), X_train, X_test


@lru_cache(maxsize=1)
def _training_birds() -> pd.DataFrame:
    return gmmlab.preprocess.split_penguins()[0]


def draw_birds(seed: int) -> pd.DataFrame:
    """Draw 40 of the training birds, and a number for each ring: no two students have the same answer."""
    import pandas as pd

    rng, X_train = np.random.default_rng(seed), _training_birds()
    birds = X_train.iloc[np.sort(rng.choice(len(X_train), 40, replace=False))]
    return birds.set_axis(pd.Index(rng.choice(np.arange(1000, 10_000), 40, replace=False), name="ring"))


def _certainty(X: pd.DataFrame) -> NDArray:
    """Return the largest responsibility of each bird."""
    return np.asarray(_lesson()[0].predict_proba(X).max(axis=1))


@lru_cache(maxsize=1)
def _least_sure_of_all() -> tuple[Any, Any]:
    """Return the labels of the least sure of all training birds and of the least sure held-out bird."""
    _, X_train, X_test = _lesson()
    first, second = (X.index[_certainty(X).argmin()] for X in (X_train, X_test))
    return first, second


_BIRD = {
    "position-for-label": "This is the bird's position in the table. `birds.index` has the row label at that place.",
    "of-all-birds": "This is the least sure of all training birds, and not one of your 40. Look in `birds` alone.",
    "held-out-bird": "This is the least sure of the held-out birds. The task asks for those in `birds`.",
    "density-for-probability": "This is the bird with the lowest density: the strangest, far from all clusters. The "
    "least sure bird lies between clusters.",
    "unscaled": "You asked `gmm` about birds in mm and g, and it was fitted to scaled birds. Transform `birds` with "
    "`scaler` first.",
    "surest-for-least": "Of this bird the model is practically certain. Look for the smallest of the largest "
    "responsibilities.",
}


@exercise(
    "predict-3",
    title="The bird in the middle",
    points=2,
    hint="`gmm.predict_proba(scaler.transform(birds)).max(axis=1)` is how sure the model is of each bird. `argmin` "
    "gives a position, `birds.index` the row label there, and `birds.loc[[label]]` the bird as a table of one row. "
    "Lengthen the bill in mm, then transform.",
    data=draw_birds,
)
def least_sure_bird(birds: pd.DataFrame, label: Any, after: Any) -> Iterator[Line]:
    """Judge which of the student's birds is the least sure, and its responsibilities with a longer bill."""
    yield from part(1, lambda: _label_line(birds, label))
    yield from part(1, lambda: _after_line(birds, after))


def _label_line(birds: pd.DataFrame, label: Any) -> Line:
    """Judge which bird is the least sure."""
    bird, certainty = as_number(label, "the ring number of one bird"), _certainty(birds)
    place, (of_training, of_held_out) = int(certainty.argmin()), _least_sure_of_all()
    made = {
        "position-for-label": bird == place,
        "of-all-birds": bird == of_training,
        "held-out-bird": bird == of_held_out,
        "density-for-probability": bird == birds.index[_lesson()[0].score_samples(birds).argmin()],
        "unscaled": bird == birds.index[_scaled().predict_proba(birds.to_numpy()).max(axis=1).argmin()],
        "surest-for-least": bird in birds.index[certainty > 0.999],
    }
    return award(
        1,
        bird == birds.index[place],
        "None of your birds has a smaller largest responsibility.",
        *mistakes_made(made, _BIRD),
        otherwise="There is a bird in `birds` of which the model is less sure.",
    )


@lru_cache(maxsize=1)
def _scaled() -> GaussianMixture:
    """Return the mixture of scaled birds, as it must not be asked about birds in mm and g."""
    from sklearn.mixture import GaussianMixture
    from sklearn.preprocessing import StandardScaler

    X = _lesson()[1]
    return GaussianMixture(3, **_RECIPE).fit(StandardScaler().fit_transform(X))


_AFTER = {
    "unchanged": "These are the responsibilities of the bird as it is. Change its bill length, then ask the model.",
    "shorter": "These are the responsibilities for a bill that is 2 mm shorter.",
    "wrong-column": "These are the responsibilities for a bill that is 2 mm deeper. Change its length.",
    "wrong-units": "You added 2 to the scaled bill length, that is, two standard deviations. Add 2 mm first, then "
    "transform.",
    "hard-labels": "This is a hard label written as a row. Responsibilities say how sure the model is.",
    "percent": "These are percentages: they sum to 100. Responsibilities are shares, which sum to one.",
    "density-for-probability": "These do not sum to one, as responsibilities do. Are they densities?",
    "not-sorted": "The three numbers are right, but not their order. Ask `gmm`, whose components are sorted by bill "
    "length, and leave the columns as they are.",
}


def _after_line(birds: pd.DataFrame, answer: Any) -> Line:
    """Judge the responsibilities of the bird with a longer bill, in the order of the sorted components."""
    nested = isinstance(answer, list) and any(isinstance(row, list) for row in answer)
    one_row = nested or getattr(answer, "ndim", 1) == 2
    shares = as_array(answer, (1, 3) if one_row else (3,), "three responsibilities").ravel()
    certainty = _certainty(birds)
    bird = birds.iloc[[certainty.argmin()]]
    two_sd = 2 * float(_lesson()[1]["bill_length_mm"].std(ddof=0))
    made = {
        "unchanged": _alike(bird, shares, 0, 0),
        "shorter": _alike(bird, shares, -2, 0),
        "wrong-column": _alike(bird, shares, 0, 2),
        "hard-labels": np.array_equal(np.sort(shares), [0, 0, 1]),
        "wrong-units": _alike(bird, shares, two_sd, 0),
        "percent": abs(shares.sum() - 100) < 1,
        "density-for-probability": abs(shares.sum() - 1) > 0.01,
        "not-sorted": _alike(bird, np.sort(shares), 2, 0, order=np.sort),
    }
    return award(
        1,
        _alike(bird, shares, 2, 0, tolerance=0.0051),  # two digits are enough
        f"Largest responsibility before: {certainty.min():.2f}, after: {max(shares):.2f}. Where the longer bill moves "
        "the bird towards a border, the doubt grows.",
        *mistakes_made(made, _AFTER),
        otherwise="These are not the responsibilities of this bird with a bill 2 mm longer.",
    )


def _alike(
    bird: pd.DataFrame,
    shares: NDArray,
    longer: float,
    deeper: float,
    order: Callable = np.asarray,
    tolerance: float = 1e-3,
) -> bool:
    """Whether these are the responsibilities of the bird with its bill changed by so many mm."""
    changed = bird.add([longer, deeper, 0, 0])
    return bool(np.allclose(shares, order(_lesson()[0].predict_proba(changed)[0]), atol=tolerance))


EXERCISES = [responsibilities, name_clusters, least_sure_bird]
