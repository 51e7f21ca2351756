"""Groups of rows by their counts, means and scatter: how they add up, and what a merger costs.

A group costs minus the log-likelihood of its rows under its own weighted Gaussian, up to a constant (Banfield &
Raftery 1993, Biometrics 49, 803). Joining the two groups that lose least, again and again, gives good starts for EM
(Fraley 1998, SIAM J. Sci. Comput. 20, 270).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from gmmlab.engine.covariances import FULL, TYPES, single_precision_features
from gmmlab.engine.expectation import split
from gmmlab.engine.mixtures import Mixtures
from gmmlab.engine.spaces import SINGLE_PRECISION

upper = lru_cache(maxsize=64)(np.triu_indices)  # numpy takes as long for it as for the arithmetic


class Groups(NamedTuple):
    """Counts of shape (...), means (..., d) and scatter matrices about the means (..., d, d)."""

    counts: np.ndarray
    means: np.ndarray
    scatter: np.ndarray

    def take(self, these: Any) -> Groups:
        """Return the groups chosen by numbers or by a mask."""
        return Groups(*(array[these] for array in self))

    def put(self, place: Any, group: Groups) -> None:
        """Replace a group in place."""
        for array, value in zip(self, group, strict=True):
            array[place] = value

    def joined(self, other: Groups) -> Groups:
        """Return the unions with other groups, pair by pair."""
        counts, apart = self.counts + other.counts, self.means - other.means
        lever = self.counts * other.counts / counts
        means = self.means - (other.counts / counts)[..., None] * apart
        outer = apart[..., :, None] * apart[..., None, :]
        return Groups(counts, means, self.scatter + other.scatter + lever[..., None, None] * outer)


Cost = Callable[[Groups], np.ndarray]
"""What groups cost."""


def pair_products(V: np.ndarray) -> np.ndarray:
    """Return what `groups_of` sums up, one column for each row of V: 1, x and x_i x_j with i <= j."""
    return single_precision_features(V, FULL)


def groups_of(shares: np.ndarray, products: np.ndarray, d: int) -> Groups:
    """Return the groups that own the rows by `shares`, shape (..., n); `products` comes from `pair_products`."""
    flat = shares.reshape(-1, shares.shape[-1]).astype(np.float32)  # one large product in place of many small ones
    sums = (flat @ products.T).astype(float).reshape(*shares.shape[:-1], -1)
    counts, first, squares = split(sums, d)
    counts = counts + 1e-9  # an empty group is not divided by zero
    means = first / counts[..., None]
    outer = means[..., :, None] * means[..., None, :]
    return Groups(counts, means, FULL.second(squares, d) - counts[..., None, None] * outer)


def common_covariance(groups: Groups) -> np.ndarray:
    """Return the covariance within groups, shape (..., d, d), towards which small groups are shrunk."""
    d = groups.means.shape[-1]
    total = groups.counts.sum(axis=-1)[..., None, None]
    return np.asarray(groups.scatter.sum(axis=-3) / total + SINGLE_PRECISION * np.eye(d))


def mixtures_of(groups: Groups, covariance_type: str, prior_rows: int | None = None) -> Mixtures:
    """Return the mixtures whose components are groups of shape (r, k).

    Each covariance is shrunk by some rows that have the common one, by default d + 1, so that small groups have one
    too.
    """
    counts, d = groups.counts, groups.means.shape[-1]
    common, prior = common_covariance(groups), d + 1 if prior_rows is None else prior_rows
    own = (groups.scatter + prior * common[..., None, :, :]) / (counts + prior)[..., None, None]
    covariances = TYPES[covariance_type].of_matrices(own + SINGLE_PRECISION * np.eye(d), common)
    return Mixtures(counts / counts.sum(axis=-1, keepdims=True), groups.means, covariances.copy(), covariance_type)


def cost_of(covariance_type: str, common: np.ndarray) -> Cost:
    """Return the function that says what groups cost, given the covariance within all groups."""
    spread = TYPES[covariance_type].group_cost(common)
    return lambda g: spread(g.counts, g.scatter) / 2 - g.counts * np.log(g.counts)


def merge(groups: Groups, k: int, cost: Cost) -> Groups:
    """Join the two groups that lose least, until k are left; `cost` comes from `cost_of`."""
    groups = Groups(*(array.copy() for array in groups))
    own, left = cost(groups), np.arange(len(groups.counts))
    loss = np.full((len(left), len(left)), np.inf)
    i, j, _, loss[i, j] = _unions(groups, cost)
    while len(left) > k:
        a, b = divmod(int(loss.argmin()), len(loss))
        groups.put(a, groups.take(a).joined(groups.take(b)))
        own[a] = cost(groups.take([a]))[0]
        loss[b], loss[:, b], left = np.inf, np.inf, left[left != b]
        others = left[left != a]
        changed = cost(groups.take(np.full(len(others), a)).joined(groups.take(others))) - own[a] - own[others]
        loss[np.minimum(a, others), np.maximum(a, others)] = changed
    return groups.take(left)


def join_components(V: np.ndarray, responsibilities: np.ndarray, k: int, covariance_type: str, ways: int) -> Groups:
    """Return k groups made of the components of another mixture by joining, in the ways that lose least.

    Parameters
    ----------
    V : array of shape (n, d)
    responsibilities : array of shape (K, n)
        Of the other mixture's components, of which there are at least k.
    k : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    ways : int
        How many at most to return. They differ in the last two that are joined.

    Returns
    -------
    Groups
        Of shape (ways, k), or less.
    """
    groups = groups_of(responsibilities, pair_products(V), V.shape[1])
    if len(responsibilities) == k:
        return Groups(*(array[None] for array in groups))
    cost = cost_of(covariance_type, common_covariance(groups))
    groups = merge(groups, k + 1, cost)
    i, j, unions, loss = _unions(groups, cost)
    return _stacked([_joined(groups, i[p], j[p], unions.take(p)) for p in np.argsort(loss)[:ways]])


def cut_components(V: np.ndarray, responsibilities: np.ndarray, covariance_type: str, ways: int) -> Groups:
    """Return groups made of the components of another mixture by cutting one, in the ways that gain most.

    A component is cut at its mean, across the axis where that gains most.

    Parameters
    ----------
    V : array of shape (n, d)
    responsibilities : array of shape (K, n)
    covariance_type : {"full", "tied", "diag", "spherical"}
    ways : int
        How many at most to return.

    Returns
    -------
    Groups
        Of shape (ways, K + 1), or less: none, if no component has rows enough.
    """
    products, (n, d), k = pair_products(V), V.shape, len(responsibilities)
    groups = groups_of(responsibilities, products, d)
    cost, axes = cost_of(covariance_type, common_covariance(groups)), np.linalg.eigh(groups.scatter)[1]
    side = np.stack([((V - mean) @ axis).T > 0 for mean, axis in zip(groups.means, axes, strict=True)])
    near, far = (
        groups_of((responsibilities[:, None] * which).reshape(k * d, n), products, d) for which in (side, ~side)
    )
    usable = np.minimum(near.counts, far.counts) > d + 1
    gain = np.where(usable, np.repeat(cost(groups), d) - cost(near) - cost(far), -np.inf).reshape(k, d)
    cuts = [int(j) for j in np.argsort(-gain.max(axis=1))[:ways] if np.isfinite(gain[j].max())]
    best = np.array([j * d + gain[j].argmax() for j in cuts], dtype=int)
    whole = Groups(*(np.repeat(array[None], len(cuts), axis=0) for array in groups))
    whole.put((np.arange(len(cuts)), cuts), near.take(best))
    return Groups(*(np.concatenate([a, b[:, None]], axis=1) for a, b in zip(whole, far.take(best), strict=True)))


def _joined(groups: Groups, i: int, j: int, union: Groups) -> Groups:
    """Return the groups with the union in the place of two."""
    groups = Groups(*(array.copy() for array in groups))
    groups.put(i, union)
    return groups.take(np.arange(len(groups.counts)) != j)


def _stacked(groups: Sequence[Groups]) -> Groups:
    """Return groups of the same number as one, of shape (r, k)."""
    return Groups(*(np.stack(arrays) for arrays in zip(*groups, strict=True)))


def _unions(groups: Groups, cost: Cost) -> tuple[np.ndarray, np.ndarray, Groups, np.ndarray]:
    """Return the numbers i and j of all pairs of groups, their unions, and what is lost by joining them."""
    own, (i, j) = cost(groups), upper(len(groups.counts), 1)
    unions = groups.take(i).joined(groups.take(j))
    return i, j, unions, cost(unions) - own[i] - own[j]
