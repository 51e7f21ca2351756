"""Drawing, with one palette.

Every ``plot_...`` function draws what it is given on one Axes and returns that Axes. None fits or changes
a model. Component ``k`` has the same colour and the same marker in every figure.
"""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture

from gmmlab.data import AXIS_LABELS
from gmmlab.mixture import covariance_matrices, density_levels, ellipse_radius, from_parameters

COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""Colour of component k (Petroff 2021, arXiv:2107.02270), safe for colour-blind readers."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
"""Marker of component k, so that no reader depends on colour."""

_EDGE = "#222222"
_POINTS: dict[str, Any] = {
    "linestyle": "none",
    "markersize": 5.5,
    "markeredgecolor": _EDGE,
    "markeredgewidth": 0.4,
    "alpha": 0.8,
}


def colour_of(k: int) -> str:
    """Return the colour of component ``k``; after ten components the colours begin again."""
    return COLOURS[k % len(COLOURS)]


def marker_of(k: int) -> str:
    """Return the marker of component ``k``; each round of colours shifts it, so that pairs stay distinct."""
    return MARKERS[(k + k // len(COLOURS)) % len(MARKERS)]


def plot_clusters(
    X: pd.DataFrame,
    labels: ArrayLike,
    *,
    order: Sequence[Any] | None = None,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw samples of two features, a colour and a marker for each cluster or class.

    Parameters
    ----------
    X : DataFrame of shape (n, 2)
        The two features to draw.
    labels : array-like of shape (n,)
        Cluster numbers, or names. Number ``k`` has the colour of component ``k``; names have the colours
        of their places in ``order``.
    order : sequence, optional
        All names that may occur. Default: the names in ``labels``, sorted.
    ax : Axes, optional
        Where to draw. Default: the current Axes.
    legend : bool
        Whether to draw the legend.

    Returns
    -------
    Axes
    """
    ax = _axes_for(X, ax)
    labels = np.asarray(labels)
    for place, label in _places(labels, order):
        members = X[labels == label].to_numpy()
        style: dict[str, Any] = {"color": colour_of(place), "marker": marker_of(place)}
        name = f"component {label}" if type(label) is int and label >= 0 else str(label)
        ax.plot(*members.T, **_POINTS, **style, label=name)
    if legend:
        ax.legend()
    return ax


def _places(labels: NDArray[Any], order: Sequence[Any] | None) -> list[tuple[int, int | str]]:
    """Pair each label that occurs with its place in the palette."""
    present = np.unique(labels).tolist()
    if order is not None:
        unknown = [label for label in present if label not in list(order)]
        if unknown:
            raise ValueError(f"Every label must be in the order {list(order)}, but got {unknown}.")
        return [(place, label) for place, label in enumerate(order) if label in present]
    if all(type(label) is int for label in present):
        # A negative number (an outlier, an unmatched cluster) is no component: it takes a place after them.
        return [(label if label >= 0 else max(present) - label, label) for label in present]
    return list(enumerate(present))


def plot_ellipses(gmm: GaussianMixture, *, coverage: float | Sequence[float] = 0.9, ax: Axes | None = None) -> Axes:
    """Draw for each component of a two-dimensional mixture its mean and the ellipse of a stated coverage.

    The axes of an ellipse are the eigenvectors of the covariance; its half-lengths are the roots of the
    eigenvalues times the radius that holds the coverage.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted on two features; take ``marginal(gmm, features)`` of a mixture of more.
    coverage : float or sequence of float
        Share of each component inside its ellipse; the legend says it.
    ax : Axes, optional
        Where to draw. Default: the current Axes.

    Returns
    -------
    Axes
    """
    ax = plt.gca() if ax is None else ax
    _check_two(gmm.means_.shape[1])
    shares = np.atleast_1d(coverage).astype(float)
    for k, (mean, covariance) in enumerate(zip(gmm.means_, covariance_matrices(gmm), strict=True)):
        for share in shares:
            ax.add_patch(ellipse(mean, covariance, share, colour_of(k)))
        ax.plot(*mean, marker="+", color=_EDGE, markersize=11, markeredgewidth=2, linestyle="none")
    handles, names = ax.get_legend_handles_labels()
    text = " and ".join(f"{100 * share:.3g}%" for share in shares)
    handles.append(Line2D([], [], linestyle="none", color=_EDGE, marker="+", markersize=9, markeredgewidth=2))
    handles.append(Ellipse((0, 0), 1, 1, facecolor="#eeeeee", edgecolor=_EDGE))
    ax.legend(handles=handles, labels=[*names, "mean of a component", f"holds {text} of it"])
    ax.autoscale_view()
    return ax


def ellipse(mean: NDArray[Any], covariance: NDArray[Any], coverage: float, colour: str) -> Ellipse:
    """Return the ellipse that holds a share of a two-dimensional Gaussian."""
    lengths, directions = np.linalg.eigh(covariance)
    width, height = 2 * ellipse_radius(coverage) * np.sqrt(lengths)
    angle = np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
    centre = float(mean[0]), float(mean[1])
    return Ellipse(centre, width, height, angle=angle, facecolor=(*to_rgb(colour), 0.15), edgecolor=colour, linewidth=2)


def plot_density(
    gmm: GaussianMixture,
    X: pd.DataFrame,
    *,
    masses: Sequence[float] = (0.5, 0.9, 0.99),
    ax: Axes | None = None,
) -> Axes:
    """Draw contours of a two-dimensional density, each holding a stated share of the probability.

    Parameters
    ----------
    gmm : GaussianMixture
        Fitted on two features; take ``marginal(gmm, features)`` of a mixture of more.
    X : DataFrame of shape (n, 2)
        Its columns name the axes.
    masses : sequence of float
        Share of the mixture's mass inside each contour, written on the line.
    ax : Axes, optional
        Where to draw. Default: the current Axes.

    Returns
    -------
    Axes
    """
    ax = _axes_for(X, ax)
    _check_two(gmm.means_.shape[1])
    sd = np.sqrt(np.diagonal(covariance_matrices(gmm), axis1=1, axis2=2))
    low, high = (gmm.means_ - 4.5 * sd).min(axis=0), (gmm.means_ + 4.5 * sd).max(axis=0)
    x, y, grid = _grid(low, high, X.columns)
    density = np.exp(_nameless(gmm).score_samples(grid.to_numpy())).reshape(len(y), len(x))
    falling = sorted(masses, reverse=True)
    levels = density_levels(density, falling)
    lines = ax.contour(x, y, density, levels=levels, colors=_EDGE, linewidths=np.linspace(1, 2, len(levels)))
    text = dict(zip(levels.tolist(), [f"{100 * mass:.3g}%" for mass in falling], strict=True))
    for label in ax.clabel(lines, fmt=text, fontsize=9, zorder=4):
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
    return ax


def plot_regions(
    predict: Callable[[pd.DataFrame], ArrayLike],
    X: pd.DataFrame,
    *,
    order: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Shade the plane by the label that a model predicts there, and draw the boundaries between labels.

    Parameters
    ----------
    predict : callable
        From a DataFrame of the two columns of ``X`` to one label a row, for example ``gmm.predict``.
    X : DataFrame of shape (n, 2)
        Samples: they fix the extent and the names of the axes. They are not drawn.
    order : sequence, optional
        All names that may occur, as in `plot_clusters`.
    ax : Axes, optional
        Where to draw. Default: the current Axes.

    Returns
    -------
    Axes
    """
    ax = _axes_for(X, ax)
    values = X.to_numpy()
    margin = 0.08 * np.ptp(values, axis=0)
    x, y, grid = _grid(values.min(axis=0) - margin, values.max(axis=0) + margin, X.columns)
    labels = np.asarray(predict(grid))
    place = np.zeros(len(labels))
    for k, label in _places(labels, order):
        place[labels == label] = k
    place = np.reshape(place, (len(y), len(x)))
    last = int(place.max()) + 1
    colours = ListedColormap([colour_of(k) for k in range(last)])
    ax.pcolormesh(x, y, place, cmap=colours, vmin=-0.5, vmax=last - 0.5, alpha=0.22, shading="nearest")
    for k in np.unique(place)[:-1]:
        ax.contour(x, y, place == k, levels=[0.5], colors=_EDGE, linewidths=0.8)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    return ax


def plot_responsibilities(X: pd.DataFrame, responsibilities: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw each sample in the mixture of the components' colours that its responsibilities give.

    The marker is that of the most probable component; samples that no component owns at 90 % have a
    thick edge, so that doubt shows without colour.

    Parameters
    ----------
    X : DataFrame of shape (n, 2)
        The two features to draw.
    responsibilities : array-like of shape (n, k)
        Rows that sum to one, as from ``gmm.predict_proba``.
    ax : Axes, optional
        Where to draw. Default: the current Axes.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the rows do not sum to one.
    """
    ax = _axes_for(X, ax)
    shares = np.asarray(responsibilities, dtype=float)
    if shares.ndim != 2 or not np.allclose(shares.sum(axis=1), 1):
        raise ValueError("Responsibilities are one row a sample that sums to one, as from gmm.predict_proba(X).")
    colours = np.clip(shares @ [to_rgb(colour_of(k)) for k in range(shares.shape[1])], 0, 1)
    owner, doubtful = shares.argmax(axis=1), shares.max(axis=1) < 0.9
    for k in range(shares.shape[1]):
        mine = owner == k
        edges = np.where(doubtful[mine], 1.8, 0.3)
        ax.scatter(
            X[mine].iloc[:, 0],
            X[mine].iloc[:, 1],
            c=colours[mine],
            marker=marker_of(k),
            s=34,
            edgecolors=_EDGE,
            linewidths=edges.tolist(),
        )
    handles = [
        Line2D([], [], linestyle="none", marker=marker_of(k), color=colour_of(k), markeredgecolor=_EDGE)
        for k in range(shares.shape[1])
    ]
    names = [f"component {k}" for k in range(shares.shape[1])]
    handles.append(
        Line2D([], [], linestyle="none", marker="o", color="white", markeredgecolor=_EDGE, markeredgewidth=1.8)
    )
    ax.legend(handles=handles, labels=[*names, "none above 90%"])
    return ax


def axis_label(column: str) -> str:
    """Return what to write on the axis of a column: its name in words with the unit, if the lab knows it."""
    return AXIS_LABELS.get(column, str(column))


def _axes_for(X: pd.DataFrame, ax: Axes | None) -> Axes:
    """Return the Axes with the labels of the two columns of ``X``."""
    _check_two(X.shape[1])
    ax = plt.gca() if ax is None else ax
    x, y = X.columns
    ax.set(xlabel=axis_label(x), ylabel=axis_label(y))
    return ax


def _check_two(n_features: int) -> None:
    if n_features != 2:
        raise ValueError(
            f"This figure draws two features, but got {n_features}. Choose two columns of the data, and "
            "marginal(gmm, features) of the mixture."
        )


def _grid(low: ArrayLike, high: ArrayLike, columns: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any], pd.DataFrame]:
    """Return 300 values along each axis, and all their pairs as rows."""
    x, y = np.linspace(np.asarray(low, dtype=float), np.asarray(high, dtype=float), 300).T
    across, up = np.meshgrid(x, y)
    return x, y, pd.DataFrame(np.column_stack([across.ravel(), up.ravel()]), columns=columns)


def _nameless(gmm: GaussianMixture) -> GaussianMixture:
    """Return the mixture without feature names, so that it takes plain arrays without a warning."""
    return from_parameters(gmm.weights_, gmm.means_, covariance_matrices(gmm))
