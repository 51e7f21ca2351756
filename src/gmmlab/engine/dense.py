"""Where rows lie denser than a mixture says: balls about rows that hold more rows than the mixture expects there.

k-means seldom starts a component in a small dense group within a broad cloud, a row drawn at random seldom lies in one,
and EM seldom shrinks a wide component to it.
"""

from __future__ import annotations

import numpy as np

from gmmlab.engine.em_steps import e_step
from gmmlab.engine.groups import Groups, cost_of, cut_components, join_components, merge, mixtures_of
from gmmlab.engine.mixtures import Mixtures
from gmmlab.engine.parameters import Parameters
from gmmlab.engine.races import short_runs
from gmmlab.engine.spaces import SINGLE_PRECISION, Sample

JOINS, SETTLE = 6, 2  # ways to join two components, and iterations that tell which loses least
ALONE = 4  # groups of which each is tried as the only one that is added


def densest_groups(sample: Sample, p: Parameters, most: int) -> Groups:
    """Return the rows in the balls whose numbers of rows are most surprising; none holds the centre of another.

    Surprise is the log-likelihood ratio of Poisson counts (Kulldorff 1997, Commun. Stat. 26, 1481).

    Parameters
    ----------
    sample : Sample
    p : Parameters
        The mixture, in the space of its type, which says how many rows a ball should hold.
    most : int

    Returns
    -------
    Groups
        Of shape (most,), or less.
    """
    V, balls = sample.rows[p.type.invariance], sample.balls
    m = balls.sizes
    rarity = -e_step(V, p)[1][balls.rows].astype(float)
    rarest = rarity.max(axis=1, keepdims=True)
    # Where the mixture is right, the harmonic mean of its density at the rows of a ball is its mean in the ball.
    log_rarity = rarest + np.log(np.cumsum(np.exp(rarity - rarest), axis=1)[:, m - 1] / m)
    ratio = np.log(m / len(V)) + log_rarity - balls.log_volumes - sample.log_scales[p.type.invariance]
    surprise = m * np.where(ratio > 0, ratio - 1 + np.exp(-ratio.clip(0)), 0)  # ratio: log of observed to expected
    size, surprise, groups = surprise.argmax(axis=1), surprise.max(axis=1), list[np.ndarray]()
    inside = np.arange(balls.rows.shape[1]) < m[size][:, None]
    while len(groups) < most and surprise.max() > 0:
        i = int(surprise.argmax())
        mine = balls.rows[i][inside[i]]
        surprise[mine[mine < len(surprise)]] = 0
        surprise[(inside & (balls.rows == i)).any(axis=1)] = 0
        groups.append(V[mine].astype(float))
    counts, means = np.array([float(len(g)) for g in groups]), np.array([g.mean(axis=0) for g in groups])
    scatter = [(g - mean).T @ (g - mean) for g, mean in zip(groups, means, strict=True)]
    return Groups(counts, means, np.array(scatter))


def dense_starts(sample: Sample, base: Parameters) -> list[Mixtures]:
    """Return starts made of a mixture: some components are joined, and another is cut or the densest groups are added.

    Where another is cut, the two that are joined are those whose union is the likeliest mixture: the cost of groups,
    which own each row whole, would rather join a small dense group with the broad cloud about it.

    Parameters
    ----------
    sample : Sample
    base : Parameters
        In the space of its type.

    Returns
    -------
    list of Mixtures
        With as many components: those with a cut, with one of the densest groups, with two, with four, and so on.
    """
    k, name, rows = len(base.weights), base.covariance_type, sample.few(base.type.invariance, len(base.weights))
    joined = join_components(rows, e_step(rows, base)[0].T, k - 1, name, JOINS)
    settled, _ = short_runs(rows, mixtures_of(joined, name, prior_rows=0), SETTLE, race=False)
    starts = list[Mixtures]()
    if len(settled):
        cut = cut_components(rows, e_step(rows, settled.parameters(0))[0].T, name, ALONE)
        if len(cut.counts):
            starts.append(mixtures_of(cut, name, prior_rows=0))
    whole = _groups_of(base, len(sample.rows[base.type.invariance]))
    cost = cost_of(name, SINGLE_PRECISION * np.eye(base.means.shape[1]))  # components of a mixture need no shrinkage
    for added in [2**i for i in range((k - 1).bit_length()) if len(sample.balls.sizes)]:
        few = merge(whole, k - added, cost)
        new = densest_groups(sample, _mixture_of(few, name).parameters(0), ALONE if added == 1 else added)
        for i in range(0, len(new.counts) + 1 - added, added):
            both = zip(few, new.take(slice(i, i + added)), strict=True)
            starts.append(_mixture_of(Groups(*map(np.concatenate, both)), name))
    return starts


def _mixture_of(groups: Groups, covariance_type: str) -> Mixtures:
    """Return the mixture whose components are groups of shape (k,), as a batch."""
    return mixtures_of(Groups(*(array[None] for array in groups)), covariance_type, prior_rows=0)


def _groups_of(p: Parameters, n: int) -> Groups:
    """Return the groups that the components of a mixture stand for."""
    counts = n * p.weights
    return Groups(counts, p.means, counts[:, None, None] * p.type.matrices(p.covariances, *p.means.shape))
