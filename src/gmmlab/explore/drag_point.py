"""A point to drag over the data, and its responsibilities."""

import pandas as pd
from matplotlib.axes import Axes
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted

from gmmlab.explore.scene import (
    DARK,
    PERCENT,
    chosen_features,
    draw_mixture,
    mixture_frame,
    mixture_legend,
    new_scene,
    show_scene,
)
from gmmlab.mixture import covariance_matrices, from_parameters
from gmmlab.plot import colour_of


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
    chosen, k = chosen_features(X, None), len(gmm.weights_)
    gmm = from_parameters(gmm.weights_, gmm.means_, covariance_matrices(gmm))  # which asks for no names
    shares = gmm.predict_proba(X.to_numpy())
    doubtful = int(shares.max(axis=1).argmin())
    probe = X.iloc[doubtful].to_numpy()
    frames = [mixture_frame(gmm, X, chosen) | {"marks": [], "text": ""}]
    scene = new_scene("Responsibilities of a point", X, chosen, frames, [], mixture_legend(k))
    scene["probe"] = probe.tolist()
    words = ", ".join(f"{share:.2f} to component {j}" for j, share in enumerate(shares[doubtful]))
    alt = (
        f"{len(X)} samples in the colours of {k} components with their ellipses, and a ring round the sample that the "
        f"mixture doubts most. Beside it the responsibilities of this sample as bars: {words}."
    )

    def draw(left: Axes, right: Axes) -> None:
        draw_mixture(gmm, X, chosen, left)
        left.plot(*probe, "o", markersize=17, markerfacecolor="none", markeredgewidth=2.5, color=DARK)
        left.set_title(f"Ringed: most in doubt; ellipses hold {PERCENT}")
        right.bar(range(k), shares[doubtful], color=[colour_of(j) for j in range(k)], edgecolor=DARK)
        right.set_xticks(range(k), [f"component {j}" for j in range(k)])
        right.set(xlabel="component", ylabel="responsibility", ylim=(0, 1), title="Its responsibilities")

    show_scene(scene, alt, draw)
