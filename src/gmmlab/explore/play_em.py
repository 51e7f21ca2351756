"""EM in motion: step or play through its iterations, from one of several random starts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gmmlab.explore.scene import (
    DARK,
    PALE,
    PERCENT,
    chosen_features,
    draw_mixture,
    limits,
    line_key,
    mixture_frame,
    mixture_legend,
    named_axes,
    new_scene,
    ring_key,
    show_scene,
)
from gmmlab.mixture import as_mixture, follow_em, random_parameters


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
        Number of seeds to start from, as in `random_parameters`.
    iterations : int
        Number of iterations from each start.

    Raises
    ------
    ValueError
        If X, the features or a number is out of range.
    """
    chosen = chosen_features(X, features)
    if starts < 1:
        raise ValueError(f"EM in motion needs at least one start, but got {starts}.")
    beginnings = [random_parameters(X, n_components, covariance_type, seed) for seed in range(starts)]
    runs = [follow_em(X, beginning, iterations) for beginning in beginnings]
    paths = np.array([path for _, path in runs])
    frames = [
        mixture_frame(as_mixture(state), X, chosen)
        | {
            "marks": [[seed, i, float(path[i])]],
            "text": f"Seed {seed}, after {i} of {iterations} iterations: log-likelihood {path[i]:.2f}.",
        }
        for seed, (states, path) in enumerate(runs)
        for i, state in enumerate(states)
    ]
    best, worst = paths[:, -1].max(), paths[:, -1].min()
    span = max(best - worst, 0.1 * (best - paths.min()))
    curves = [{"name": f"seed {s}", "colour": PALE, "rows": list(enumerate(path))} for s, path in enumerate(paths)]
    side = {
        **named_axes("Log-likelihood of all starts", "iteration", "log-likelihood"),
        **limits((0, iterations), (best - 1.5 * span, best + 0.1 * span)),
        "curves": curves,
        "grows": True,
        "legend": [
            line_key("a start", PALE),
            line_key("the start that you see", DARK, width=3),
            ring_key("where you are"),
        ],
    }
    scene = new_scene("EM in motion", X, chosen, frames, [side], mixture_legend(n_components)) | {
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
        draw_mixture(as_mixture(runs[seed][0][-1]), X, chosen, left)
        left.set_title(f"Seed {seed}, iteration {iterations}; ellipses hold {PERCENT}")
        right.plot(paths.T, color=PALE)
        right.plot(paths[seed], color=DARK, linewidth=3, label=f"seed {seed}")
        right.set(xlabel="iteration", ylabel="log-likelihood", title=side["title"], ylim=side["ylim"])
        right.legend(loc="lower right")

    show_scene(scene, alt, draw)
