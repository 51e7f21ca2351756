"""From components to clusters: components that overlap are merged, two at a time.

Of all pairs those two are merged whose union lowers the entropy of the responsibilities most (Baudry, Raftery, Celeux,
Lo & Gottardo 2010, Journal of Computational and Graphical Statistics 19, 332, section 3; ``clustCombi`` in R's mclust).
The density of the mixture does not change: a cluster is a sum of components.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from gmmlab.engine.rows import read_rows

ROUNDING = 1e-6
"""How far a row of responsibilities may sum from 1: those in single precision pass."""


class Merge(NamedTuple):
    """One step from components to clusters.

    Attributes
    ----------
    groups : tuple of tuple of int
        For each cluster, in the order of the columns of ``responsibilities``, the components that it consists of.
    responsibilities : ndarray of shape (n, n_clusters)
        Of the clusters.
    entropy : float
        Of these responsibilities, summed over the samples, in nats: 0 if no sample is doubtful.
    """

    groups: tuple[tuple[int, ...], ...]
    responsibilities: NDArray[np.float64]
    entropy: float


def merge_by_entropy(responsibilities: ArrayLike) -> list[Merge]:
    """Merge the components of a mixture, two at a time, until one cluster is left.

    Merging ``j`` and ``k`` adds their columns of responsibilities and lowers the entropy by

        sum_i h(r_ij) + h(r_ik) - h(r_ij + r_ik),  with  h(r) = -r log r,

    which is never negative. The pair with the largest decrease is merged. How many clusters to keep is not decided
    here: draw the entropy against the number of clusters, and look where it stops falling steeply.

    Parameters
    ----------
    responsibilities : array-like of shape (n, n_components)
        Not negative; each row sums to 1. This is what ``predict_proba`` returns.

    Returns
    -------
    list of Merge
        First the components as they are, then the clusters after each merge, down to one. A merged cluster takes
        the place of its first component.

    Raises
    ------
    ValueError
        If a row does not sum to 1 or a responsibility is negative.

    References
    ----------
    Baudry, J.-P., Raftery, A. E., Celeux, G., Lo, K., Gottardo, R. (2010). Combining mixture components for clustering.
    Journal of Computational and Graphical Statistics 19, 332-353. https://doi.org/10.1198/jcgs.2010.08111
    """
    r = _checked(responsibilities)
    steps = [Merge(tuple((k,) for k in range(r.shape[1])), r, float(entr(r).sum()))]
    while r.shape[1] > 1:
        j, k = _best_pair(r)
        groups = list(steps[-1].groups)
        groups[j] += groups.pop(k)
        r = np.delete(r, k, axis=1)
        r[:, j] += steps[-1].responsibilities[:, k]
        steps.append(Merge(tuple(groups), r, float(entr(r).sum())))
    return steps


def _best_pair(r: NDArray[np.float64]) -> tuple[int, int]:
    """Return the two columns, the first first, whose sum lowers the entropy most."""
    alone = entr(r).sum(axis=0)
    j, k = np.triu_indices(r.shape[1], 1)
    gains = [alone[a] + alone[b] - entr(r[:, a] + r[:, b]).sum() for a, b in zip(j, k, strict=True)]
    best = int(np.argmax(gains))
    return int(j[best]), int(k[best])


def _checked(responsibilities: ArrayLike) -> NDArray[np.float64]:
    r = read_rows(responsibilities, name="responsibilities")
    if r.min() < 0:
        raise ValueError(f"Responsibilities are shares between 0 and 1, but got {r.min():.3g}.")
    sums = r.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > ROUNDING:
        raise ValueError(
            f"The responsibilities of a sample sum to 1, but those of sample {worst} sum to {sums[worst]:.3g}. "
            "Give what `predict_proba` returns."
        )
    return r
