"""Checks of notebook 02: standardising by hand, a leak, models that depend on units, holes that are no accident."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmmlab.data import MEASURES, load_penguins
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import (
    Line,
    Mistake,
    as_array,
    as_mixture,
    as_results,
    describe,
    mistakes_made,
    need,
    rubric,
)
from gmmlab.preprocess import split_penguins

NOTEBOOK = "02_preprocess_features"

Function = Callable[[NDArray, NDArray], NDArray]


def draw_tables(seed: int) -> list[tuple[NDArray, NDArray]]:
    """Draw a training and a new table for three calls.

    Both are square and of one size, so that a wrong axis or the wrong table gives wrong numbers that can be recognised,
    rather than an error.
    """
    rng = np.random.default_rng(seed)
    tables = []
    for d in (4, 5, 6):
        centre, spread = rng.uniform(-50, 200, d), rng.uniform(2, 30, d)
        tables.append(tuple(centre + spread * rng.normal(size=(d, d)) for _ in range(2)))
    return tables


def _standard(values: NDArray, by: NDArray, ddof: int = 0) -> NDArray:
    """Standardise ``values`` with the means and standard deviations of ``by``."""
    return (values - by.mean(axis=0)) / by.std(axis=0, ddof=ddof)


_WRONG_SCALES: dict[str, list[Function]] = {
    "variance-for-sd": [
        lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0),
        lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0, ddof=1),
    ],
    "sample-sd": [lambda train, new: _standard(new, train, ddof=1)],
    "wrong-axis": [
        lambda train, new: (new - train.mean()) / train.std(),
        lambda train, new: (new - train.mean(axis=0)) / train.std(),
        lambda train, new: (new - train.mean(axis=1)) / train.std(axis=1),
        lambda train, new: (new - train.mean(axis=1)[:, None]) / train.std(axis=1)[:, None],
        lambda train, new: _standard(new.T, new.T).T,
    ],
    "scaled-by-itself": [
        lambda train, new: _standard(new, new),
        lambda train, new: _standard(new, new, ddof=1),
        lambda train, new: (new - new.mean(axis=0)) / train.std(axis=0),
        lambda train, new: (new - train.mean(axis=0)) / new.std(axis=0),
    ],
    "scaler-fitted-on-all": [
        lambda train, new: _standard(new, np.vstack([train, new])),
        lambda train, new: _standard(new, np.vstack([train, new]), ddof=1),
    ],
    "train-for-new": [lambda train, new: _standard(train, train), lambda train, new: _standard(train, train, ddof=1)],
    "not-centred": [lambda train, new: new / train.std(axis=0)],
    "not-scaled": [lambda train, new: new - train.mean(axis=0)],
    "min-max": [lambda train, new: (new - train.min(axis=0)) / np.ptp(train, axis=0)],
}

_SCALES = {
    "variance-for-sd": "You divided by the variance, which is in squared units. Divide by its square root, the "
    "standard deviation.",
    "sample-sd": "You divided the sum of squares by n - 1 (`ddof=1`, as pandas does by default). `StandardScaler`, "
    "like the maximum-likelihood fit of a Gaussian, divides by n.",
    "wrong-axis": "The mean and the standard deviation belong to a feature, a column. You took them along the rows, or "
    "over the whole table.",
    "scaled-by-itself": "You used the means or the standard deviations of the new birds: so Ben lost his Gentoos. Both "
    "come from the training birds.",
    "scaler-fitted-on-all": "You took the means of both tables together. So the new birds have taught the scaler.",
    "train-for-new": "The training table came back. Use it to learn the scale, and return the new table.",
    "not-centred": "You divided, but did not subtract the means of the training table first.",
    "not-scaled": "You subtracted the means, but did not divide by the standard deviations.",
    "min-max": "This is min-max scaling, from 0 to 1. Standardising uses the mean and the standard deviation.",
}


@exercise(
    "preprocess-1",
    title="Standardise by hand",
    points=2,
    hint="Which two numbers does `StandardScaler` learn for each column, and from which table? `mean` and `std` of "
    "numpy take `axis`; by default `std` of numpy divides by n, that of pandas by n - 1.",
    inputs=draw_tables,
)
def standardise_by_hand(answer: Any) -> Iterator[Line]:
    """Judge a function that standardises new birds with the scale of the training birds."""
    results = as_results(answer, 3)
    inputs = draw_tables(answer.seed)
    tables = [
        as_array(
            result, new.shape, f"a function that returns a table of shape {new.shape} for a new table of that shape"
        )
        for result, (_, new) in zip(results, inputs, strict=True)
    ]
    made = {name: any(_same(tables, inputs, wrong) for wrong in many) for name, many in _WRONG_SCALES.items()}
    mistakes = mistakes_made(made, _SCALES)
    right = _same(tables, inputs, lambda train, new: _standard(new, train))
    from_train = right or made["variance-for-sd"] or made["sample-sd"] or made["not-scaled"]
    otherwise = "Subtract from each column the mean of that column in `train`, then divide by its standard deviation."
    yield rubric(1, from_train, "The means are those of the training columns.", *mistakes, otherwise=otherwise)
    words = "So are the standard deviations, with n in the denominator."
    yield rubric(1, right, words, *mistakes, otherwise=otherwise)


def _same(tables: list[NDArray], inputs: list[tuple[NDArray, NDArray]], function: Function) -> bool:
    expected = [function(*arguments) for arguments in inputs]
    return all(np.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(tables, expected, strict=True))


@lru_cache
def _birds() -> dict[str, NDArray[np.float64]]:
    """Return the four measures of the training birds, the test birds, and all."""
    train, test, _, _ = split_penguins()
    everybody = load_penguins().dropna(subset=MEASURES)[MEASURES]
    return {"train": train.to_numpy(), "test": test.to_numpy(), "all": everybody.to_numpy()}


@exercise(
    "preprocess-2",
    title="Mend a leak",
    points=2,
    hint="Go through the colleague's lines and ask of each `fit`: which birds does it see? A pipeline of two steps, "
    "fitted once to the right table, leaves no other choice.",
)
def mend_the_leak(answer: Any) -> Iterator[Line]:
    """Judge by its parameters which birds a pipeline's scaler and mixture have learned from."""
    scaler, mixture = _steps(answer)
    yield _judge_scaler(scaler)
    yield _judge_mixture(scaler, mixture)


def _steps(answer: Any) -> tuple[Any, Any]:
    expected = "a fitted pipeline of a StandardScaler and a GaussianMixture"
    mixture = as_mixture(answer, expected)
    scalers = [step for _, step in getattr(answer, "steps", []) if type(step).__name__ == "StandardScaler"]
    need(
        scalers,
        "unscaled",
        f"This exercise asks for {expected}, but {describe(answer)} without a scaler came. So new birds would reach "
        "the mixture in mm and g.",
    )
    need(len(scalers) == 1, "scaled-twice", "This pipeline has more than one scaler. One is enough.")
    fits = scalers[0].n_features_in_ == mixture.means_.shape[1] == len(MEASURES)
    need(fits, "wrong-features", f"The pipeline must be fitted to the four measures {', '.join(MEASURES)}.")
    kind = (len(mixture.means_), mixture.covariance_type)
    words = f"The colleague's mixture has 3 components and full covariances; yours has {kind[0]} of type {kind[1]}."
    need(kind == (3, "full"), "covariance-type" if kind[0] == 3 else "number-of-components", words)
    return scalers[0], mixture


def _judge_scaler(scaler: Any) -> Line:
    learned = np.array([scaler.mean_, scaler.scale_], dtype=float)
    same = {who: np.allclose(learned, [X.mean(axis=0), X.std(axis=0)], rtol=1e-4) for who, X in _birds().items()}
    return rubric(
        1,
        same["train"],
        "The scaler has learned from the training birds only.",
        Mistake(
            "scaler-fitted-on-all",
            same["all"],
            "Your scaler has learned the means of all 342 birds, the test birds among them. Split first, then fit.",
        ),
        Mistake("fitted-on-test", same["test"], "Your scaler has learned from the test birds."),
        Mistake(
            "scaled-twice",
            np.allclose(learned[0], 0, atol=0.3) and np.allclose(learned[1], 1, atol=0.3),
            "Your scaler has learned means near 0 and standard deviations near 1: it was given values that were "
            "standardised already. Give the pipeline mm and g, or new birds will not fit its scale.",
        ),
        Mistake(
            "another-split",
            np.array_equal(getattr(scaler, "n_samples_seen_", None), len(_birds()["train"])),
            "Your scaler has seen as many birds as there are training birds, but other birds. Take the split that all "
            "notebooks share, `split_penguins()`.",
        ),
        otherwise="Your scaler's means and standard deviations are not those of `X_train`.",
    )


def _judge_mixture(scaler: Any, mixture: Any) -> Line:
    steps = {who: _step_of_em(mixture, scaler.transform(X)) for who, X in _birds().items()}
    nearest = min(steps, key=steps.__getitem__)
    at_rest = steps[nearest] < 0.03
    return rubric(
        1,
        at_rest and nearest == "train",
        "The mixture has learned from the training birds only.",
        Mistake(
            "mixture-fitted-on-all",
            at_rest and nearest == "all",
            "Your mixture has learned from all 342 birds: further EM steps on them leave it where it is. The test "
            "birds are among them, so the test no longer tests.",
        ),
        Mistake(
            "fitted-on-test", at_rest and nearest == "test", "Your mixture has learned from the test birds themselves."
        ),
        otherwise="An EM step on the training birds, as this scaler gives them, still moves the mixture: it was not "
        "fitted to them.",
    )


def _step_of_em(mixture: Any, Z: NDArray) -> float:
    """Return how far one EM step on ``Z`` moves the means: near 0 for the data that the mixture was fitted to.

    Fits that stopped at scikit-learn's default ``tol`` move by at most 0.01 on their own data, and by at least 0.06 on
    the other tables of this exercise (40 seeds, one start or ten).
    """
    if not np.isfinite(Z).all():
        return np.inf
    with np.errstate(all="ignore"):
        shares = mixture.predict_proba(Z)
        means = shares.T @ Z / shares.sum(axis=0)[:, None]
    return float(np.nan_to_num(np.abs(means - mixture.means_).max(), nan=np.inf))


MODELS = ("k-means", "spherical", "diag", "tied", "full")

# Which models have no twin. In kg a sphere becomes an ellipsoid and distances change. A turn by 45 degrees keeps
# spheres and distances, but makes correlated features of uncorrelated ones with different variances.
CHANGED_BY_UNITS = {"k-means", "spherical"}
CHANGED_BY_TURNING = {"diag"}

choice(
    "preprocess-3",
    module=__name__,
    title="Missing for a reason",
    points=1,
    hint="Which species weighs most, and which of its birds are left? Try it: fit a mixture to the rows of X_train "
    "with a mass below 5000, and compare with the fit to all of X_train.",
    right="c",
    options={
        "a": "The rows are complete, but they are no longer a fair sample. Dropping is harmless when holes fall at "
        "random, as those of `punch_holes` do. Here whether a value is missing depends on the value.",
        "b": "Fewer birds make an estimate less certain, not larger. And the birds that are left span a shorter range: "
        "which way does a standard deviation go?",
        "c": "The heavy species loses its heaviest birds, so its mean mass, its spread and its weight come out too "
        "low. No preprocessing of the remaining rows can mend that.",
        "d": "The scaler shifts and stretches the rows that are there. It cannot bring back the birds that are not.",
    },
)
