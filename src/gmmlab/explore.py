"""Mixtures to touch: play EM, try covariances, move a threshold, drag a point.

Each function computes all frames of a *scene* at once, with the lab's fast EM, and hands them to one small front end
(``explore.js``), which draws them as SVG and moves through them in the browser. So a move never waits for the kernel,
and the numbers on the screen are those of this module. The scene travels in an ``anywidget``: where its view is not
understood (a saved notebook, an HTML page, GitHub) the same output holds a static figure with its alt text.

A scene has ``controls``, whose values choose one of the ``frames``; ``points`` on a ``chart`` of two features; and
``sides``, charts of curves. A frame holds the mixture that colours the points and draws the ellipses (or a threshold
that marks them), the place on each side, and the sentence that says its numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anywidget import AnyWidget
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_score, recall_score, roc_curve
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted
from traitlets import Dict

from gmmlab.engine.em import e_step, em
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.search import search_with_fits
from gmmlab.figure import figure
from gmmlab.mixture import (
    COVARIANCE_TYPES,
    covariance_matrices,
    ellipse_radius,
    from_parameters,
    marginal,
    sort_components,
)
from gmmlab.plot import (
    COLOURS,
    axis_label,
    colour_of,
    marker_of,
    plot_clusters,
    plot_ellipses,
    plot_responsibilities,
)

COVERAGE = 0.9
"""Share of a component inside the ellipse that is drawn."""

MOST_SAMPLES = 5000
"""More samples than this are too many for a browser to redraw at once."""

RATES = tuple((np.arange(61) / 200).tolist())
"""False-alarm rates to choose from: 0 to 30 % by half a per cent."""

_HERE = Path(__file__).parent
_HUGE = 1e300
_PERCENT = f"{100 * COVERAGE:.0f} %"
_DARK, _PALE = "#222222", "#94a4a2"
_DASHES = {"full": "none", "tied": "7 4", "diag": "8 3 2 3", "spherical": "2 3"}


class Explorer(AnyWidget):
    """A scene on the screen; where to find its parts is told at the top of this module."""

    _esm = (_HERE / "explore.js").read_text(encoding="utf-8")
    _css = (_HERE / "explore.css").read_text(encoding="utf-8")
    scene = Dict().tag(sync=True)


def play_em(
    X: pd.DataFrame,
    n_components: int = 3,
    *,
    covariance_type: str = "full",
    features: Sequence[str] | None = None,
    starts: int = 6,
    iterations: int = 60,
) -> None:
    """Show EM in motion: step or play through its iterations, from one of several random starts.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The data, in any units.
    n_components : int
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the covariances.
    features : sequence of two str, optional
        The columns to draw. Default: the first two. EM works on all.
    starts : int
        Number of seeds to start from, as in `random_start`.
    iterations : int
        Number of iterations from each start.

    Raises
    ------
    ValueError
        If X, the features or a number is out of range.
    """
    chosen = _features(X, features)
    if starts < 1:
        raise ValueError(f"EM in motion needs at least one start, but {starts} came.")
    runs = [em_path(X, n_components, covariance_type, seed, iterations) for seed in range(starts)]
    paths = np.array([path for _, path in runs])
    frames = [
        _mixture_frame(state, X, chosen)
        | {
            "marks": [[seed, i, float(path[i])]],
            "text": f"Seed {seed}, after {i} of {iterations} iterations: log-likelihood {path[i]:.2f}.",
        }
        for seed, (states, path) in enumerate(runs)
        for i, state in enumerate(states)
    ]
    best, worst = paths[:, -1].max(), paths[:, -1].min()
    span = max(best - worst, 0.1 * (best - paths.min()))
    curves = [{"name": f"seed {s}", "colour": _PALE, "rows": list(enumerate(path))} for s, path in enumerate(paths)]
    side = {
        **_axes("Log-likelihood of all starts", "iteration", "log-likelihood"),
        **_limits((0, iterations), (best - 1.5 * span, best + 0.1 * span)),
        "curves": curves,
        "grows": True,
        "legend": [_line("a start", _PALE), _line("the start that you see", _DARK, width=3), _ring("where you are")],
    }
    scene = _scene("EM in motion", X, chosen, frames, [side], _mixture_legend(n_components)) | {
        "controls": [
            {"kind": "list", "label": "start from seed", "values": [str(seed) for seed in range(starts)]},
            {"kind": "slider", "label": "iteration", "values": [str(i) for i in range(iterations + 1)], "plays": True},
        ],
    }
    alt = (
        f"{len(X)} samples in the colours of {n_components} {covariance_type} components with their ellipses, "
        f"after {iterations} iterations of EM from the best of {starts} random starts. Beside it the log-likelihoods: "
        f"each climbs with the iterations and never falls, and they end between {worst:.0f} and {best:.0f}."
    )

    def draw(left: Axes, right: Axes) -> None:
        seed = int(paths[:, -1].argmax())
        _draw_mixture(runs[seed][0][-1], X, chosen, left)
        left.set_title(f"Seed {seed}, iteration {iterations}; ellipses hold {_PERCENT}")
        right.plot(paths.T, color=_PALE)
        right.plot(paths[seed], color=_DARK, linewidth=3, label=f"seed {seed}")
        right.set(xlabel="iteration", ylabel="log-likelihood", title=side["title"], ylim=side["ylim"])
        right.legend(loc="lower right")

    _show(scene, alt, draw)


def random_start(X: ArrayLike, n_components: int, covariance_type: str, seed: int) -> Parameters:
    """Return where a seed lets EM start: equal weights, means on random samples, wide covariances.

    The covariance of all samples is divided by the number of components, and cut down to what the type allows.
    The means are sorted by the first feature, so that colours change little from seed to seed.
    """
    X = np.asarray(X, dtype=float)
    means = X[np.random.default_rng(seed).choice(len(X), n_components, replace=False)]
    covariance = np.atleast_2d(np.cov(X.T)) / n_components
    start = {
        "full": lambda: np.tile(covariance, (n_components, 1, 1)),
        "tied": lambda: covariance,
        "diag": lambda: np.tile(np.diag(covariance), (n_components, 1)),
        "spherical": lambda: np.full(n_components, np.diag(covariance).mean()),
    }
    weights = np.full(n_components, 1 / n_components)
    return Parameters(weights, means[means[:, 0].argsort()], start[covariance_type](), covariance_type)


def em_path(
    X: ArrayLike, n_components: int, covariance_type: str, seed: int, iterations: int
) -> tuple[list[Parameters], NDArray]:
    """Return the parameters after 0, 1, 2, ... iterations of EM, and the log-likelihood of all samples with each.

    Raises
    ------
    ValueError
        If a number or the covariance type is out of range.
    """
    X = np.asarray(X, dtype=float)
    if covariance_type not in COVARIANCE_TYPES:
        raise ValueError(f"The covariance type must be one of {COVARIANCE_TYPES}, but {covariance_type!r} came.")
    if not 1 <= n_components <= len(X):
        raise ValueError(f"EM needs 1 to {len(X)} components for {len(X)} samples, but {n_components} came.")
    if iterations < 1:
        raise ValueError(f"EM in motion needs at least one iteration, but {iterations} came.")
    states = [random_start(X, n_components, covariance_type, seed)]
    for _ in range(iterations):
        states.append(em(X, states[-1], max_iter=1).parameters)
    return states, np.array([e_step(X, state)[1].sum() for state in states])


def try_covariances(
    X: pd.DataFrame,
    n_components: Iterable[int] = range(1, 7),
    *,
    held_out: int = 5,
    features: Sequence[str] | None = None,
    random_state: int = 0,
) -> None:
    """Show what a covariance type and a number of components make of the data, and what they cost.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The data, in any units.
    n_components : iterable of int
        Numbers of components to choose from.
    held_out : int
        Number of folds by which the held-out log-likelihood is cross-validated.
    features : sequence of two str, optional
        The columns to draw. Default: the first two. The fits are to all.
    random_state : int
        Seed of starts and folds, as in `gmmlab.engine.search`.

    Raises
    ------
    ValueError
        If X, the features or a number is out of range.
    """
    chosen, numbers = _features(X, features), sorted(set(n_components))
    if not numbers:
        raise ValueError("The explorer needs at least one number of components, but none came.")
    fits, table = covariance_fits(X, numbers, held_out, random_state)
    names = [(kind, k) for kind in COVARIANCE_TYPES for k in numbers]
    best, closest = table["bic"].idxmin(), table["held_out"].idxmax()
    frames = [
        _mixture_frame(fits[kind, k], X, chosen)
        | {
            "marks": [[COVARIANCE_TYPES.index(kind), k, float(table.at[(kind, k), c])] for c in _COSTS],
            "text": _cost_in_words(table.loc[(kind, k)], (kind, k), best),
        }
        for kind, k in names
    ]
    sides = []
    for column, (title, label) in _COSTS.items():
        curves = [
            {
                "name": kind,
                "colour": colour_of(place),
                "dash": _DASHES[kind],
                "marker": _outline(marker_of(place), 6),
                "rows": [[k, float(table.at[(kind, k), column])] for k in numbers],
            }
            for place, kind in enumerate(COVARIANCE_TYPES)
        ]
        ends = np.quantile(table[column], [0, 0.6] if column == "bic" else [0.4, 1])  # poor models need not show
        margin = 0.1 * np.ptp(ends)
        sides.append(
            _axes(title, "number of components", label)
            | _limits((numbers[0] - 0.3, numbers[-1] + 0.3), (ends[0] - margin, ends[1] + margin))
            | {"curves": curves, "legend": [*(_curve(c) for c in curves), _ring("where you are")]}
        )
    scene = _scene("Covariance explorer", X, chosen, frames, sides, _mixture_legend(numbers[-1])) | {
        "controls": [
            {"kind": "list", "label": "covariance type", "values": list(COVARIANCE_TYPES)},
            {"kind": "slider", "label": "number of components", "values": [str(k) for k in numbers]},
        ],
        "start": [COVARIANCE_TYPES.index(best[0]), numbers.index(best[1])],
    }
    alt = (
        f"{len(X)} samples with the ellipses of the mixture of lowest BIC: {best[0]} with {best[1]} components. Beside "
        f"it BIC against the number of components, a line for each covariance type, {numbers[0]} to {numbers[-1]}. "
        f"The held-out log-likelihood is highest for {closest[0]} with {closest[1]}."
    )

    def draw(left: Axes, right: Axes) -> None:
        _draw_mixture(fits[best], X, chosen, left)
        left.set_title(f"Lowest BIC: {best[0]}, {best[1]}; ellipses hold {_PERCENT}")
        for place, kind in enumerate(COVARIANCE_TYPES):
            style = {"color": colour_of(place), "marker": marker_of(place), "linestyle": _STROKES[kind]}
            right.plot(numbers, table.loc[kind, "bic"].loc[numbers], label=kind, **style)
        right.plot(best[1], table.at[best, "bic"], "o", markersize=16, markerfacecolor="none", color=_DARK)
        right.set(xlabel="number of components", ylabel="BIC (lower is better)", title="BIC of each type")
        right.set(ylim=sides[0]["ylim"])
        right.legend()

    _show(scene, alt, draw)


_COSTS = {
    "bic": ("BIC of each type", "BIC (lower is better)"),
    "held_out": ("Held-out log-likelihood", "per sample (higher is better)"),
}
_STROKES = {"full": "-", "tied": "--", "diag": "-.", "spherical": ":"}


def covariance_fits(
    X: ArrayLike, numbers: Sequence[int], held_out: int, random_state: int
) -> tuple[dict[tuple[str, int], Parameters], pd.DataFrame]:
    """Return the fit of each covariance type with each number of components, and what ``search`` says of them.

    The table's index holds the pairs of type and number.
    """
    table, grid = search_with_fits(X, numbers, held_out=held_out, random_state=random_state)
    fits = {(kind, k): _sorted(fit.parameters) for (k, kind), fit in grid.items()}
    return fits, table.set_index(["covariance_type", "n_components"]).sort_index()


def _sorted(p: Parameters) -> Parameters:
    gmm = sort_components(from_parameters(*_parts(p)))
    return Parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)


def _cost_in_words(row: pd.Series, name: tuple[str, int], best: tuple[str, int]) -> str:
    lowest = "the lowest" if name == best else f"the lowest is that of {best[0]} with {best[1]}"
    fallen = " One component has collapsed: its likelihood means nothing." if row["degenerate"] else ""
    return (
        f"{name[0]} with {name[1]} components: {row['n_parameters']} free parameters, "
        f"log-likelihood {row['log_likelihood']:.1f}, BIC {row['bic']:.1f} ({lowest}), "
        f"held-out log-likelihood {row['held_out']:.3f} per sample.{fallen}"
    )


def move_threshold(
    X: pd.DataFrame,
    scores: ArrayLike,
    anomalous: ArrayLike,
    *,
    normal_scores: ArrayLike,
    names: tuple[str, str] = ("normal", "anomalous"),
    features: Sequence[str] | None = None,
    rates: ArrayLike = RATES,
) -> None:
    """Show what a detector flags when it is allowed more or fewer false alarms.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The samples that are judged.
    scores : array-like of shape (n,)
        Their log densities under the model of the normal ones; a low one is suspicious.
    anomalous : array-like of bool, shape (n,)
        Which of them are anomalous in truth.
    normal_scores : array-like
        Log densities of normal samples that the model has not seen: they turn a false-alarm rate into a threshold, as
        in `threshold_outcomes`.
    names : tuple of str
        What to call the normal and the anomalous samples.
    features : sequence of two str, optional
        The columns to draw. Default: the first two.
    rates : array-like
        False-alarm rates to choose from, rising, each a share from 0 to 1.

    Raises
    ------
    ValueError
        If the lengths disagree, or only one kind is there.
    """
    chosen = _features(X, features)
    kinds, scores = np.asarray(anomalous).astype(int), np.asarray(scores, dtype=float)
    outcomes = threshold_outcomes(scores, anomalous, normal_scores, rates)
    if len(X) != len(scores):
        raise ValueError(f"Each sample has one score, but {len(X)} samples and {len(scores)} scores came.")
    alarms, found, _ = roc_curve(kinds, -scores)
    frames = [
        {
            "threshold": float(np.clip(row["threshold"], -_HUGE, _HUGE)),  # JSON knows no infinity
            "marks": [[0, row["false_alarms"], row["recall"]]],
            "text": _outcome_in_words(row, kinds, names),
        }
        for row in outcomes.to_dict("records")
    ]
    side = {
        **_axes("ROC: found against false alarms", f"false alarms (share of {names[0]})", f"share of {names[1]} found"),
        **_limits((-0.03, 1.03), (-0.03, 1.03)),
        "curves": [{"name": "ROC", "colour": _DARK, "rows": np.column_stack([alarms, found]).tolist()}],
        "legend": [_line("all thresholds", _DARK), _ring("where you are")],
    }
    legend = [_key(name, k) for k, name in enumerate(names)]
    legend.append({"text": "flagged", "d": _outline("o", 8), "fill": "white", "stroke-width": 2.4})
    begin = int(np.abs(outcomes["rate"] - 0.05).argmin())
    scene = _scene("Threshold explorer", X, chosen, frames, [side], legend) | {
        "controls": [
            {
                "kind": "slider",
                "label": "false alarms allowed",
                "values": [f"{100 * rate:.3g} %" for rate in outcomes["rate"]],
                "plays": True,
            }
        ],
        "start": [begin],
        "kinds": kinds.tolist(),
        "scores": scores.tolist(),
    }
    at = outcomes.iloc[begin]
    alt = (
        f"{len(X)} samples, {names[0]} and {names[1]}. Those as improbable as the threshold for "
        f"{100 * at['rate']:.3g} % false alarms, or more, are ringed: {100 * at['recall']:.0f} % of the {names[1]}, "
        f"{100 * at['false_alarms']:.0f} % of the {names[0]}. Beside it the ROC curve of all thresholds with this one."
    )

    def draw(left: Axes, right: Axes) -> None:
        plot_clusters(X[chosen], np.asarray(names)[kinds], order=names, ax=left, legend=False)
        flagged = {"markeredgecolor": _DARK, "markerfacecolor": "none", "markeredgewidth": 2, "markersize": 9}
        left.plot(*X.loc[scores <= at["threshold"], chosen].to_numpy().T, "o", label="flagged", **flagged)
        left.set_title(f"Flagged at {100 * at['rate']:.3g} % false alarms")
        left.legend()
        right.plot(alarms, found, color=_DARK)
        right.plot(at["false_alarms"], at["recall"], "o", markersize=14, markerfacecolor="none", color=_DARK)
        right.set(xlabel=side["x"], ylabel=side["y"], title=side["title"])

    _show(scene, alt, draw)


def threshold_outcomes(
    scores: ArrayLike, anomalous: ArrayLike, normal_scores: ArrayLike, rates: ArrayLike
) -> pd.DataFrame:
    """Return what happens at each false-alarm rate that is allowed.

    The threshold is the k-th lowest of the n normal scores, with k the whole part of rate (n + 1): a new normal sample
    is at or below it with a probability of at most the rate. With k = 0 there is no such threshold.

    Returns
    -------
    DataFrame
        Columns ``rate`` (allowed), ``threshold`` (minus infinity if there is none), and, counted on ``scores``:
        ``flagged`` (a number), ``false_alarms`` (share of the normal flagged), ``recall``, ``precision`` (NaN if
        nothing is flagged).

    Raises
    ------
    ValueError
        If the lengths disagree, only one kind is there, or a rate is no share.
    """
    scores, truth = np.asarray(scores, dtype=float), np.asarray(anomalous).astype(bool)
    rates = np.asarray(rates, dtype=float)
    if scores.shape != truth.shape or scores.ndim != 1:
        raise ValueError(f"Scores and truth go sample by sample, but shapes {scores.shape} and {truth.shape} came.")
    if truth.all() or not truth.any():
        raise ValueError("A detector is judged on both kinds, but only one kind came. Check `anomalous`.")
    if rates.min() < 0 or rates.max() > 1:
        raise ValueError(f"A false-alarm rate is a share from 0 to 1, but {rates.min()} to {rates.max()} came.")
    rising = np.concatenate([[-np.inf], np.sort(np.asarray(normal_scores, dtype=float)), [np.inf]])
    rows = []
    for rate in rates.tolist():
        threshold = float(rising[int(rate * (len(rising) - 1) + 1e-9)])  # 0.29 * 100 is 28.999999999999996
        flagged = scores <= threshold
        rows.append(
            {
                "rate": rate,
                "threshold": threshold,
                "flagged": int(flagged.sum()),
                "false_alarms": float(flagged[~truth].mean()),
                "recall": float(recall_score(truth, flagged)),
                "precision": float(precision_score(truth, flagged, zero_division=np.nan)),
            }
        )
    return pd.DataFrame(rows)


def _outcome_in_words(row: dict, kinds: NDArray, names: tuple[str, str]) -> str:
    n, m = int((kinds == 0).sum()), int(kinds.sum())
    precise = f"{100 * row['precision']:.1f} %" if row["flagged"] else "not defined, since nothing is flagged"
    if np.isneginf(row["threshold"]):
        return "Nothing is flagged: the normal scores set apart are too few to promise so low a rate."
    return (
        f"Log density up to {row['threshold']:.2f} is flagged: {round(row['false_alarms'] * n)} of {n} {names[0]} "
        f"({100 * row['false_alarms']:.1f} % false alarms) and {round(row['recall'] * m)} of {m} {names[1]} "
        f"(recall {100 * row['recall']:.1f} %). Precision: {precise}."
    )


def drag_point(gmm: GaussianMixture, X: pd.DataFrame) -> None:
    """Show the responsibilities of a point that is dragged over the data, or moved by two sliders.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted on two features; take ``marginal(gmm, features)`` of a mixture of more.
    X : DataFrame of shape (n, 2)
        Samples of the same two features: a press near one of them takes hold of it.

    Raises
    ------
    ValueError
        If the mixture or the data have another number of features than two.
    """
    check_is_fitted(gmm)
    if gmm.means_.shape[1] != 2 or X.shape[1] != 2:
        raise ValueError(
            f"A point is dragged in the plane of two features, but the mixture has {gmm.means_.shape[1]} and the data "
            f"{X.shape[1]}. Choose two columns, and marginal(gmm, features) of the mixture."
        )
    chosen, k = _features(X, None), len(gmm.weights_)
    parameters = Parameters(gmm.weights_, gmm.means_, covariance_matrices(gmm))
    shares, _ = e_step(X.to_numpy(), parameters)
    doubtful = int(shares.max(axis=1).argmin())
    probe = X.iloc[doubtful].to_numpy()
    frames = [_mixture_frame(parameters, X, chosen) | {"marks": [], "text": ""}]
    scene = _scene("Responsibilities of a point", X, chosen, frames, [], _mixture_legend(k)) | {"probe": probe.tolist()}
    words = ", ".join(f"{share:.2f} to component {j}" for j, share in enumerate(shares[doubtful]))
    alt = (
        f"{len(X)} samples in the colours of {k} components with their ellipses, and a ring round the sample that the "
        f"mixture doubts most. Beside it the responsibilities of this sample as bars: {words}."
    )

    def draw(left: Axes, right: Axes) -> None:
        _draw_mixture(parameters, X, chosen, left)
        left.plot(*probe, "o", markersize=17, markerfacecolor="none", markeredgewidth=2.5, color=_DARK)
        left.set_title(f"Ringed: most in doubt; ellipses hold {_PERCENT}")
        right.bar(range(k), shares[doubtful], color=[colour_of(j) for j in range(k)], edgecolor=_DARK)
        right.set_xticks(range(k), [f"component {j}" for j in range(k)])
        right.set(xlabel="component", ylabel="responsibility", ylim=(0, 1), title="Its responsibilities")

    _show(scene, alt, draw)


def _features(X: pd.DataFrame, features: Sequence[str] | None) -> list[str]:
    """Return the two columns to draw, or say what is wrong with the data."""
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"An explorer names its axes by the columns of a DataFrame, but a {type(X).__name__} came.")
    numeric = all(map(pd.api.types.is_numeric_dtype, X.dtypes))
    if not numeric or not np.isfinite(X.to_numpy(dtype=float)).all():
        raise ValueError("An explorer needs numbers without gaps. Choose the numeric columns and drop missing values.")
    if len(X) > MOST_SAMPLES:
        raise ValueError(
            f"A browser redraws {MOST_SAMPLES} samples at once, but {len(X)} came. Take X.sample({MOST_SAMPLES})."
        )
    chosen = list(X.columns[:2] if features is None else features)
    if len(chosen) != 2 or not set(chosen) <= set(X.columns):
        raise ValueError(f"An explorer draws two of the columns {list(X.columns)}, but {chosen} came.")
    return chosen


def _parts(p: Parameters) -> tuple:
    return p.weights, p.means, p.covariances, p.covariance_type


def _draw_mixture(parameters: Parameters, X: pd.DataFrame, chosen: list[str], ax: Axes) -> None:
    """Draw what the browser draws, for readers of the static figure."""
    gmm = from_parameters(*_parts(parameters))
    plot_responsibilities(X[chosen], gmm.predict_proba(X.to_numpy()), ax=ax)
    plot_ellipses(marginal(gmm, [X.columns.get_loc(name) for name in chosen]), coverage=COVERAGE, ax=ax)
    ax.get_legend().remove()


def _mixture_frame(parameters: Parameters, X: pd.DataFrame, chosen: list[str]) -> dict:
    """Return a mixture as the browser needs it: densities take a product, ellipses a circle times a matrix."""
    covariances = covariance_matrices(from_parameters(*_parts(parameters)))
    roots = np.swapaxes(np.linalg.inv(np.linalg.cholesky(covariances)), 1, 2)
    log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    columns = [X.columns.get_loc(name) for name in chosen]
    view = np.linalg.cholesky(covariances[:, columns][:, :, columns])
    return {
        "mixture": {
            "constants": _plain(np.log(parameters.weights) + log_det - X.shape[1] / 2 * np.log(2 * np.pi)),
            "means": _plain(parameters.means),
            "roots": _plain(roots),
            "centres": _plain(parameters.means[:, columns]),
            "ellipses": _plain(ellipse_radius(COVERAGE) * view),
        }
    }


def _plain(values: NDArray) -> list:
    """Return nested lists of ten digits, half as long to send as all seventeen."""
    return [_plain(row) for row in values] if np.ndim(values) > 1 else [float(f"{v:.10g}") for v in values]


def _scene(name: str, X: pd.DataFrame, chosen: list[str], frames: list, sides: list, legend: list) -> dict[str, Any]:
    points = X[chosen].to_numpy(dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    ends = np.array([low, high]) + np.multiply.outer([-0.08, 0.08], high - low)
    kinds = range(max(len(COLOURS), *(len(frame["mixture"]["means"]) for frame in frames if "mixture" in frame), 0))
    return {
        "name": name,
        "chart": _axes(name, *map(axis_label, chosen)) | _limits(*ends.T.tolist()),
        "points": points.tolist(),
        "rows": X.to_numpy(dtype=float).tolist(),
        "frames": frames,
        "sides": sides,
        "legend": legend,
        "controls": [],
        "start": [0, 0],
        "look": {"colours": [colour_of(k) for k in kinds], "markers": [_outline(marker_of(k), 8) for k in kinds]},
    }


def _axes(title: str, x: str, y: str) -> dict:
    return {"title": title, "x": x, "y": y, "alt": f"{title}: {y} against {x}."}


def _limits(xlim: Sequence[float], ylim: Sequence[float]) -> dict:
    return {"xlim": list(xlim), "ylim": list(ylim), "xticks": _ticks(xlim), "yticks": _ticks(ylim)}


def _ticks(limits: Sequence[float]) -> list[float]:
    low, high = limits
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [float(f"{tick:.6g}") for tick in ticks if low <= tick <= high]


def _outline(marker: str, size: float) -> str:
    """Return a marker of matplotlib, `size` pixels across, as the path of an SVG."""
    style = MarkerStyle(marker)
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    parts = []
    for numbers, code in style.get_path().transformed(style.get_transform()).iter_segments():
        pairs = (numbers.reshape(-1, 2) * [size, -size]).round(2).tolist()
        parts.append("Z" if code == Outline.CLOSEPOLY else letters[code] + " ".join(f"{x},{y}" for x, y in pairs))
    return "".join(parts)


def _key(text: str, k: int) -> dict:
    return {"text": text, "d": _outline(marker_of(k), 8), "fill": colour_of(k), "stroke-width": 0.8}


def _line(text: str, colour: str, width: float = 1.6) -> dict:
    return {"text": text, "d": "M-12,0H12", "stroke": colour, "stroke-width": width}


def _curve(curve: dict) -> dict:
    return _line(curve["name"], curve["colour"], 2.5) | {"stroke-dasharray": curve["dash"]}


def _ring(text: str) -> dict:
    return {"text": text, "d": _outline("o", 13), "stroke-width": 2.5}


def _mixture_legend(k: int) -> list[dict]:
    return [
        *(_key(f"component {j}", j) for j in range(k)),
        {"text": "none above 90 %", "d": _outline("o", 8), "fill": "white", "stroke-width": 2.4},
        {"text": "mean of a component", "d": "M-7,0H7M0,-7V7", "stroke-width": 2.5},
        {"text": f"holds {_PERCENT} of it", "d": _outline("o", 13), "fill": "#eeeeee"},
    ]


def _show(scene: dict, alt: str, draw: Callable[[Axes, Axes], None]) -> None:
    """Show the scene where a kernel is alive, and the same as a figure everywhere else."""
    view, _ = Explorer(scene=scene)._repr_mimebundle_()
    view.pop("text/plain")  # its address differs from run to run
    with figure(alt, 1, 2, size=(10, 4.2), live=view) as axes:
        draw(*axes)
