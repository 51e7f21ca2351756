"""Answers to the exercises of notebook 05: right ones written differently, and the usual wrong ones."""

from collections.abc import Callable, Sequence
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from scipy.stats import chi2, multivariate_normal, norm
from sklearn.cluster import KMeans

from exercises.case import right, wrong
from gmmlab.data import MEASURES
from gmmlab.mixture import best_fit, density_levels, ellipse_radius, marginal, sort_components
from gmmlab.plot import plot_clusters, plot_ellipses
from gmmlab.preprocess import split_penguins

BILLS = ["bill_length_mm", "bill_depth_mm"]
VIEW = ["flipper_length_mm", "bill_length_mm"]


@right("plot-1")
def by_eigh():
    def ellipse_of(covariance, coverage):
        variances, directions = np.linalg.eigh(covariance)
        short, long = np.sqrt(-2 * np.log(1 - coverage) * variances)
        return long, short, np.degrees(np.arctan2(directions[1, 1], directions[0, 1])) % 180

    return ellipse_of


@right("plot-1")
def by_svd_in_float32():
    def ellipse_of(covariance, coverage):
        directions, variances, _ = np.linalg.svd(covariance)
        half = np.sqrt(chi2.ppf(coverage, 2) * variances)
        return np.array([*half, np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))], dtype=np.float32)

    return ellipse_of


@right("plot-1")
def by_formula_as_a_list():
    def ellipse_of(covariance, coverage):
        (a, b), (_, c) = covariance.tolist()
        middle, spread = (a + c) / 2, np.hypot((a - c) / 2, b)
        half = ellipse_radius(coverage) * np.sqrt([middle + spread, middle - spread])
        return [*half.tolist(), np.degrees(np.arctan2(2 * b, a - c) / 2)]

    return ellipse_of


def changed(half: Callable | None = None, angle: Callable | None = None) -> Callable:
    """Return the right function with its half-axes or its angle computed in another way."""

    def ellipse_of(covariance, coverage):
        long, short, tilt = by_eigh()(covariance, coverage)
        if half is not None:
            long, short = half(np.sqrt(np.linalg.eigvalsh(covariance)[::-1]), coverage, covariance)
        return long, short, tilt if angle is None else angle(covariance, tilt)

    return ellipse_of


@wrong("plot-1", "variance-for-sd")
def eigenvalues_not_rooted():
    return changed(lambda sd, c, _: ellipse_radius(c) * sd**2)


@wrong("plot-1", "full-for-half")
def width_and_height():
    return changed(lambda sd, c, _: 2 * ellipse_radius(c) * sd)


@wrong("plot-1", "one-dimensional-radius")
def normal_quantile():
    return changed(lambda sd, c, _: norm.ppf((1 + c) / 2) * sd)


@wrong("plot-1", "radius-not-rooted")
def chi_squared_quantile():
    return changed(lambda sd, c, _: chi2.ppf(c, 2) * sd)


@wrong("plot-1", "coverage-ignored")
def one_standard_deviation():
    return changed(lambda sd, c, _: sd)


@wrong("plot-1", "short-first")
def order_of_eigh():
    return changed(lambda sd, c, _: ellipse_radius(c) * sd[::-1])


@wrong("plot-1", "features-for-axes")
def spread_of_the_features():
    return changed(lambda sd, c, covariance: ellipse_radius(c) * np.sqrt(np.diag(covariance)))


@wrong("plot-1", "short-axis-angle")
def first_column():
    return changed(angle=lambda covariance, tilt: (tilt + 90) % 180)


@wrong("plot-1", "radians")
def angle_in_radians():
    return changed(angle=lambda covariance, tilt: np.radians(tilt))


@wrong("plot-1", "mirrored")
def angle_clockwise():
    return changed(angle=lambda covariance, tilt: -tilt)


@wrong("plot-1", "regression-slope")
def angle_of_the_regression_line():
    return changed(angle=lambda covariance, tilt: np.degrees(np.arctan(covariance[0, 1] / covariance[0, 0])))


@wrong("plot-1", "wrong-shape")
def half_axes_only():
    return lambda covariance, coverage: by_eigh()(covariance, coverage)[:2]


@wrong("plot-1", "raised")
def unknown_name():
    return lambda covariance, coverage: half_axes(covariance, coverage)  # noqa: F821


@wrong("plot-1", "wrong-kind")
def results_of_one_call():
    return list(by_eigh()(np.array([[2.0, 0.5], [0.5, 1.0]]), 0.9))


@right("plot-2")
def letter():
    return "b"


@right("plot-2")
def capital():
    return " B."


@right("plot-2")
def numpy_text():
    return np.str_("b)")


@wrong("plot-2", "chose-a")
def one_dimensional_share():
    return "a"


@wrong("plot-2", "chose-c")
def ellipsoid_of_four():
    return "c"


@wrong("plot-2", "chose-d")
def counted_share():
    return "d"


@wrong("plot-2", "wrong-kind")
def two_letters():
    return "a or b"


@wrong("plot-2", "wrong-kind")
def letter_in_a_list():
    return ["b"]


@wrong("plot-2", "wrong-kind")
def share_itself():
    return 86.5


@cache
def lesson():
    X_train, X_test, _, y_test = split_penguins()
    return sort_components(best_fit(X_train, 3)), X_train, X_test, y_test


@cache
def flat():
    return marginal(lesson()[0], BILLS)


def density_at(X: pd.DataFrame) -> np.ndarray:
    return np.exp(flat().score_samples(X[BILLS]))


@cache
def density(n: int = 300, low: tuple = (25, 8), high: tuple = (66, 25)) -> np.ndarray:
    x, y = np.linspace(low, high, n).T
    across, up = np.meshgrid(x, y)
    return density_at(pd.DataFrame({BILLS[0]: across.ravel(), BILLS[1]: up.ravel()}))


def level_of(mass: float = 0.75, n: int = 300) -> float:
    return density_levels(density(n), [mass])[0]


def share_above(level: float, part: int = 2) -> float:
    return np.mean(density_at(lesson()[part]) >= level)


@right("plot-3")
def with_density_levels():
    return level_of(), share_above(level_of())


@right("plot-3")
def added_by_hand_on_a_coarse_grid():
    falling = np.sort(density(120))[::-1]
    held = np.cumsum(falling) * (41 / 119) * (17 / 119)
    level = float(falling[held <= 0.75][-1])
    return [level], round(float(share_above(level)), 3)


@right("plot-3")
def in_float32_arrays():
    return density_levels(density(400), [0.75]).astype(np.float32), np.float32(share_above(level_of()))


@right("plot-3")
def by_scipy_without_the_helper():
    x, y = np.meshgrid(np.linspace(20, 70, 250), np.linspace(5, 28, 250))
    parts = zip(flat().weights_, flat().means_, flat().covariances_, strict=True)
    heights = sum(w * multivariate_normal(m, s).pdf(np.dstack([x, y])) for w, m, s in parts)
    level = np.sort(heights.ravel())[np.searchsorted(np.cumsum(np.sort(heights.ravel())) / heights.sum(), 0.25)]
    return pd.Series([level]), 79 / len(lesson()[2])


@wrong("plot-3", "density-for-probability")
def mass_for_level():
    return 0.75, share_above(level_of())


@wrong("plot-3", "log-density")
def logarithm_of_the_level():
    return np.log(level_of()), share_above(level_of())


@wrong("plot-3", "share-of-peak")
def quarter_of_the_peak():
    return 0.25 * density().max(), share_above(0.25 * density().max())


@wrong("plot-3", "outside-for-inside")
def level_of_a_quarter():
    return level_of(0.25), share_above(level_of(0.25))


@wrong("plot-3", "birds-for-mass")
def quantile_of_the_held_out_birds():
    return np.quantile(density_at(lesson()[2]), 0.25), share_above(level_of())


@wrong("plot-3", "birds-for-mass")
def quantile_of_the_training_birds():
    return np.quantile(density_at(lesson()[1]), 0.25), share_above(level_of())


@wrong("plot-3", "cells-for-mass")
def quantile_of_the_cells():
    return np.quantile(density(), 0.25), share_above(level_of())


@wrong("plot-3", "grid-too-small")
def grid_as_large_as_the_birds():
    X_test = lesson()[2][BILLS]
    cut = density(300, tuple(X_test.min()), tuple(X_test.max()))
    return density_levels(cut, [0.75])[0], share_above(level_of())


@wrong("plot-3", "grid-too-small")
def wide_grid_of_fifty():
    return density_levels(density(50, (22, 8), (70, 26)), [0.75])[0], share_above(level_of())


@wrong("plot-3", "grid-too-small")
def wide_grid_of_forty():
    return density_levels(density(40, (22, 8), (70, 26)), [0.75])[0], share_above(level_of())


@wrong("plot-3", "fitted-on-test")
def training_birds_counted():
    return level_of(), share_above(level_of(), part=1)


@wrong("plot-3", "outside-for-inside")
def birds_outside():
    return level_of(), 1 - share_above(level_of())


@wrong("plot-3", "percent")
def in_per_cent():
    return level_of(), 100 * share_above(level_of())


@wrong("plot-3", "count-for-share")
def number_of_birds():
    return level_of(), int(np.sum(density_at(lesson()[2]) >= level_of()))


@wrong("plot-3", "claimed-for-counted")
def the_claim_itself():
    return level_of(), 0.75


@wrong("plot-3", "follows-from-level")
def counted_above_a_wrong_level():
    return level_of(0.6), share_above(level_of(0.6))


@wrong("plot-3", "wrong-shape")
def levels_of_three_masses():
    return density_levels(density(), [0.5, 0.75, 0.9]), share_above(level_of())


def new_axes() -> Axes:
    return plt.figure().add_subplot()


def drawn(
    *,
    X: pd.DataFrame | None = None,
    labels: Sequence | None = None,
    features: Sequence[str] = VIEW,
    coverage: float | None = 0.9,
    title: str = "Held-out penguins in three clusters",
    **settings,
) -> Axes:
    """Draw the figure that plot-4 asks for, or one with a fault."""
    gmm, _, X_test, _ = lesson()
    X = X_test if X is None else X
    ax = plot_clusters(X[list(features)], gmm.predict(X) if labels is None else labels, ax=new_axes())
    if coverage is not None:
        plot_ellipses(marginal(gmm, features), coverage=coverage, ax=ax)
    ax.set(title=title, **settings)
    plt.close(ax.figure)
    return ax


def by_hand(
    form: Callable | None = None, markers: str = "osD", colours: Sequence[str] = ("C0", "C1", "C2"), **settings
) -> Axes:
    """Draw the figure with matplotlib alone; ``form`` says which covariance to draw, and at which radius."""
    gmm, _, X_test, _ = lesson()
    ax, view, labels = new_axes(), marginal(gmm, VIEW), gmm.predict(X_test)
    form = form or (lambda k: (view.covariances_[k], ellipse_radius(0.9), 1))
    for k in range(3):
        members = X_test.loc[labels == k, VIEW].to_numpy()
        ax.scatter(*members.T, marker=markers[k], color=colours[k], label=f"cluster {k}")
        covariance, radius, sense = form(k)
        variances, directions = np.linalg.eigh(covariance)
        width, height = 2 * radius * np.sqrt(variances)
        tilt = sense * np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
        ax.add_patch(Ellipse(view.means_[k], width, height, angle=tilt, fill=False))
    words = {
        "xlabel": "flipper length (mm)",
        "ylabel": "bill length (mm)",
        "title": "Clusters of 103 birds, ellipses of 90 %",
    }
    ax.set(**{**words, **settings})
    ax.legend()
    plt.close(ax.figure)
    return ax


@right("plot-4")
def with_the_helpers():
    return drawn()


@right("plot-4")
def with_names_and_a_second_ellipse():
    gmm, _, X_test, _ = lesson()
    return drawn(labels=np.array(["small", "heavy", "long"])[gmm.predict(X_test)], coverage=(0.5, 0.9))


@right("plot-4")
def with_matplotlib_alone():
    return by_hand()


@right("plot-4")
def components_in_another_order():
    gmm, _, X_test, _ = lesson()
    return drawn(labels=2 - gmm.predict(X_test))


@right("plot-4")
def in_float32_with_wide_limits():
    return drawn(X=lesson()[2].astype(np.float32), xlim=(160, 250), ylim=(25, 70))


@right("plot-4")
def with_units_in_brackets_and_in_words():
    return by_hand(xlabel="flipper length [mm]", ylabel="Bill length in mm")


@right("plot-4")
def with_the_coverage_as_a_number():
    return by_hand(title="Clusters, each with the ellipse of coverage 0.90")


@wrong("plot-4", "swapped-features")
def axes_exchanged():
    return drawn(features=VIEW[::-1])


@wrong("plot-4", "other-features")
def bills_again():
    return drawn(features=BILLS)


@wrong("plot-4", "training-birds")
def birds_of_the_fit():
    return drawn(X=lesson()[1])


@wrong("plot-4", "training-birds")
def all_birds():
    return drawn(X=pd.concat(lesson()[1:3]))


@wrong("plot-4", "missing-birds")
def first_fifty():
    return drawn(X=lesson()[2].head(50))


@wrong("plot-4", "missing-birds")
def standardised_birds():
    X_test = lesson()[2]
    return drawn(X=(X_test - X_test.mean()) / X_test.std(), labels=lesson()[0].predict(X_test))


@wrong("plot-4", "missing-birds")
def birds_that_cannot_be_seen():
    ax = by_hand()
    for scatter in ax.collections:
        scatter.set_alpha(0)
    return ax


@wrong("plot-4", "invented-birds")
def random_points_among_the_birds():
    ax = by_hand()
    ax.plot(*np.random.default_rng(0).uniform([175, 35], [230, 55], (300, 2)).T, "x")
    return ax


@wrong("plot-4", "clipped")
def limits_that_cut():
    return drawn(xlim=(180, 225))


@wrong("plot-4", "labels-of-the-view")
def labels_of_two_measures():
    gmm, _, X_test, _ = lesson()
    return drawn(labels=marginal(gmm, VIEW).predict(X_test[VIEW]))


@wrong("plot-4", "species-for-clusters")
def species_drawn():
    return drawn(labels=lesson()[3])


@wrong("plot-4", "one-cloud")
def a_single_cloud():
    return drawn(labels=np.zeros(len(lesson()[2]), dtype=int))


@wrong("plot-4", "colour-alone")
def dots_in_three_colours():
    return by_hand(markers="ooo")


@wrong("plot-4", "colour-alone")
def one_scatter_with_colours():
    gmm, _, X_test, _ = lesson()
    ax = new_axes()
    ax.scatter(*X_test[VIEW].to_numpy().T, c=gmm.predict(X_test))
    ax.figure.canvas.draw()
    plt.close(ax.figure)
    return ax


@wrong("plot-4", "marker-alone")
def markers_in_one_colour():
    return by_hand(colours=("black",) * 3)


@wrong("plot-4", "no-ellipses")
def birds_only():
    return drawn(coverage=None)


@wrong("plot-4", "other-coverage")
def ellipses_of_half():
    return drawn(coverage=0.5)


def view_form(change: Callable, radius: float | None = None, sense: int = 1) -> Callable:
    covariances = marginal(lesson()[0], VIEW).covariances_
    return lambda k: (change(covariances[k]), ellipse_radius(0.9) if radius is None else radius, sense)


@wrong("plot-4", "variance-for-sd")
def half_axes_not_rooted():
    return by_hand(view_form(lambda s: s @ s))


@wrong("plot-4", "half-for-full")
def half_axes_as_width():
    return by_hand(view_form(lambda s: s / 4))


@wrong("plot-4", "one-dimensional-radius")
def radius_of_one_dimension():
    return by_hand(view_form(lambda s: s, radius=norm.ppf(0.95)))


@wrong("plot-4", "mirrored")
def angle_of_a_row():
    return by_hand(view_form(lambda s: s, sense=-1))


@wrong("plot-4", "slice-of-precision")
def precisions_cut():
    columns = [MEASURES.index(name) for name in VIEW]
    precisions = lesson()[0].precisions_[:, columns][:, :, columns]
    return by_hand(lambda k: (np.linalg.inv(precisions[k]), ellipse_radius(0.9), 1))


@wrong("plot-4", "misplaced")
def ellipses_of_another_view():
    ax = drawn(coverage=None)
    return plot_ellipses(marginal(lesson()[0], BILLS), coverage=0.9, ax=ax)


@wrong("plot-4", "extra-ellipses")
def nine_ellipses_of_nothing():
    ax = by_hand()
    for place in np.random.default_rng(0).uniform([180, 38], [225, 52], (9, 2)):
        ax.add_patch(Ellipse(place, 20, 6, fill=False))
    return ax


@wrong("plot-4", "extra-ellipses")
def ellipses_of_two_standard_deviations_unsaid():
    ax, view = by_hand(), marginal(lesson()[0], VIEW)
    for mean, covariance in zip(view.means_, view.covariances_, strict=True):
        variances, directions = np.linalg.eigh(covariance)
        tilt = np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
        ax.add_patch(Ellipse(mean, *(4 * np.sqrt(variances)), angle=tilt, fill=False))
    return ax


@wrong("plot-4", "no-units")
def other_units():
    return by_hand(xlabel="flipper (kg)", ylabel="bill (apples)")


@wrong("plot-4", "no-units")
def bare_letters():
    return by_hand(xlabel="x", ylabel="y")


@wrong("plot-4", "wrong-label")
def labels_exchanged():
    return by_hand(xlabel="bill length (mm)", ylabel="flipper length (mm)")


@wrong("plot-4", "no-title")
def without_title():
    return drawn(title="")


@wrong("plot-4", "no-legend")
def without_legend():
    ax = by_hand()
    ax.get_legend().remove()
    return ax


@wrong("plot-4", "no-legend")
def with_a_hidden_legend():
    ax = by_hand()
    ax.get_legend().set_visible(False)
    return ax


@wrong("plot-4", "coverage-unsaid")
def ninety_birds():
    return by_hand(title="ninety: 90 birds here")


@wrong("plot-4", "coverage-unsaid")
def ellipses_without_a_claim():
    return by_hand(title="Clusters of the held-out birds")


@wrong("plot-4", "wrong-kind")
def a_model():
    return KMeans(3, n_init=1, random_state=0).fit(lesson()[2])
