"""What all explorers share: a scene, how its parts are made, and the two ways in which it is shown.

Each explorer computes all frames of a *scene* at once, with the lab's fast EM, and hands them to one small front end
(``explore.js``), which draws them as SVG and moves through them in the browser. So a move never waits for the kernel,
and the numbers on the screen are those of the package. The scene travels in an ``anywidget``: where its view is not
understood (a saved notebook, GitHub) the same output holds a static figure with its alt text. The figure carries the
scene in its metadata, so that the pages of the book play it without a kernel.

A scene has ``controls``, whose values choose one of the ``frames``; ``points`` on a ``chart`` of two features; and
``sides``, charts of curves. A frame holds the mixture that colours the points and draws the ellipses (or a threshold
that marks them), the place on each side, and the sentence that says its numbers.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anywidget import AnyWidget
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from traitlets import Dict

from gmmlab.figure import figure
from gmmlab.mixture import covariance_matrices, ellipse_radius, marginal
from gmmlab.plot import COLOURS, axis_label, colour_of, marker_of, plot_ellipses, plot_responsibilities

COVERAGE = 0.9
"""Share of a component inside the ellipse that is drawn."""

MOST_SAMPLES = 5000
"""More samples than this are too many for a browser to redraw at once."""

PERCENT = f"{100 * COVERAGE:.0f}%"
DARK, PALE = "#222222", "#94a4a2"

_HERE = Path(__file__).parent


class Explorer(AnyWidget):
    """A scene on the screen; where to find its parts is told at the top of this module."""

    _esm = (_HERE / "explore.js").read_text(encoding="utf-8")
    _css = (_HERE / "explore.css").read_text(encoding="utf-8")
    scene = Dict().tag(sync=True)


def chosen_features(X: pd.DataFrame, features: Sequence[str] | None) -> list[str]:
    """Return the two columns to draw, or say what is wrong with the data."""
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"An explorer names its axes by the columns of a DataFrame, but got a {type(X).__name__}.")
    numeric = all(map(pd.api.types.is_numeric_dtype, X.dtypes))
    if not numeric or not np.isfinite(X.to_numpy(dtype=float)).all():
        raise ValueError("An explorer needs numbers without gaps. Choose the numeric columns and drop missing values.")
    if len(X) > MOST_SAMPLES:
        raise ValueError(
            f"A browser redraws {MOST_SAMPLES} samples at once, but got {len(X)}. Take X.sample({MOST_SAMPLES})."
        )
    chosen = list(X.columns[:2] if features is None else features)
    if len(chosen) != 2 or not set(chosen) <= set(X.columns):
        raise ValueError(f"An explorer draws two of the columns {list(X.columns)}, but got {chosen}.")
    return chosen


def draw_mixture(gmm: GaussianMixture, X: pd.DataFrame, chosen: list[str], ax: Axes) -> None:
    """Draw what the browser draws, for readers of the static figure."""
    plot_responsibilities(X[chosen], gmm.predict_proba(X.to_numpy()), ax=ax)
    plot_ellipses(marginal(gmm, [X.columns.get_loc(name) for name in chosen]), coverage=COVERAGE, ax=ax)
    if legend := ax.get_legend():
        legend.remove()


def mixture_frame(gmm: GaussianMixture, X: pd.DataFrame, chosen: list[str]) -> dict[str, Any]:
    """Return a mixture as the browser needs it: densities take a product, ellipses a circle times a matrix."""
    covariances = covariance_matrices(gmm)
    roots = np.swapaxes(np.linalg.inv(np.linalg.cholesky(covariances)), 1, 2)
    log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    columns = [X.columns.get_loc(name) for name in chosen]
    view = np.linalg.cholesky(covariances[:, columns][:, :, columns])
    return {
        "mixture": {
            "constants": _plain(np.log(gmm.weights_) + log_det - X.shape[1] / 2 * np.log(2 * np.pi)),
            "means": _plain(gmm.means_),
            "roots": _plain(roots),
            "centres": _plain(gmm.means_[:, columns]),
            "ellipses": _plain(ellipse_radius(COVERAGE) * view),
        }
    }


def _plain(values: NDArray[Any]) -> list[Any]:
    """Return nested lists of ten digits, half as long to send as all seventeen."""
    return [_plain(row) for row in values] if np.ndim(values) > 1 else [float(f"{v:.10g}") for v in values]


def new_scene(
    name: str, X: pd.DataFrame, chosen: list[str], frames: list[Any], sides: list[Any], legend: list[Any]
) -> dict[str, Any]:
    """Return a scene without controls, as the browser takes it."""
    points = X[chosen].to_numpy(dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    ends = np.array([low, high]) + np.multiply.outer([-0.08, 0.08], high - low)
    kinds = range(max(len(COLOURS), *(len(frame["mixture"]["means"]) for frame in frames if "mixture" in frame), 0))
    return {
        "name": name,
        "chart": named_axes(name, *map(axis_label, chosen)) | limits(*ends.T.tolist()),
        "points": points.tolist(),
        "rows": X.to_numpy(dtype=float).tolist(),
        "frames": frames,
        "sides": sides,
        "legend": legend,
        "controls": [],
        "start": [0, 0],
        "look": {"colours": [colour_of(k) for k in kinds], "markers": [outline(marker_of(k), 8) for k in kinds]},
    }


def named_axes(title: str, x: str, y: str) -> dict[str, Any]:
    """Return the words at a chart: its title, its labels, and its alt text."""
    return {"title": title, "x": x, "y": y, "alt": f"{title}: {y} against {x}."}


def limits(xlim: Sequence[float], ylim: Sequence[float]) -> dict[str, Any]:
    """Return the ends of both axes, and round numbers between them as ticks."""
    return {"xlim": list(xlim), "ylim": list(ylim), "xticks": _ticks(xlim), "yticks": _ticks(ylim)}


def _ticks(ends: Sequence[float]) -> list[float]:
    low, high = ends
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [float(f"{tick:.6g}") for tick in ticks if low <= tick <= high]


def outline(marker: str, size: float) -> str:
    """Return a marker of matplotlib, `size` pixels across, as the path of an SVG."""
    style = MarkerStyle(marker)
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    parts = []
    for numbers, code in style.get_path().transformed(style.get_transform()).iter_segments():
        pairs = (numbers.reshape(-1, 2) * [size, -size]).round(2).tolist()
        parts.append("Z" if code == Outline.CLOSEPOLY else letters[code] + " ".join(f"{x},{y}" for x, y in pairs))
    return "".join(parts)


def marker_key(text: str, k: int) -> dict[str, Any]:
    """Return a legend's entry for the samples of component k."""
    return {"text": text, "d": outline(marker_of(k), 8), "fill": colour_of(k), "stroke-width": 0.8}


def line_key(text: str, colour: str, width: float = 1.6) -> dict[str, Any]:
    """Return a legend's entry for a line."""
    return {"text": text, "d": "M-12,0H12", "stroke": colour, "stroke-width": width}


def curve_key(curve: dict[str, Any]) -> dict[str, Any]:
    """Return a legend's entry for a curve of a chart, dashed like the curve."""
    return line_key(curve["name"], curve["colour"], 2.5) | {"stroke-dasharray": curve["dash"]}


def ring_key(text: str) -> dict[str, Any]:
    """Return a legend's entry for the ring that marks a place."""
    return {"text": text, "d": outline("o", 13), "stroke-width": 2.5}


def mixture_legend(k: int) -> list[dict[str, Any]]:
    """Return the legend of samples, means and ellipses of k components."""
    return [
        *(marker_key(f"component {j}", j) for j in range(k)),
        {"text": "no responsibility above 90%", "d": outline("o", 8), "fill": "white", "stroke-width": 2.4},
        {"text": "mean of a component", "d": "M-7,0H7M0,-7V7", "stroke-width": 2.5},
        {"text": f"ellipse that holds {PERCENT} of its component", "d": outline("o", 13), "fill": "#eeeeee"},
    ]


def show_scene(scene: dict[str, Any], alt: str, draw: Callable[[Axes, Axes], None]) -> None:
    """Show the scene where a kernel is alive, and the same as a figure, which carries the scene, everywhere else."""
    view = (Explorer(scene=scene)._repr_mimebundle_() or ({}, {}))[0]
    view.pop("text/plain", None)  # its address differs from run to run
    with figure(alt, 1, 2, size=(10, 4.2), live=view, scene=scene) as axes:
        draw(*axes)
