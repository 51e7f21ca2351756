"""Short runs of EM, many at once: good enough to tell promising starts from poor ones.

They run in single precision on data in the space of the covariance type (`gmmlab.engine.spaces`), where the data have
a variance of about 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gmmlab.engine.covariances import TYPES, log_peak, single_precision_features
from gmmlab.engine.em_steps import to_responsibilities
from gmmlab.engine.expectation import split
from gmmlab.engine.mixtures import Mixtures
from gmmlab.engine.spaces import SINGLE_PRECISION

RACE, LEFT = 3, 4  # after so many iterations of short runs, the best quarter goes on, or so many at least
ALONE, NEW = 9, 6  # iterations of a new component alone, and how many of them go on
SIZES = (1, 1 / 4, 1 / 16)  # of the variance of a new component, in that of the one where it starts
LEAST = 1.3  # times d + 1 rows have to be owned by a new component
OVERLAP = 0.7  # new components that share a larger part of their rows are the same
BLOCK = 200_000  # responsibilities of a block of rows, which should stay in cache


def short_runs(V: np.ndarray, starts: Mixtures, n_iter: int, *, race: bool = True) -> tuple[Mixtures, np.ndarray]:
    """Run EM from many starts.

    Parameters
    ----------
    V : array of shape (n, d)
    starts : Mixtures
    n_iter : int
    race : bool
        Whether only the best quarter goes on after a few iterations.

    Returns
    -------
    ends : Mixtures
        In falling order of the likelihood; no start that lost a component is among them.
    mean_log_likelihoods : array of shape (r,)
    """
    features, old = single_precision_features(V, starts.type), starts
    mixtures, reached = starts, np.empty(0)
    for i in range(n_iter):
        if race and i == RACE:
            mixtures = mixtures.take(_leaders(reached, LEFT))
        old = mixtures.take(mixtures.alive(len(V)))
        if len(old) == 0:
            return old, np.empty(0)
        products, reached = _products(features, old)
        mixtures = _m_step(products, old.covariance_type, V.shape[1])
    order = np.argsort(-reached)
    return old.take(order), reached[order]


def add_component(V: np.ndarray, bases: Mixtures, tries: int, rng: np.random.RandomState) -> Mixtures:
    """Add a component to mixtures, by EM of the new component alone.

    It starts at a row drawn at random, as a copy of the component there, or a smaller one, that owns half of this row.
    An iteration costs no more than one component, so many starts can be tried.

    Parameters
    ----------
    V : array of shape (n, d)
    bases : Mixtures
    tries : int
        Rows for each mixture.
    rng : RandomState

    Returns
    -------
    Mixtures
        The likeliest few, in falling order, of which each new component owns other rows: at least 1.3 (d + 1). None of
        them may be left.

    References
    ----------
    Verbeek, Vlassis & Kröse 2003, Neural Computation 15, 469.
    """
    (n, d), features, shared = V.shape, single_precision_features(V, bases.type), bases.type.shared
    rows, of = rng.randint(n, size=(len(bases), tries)), np.repeat(np.arange(len(bases)), tries)
    log_density, owner = np.empty((len(rows), n), np.float32), np.empty_like(rows)
    for b, coefficients in enumerate(bases.coefficients()):
        responsibilities = coefficients @ features
        log_density[b] = to_responsibilities(responsibilities)
        owner[b] = responsibilities[:, rows[b]].argmax(axis=0)
    level, least = log_density.mean(axis=1, dtype=float), (0.5 if shared else LEAST * (d + 1)) / n
    new = _seeds(V[rows.ravel()], bases, of, owner.ravel())
    half = np.exp(log_density[of, rows.ravel()] - _log_peaks(new))
    new = replace(new, weights=half.clip(least, 0.5)[:, None])
    gain, shares = np.empty(0), np.empty((0, n), np.float32)
    for i in range(ALONE):
        shares = new.coefficients()[:, 0] @ features
        shares -= log_density[of]
        np.exp(np.minimum(shares, 50, out=shares), out=shares)  # more would overflow
        total = shares + (1 - new.weights).astype(np.float32)
        shares /= total
        gain = level[of] + np.log(total).mean(axis=1, dtype=float)
        products = (shares @ features.T).astype(float)
        step = replace(_m_step(products[:, None], bases.covariance_type, d), weights=products[:, :1] / n)
        step = replace(step, covariances=new.covariances) if shared else step
        alive = (step.weights[:, 0] >= least) & step.alive(n) & np.isfinite(gain)
        new, of, gain, shares = step.take(alive), of[alive], gain[alive], shares[alive]
        if i == RACE - 1:
            best = _leaders(gain, LEFT * NEW)
            new, of = new.take(best), of[best]
    kept: list[int] = []
    for r in np.argsort(-gain):
        if len(kept) < NEW and all(_overlap(shares[r], shares[other]) < OVERLAP for other in kept):
            kept.append(r)
    new, old = new.take(kept), bases.take(of[kept])
    return replace(old, weights=old.weights * (1 - new.weights)).with_components(new)


def _seeds(rows: np.ndarray, bases: Mixtures, of: np.ndarray, owner: np.ndarray) -> Mixtures:
    """Return mixtures of one component each, which lies at a row as a copy of the row's owner, or smaller."""
    if bases.type.shared:
        covariances = bases.covariances[of]
    else:
        covariances = bases.covariances[of, owner][:, None]
        covariances = covariances * np.resize(SIZES, len(of)).reshape(-1, *[1] * (covariances.ndim - 1))
    return Mixtures(np.ones((len(of), 1)), rows[:, None], covariances, bases.covariance_type)


def _log_peaks(new: Mixtures) -> np.ndarray:
    """Return the log density of mixtures of one component at its mean."""
    (r, _, d), log_det = new.means.shape, new.type.inverse(new.covariances, new.means.shape[-1])[1]
    return log_peak(new.weights[:, 0], d, log_det.reshape(r))


def _leaders(log_likelihood: np.ndarray, least: int) -> np.ndarray:
    """Return the numbers of the best quarter, or of so many at least."""
    return np.argsort(-log_likelihood)[: max(least, len(log_likelihood) // 4)]


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rows that two components share, as a part of all that they own."""
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())


def _products(features: np.ndarray, mixtures: Mixtures) -> tuple[np.ndarray, np.ndarray]:
    """Return responsibilities times features, shape (r, k, p), and the log-likelihood per row of each mixture."""
    (r, k), (p, n) = mixtures.weights.shape, features.shape
    # A common covariance gives all components the same squares: they matter to the likelihood only, and of their
    # products only the sum over components, which is that of all rows.
    own = 1 + mixtures.means.shape[-1] if mixtures.type.shared else p
    coefficients, squares = np.split(mixtures.coefficients(), [own], axis=-1)
    coefficients = coefficients.reshape(r * k, own)
    products, log_likelihood = np.zeros((r * k, own)), np.zeros(r)
    width = max(256, BLOCK // (r * k))
    for i in range(0, n, width):
        block = features[:own, i : i + width]
        shares = (coefficients @ block).reshape(r, k, -1)
        log_density = to_responsibilities(shares) + squares[:, 0] @ features[own:, i : i + width]
        log_likelihood += log_density.sum(axis=1, dtype=float)
        products += shares.reshape(r * k, -1) @ block.T
    common = np.broadcast_to(features[own:].sum(axis=1, dtype=float) / k, (r, k, p - own))
    return np.concatenate([products.reshape(r, k, own), common], axis=-1), log_likelihood / n


def _m_step(products: np.ndarray, covariance_type: str, d: int) -> Mixtures:
    kind = TYPES[covariance_type]
    counts, first, squares = split(products, d)
    return Mixtures(*kind.m_step(counts, first, kind.second(squares, d), SINGLE_PRECISION), covariance_type)
