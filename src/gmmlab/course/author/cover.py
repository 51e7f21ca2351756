"""The picture at the head of the README and of the book; ``python -m gmmlab.course.author.cover`` draws it anew."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from gmmlab.course.author.book import COVER
from gmmlab.data import MEASURES, load_penguins
from gmmlab.engine.em_steps import em
from gmmlab.engine.parameters import Parameters
from gmmlab.figure import lab_style, png
from gmmlab.mixture import covariance_matrices, from_parameters
from gmmlab.plot import colour_of, ellipse, plot_clusters, plot_density, plot_regions

STEPS = (0, 1, 2, 4, 7, 12, 20, 35, 60, 100, 200, 400)
"""The iterations of EM that are drawn."""


def cover() -> Figure:
    """Draw the bills of the penguins three times: without names, while EM runs, and in three clusters."""
    birds = load_penguins().dropna(subset=MEASURES)[["bill_length_mm", "bill_depth_mm"]]
    path = list(em_path(birds.to_numpy()))
    with lab_style():
        fig, axes = plt.subplots(1, 3, figsize=(11.5, 4.2), sharex=True, sharey=True)
        for ax in axes[:2]:
            ax.plot(*birds.to_numpy().T, "o", color="#8a8a8a", markersize=4, markeredgewidth=0, alpha=0.7)
        _draw_path(axes[1], path)
        plot_regions(lambda plane: path[-1].predict(plane.to_numpy()), birds, ax=axes[2])
        plot_clusters(birds, path[-1].predict(birds.to_numpy()), ax=axes[2], legend=False)
        plot_density(path[-1], birds, masses=(0.5, 0.9), ax=axes[2])
        titles = (
            f"{len(birds)} penguins without names",
            "EM moves three Gaussians",
            "Three clusters and their borders",
        )
        for ax, title in zip(axes, titles, strict=True):
            ax.set(title=title, xlabel="bill length (mm)", ylabel="bill depth (mm)" if ax is axes[0] else "")
    return fig


def em_path(X: NDArray) -> Iterator[GaussianMixture]:
    """Yield the mixture after each of `STEPS` iterations of EM from three small circles far on the right."""
    centres = np.column_stack([np.quantile(X[:, 0], [0.8, 0.85, 0.9]), X[:, 1].mean() + np.array([1, -1, 0])])
    start = Parameters(np.full(3, 1 / 3), centres, np.tile(np.eye(2), (3, 1, 1)))
    for steps in STEPS:
        p = em(X, start, max_iter=steps, tol=0).parameters if steps else start
        yield from_parameters(p.weights, p.means, p.covariances)


def _draw_path(ax: plt.Axes, path: list[GaussianMixture]) -> None:
    """Draw every ellipse that a component had, the later the stronger, and the way of its mean."""
    for k in range(3):
        for n, gmm in enumerate(path):
            outline = ellipse(gmm.means_[k], covariance_matrices(gmm)[k], 0.9, colour_of(k))
            outline.set(facecolor="none", alpha=0.2 + 0.8 * n / (len(path) - 1), linewidth=1 + 1.5 * (gmm is path[-1]))
            ax.add_patch(outline)
        ax.plot(*np.array([gmm.means_[k] for gmm in path]).T, "-", color="#222222", linewidth=1)
        ax.plot(*path[-1].means_[k], "+", color="#222222", markersize=11, markeredgewidth=2)


if __name__ == "__main__":
    COVER.write_bytes(png(cover()))
