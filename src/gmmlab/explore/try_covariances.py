"""Covariance types side by side: what a type and a number of components make of the data, and what they cost."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmmlab.explore.scene import (
    DARK,
    PERCENT,
    chosen_features,
    curve_key,
    draw_mixture,
    limits,
    mixture_frame,
    mixture_legend,
    named_axes,
    new_scene,
    outline,
    ring_key,
    show_scene,
)
from gmmlab.mixture import COVARIANCE_TYPES, as_mixture, search_with_fits, sort_components
from gmmlab.plot import colour_of, marker_of

_COSTS = {
    "bic": ("BIC of each type", "BIC (lower is better)"),
    "held_out": ("Held-out log-likelihood", "per sample (higher is better)"),
}
_DASHES = {"full": "none", "tied": "7 4", "diag": "8 3 2 3", "spherical": "2 3"}
_STROKES = {"full": "-", "tied": "--", "diag": "-.", "spherical": ":"}


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
        Seed of starts and folds, as in `gmmlab.mixture.search`.

    Raises
    ------
    ValueError
        If X, the features or a number is out of range.
    """
    chosen, numbers = chosen_features(X, features), sorted(set(n_components))
    if not numbers:
        raise ValueError("The explorer needs at least one number of components, but got none.")
    table, found = search_with_fits(X, numbers, held_out=held_out, random_state=random_state)
    table = table.set_index(["covariance_type", "n_components"]).sort_index()
    mixtures = {cell: sort_components(as_mixture(fit.parameters)) for cell, fit in found.items()}
    names = [(kind, k) for kind in COVARIANCE_TYPES for k in numbers]
    best, closest = table["bic"].idxmin(), table["held_out"].idxmax()
    frames = [
        mixture_frame(mixtures[k, kind], X, chosen)
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
                "marker": outline(marker_of(place), 6),
                "rows": [[k, float(table.at[(kind, k), column])] for k in numbers],
            }
            for place, kind in enumerate(COVARIANCE_TYPES)
        ]
        ends = np.quantile(table[column], [0, 0.6] if column == "bic" else [0.4, 1])  # poor models need not show
        margin = 0.1 * np.ptp(ends)
        sides.append(
            named_axes(title, "number of components", label)
            | limits((numbers[0] - 0.3, numbers[-1] + 0.3), (ends[0] - margin, ends[1] + margin))
            | {"curves": curves, "legend": [*(curve_key(c) for c in curves), ring_key("where you are")]}
        )
    scene = new_scene("Covariance explorer", X, chosen, frames, sides, mixture_legend(numbers[-1])) | {
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
        draw_mixture(mixtures[best[::-1]], X, chosen, left)
        left.set_title(f"Lowest BIC: {best[0]}, {best[1]}; ellipses hold {PERCENT}")
        for place, kind in enumerate(COVARIANCE_TYPES):
            style: dict[str, Any] = {"color": colour_of(place), "marker": marker_of(place), "linestyle": _STROKES[kind]}
            right.plot(numbers, table.loc[kind, "bic"].loc[numbers], label=kind, **style)
        right.plot(best[1], table.at[best, "bic"], "o", markersize=16, markerfacecolor="none", color=DARK)
        right.set(xlabel="number of components", ylabel="BIC (lower is better)", title="BIC of each type")
        right.set(ylim=sides[0]["ylim"])
        right.legend()

    show_scene(scene, alt, draw)


def _cost_in_words(row: pd.Series, name: tuple[str, int], best: tuple[str, int]) -> str:
    lowest = "the lowest" if name == best else f"the lowest is that of {best[0]} with {best[1]}"
    fallen = " One component has collapsed: its likelihood means nothing." if row["degenerate"] else ""
    return (
        f"{name[0]} with {name[1]} components: {row['n_parameters']} free parameters, "
        f"log-likelihood {row['log_likelihood']:.1f}, BIC {row['bic']:.1f} ({lowest}), "
        f"held-out log-likelihood {row['held_out']:.3f} per sample.{fallen}"
    )
