"""Checks of notebook 02: standardising by hand, a leak, models that depend on units, holes that are no accident."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Slip, Value, choice, function_exercise

NOTEBOOK = "02_preprocess_features"


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


def _centred(table: NDArray, train: NDArray, new: NDArray) -> bool:
    """Whether each column, up to a factor, is the new one less its mean in the training table."""
    right = new - train.mean(axis=0)
    factors = (table * right).sum(axis=0) / (right**2).sum(axis=0)
    return table.shape == right.shape and bool(np.allclose(table, factors * right, rtol=1e-3, atol=1e-4))


standardise = function_exercise(
    "preprocess-1",
    title="Standardise by hand",
    hint="Which two numbers does `StandardScaler` learn for each column, and from which table? `mean` and `std` of "
    "numpy take `axis`; by default `std` of numpy divides by n, that of pandas by n - 1.",
    inputs=draw_tables,
    returns=[
        Value(
            "standardised values",
            lambda train, new: _standard(new, train),
            [
                Slip(
                    "variance-for-sd",
                    [
                        lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0),
                        lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0, ddof=1),
                    ],
                    "You divided by the variance, which is in squared units. Divide by its square root, the standard "
                    "deviation.",
                ),
                Slip(
                    "sample-sd",
                    lambda train, new: _standard(new, train, ddof=1),
                    "You divided the sum of squares by n - 1 (`ddof=1`, as pandas does by default). `StandardScaler`, "
                    "like the maximum-likelihood fit of a Gaussian, divides by n.",
                ),
                Slip(
                    "wrong-axis",
                    [
                        lambda train, new: (new - train.mean()) / train.std(),
                        lambda train, new: (new - train.mean(axis=0)) / train.std(),
                        lambda train, new: (new - train.mean(axis=1)) / train.std(axis=1),
                        lambda train, new: _standard(new.T, train.T).T,
                        lambda train, new: _standard(new.T, new.T).T,
                    ],
                    "The mean and the standard deviation belong to a feature, a column. You took them along the rows, "
                    "or over the whole table.",
                ),
                Slip(
                    "scaled-by-itself",
                    [
                        lambda train, new: _standard(new, new),
                        lambda train, new: _standard(new, new, ddof=1),
                        lambda train, new: (new - new.mean(axis=0)) / train.std(axis=0),
                        lambda train, new: (new - train.mean(axis=0)) / new.std(axis=0),
                    ],
                    "You used the means or the standard deviations of the new birds: this is how Ben lost his Gentoos. "
                    "Take both from the training birds.",
                ),
                Slip(
                    "scaler-fitted-on-all",
                    [
                        lambda train, new: _standard(new, np.vstack([train, new])),
                        lambda train, new: _standard(new, np.vstack([train, new]), ddof=1),
                    ],
                    "You took the means of both tables together, so the scale was learned from the new birds as well.",
                ),
                Slip(
                    "train-for-new",
                    [lambda train, new: _standard(train, train), lambda train, new: _standard(train, train, ddof=1)],
                    "You returned the training table. Learn the scale from it, and return the new table.",
                ),
                Slip(
                    "not-centred",
                    lambda train, new: new / train.std(axis=0),
                    "You divided, but did not subtract the means of the training table first.",
                ),
                Slip(
                    "not-scaled",
                    lambda train, new: new - train.mean(axis=0),
                    "You subtracted the means, but did not divide by the standard deviations.",
                ),
                Slip(
                    "min-max",
                    lambda train, new: (new - train.min(axis=0)) / np.ptp(train, axis=0),
                    "This is min-max scaling, from 0 to 1. Standardising uses the mean and the standard deviation.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "The means are those of the training columns.",
            "Subtract from each column the mean of that column in `train`.",
            holds=_centred,
        ),
        Credit(
            1,
            "So are the standard deviations, with n in the denominator.",
            "Then divide each column by the standard deviation of that column in `train`.",
        ),
    ],
)


def draw_clusters(seed: int) -> list[tuple[NDArray, NDArray]]:
    """Draw three tables of three clusters far apart, with their classes: every honest fit finds the same optimum."""
    rng = np.random.default_rng(seed)
    tables = []
    for d, sizes in ((2, (80, 60, 40)), (3, (60, 90, 50)), (2, (50, 45, 95))):
        classes = rng.permutation(np.repeat([0, 1, 2], sizes))
        centres = 50 * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])[:, :d] + rng.uniform(-5, 5, (3, d))
        X = centres[classes] + rng.normal(size=(len(classes), d)) @ (4 * np.eye(d) + rng.uniform(-1, 1, (d, d)))
        tables.append((X, classes))
    return tables


def _score(
    scaler: str = "train", mixture: str = "train", judged: str = "test", stratify: bool = True, own: bool = False
) -> Callable[[NDArray, NDArray], float]:
    """Return a function that scores a table, with scaler and mixture fitted to these parts and these rows judged."""

    def score(X: NDArray, y: NDArray) -> float:
        from sklearn.mixture import GaussianMixture
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        train, test = train_test_split(X, test_size=0.3, stratify=y if stratify else None, random_state=0)
        parts = {"train": train, "test": test, "all": X}
        scale = StandardScaler(with_mean=scaler != "none", with_std=scaler != "none").fit(parts.get(scaler, X))
        model = GaussianMixture(3, n_init=3, random_state=0).fit(scale.transform(parts[mixture]))
        new = StandardScaler().fit(parts[judged]) if own else scale
        return float(model.score(new.transform(parts[judged])))

    return score


def _total(X: NDArray, y: NDArray) -> float:
    from sklearn.model_selection import train_test_split

    return _score()(X, y) * len(train_test_split(X, test_size=0.3, random_state=0)[1])


score_new = function_exercise(
    "preprocess-2",
    title="Mend a leak",
    hint="Go through the colleague's lines and ask of each `fit`: which rows does it see? Split the raw table first. A "
    "pipeline, fitted once to the training rows, leaves no other choice.",
    inputs=draw_clusters,
    returns=[
        Value(
            "score",
            _score(),
            [
                Slip(
                    "leak-kept",
                    _score(scaler="all", mixture="all"),
                    "This is still the colleague's score: scaler and mixture have seen the test rows. Split first.",
                ),
                Slip(
                    "scaler-fitted-on-all",
                    _score(scaler="all"),
                    "The mixture is right, but the scaler has learned the means of all rows, the test rows among them. "
                    "Split first, then fit.",
                ),
                Slip(
                    "mixture-fitted-on-all",
                    _score(mixture="all"),
                    "The scaler is right, but the mixture has learned from all rows, the test rows among them. So the "
                    "test no longer tests.",
                ),
                Slip(
                    "fitted-on-test",
                    [
                        _score(scaler="test", mixture="test"),
                        _score(mixture="test"),
                        _score(scaler="test"),
                        _score(scaler="test", mixture="test", judged="train"),
                    ],
                    "Something was fitted to the test rows. `train_test_split` returns the training rows first.",
                ),
                Slip(
                    "scored-on-training",
                    [_score(judged="train"), _score(judged="all")],
                    "The training rows are among those that you score. Score the test rows only.",
                ),
                Slip(
                    "scaled-by-itself",
                    [_score(own=True), _score(own=True, scaler="all")],
                    "The test rows have a scaler of their own: so Ben lost his Gentoos. Apply the scaler of the "
                    "training rows.",
                ),
                Slip(
                    "unscaled",
                    _score(scaler="none"),
                    "This is the score in raw units. Give the mixture standardised rows, as the colleague does.",
                ),
                Slip(
                    "not-stratified",
                    _score(stratify=False),
                    "There is no leak, but the split is not the colleague's. Keep `stratify=y`.",
                ),
                Slip(
                    "total-for-mean",
                    _total,
                    "This is the sum over the test rows. `score` returns the mean, as the colleague's function does.",
                ),
                Slip(
                    "sign",
                    lambda X, y: -_score()(X, y),
                    "The sign is wrong. Return what `score` gives.",
                ),
            ],
            rtol=1e-3,
            atol=1e-3,
        )
    ],
    credits=[
        Credit(
            2,
            "Scaler and mixture have learned from the training rows only.",
            "This is not the score of the test rows. Split `X` as the colleague does, fit scaler and mixture to the "
            "training rows, and score the test rows.",
        )
    ],
)

missing_for_a_reason = choice(
    "preprocess-3",
    title="Missing for a reason",
    points=1,
    hint="Which species weighs most, and which of its birds are left? Try it: fit a mixture to the rows of X_train "
    "with a mass below 5000, and compare with the fit to all of X_train.",
    right="c",
    options={
        "a": "The rows are complete, but they are no longer a fair sample. Dropping does not bias the sample when "
        "values are lost at random. Here whether a value is missing depends on the value.",
        "b": "Fewer birds make an estimate less certain, not larger. And the birds that are left span a shorter range: "
        "which way does a standard deviation go?",
        "c": "The heavy species loses its heaviest birds, so its mean mass, its spread and its weight come out too "
        "low. No preprocessing of the remaining rows can mend that.",
        "d": "The scaler shifts and stretches the rows that are there. It cannot bring back the birds that are not.",
    },
)


EXERCISES = [standardise, score_new, missing_for_a_reason]
