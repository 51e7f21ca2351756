"""Checks of notebook 05: an ellipse from a covariance, what it may claim, a contour that holds a mass, a figure."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Set
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from gmmlab.data import MEASURES
from gmmlab.exercises.answers import AxesAnswer
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, as_array, as_axes, as_number, as_results, mistakes_made, rubric
from gmmlab.mixture import best_fit, covariance_matrices, density_levels, ellipse_radius, marginal
from gmmlab.preprocess import split_penguins

NOTEBOOK = "05_plot_mixture"

BILLS = MEASURES[:2]
VIEW = ["flipper_length_mm", "bill_length_mm"]

_NINETY = r"(?<![\d.])(90\s*(\\?%|per ?cent)|0?\.90?\b)|nine tenths"


@lru_cache
def _lesson() -> tuple[GaussianMixture, pd.DataFrame, pd.DataFrame]:
    """Return what the notebook works with: the model of the training birds, these birds, and the held-out ones."""
    X_train, X_test, _, _ = split_penguins()
    return best_fit(X_train, 3), X_train, X_test


def draw_covariances(seed: int) -> list[tuple]:
    """Draw four covariance matrices, tilted both ways, and a coverage for each."""
    rng = np.random.default_rng(seed)
    calls = []
    for side in (0, 90, 0, 90):
        long, tilt = rng.uniform(2, 6), np.radians(side + rng.uniform(15, 75))
        cos, sin = np.cos(tilt), np.sin(tilt)
        root = np.array([[cos, -sin], [sin, cos]]) * [long, long * rng.uniform(0.2, 0.6)]
        calls.append((root @ root.T, float(rng.uniform(0.4, 0.95))))
    return calls


_AXES = {
    "variance-for-sd": "These are variances: an eigenvalue is the variance along an axis, in square millimetres. A "
    "half-axis is a length.",
    "full-for-half": "These are full lengths of the axes. The task asks for half-axes; `Ellipse` wants the full ones.",
    "one-dimensional-radius": "This radius holds the coverage in one dimension, as 1.96 holds 95 %. In two dimensions "
    "the ellipse must reach further out.",
    "radius-not-rooted": "The radius is squared: from 1 - exp(-r²/2) comes r² first, and r is its root.",
    "coverage-ignored": "This is the ellipse at one standard deviation for every coverage. Let the half-axes grow with "
    "the radius of the coverage.",
    "short-first": "The short half-axis comes first. `eigh` gives the smallest eigenvalue first; the task asks for the "
    "long one first.",
    "features-for-axes": "These come from the diagonal of the covariance: the spread of each feature. The axes of a "
    "tilted ellipse are not those of the page.",
}

_ANGLE = {
    "short-axis-angle": "This is the angle of the short axis, 90 degrees off. Which column of the eigenvectors belongs "
    "to the largest eigenvalue?",
    "radians": "This angle is in radians. The task asks for degrees.",
    "mirrored": "The ellipse is mirrored: it falls where it should rise. `eigh` gives one eigenvector a column; did "
    "you read a row, or measure the angle clockwise?",
    "regression-slope": "This is the angle of the regression line. It is flatter than the long axis of the ellipse.",
}


@exercise(
    "plot-1",
    title="An ellipse for any coverage",
    points=2,
    hint="Solve 1 - exp(-r²/2) = coverage for r. `np.linalg.eigh` returns the variances in rising order, and the "
    "direction of the j-th axis as `directions[:, j]`. `np.arctan2(y, x)` gives an angle in radians.",
    inputs=draw_covariances,
)
def ellipse_of(answer: Any) -> Iterator[Line]:
    """Judge half-axes and angle of the ellipse that holds a coverage."""
    inputs = draw_covariances(getattr(answer, "seed", 0))
    expected = "a function that returns three numbers: long half-axis, short half-axis, angle"
    returned = np.array([as_array(result, (3,), expected) for result in as_results(answer, len(inputs))])
    yield rubric(
        1,
        _close(returned[:, :2], _right_axes(inputs)),
        "The half-axes are right for each covariance and coverage.",
        *mistakes_made({name: _close(returned[:, :2], *wrong) for name, wrong in _wrong_axes(inputs).items()}, _AXES),
        otherwise="The half-axes are not right. For the identity matrix and a coverage of 0.393 both are 1.",
    )
    yield rubric(
        1,
        _same_angle(returned[:, 2], _right_angle(inputs)),
        "The angle of the long axis is right.",
        *mistakes_made(
            {name: _same_angle(returned[:, 2], wrong) for name, wrong in _wrong_angles(inputs).items()}, _ANGLE
        ),
        otherwise="The angle is not that of the long axis. For a diagonal matrix it is 0 or 90.",
    )


def _close(values: NDArray, *others: NDArray) -> bool:
    return any(np.allclose(values, other, rtol=1e-3) for other in others)


def _same_angle(degrees: NDArray, others: NDArray) -> bool:
    """Whether the angles agree within 0.1 degrees; an axis that points the other way is the same axis."""
    return bool(np.all(np.abs((degrees - others + 90) % 180 - 90) < 0.1))


def _sd_along_axes(inputs: list[tuple]) -> NDArray:
    """Return the standard deviations along the long and the short axis, one row a call."""
    return np.sqrt(np.array([np.linalg.eigvalsh(covariance)[::-1] for covariance, _ in inputs]))


def _radii(inputs: list[tuple]) -> NDArray:
    return np.array([[ellipse_radius(coverage)] for _, coverage in inputs])


def _right_axes(inputs: list[tuple]) -> NDArray:
    return _radii(inputs) * _sd_along_axes(inputs)


def _wrong_axes(inputs: list[tuple]) -> dict[str, list[NDArray]]:
    sd, r = _sd_along_axes(inputs), _radii(inputs)
    spread = np.sqrt(np.array([np.diag(covariance) for covariance, _ in inputs]))
    one = norm.ppf([[(1 + coverage) / 2] for _, coverage in inputs])
    return {
        "variance-for-sd": [sd**2, r * sd**2, r**2 * sd**2],
        "full-for-half": [2 * r * sd],
        "one-dimensional-radius": [one * sd],
        "radius-not-rooted": [r**2 * sd],
        "coverage-ignored": [sd, 2 * sd],
        "short-first": [r * sd[:, ::-1]],
        "features-for-axes": [r * spread, r * np.sort(spread)[:, ::-1], spread],
    }


def _right_angle(inputs: list[tuple]) -> NDArray:
    x, y = np.array([np.linalg.eigh(covariance)[1][:, -1] for covariance, _ in inputs]).T
    return np.degrees(np.arctan2(y, x)) % 180


def _wrong_angles(inputs: list[tuple]) -> dict[str, NDArray]:
    right = _right_angle(inputs)
    slope = np.array([covariance[0, 1] / covariance[0, 0] for covariance, _ in inputs])
    return {
        "short-axis-angle": right + 90,
        "radians": np.radians(right),
        "mirrored": -right,
        "regression-slope": np.degrees(np.arctan(slope)),
    }


choice(
    "plot-2",
    module=__name__,
    title="What a legend may claim",
    points=1,
    hint="How many dimensions has the ellipse on the page? And is the claim about the component, or about some birds?",
    right="b",
    options={
        "a": "95 % are within 2 standard deviations in one dimension. On the page a bird must be near the mean in two.",
        "b": "The marginal of two features is a two-dimensional Gaussian, whatever it was cut from, and its ellipse at "
        "2 standard deviations holds 86.5 %.",
        "c": "59.4 % is what the ellipsoid at 2 standard deviations holds in the space of all four features. The "
        "ellipse drawn is that of the marginal, which has two.",
        "d": "90.3 % is what was counted among 103 birds; other birds would give another number. It supports the "
        "claim, but what the ellipse holds of the component follows from the model.",
    },
)


MASS = 0.75

_LEVEL = {
    "density-for-probability": "This is a probability. The level is a density, in shares per square millimetre: the "
    "density of the last cell that is needed to hold the mass.",
    "log-density": "This is the logarithm of a density, as `score_samples` gives it. Take `np.exp` first.",
    "share-of-peak": "This is a share of the peak's height. A contour at a quarter of the peak does not hold three "
    "quarters of the mass: add up the cells.",
    "outside-for-inside": "The region above this level holds 25 %. Which share is inside the contour, which outside?",
    "birds-for-mass": "Three quarters of some birds lie above this level. The contour must hold three quarters of the "
    "model's mass: the birds come in afterwards, to test it.",
    "cells-for-mass": "Three quarters of the grid's cells lie above this level, and most of them are nearly empty. "
    "Count what the cells hold, not how many they are.",
    "grid-too-small": "Your grid is too small or too coarse: let it reach far enough that the integral is one, and "
    "take at least 100 by 100 points.",
}

_SHARE = {
    "fitted-on-test": "These are the training birds, which the fit has seen. Count the held-out ones.",
    "outside-for-inside": "This is the share outside the contour.",
    "percent": "This is in per cent. A share lies between 0 and 1.",
    "count-for-share": "This is a number of birds. Divide it by the number of held-out birds.",
    "claimed-for-counted": "This is what the contour should hold of the model. Count what it does hold of the birds.",
    "follows-from-level": "This is the share of held-out birds above your level, counted well. Mend the level first.",
}


@exercise(
    "plot-3",
    title="A contour that holds three quarters",
    points=2,
    hint="Lay a grid over the bill plane that reaches well beyond the birds, as for Old Faithful, and give its "
    "densities to `density_levels`. A bird is inside the contour if the density at the bird is at least the level.",
)
def contour_level(level: Any, share: Any) -> Iterator[Line]:
    """Judge the density of the contour that holds three quarters, and the share of held-out birds inside."""
    level = as_number(level, "one number, the density on the contour, as its first answer")
    yield _judge_level(level)
    yield _judge_share(as_number(share, "one number, the share of birds inside, as its second answer"), level)


def _judge_level(level: float) -> Line:
    reference = _reference()
    right, peak = reference["level"], reference["peak"]
    made = {
        "density-for-probability": _near(level, MASS, 1 - MASS, 100 * MASS),
        "log-density": level < 0,
        "share-of-peak": _near(level, MASS * peak, (1 - MASS) * peak),
        "outside-for-inside": _near(level, reference["other level"]),
        "birds-for-mass": _near(level, *reference["bird levels"], by=0.005),
        "cells-for-mass": level < reference["thin"],
        "grid-too-small": 0.9 * right < level < 1.2 * right,
    }
    return rubric(
        1,
        _near(level, right),
        "The contour at this density holds 75 % of the model.",
        *mistakes_made(made, _LEVEL),
        otherwise="The contour at this density does not hold 75 %. Is it the density of the two bill measures?",
    )


def _judge_share(share: float, level: float) -> Line:
    reference = _reference()
    right, n = reference["share"], reference["birds"]
    made = {
        "fitted-on-test": _near(share, reference["training share"], by=0.004),
        "outside-for-inside": _near(share, 1 - right),
        "percent": _near(share, 100 * right),
        "count-for-share": _near(share, n * right),
        "claimed-for-counted": _near(share, MASS, by=1e-6),
        "follows-from-level": abs(share - np.mean(reference["at birds"] >= level)) < 0.005,
    }
    return rubric(
        1,
        _near(share, right, by=0.005),
        "This share of the held-out birds is inside: it does not contradict the 75 %.",
        *mistakes_made(made, _SHARE),
        otherwise="This is not the share of held-out birds whose density is at least the level.",
    )


def _near(value: float, *others: float, by: float = 0.015) -> bool:
    return any(abs(value - other) <= by * abs(other) for other in others)


@lru_cache
def _reference() -> dict[str, Any]:
    """Return the right answers to plot-3, and what the usual mistakes give."""
    gmm, X_train, X_test = _lesson()
    flat = marginal(gmm, BILLS)
    x, y = np.meshgrid(np.linspace(22, 69, 300), np.linspace(8, 26, 300))
    density = _density(flat, pd.DataFrame({BILLS[0]: x.ravel(), BILLS[1]: y.ravel()}))
    level, other, thin = density_levels(density, [MASS, 1 - MASS, 0.9999])
    at_test, at_train = _density(flat, X_test[BILLS]), _density(flat, X_train[BILLS])
    return {
        "level": level,
        "other level": other,
        "thin": thin,
        "peak": density.max(),
        "bird levels": [np.quantile(at_test, 1 - MASS), np.quantile(at_train, 1 - MASS)],
        "share": np.mean(at_test >= level),
        "training share": np.mean(at_train >= level),
        "birds": len(X_test),
        "at birds": at_test,
    }


def _density(gmm: GaussianMixture, X: pd.DataFrame) -> NDArray:
    return np.exp(gmm.score_samples(X))


_BIRDS = {
    "swapped-features": "The axes are exchanged: the flipper goes across, the bill upwards.",
    "other-features": "These are other measures than flipper length and bill length.",
    "training-birds": "There are training birds in the figure. Draw the held-out ones only: the fit has not seen them.",
    "missing-birds": "Some of the 103 held-out birds are not drawn, or not in millimetres.",
    "invented-birds": "There are points in the figure that are neither held-out birds nor means of the components.",
    "clipped": "The limits of the axes cut off some birds, as in the bad figure.",
    "labels-of-the-view": "These labels come from a model that sees two measures only. Take the labels that the model "
    "gives with all four.",
    "species-for-clusters": "These are the species. The figure shows the clusters that the model found.",
    "one-cloud": "All birds look the same. Each cluster needs its own marker and colour.",
    "colour-alone": "The clusters differ in colour alone. Give each its own marker too, for grey print and for "
    "colour-blind readers.",
    "marker-alone": "The clusters differ in their markers alone. Give each its own colour too.",
}

_ELLIPSES = {
    "no-ellipses": "There is no ellipse in the figure. `plot_ellipses` draws them, or `Ellipse` with `ax.add_patch`.",
    "swapped-features": "The ellipses are those of the exchanged axes. `marginal` keeps the features in the order in "
    "which you name them.",
    "variance-for-sd": "The half-axes are variances. Take the roots of the eigenvalues.",
    "half-for-full": "The ellipses are half as large as they should be: `Ellipse` takes the full width and height.",
    "one-dimensional-radius": "1.64 standard deviations hold 90 % in one dimension. In two the ellipse must be larger.",
    "mirrored": "The ellipses are mirrored. One eigenvector is one column of what `eigh` returns.",
    "slice-of-precision": "You cut the precisions. The marginal keeps entries of the covariances; entries of their "
    "inverses belong to birds whose other measures are fixed.",
    "misplaced": "The ellipses are not around the means of the three components in this view.",
    "other-coverage": "The ellipses have the right form and hold another share than 90 %.",
    "extra-ellipses": "There are more ellipses than those of 90 %, and they are not those of a component at a coverage "
    "that the figure states.",
}

_WORDS = {
    "no-units": "An axis has no label with its unit, such as `bill depth (mm)`.",
    "wrong-label": "The labels do not say flipper length across and bill length upwards.",
    "no-title": "The title is missing, or too short to say what is to be seen.",
    "no-legend": "The Axes has no legend: say what the markers and the ellipses are.",
    "coverage-unsaid": "Nothing in the figure says that the ellipses hold 90 %.",
}


@exercise(
    "plot-4",
    title="Another view, mended from the start",
    points=3,
    hint="`plot_clusters` and `plot_ellipses` do most of it. Which mixture belongs to this view, in the order of its "
    "axes? What is left for you: the right birds, the right labels, the limits, and a title.",
)
def mended_figure(answer: Any) -> Iterator[Line]:
    """Judge a figure of the held-out birds, their clusters, ellipses of 90 %, and the words on it."""
    ax = as_axes(answer)
    yield _judge_birds(ax)
    yield _judge_ellipses(ax)
    yield _judge_words(ax)


def _judge_birds(ax: AxesAnswer) -> Line:
    groups = _groups(ax)
    styles = _styles_of(groups, "clusters")
    spoiled = _spoiled(ax, set().union(*groups.values()))
    apart = styles and len({key[0] for key in styles}) == len({key[1] for key in styles}) == len(styles)
    return rubric(
        1,
        apart and not any(spoiled.values()),
        "All held-out birds are there, each cluster with its own marker and colour.",
        *mistakes_made({**spoiled, **_mixed_up(groups)}, _BIRDS),
        otherwise="The groups drawn are not the clusters that the model gives with all four measures.",
    )


def _spoiled(ax: AxesAnswer, drawn: set) -> dict[str, Any]:
    """Say which birds are missing or do not belong here."""
    birds = _birds("held out", *VIEW)
    pairs = [pair for pair in permutations(MEASURES, 2) if {*pair} != {*VIEW}]
    return {
        "swapped-features": _birds("held out", *VIEW[::-1]) <= drawn,
        "other-features": any(_birds("held out", *pair) <= drawn for pair in pairs),
        "training-birds": (_birds("training", *VIEW) - birds) & drawn,
        "missing-birds": not birds <= drawn,
        "invented-birds": any(_inside(ax, {place}) and not _belongs(place) for place in drawn),
        "clipped": not _inside(ax, birds),
    }


def _belongs(place: tuple[float, float]) -> bool:
    """Whether a held-out bird or the mean of a component is at this place."""
    if place in _birds("held out", *VIEW):
        return True
    means = marginal(_lesson()[0], VIEW).means_
    return bool(np.any(np.all(np.abs(means - place) < 0.06, axis=1)))


def _mixed_up(groups: Mapping[tuple, set]) -> dict[str, Any]:
    """Say how the groups drawn differ from the clusters."""
    birds = _birds("held out", *VIEW)
    return {
        "labels-of-the-view": _styles_of(groups, "view"),
        "species-for-clusters": _styles_of(groups, "species"),
        "one-cloud": sum(bool(group & birds) for group in groups.values()) == 1,
        "colour-alone": _styles_of(_joined(groups, 1), "clusters"),
        "marker-alone": _styles_of(_joined(groups, 0), "clusters"),
    }


@lru_cache
def _birds(part: str, *features: str) -> frozenset[tuple[float, float]]:
    """Return the places of the training or the held-out birds in a view."""
    _, X_train, X_test = _lesson()
    return frozenset(_places({"training": X_train, "held out": X_test}[part][list(features)]))


@lru_cache
def _partition(kind: str) -> list[set[tuple[float, float]]]:
    """Return the places of the held-out birds by cluster, by cluster of the view alone, or by species."""
    gmm, _, X_test = _lesson()
    X = X_test[VIEW]
    by_kind = {
        "clusters": lambda: gmm.predict(X_test),
        "view": lambda: marginal(gmm, VIEW).predict(X),
        "species": lambda: split_penguins()[3].to_numpy(),
    }
    labels = by_kind[kind]()
    return [_places(X[labels == label]) for label in np.unique(labels)]


def _places(X: ArrayLike) -> set[tuple[float, float]]:
    """Return points as a set that can be compared: float32 keeps tenths of a millimetre to three decimals."""
    return set(map(tuple, np.asarray(X, dtype=float).round(3).tolist()))


def _floats(value: Any) -> NDArray[np.float64]:
    """Return numbers of a stored figure as an array; an empty one if they are none."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return np.empty(0)


def _groups(ax: AxesAnswer) -> dict[tuple[Hashable, Hashable], set]:
    """Return the points drawn with each marker and colour."""
    groups: dict[tuple[Hashable, Hashable], set] = {}
    for marker, colour, points in [*_from_lines(ax), *_from_scatters(ax)]:
        groups.setdefault((marker, colour), set()).update(_places(points))
    return groups


def _from_lines(ax: AxesAnswer) -> Iterator[tuple[Hashable, Hashable, NDArray]]:
    for line in ax.of("line"):
        x, y = (_floats(line.get(name)).ravel() for name in ("x", "y"))
        if len(x) == len(y) and str(line.get("marker")) not in ("None", "", " "):
            yield str(line.get("marker")), str(line.get("colour")), np.column_stack([x, y])


def _from_scatters(ax: AxesAnswer) -> Iterator[tuple[Hashable, Hashable, NDArray]]:
    for scatter in ax.of("scatter"):
        points, colours = _floats(scatter.get("offsets")), _floats(scatter.get("colours"))
        if points.ndim != 2 or points.shape[1] != 2 or colours.ndim != 2 or len(colours) not in (1, len(points)):
            continue
        outline = str(_floats(scatter.get("outline")).round(3).tolist())
        rows = np.broadcast_to(colours, (len(points), colours.shape[1])).round(3)
        for colour in np.unique(rows, axis=0):
            yield outline, str(colour.tolist()), points[(rows == colour).all(axis=1)]


def _joined(groups: Mapping[tuple, set], part: int) -> dict[tuple, set]:
    """Return the groups that a reader sees who looks at the marker (0) or at the colour (1) alone."""
    joined: dict[tuple, set] = {}
    for key, group in groups.items():
        joined.setdefault((key[part],), set()).update(group)
    return joined


def _styles_of(groups: Mapping[tuple, set], kind: str) -> list[tuple]:
    """Return the style of each part of a partition, in any order; empty if the figure does not tell them apart."""
    birds = _birds("held out", *VIEW)
    parts = [next((key for key, group in groups.items() if group & birds == part), None) for part in _partition(kind)]
    return [] if None in parts else [key for key in parts if key is not None]


def _inside(ax: AxesAnswer, birds: Set[tuple[float, float]]) -> bool:
    limits = [np.sort(_floats(limit).ravel()) for limit in (ax.xlim, ax.ylim)]
    if any(limit.shape != (2,) for limit in limits):
        return False
    return all(low <= value <= high for bird in birds for value, (low, high) in zip(bird, limits, strict=True))


def _judge_ellipses(ax: AxesAnswer) -> Line:
    view = marginal(_lesson()[0], VIEW)
    drawn = [form for ellipse in ax.of("ellipse") if (form := _form(ellipse)) is not None]
    square = ellipse_radius(0.9) ** 2
    centres, right = view.means_, square * view.covariances_
    extra = _unexplained(drawn, view, _stated_shares(ax))
    made = {
        "no-ellipses": not drawn,
        "swapped-features": _all_drawn(drawn, centres[:, ::-1], right[:, ::-1, ::-1]),
        **{name: _all_drawn(drawn, centres, wrong) for name, wrong in _wrong_forms(view.covariances_, square).items()},
        "misplaced": not _all_drawn(drawn, centres, right, form=lambda matrix: 0 * matrix),
        "extra-ellipses": extra and _all_drawn(drawn, centres, right),
        "other-coverage": _all_drawn(drawn, centres, right, form=lambda matrix: matrix / np.trace(matrix)),
    }
    return rubric(
        1,
        _all_drawn(drawn, centres, right) and not extra,
        "Each component has its ellipse, and it holds 90 %.",
        *mistakes_made(made, _ELLIPSES),
        otherwise="The ellipses are not those of the marginal mixture of these two measures.",
    )


def _wrong_forms(covariances: NDArray, square: float) -> dict[str, NDArray]:
    columns = [MEASURES.index(name) for name in VIEW]
    precisions = np.linalg.inv(covariance_matrices(_lesson()[0]))[:, columns][:, :, columns]
    return {
        "variance-for-sd": square * covariances @ covariances,
        "half-for-full": square / 4 * covariances,
        "one-dimensional-radius": norm.ppf(0.95) ** 2 * covariances,
        "mirrored": square * covariances * [[1, -1], [-1, 1]],
        "slice-of-precision": square * np.linalg.inv(precisions),
    }


def _form(ellipse: Mapping[str, Any]) -> tuple[NDArray, NDArray] | None:
    """Return centre and matrix M of an ellipse, whose points x satisfy (x - c)' M^-1 (x - c) = 1."""
    size, centre = _floats([ellipse.get("width"), ellipse.get("height")]), _floats(ellipse.get("centre"))
    angle = np.radians(_floats(ellipse.get("angle")))
    if size.shape != (2,) or angle.shape != () or centre.shape != (2,) or not size.min() > 0:
        return None
    cos, sin = np.cos(angle), np.sin(angle)
    root = np.array([[cos, -sin], [sin, cos]]) * size / 2
    return centre, root @ root.T


def _all_drawn(drawn: list, centres: NDArray, matrices: NDArray, form: Callable | None = None) -> bool:
    """Whether each of these ellipses is among the drawn ones, within 2 %; ``form`` says what of it to compare."""
    form = form or (lambda matrix: matrix)

    def same(centre: NDArray, matrix: NDArray, other: tuple[NDArray, NDArray]) -> bool:
        sd, wanted = np.sqrt(np.diag(matrix)), form(matrix)
        near = np.all(np.abs(other[0] - centre) <= 0.02 * sd)
        return bool(near and np.all(np.abs(form(other[1]) - wanted) <= 0.02 * np.abs(wanted).max()))

    pairs = zip(centres, matrices, strict=True)
    return all(any(same(centre, matrix, other) for other in drawn) for centre, matrix in pairs)


def _unexplained(drawn: list, view: GaussianMixture, shares: set[float]) -> bool:
    """Whether an ellipse drawn is not that of a component at one of these shares."""
    squares = [ellipse_radius(share) ** 2 for share in shares]
    possible = [
        (mean[None], square * covariance[None])
        for mean, covariance in zip(view.means_, view.covariances_, strict=True)
        for square in squares
    ]
    return any(not any(_all_drawn([ellipse], *one) for one in possible) for ellipse in drawn)


def _stated_shares(ax: AxesAnswer) -> set[float]:
    """Return 0.9 and each number between 0 and 1, or below 100 as per cent, in the words of a figure."""
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", _words(ax))]
    return {0.9} | {share for number in numbers for share in (number, number / 100) if 0 < share < 1}


def _words(ax: AxesAnswer) -> str:
    return " ".join([ax.title, *ax.legend, *ax.texts])


def _judge_words(ax: AxesAnswer) -> Line:
    made = {
        "no-units": not all(re.search(r"\bmm\b|\bmillimet(re|er)s?\b", label) for label in (ax.xlabel, ax.ylabel)),
        "wrong-label": not ("flipper" in ax.xlabel.lower() and "bill" in ax.ylabel.lower()),
        "no-title": len(ax.title.split()) < 3,
        "no-legend": not ax.legend,
        "coverage-unsaid": not re.search(_NINETY, _words(ax), re.IGNORECASE),
    }
    return rubric(
        1,
        not any(made.values()),
        "Labels with units, a title, and a legend that states the coverage.",
        *mistakes_made(made, _WORDS),
        otherwise="Say in words what is to be seen.",
    )
