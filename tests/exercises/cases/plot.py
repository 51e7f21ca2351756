"""Answers to the exercises of notebook 05: right ones written differently, and the usual wrong ones."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from scipy.stats import chi2, multivariate_normal, norm
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from exercises.case import right, wrong
from gmmlab.mixture import in_original_units
from gmmlab.plot import ellipse

CAREFUL = {"n_init": 10, "tol": 1e-6, "max_iter": 1000, "random_state": 0}


@right("plot-1")
def by_undoing_the_drawing():
    def inside(X, mean, covariance, coverage):
        variances, directions = np.linalg.eigh(covariance)
        circle = (X - mean) @ directions / np.sqrt(variances)
        return np.hypot(*circle.T) <= np.sqrt(-2 * np.log(1 - coverage))

    return inside


@right("plot-1")
def by_mahalanobis_in_a_loop():
    def inside(X, mean, covariance, coverage):
        inverse = np.linalg.inv(covariance)
        return [float((x - mean) @ inverse @ (x - mean)) < chi2.ppf(coverage, 2) for x in X]

    return inside


@right("plot-1")
def by_the_density_on_the_edge():
    def inside(X, mean, covariance, coverage):
        normal = multivariate_normal(mean, covariance)
        return pd.Series(normal.pdf(X) >= (1 - coverage) * normal.pdf(mean))

    return inside


@right("plot-1")
def by_cholesky_as_zeros_and_ones():
    def inside(X, mean, covariance, coverage):
        z = np.linalg.solve(np.linalg.cholesky(covariance), (X - mean).T)
        return (1 - np.exp(-(z**2).sum(axis=0) / 2) <= coverage).astype(int)

    return inside


@wrong("plot-1", "one-dimensional-radius")
def normal_quantile():
    def inside(X, mean, covariance, coverage):
        variances, directions = np.linalg.eigh(covariance)
        return np.hypot(*((X - mean) @ directions / np.sqrt(variances)).T) <= norm.ppf(0.5 + coverage / 2)

    return inside


@wrong("plot-1", "wrong-kind")
def one_answer_for_all():
    return lambda X, mean, covariance, coverage: bool(by_undoing_the_drawing()(X, mean, covariance, coverage).all())


@wrong("plot-1", "wrong-shape")
def the_samples_inside():
    return lambda X, *rest: X[by_undoing_the_drawing()(X, *rest)]


@wrong("plot-1", "wrong-shape")
def the_rows_inside():
    return lambda X, *rest: np.flatnonzero(by_undoing_the_drawing()(X, *rest))


class Work:
    """An analysis in plain scikit-learn: a fitted pipeline, matched to the species, and what is needed to draw it."""

    def __init__(self, covariance_type: str) -> None:
        self.X_train, self.X_test, self.y_train, self.y_test = iris_split()
        self.model = pipeline(covariance_type=covariance_type).fit(self.X_train)
        self.order = min(
            permutations(range(3)), key=lambda order: np.sum(np.argsort(order)[self.labels] != self.y_train)
        )
        self.cluster = self.cluster_of(self.X_test)
        self.named = NAMES[self.cluster]
        own = in_original_units(self.model[-1], self.model[0])
        self.means, self.covariances = own.means_[list(self.order)], own.covariances_[list(self.order)]

    @property
    def labels(self) -> np.ndarray:
        return self.model.predict(self.X_train)

    def cluster_of(self, X: pd.DataFrame) -> np.ndarray:
        return np.argsort(self.order)[self.model.predict(X)]


NAMES = np.array(["setosa", "versicolor", "virginica"])


def iris_split(**options: Any) -> list:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return train_test_split(X, y, **{"test_size": 0.3, "stratify": y, "random_state": 0} | options)


def pipeline(k: int = 3, **options: Any) -> Pipeline:
    return make_pipeline(StandardScaler(), GaussianMixture(k, **CAREFUL | options))


@cache
def iris(covariance_type: str = "full") -> Work:
    return Work(covariance_type)


def steps(kind: str = "full", **changes: Any) -> tuple:
    """Return the two answers to plot-2, some of them changed."""
    return tuple(({"model": iris(kind).model, "names": iris(kind).named} | changes).values())


@right("plot-2")
def full():
    return steps()


@right("plot-2")
def tied_with_names_as_a_list():
    return steps("tied", names=iris("tied").named.tolist())


@right("plot-2")
def diag_with_capitals():
    return steps("diag", names=pd.Series(iris("diag").named).str.capitalize())


@right("plot-2")
def spherical():
    return steps("spherical")


@right("plot-2")
def with_more_starts_and_another_seed():
    mixture = GaussianMixture(3, n_init=12, tol=1e-7, max_iter=2000, random_state=7)
    return steps(model=Pipeline([("scale", StandardScaler()), ("fit", mixture)]).fit(iris().X_train))


@right("plot-2")
def numbers_of_the_data_set():
    return steps(names=iris().cluster.tolist())


@right("plot-2")
def scaled_by_hand_on_arrays():
    X_train = iris().X_train.to_numpy()
    return steps(model=GaussianMixture(3, **CAREFUL).fit(StandardScaler().fit_transform(X_train)))


@right("plot-2")
def scaled_by_median_and_quartiles():
    model = make_pipeline(RobustScaler(), GaussianMixture(3, covariance_type="tied", **CAREFUL))
    return steps("tied", model=model.fit(iris().X_train))


@right("plot-2")
def scaled_from_minus_one_to_one_with_latin_names():
    model = make_pipeline(MinMaxScaler((-1, 1)), GaussianMixture(3, **CAREFUL)).fit(iris().X_train)
    return steps(model=model, names=["Iris " + name for name in iris().named])


@wrong("plot-2", "unscaled")
def mixture_of_raw_flowers():
    return steps(model=GaussianMixture(3, covariance_type="tied", **CAREFUL).fit(iris().X_train))


@wrong("plot-2", "unscaled")
def pipeline_without_scaler():
    return steps(model=make_pipeline(GaussianMixture(3, **CAREFUL)).fit(iris().X_train))


@wrong("plot-2", "fitted-on-test")
def pipeline_of_all_flowers():
    return steps(model=pipeline().fit(pd.concat([iris().X_train, iris().X_test])))


@wrong("plot-2", "fitted-on-test")
def pipeline_of_the_held_out_flowers():
    return steps(model=pipeline().fit(iris().X_test))


@wrong("plot-2", "scaler-fitted-on-all")
def scaler_of_all_flowers():
    scaler = StandardScaler().fit(pd.concat([iris().X_train, iris().X_test]))
    mixture = GaussianMixture(3, **CAREFUL).fit(scaler.transform(iris().X_train))
    return steps(model=Pipeline([("scale", scaler), ("fit", mixture)]))


@wrong("plot-2", "scaler-fitted-on-all")
def quartiles_of_all_flowers():
    scaler = RobustScaler().fit(pd.concat([iris().X_train, iris().X_test]))
    mixture = GaussianMixture(3, **CAREFUL).fit(scaler.transform(iris().X_train))
    return steps(model=Pipeline([("scale", scaler), ("fit", mixture)]))


@wrong("plot-2", "other-split")
def another_seed_of_the_split():
    return steps(model=pipeline().fit(iris_split(random_state=1)[0]))


@wrong("plot-2", "other-split")
def split_without_strata():
    return steps(model=pipeline().fit(iris_split(stratify=None)[0]))


@wrong("plot-2", "poor-start")
def one_start_that_stops_at_once():
    mixture = GaussianMixture(3, covariance_type="tied", init_params="k-means++", random_state=0)
    return steps(model=make_pipeline(StandardScaler(), mixture).fit(iris().X_train))


@wrong("plot-2", "poor-start")
def defaults_with_an_unlucky_seed():
    starts = [pipeline(n_init=1, tol=1e-3, random_state=seed).fit(iris().X_train) for seed in range(20)]
    return steps(model=min(starts, key=lambda model: model.score(iris().X_train)))


@wrong("plot-2", "wrong-number")
def two_components():
    return steps(model=pipeline(2).fit(iris().X_train))


@wrong("plot-2", "wrong-kind")
def k_means():
    return steps(model=make_pipeline(StandardScaler(), KMeans(3, n_init=10, random_state=0)).fit(iris().X_train))


@wrong("plot-2", "other-features")
def two_features_only():
    return steps(model=pipeline().fit(iris().X_train[PETAL]))


@wrong("plot-2", "labels-not-matched")
def cluster_numbers():
    return steps(names=(iris().cluster + 1) % 3)


@wrong("plot-2", "labels-not-matched")
def names_shifted():
    return steps(names=np.roll(NAMES, 1)[iris().cluster])


@wrong("plot-2", "species-for-clusters")
def true_species():
    return steps(names=NAMES[iris().y_test])


@wrong("plot-2", "predict_proba-for-predict")
def responsibilities():
    return steps(names=iris().model.predict_proba(iris().X_test))


@wrong("plot-2", "wrong-length")
def names_of_the_training_flowers():
    return steps(names=NAMES[iris().cluster_of(iris().X_train)])


@wrong("plot-2", "fitted-on-test")
def fit_predict_on_the_held_out_flowers():
    return steps(names=pipeline().fit_predict(iris().X_test))


PETAL = ["petal length (cm)", "petal width (cm)"]

ALT = (
    "Petal width against petal length of 45 held-out flowers: setosa far away at small petals, versicolor in the "
    "middle, virginica with the largest petals, each with an ellipse that holds 90 percent."
)


def ellipses_at(ax: Axes, means: Any, covariances: Any, radius: float = 2.146, turn: Callable = lambda a: a) -> Axes:
    """Add an ellipse for each component, from what is drawn of it."""
    for mean, covariance in zip(means, covariances, strict=True):
        variances, directions = np.linalg.eigh(covariance)
        angle = turn(np.degrees(np.arctan2(directions[1, 0], directions[0, 0])))
        ax.add_patch(Ellipse(mean, *(2 * radius * np.sqrt(variances)), angle=angle, fill=False))
    return ax


def flowers(
    kind: str = "full",
    *,
    view: Sequence[str] = PETAL,
    X: pd.DataFrame | None = None,
    groups: Sequence | None = None,
    labels: Sequence[str] = NAMES,
    markers: str = "os^",
    colours: Sequence[str] = ("C0", "C1", "C2"),
    ellipses: bool = True,
    legend: bool = True,
    radius: float = 2.146,
    turn: Callable = lambda a: a,
    **settings: Any,
) -> Axes:
    """Draw the figure that plot-3 asks for with matplotlib alone, or one with a fault."""
    work, ax = iris(kind), plt.figure().add_subplot()
    X, groups = work.X_test if X is None else X, work.cluster if groups is None else groups
    for k in range(3):
        members = X.loc[groups == k, list(view)].to_numpy()
        ax.scatter(*members.T, marker=markers[k], color=colours[k], label=labels[k])
    if ellipses:
        ellipses_at(ax, *seen(kind, view), radius, turn)
    words = {"xlabel": view[0], "ylabel": view[1], "title": "Held-out flowers by cluster, ellipses hold 90%"}
    ax.set(**words | settings)
    if legend:
        ax.legend()
    plt.close(ax.figure)
    return ax


def seen(kind: str = "full", view: Sequence[str] = PETAL) -> tuple:
    at = [iris().X_test.columns.get_loc(name) for name in view]
    return iris(kind).means[:, at], iris(kind).covariances[:, at][:, :, at]


def step(kind: str = "full", ax: Any = None, **changes: Any) -> tuple:
    """Return the three answers to plot-3, some of them changed."""
    answers = {"model": iris(kind).model, "ax": flowers(kind) if ax is None else ax, "alt": ALT}
    return tuple((answers | changes).values())


@right("plot-3")
def full_in_petals():
    return step()


@right("plot-3")
def tied_in_sepals():
    return step("tied", flowers("tied", view=["sepal length (cm)", "sepal width (cm)"]))


@right("plot-3")
def diag_in_a_mixed_view():
    return step("diag", flowers("diag", view=["sepal width (cm)", "petal length (cm)"]))


@right("plot-3")
def spherical_in_petals():
    return step("spherical")


@right("plot-3")
def with_lines_and_the_helper():
    ax = plt.figure().add_subplot()
    for k, name in enumerate(NAMES):
        members = iris().X_test[iris().named == name]
        ax.plot(members[PETAL[0]], members[PETAL[1]], "os^"[k], color=f"C{k}", label=name)
        ax.add_patch(ellipse(seen()[0][k], seen()[1][k], 0.9, f"C{k}"))
    ax.set(xlabel="Petal length [cm]", ylabel="petal width in cm", title="Held-out irises in three clusters")
    ax.text(2, 2, "each ellipse holds 90 %")
    ax.legend(title="cluster")
    plt.close(ax.figure)
    return step(ax=ax)


@right("plot-3")
def with_curves_for_ellipses():
    ax, theta = flowers(ellipses=False), np.linspace(0, 2 * np.pi, 200)
    for mean, covariance in zip(*seen(), strict=True):
        variances, directions = np.linalg.eigh(covariance)
        circle = np.array([np.cos(theta), np.sin(theta)]) * np.sqrt(chi2.ppf(0.9, 2) * variances)[:, None]
        ax.plot(*(mean[:, None] + directions @ circle), color="black")
    return step(ax=ax)


@right("plot-3")
def with_hollow_markers_and_labels_in_other_words():
    ax = flowers(xlabel="length of a petal, cm", ylabel="width of a petal, cm")
    for scatter in ax.collections:
        scatter.set(edgecolor=scatter.get_facecolor(), facecolor="none")
    return step(ax=ax)


@right("plot-3")
def with_means_and_a_second_ellipse():
    ax = ellipses_at(flowers(title="Held-out flowers; ellipses hold 50% and 90%"), *seen(), np.sqrt(2 * np.log(2)))
    ax.plot(*seen()[0].T, "k+")
    return step(ax=ax)


@right("plot-3")
def with_handles_for_the_legend():
    ax = flowers(labels=["_a", "_b", "_c"], legend=False)
    handles = [Line2D([], [], marker=marker, color=f"C{k}", linestyle="none") for k, marker in enumerate("os^")]
    ax.legend(handles, ["Iris setosa", "Iris versicolor", "Iris virginica"])
    return step(ax=ax)


@right("plot-3")
def of_a_model_scaled_by_median_and_quartiles():
    return step(model=make_pipeline(RobustScaler(), GaussianMixture(3, **CAREFUL)).fit(iris().X_train))


@right("plot-3")
def in_float32_with_wide_limits():
    return step(ax=flowers(X=iris().X_test.astype(np.float32), xlim=(0, 9), ylim=(-1, 4)))


@wrong("plot-3", "training-samples")
def all_flowers():
    X = pd.concat([iris().X_test, iris().X_train])
    return step(ax=flowers(X=X, groups=iris().cluster_of(X)))


@wrong("plot-3", "missing-samples")
def flowers_of_the_fit():
    return step(ax=flowers(X=iris().X_train, groups=iris().cluster_of(iris().X_train)))


@wrong("plot-3", "missing-samples")
def flowers_in_standard_deviations():
    Z = iris().model[0].set_output(transform="pandas").transform(iris().X_test)
    return step(ax=flowers(X=Z))


@wrong("plot-3", "missing-samples")
def flowers_that_cannot_be_seen():
    ax = flowers()
    for scatter in ax.collections:
        scatter.set_alpha(0)
    return step(ax=ax)


@wrong("plot-3", "invented-samples")
def random_points_among_the_flowers():
    ax = flowers()
    ax.plot(*np.random.default_rng(0).uniform([1, 0], [6, 2], (30, 2)).T, "x")
    return step(ax=ax)


@wrong("plot-3", "clipped")
def limits_that_cut():
    return step(ax=flowers(xlim=(2, 6)))


@wrong("plot-3", "species-for-clusters")
def species_drawn():
    return step(ax=flowers(groups=iris().y_test.to_numpy()))


@wrong("plot-3", "one-cloud")
def a_single_cloud():
    return step(ax=flowers(markers="ooo", colours=["C0"] * 3))


@wrong("plot-3", "colour-alone")
def one_marker():
    return step(ax=flowers(markers="ooo"))


@wrong("plot-3", "marker-alone")
def one_colour():
    return step(ax=flowers(colours=["black"] * 3))


@wrong("plot-3", "labels-not-matched")
def names_exchanged_in_the_legend():
    return step(ax=flowers(labels=["setosa", "virginica", "versicolor"]))


@wrong("plot-3", "labels-missing")
def numbers_for_names():
    return step(ax=flowers(labels=["0", "1", "2"]))


@wrong("plot-3", "no-ellipses")
def flowers_only():
    return step(ax=flowers(ellipses=False))


@wrong("plot-3", "wrong-units")
def ellipses_in_standard_deviations():
    gmm, order = iris().model[-1], list(iris().order)
    return step(ax=ellipses_at(flowers(ellipses=False), gmm.means_[order, 2:], gmm.covariances_[order, 2:, 2:]))


@wrong("plot-3", "wrong-units")
def means_alone_in_cm():
    gmm, order = iris().model[-1], list(iris().order)
    return step(ax=ellipses_at(flowers(ellipses=False), seen()[0], gmm.covariances_[order, 2:, 2:]))


@wrong("plot-3", "wrong-units")
def mean_of_the_scaler_forgotten():
    scaler = iris().model[0]
    return step(ax=ellipses_at(flowers(ellipses=False), seen()[0] - scaler.mean_[2:], seen()[1]))


@wrong("plot-3", "no-size")
def covariances_times_the_scale_once():
    gmm, order, scale = iris().model[-1], list(iris().order), iris().model[0].scale_
    with np.errstate(invalid="ignore"):
        ax = ellipses_at(flowers(ellipses=False), seen()[0], (scale * gmm.covariances_[order])[:, 2:, 2:])
    return step(ax=ax)


@wrong("plot-3", "swapped-features")
def ellipses_of_exchanged_axes():
    return step(ax=ellipses_at(flowers(ellipses=False), *seen(view=PETAL[::-1])))


@wrong("plot-3", "other-coverage")
def ellipses_of_two_sd():
    return step(ax=flowers(radius=2))


@wrong("plot-3", "other-coverage")
def ellipses_of_one_sd():
    return step(ax=flowers(radius=1))


@wrong("plot-3", "half-for-full")
def half_axes_as_width():
    return step(ax=flowers(radius=2.146 / 2))


@wrong("plot-3", "one-dimensional-radius")
def radius_of_one_dimension():
    return step(ax=flowers(radius=norm.ppf(0.95)))


@wrong("plot-3", "radius-of-all-features")
def radius_of_four_dimensions():
    return step(ax=flowers(radius=np.sqrt(chi2.ppf(0.9, 4))))


@wrong("plot-3", "mirrored")
def angle_of_a_row():
    return step(ax=flowers(turn=lambda angle: -angle))


@wrong("plot-3", "short-for-long")
def angle_of_the_other_axis():
    return step(ax=flowers(turn=lambda angle: angle + 90))


@wrong("plot-3", "radians")
def angle_in_radians():
    return step(ax=flowers(turn=np.radians))


@wrong("plot-3", "no-angle")
def angle_forgotten():
    return step(ax=flowers(turn=lambda angle: 0))


@wrong("plot-3", "correlation-ignored")
def variances_alone():
    return step(ax=ellipses_at(flowers(ellipses=False), seen()[0], seen()[1] * np.eye(2)))


@wrong("plot-3", "variance-for-sd")
def half_axes_not_rooted():
    return step(ax=ellipses_at(flowers(ellipses=False), seen()[0], seen()[1] @ seen()[1]))


@wrong("plot-3", "slice-of-precision")
def precisions_cut():
    cut = np.linalg.inv(np.linalg.inv(iris().covariances)[:, 2:, 2:])
    return step(ax=ellipses_at(flowers(ellipses=False), seen()[0], cut))


@wrong("plot-3", "misplaced")
def ellipses_of_another_view():
    sepal = ["sepal length (cm)", "sepal width (cm)"]
    return step(ax=ellipses_at(flowers(ellipses=False), *seen(view=sepal)))


@wrong("plot-3", "extra-ellipses")
def ellipses_of_nothing():
    return step(ax=ellipses_at(flowers(), np.random.default_rng(0).uniform([1, 0], [6, 2], (9, 2)), [np.eye(2)] * 9))


@wrong("plot-3", "axis-unlabelled")
def without_units():
    return step(ax=flowers(xlabel="petal length", ylabel="petal width"))


@wrong("plot-3", "axis-unlabelled")
def without_labels():
    return step(ax=flowers(xlabel="", ylabel=""))


@wrong("plot-3", "wrong-label")
def labels_exchanged():
    return step(ax=flowers(xlabel=PETAL[1], ylabel=PETAL[0]))


@wrong("plot-3", "no-title")
def without_title():
    return step(ax=flowers(title="", labels=["setosa (ellipse: 90%)", "versicolor", "virginica"]))


@wrong("plot-3", "no-legend")
def without_legend():
    return step(ax=flowers(legend=False))


@wrong("plot-3", "coverage-unsaid")
def silent_about_the_coverage():
    return step(ax=flowers(title="Held-out flowers by cluster"))


@wrong("plot-3", "alt-missing")
def a_plot_of_flowers():
    return step(alt="A plot of setosa, versicolor and virginica.")


@wrong("plot-3", "alt-vague")
def alt_without_species():
    return step(alt="Three clouds of flowers with ellipses, two of them close together and one far away from both.")


@wrong("plot-3", "wrong-kind")
def name_of_a_file():
    return step(ax="petals.png")


@wrong("plot-3", "wrong-number")
def figure_of_two_components():
    return step(model=pipeline(2).fit(iris().X_train))
