"""A detector's threshold: what it flags when it is allowed more or fewer false alarms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_curve

from gmmlab.explore.scene import (
    DARK,
    chosen_features,
    limits,
    line_key,
    marker_key,
    named_axes,
    new_scene,
    outline,
    ring_key,
    show_scene,
)
from gmmlab.novelty import threshold_outcomes
from gmmlab.plot import plot_clusters

RATES = tuple((np.arange(61) / 200).tolist())
"""False-alarm rates to choose from: 0 to 30% in steps of 0.5%."""

_HUGE = 1e300


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
    chosen = chosen_features(X, features)
    kinds, scores = np.asarray(anomalous).astype(int), np.asarray(scores, dtype=float)
    outcomes = threshold_outcomes(scores, anomalous, normal_scores, rates)
    if len(X) != len(scores):
        raise ValueError(f"Each sample has one score, but got {len(X)} samples and {len(scores)} scores.")
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
        **named_axes(
            "ROC: found against false alarms", f"false alarms (share of {names[0]})", f"share of {names[1]} found"
        ),
        **limits((-0.03, 1.03), (-0.03, 1.03)),
        "curves": [{"name": "ROC", "colour": DARK, "rows": np.column_stack([alarms, found]).tolist()}],
        "legend": [line_key("all thresholds", DARK), ring_key("where you are")],
    }
    legend = [marker_key(name, k) for k, name in enumerate(names)]
    legend.append({"text": "flagged", "d": outline("o", 8), "fill": "white", "stroke-width": 2.4})
    begin = int(np.abs(outcomes["rate"] - 0.05).argmin())
    scene = new_scene("Threshold explorer", X, chosen, frames, [side], legend) | {
        "controls": [
            {
                "kind": "slider",
                "label": "false alarms allowed",
                "values": [f"{100 * rate:.3g}%" for rate in outcomes["rate"]],
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
        f"{100 * at['rate']:.3g}% false alarms, or more, are ringed: {100 * at['recall']:.0f}% of the {names[1]}, "
        f"{100 * at['false_alarms']:.0f}% of the {names[0]}. Beside it the ROC curve of all thresholds with this one."
    )

    def draw(left: Axes, right: Axes) -> None:
        plot_clusters(X[chosen], np.asarray(names)[kinds], order=names, ax=left, legend=False)
        flagged: dict[str, Any] = {
            "markeredgecolor": DARK,
            "markerfacecolor": "none",
            "markeredgewidth": 2,
            "markersize": 9,
        }
        left.plot(*X.loc[scores <= at["threshold"], chosen].to_numpy().T, "o", label="flagged", **flagged)
        left.set_title(f"Flagged at {100 * at['rate']:.3g}% false alarms")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)
        right.plot(alarms, found, color=DARK)
        right.plot(at["false_alarms"], at["recall"], "o", markersize=14, markerfacecolor="none", color=DARK)
        right.set(xlabel=side["x"], ylabel=side["y"], title=side["title"])

    show_scene(scene, alt, draw)


def _outcome_in_words(row: dict[str, Any], kinds: NDArray[Any], names: tuple[str, str]) -> str:
    n, m = int((kinds == 0).sum()), int(kinds.sum())
    precise = f"{100 * row['precision']:.1f}%" if row["flagged"] else "not defined, since nothing is flagged"
    if np.isneginf(row["threshold"]):
        return "Nothing is flagged: the normal scores set apart are too few to promise so low a rate."
    return (
        f"Log density up to {row['threshold']:.2f} is flagged: {round(row['false_alarms'] * n)} of {n} {names[0]} "
        f"({100 * row['false_alarms']:.1f}% false alarms) and {round(row['recall'] * m)} of {m} {names[1]} "
        f"(recall {100 * row['recall']:.1f}%). Precision: {precise}."
    )
