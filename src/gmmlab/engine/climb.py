"""Climb to an optimum of the likelihood: many short runs at once, and one long run with acceleration.

Both take EM steps on data in a space where the covariance of the data is about the identity, so one tiny
regularisation fits all data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gmmlab.engine.em import m_step, statistics, to_responsibilities
from gmmlab.engine.moments import SINGLE, pair_products, symmetric, upper
from gmmlab.engine.parameters import Parameters

REG_COVAR = 1e-8
"""Added to the variances, as a share of the variance of the data: too small to bias, large enough to go on."""

MEMORY = 5  # steps that the acceleration looks back; measured: 3 is slower, 10 no faster
LONGEST_REST = 16  # plain steps after an acceleration that failed again and again
RACE, LEFT = 3, 4  # after so many iterations of short runs, the best quarter goes on, or so many at least
ALONE, NEW = 9, 6  # iterations of a new component alone, and how many of them go on
SIZES = (1, 1 / 4, 1 / 16)  # of the variance of a new component, in that of the one where it starts
LEAST = 1.3  # times d + 1 rows have to be owned by a new component
OVERLAP = 0.7  # new components that share a larger part of their rows are the same
BLOCK = 200_000  # responsibilities of a block of rows, which should stay in cache


class Climb(NamedTuple):
    """Where a long run ended."""

    parameters: Parameters
    log_likelihood: float
    n_iter: int
    converged: bool


def climb(V: np.ndarray, start: Parameters, max_iter: int, tol: float, goal: float = -np.inf) -> Climb:
    """Run EM with Anderson acceleration, which needs three to fifteen times fewer steps near the optimum.

    An EM step maps parameters x to f(x). The next x is the combination of the last few f(x) whose residuals
    f(x) - x cancel best (Walker & Ni 2011, SIAM J. Numer. Anal. 49, 1715, algorithm AA). Where the likelihood
    falls or a covariance is no longer positive definite, the run goes back to the plain EM step, which never falls.

    Parameters
    ----------
    V : array of shape (n, d)
    start : Parameters
    max_iter : int
    tol : float
        The run ends when two steps in a row gain less, in log-likelihood per row.
    goal : float
        It also ends when as many steps as are left, each as long as the longer of the last two, would not lead there.
    """
    x = plain = _flat(start)
    points, residuals, reached, idle, rest, next_rest, n_iter = [], [], -np.inf, 0, 0, 1, 0
    gain = last = np.inf
    while n_iter < max_iter:
        n_iter += 1
        step = _em_step(V, x, start)
        if step is None or step[0] < reached - max(1e-12, tol / 10):
            if x is plain:  # even plain EM falls: rounding is all that is left
                break
            x, points, residuals = plain, [], []
            rest, next_rest = next_rest, min(2 * next_rest, LONGEST_REST)
            continue
        last, gain = gain, step[0] - reached
        idle = idle + 1 if gain < tol else 0
        reached, plain = step
        if idle == 2 or reached + (max_iter - n_iter) * max(last, gain) < goal:
            break
        points, residuals = [*points[-MEMORY:], x], [*residuals[-MEMORY:], plain - x]
        x = plain if rest or len(points) == 1 else _accelerated(points, residuals)
        rest = max(rest - 1, 0)
    return Climb(_unflat(plain, start), reached, n_iter, idle == 2)


def _em_step(V: np.ndarray, x: np.ndarray, like: Parameters) -> tuple[float, np.ndarray] | None:
    """Return the log-likelihood per row at x and the parameters after an EM step; None where x is no mixture."""
    try:
        sums = statistics(V, _unflat(x, like))
        return sums.log_likelihood / sums.rows, _flat(m_step(sums, SINGLE if V.dtype == np.float32 else REG_COVAR))
    except ValueError:
        return None


def _accelerated(points: list[np.ndarray], residuals: list[np.ndarray]) -> np.ndarray:
    moved, changed = np.diff(points, axis=0).T, np.diff(residuals, axis=0).T
    mix = np.linalg.lstsq(changed, residuals[-1], rcond=1e-8)[0]
    return points[-1] + residuals[-1] - (moved + changed) @ mix


def _flat(p: Parameters) -> np.ndarray:
    return np.concatenate([p.weights, p.means.ravel(), p.covariances.ravel()])


def _unflat(x: np.ndarray, like: Parameters) -> Parameters:
    k, d = like.means.shape
    weights, means, covariances = np.split(x, [k, k + k * d])
    return Parameters(weights, means.reshape(k, d), covariances.reshape(like.covariances.shape), like.covariance_type)


class Batch(NamedTuple):
    """Parameters of r mixtures: arrays of shape (r, k), (r, k, d) and (r, k, ...); tied repeats its covariance."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def keep(self, these: np.ndarray) -> Batch:
        """Return the mixtures chosen by a mask or by numbers."""
        return Batch(*(array[these] for array in self))

    def parameters(self, r: int, covariance_type: str) -> Parameters:
        """Return mixture r alone."""
        covariances = self.covariances[r, 0] if covariance_type == "tied" else self.covariances[r]
        return Parameters(self.weights[r] / self.weights[r].sum(), self.means[r], covariances, covariance_type)


def batch_of(mixture: Parameters) -> Batch:
    """Return a mixture as a batch of one."""
    k, covariances = len(mixture.weights), mixture.covariances
    if mixture.covariance_type == "tied":
        covariances = np.repeat(covariances[None], k, axis=0)
    return Batch(mixture.weights[None], mixture.means[None], covariances[None])


class Ends(NamedTuple):
    """Where short runs ended, in falling order of the log-likelihood; no start that lost a component is among them.

    Attributes
    ----------
    batch : Batch
    log_likelihood : array of shape (r,)
        Per row.
    """

    batch: Batch
    log_likelihood: np.ndarray


def short_runs(V: np.ndarray, batch: Batch, covariance_type: str, n_iter: int, *, race: bool = True) -> Ends:
    """Run EM from many starts at once, in single precision: good enough to tell the promising from the poor.

    Parameters
    ----------
    V : array of shape (n, d)
    batch : Batch
    covariance_type : {"full", "tied", "diag", "spherical"}
    n_iter : int
    race : bool
        Whether only the best quarter goes on after a few iterations.

    Returns
    -------
    Ends
    """
    features, log_likelihood = _FEATURES[covariance_type](V), np.empty(0)
    for i in range(n_iter):
        if race and i == RACE:
            batch = batch.keep(_leaders(log_likelihood, LEFT))
        batch = batch.keep(_alive(batch, len(V)))
        if len(batch.weights) == 0:
            return Ends(batch, np.empty(0))
        products, log_likelihood = _e_step(features, batch, covariance_type)
        old, batch = batch, _m_step(products, covariance_type, V.shape[1])
    order = np.argsort(-log_likelihood)
    return Ends(old.keep(order), log_likelihood[order])


def _leaders(log_likelihood: np.ndarray, least: int) -> np.ndarray:
    """Return the numbers of the best quarter, or of so many at least."""
    return np.argsort(-log_likelihood)[: max(least, len(log_likelihood) // 4)]


def inserted(V: np.ndarray, bases: Batch, covariance_type: str, tries: int, rng: np.random.RandomState) -> Batch:
    """Add a component to mixtures, by EM of the new component alone, in single precision.

    It starts at a row drawn at random, as a copy of the component there, or a smaller one, that owns half of this row.
    An iteration costs no more than one component, so many starts can be tried.

    Parameters
    ----------
    V : array of shape (n, d)
    bases : Batch
    covariance_type : {"full", "tied", "diag", "spherical"}
    tries : int
        Rows for each mixture.
    rng : RandomState

    Returns
    -------
    Batch
        The likeliest few, in falling order, of which each new component owns other rows: at least 1.3 (d + 1). None of
        them may be left.

    References
    ----------
    Verbeek, Vlassis & Kröse 2003, Neural Computation 15, 469.
    """
    (n, d), features = V.shape, _FEATURES[covariance_type](V)
    rows, of = rng.randint(n, size=(len(bases.weights), tries)), np.repeat(np.arange(len(bases.weights)), tries)
    log_density, owner = np.empty((len(rows), n), np.float32), np.empty_like(rows)
    for b, coefficients in enumerate(_coefficients(bases, covariance_type).astype(np.float32)):
        responsibilities = coefficients @ features
        log_density[b] = to_responsibilities(responsibilities)
        owner[b] = responsibilities[:, rows[b]].argmax(axis=0)
    level, least = log_density.mean(axis=1, dtype=float), LEAST * (d + 1) / n
    rows, covariances = rows.ravel(), bases.covariances[of, owner.ravel()][:, None]
    if covariance_type != "tied":
        covariances = covariances * np.resize(SIZES, len(of)).reshape(-1, *[1] * (covariances.ndim - 1))
    new = Batch(np.ones((len(of), 1)), V[rows][:, None], covariances)
    peak = np.einsum("rp,pr->r", _coefficients(new, covariance_type)[:, 0], features[:, rows])
    new = new._replace(weights=np.exp(log_density[of, rows] - peak).clip(least, 0.5)[:, None])
    for i in range(ALONE):
        shares = _coefficients(new, covariance_type)[:, 0].astype(np.float32) @ features
        shares -= log_density[of]
        np.exp(np.minimum(shares, 50, out=shares), out=shares)  # more would overflow
        total = shares + (1 - new.weights).astype(np.float32)
        shares /= total
        gain = level[of] + np.log(total).mean(axis=1, dtype=float)
        products = (shares @ features.T).astype(float)
        step = _m_step(products[:, None], covariance_type, d)._replace(weights=products[:, :1] / n)
        if covariance_type == "tied":
            step = step._replace(covariances=new.covariances)
        alive = (step.weights[:, 0] >= least) & _alive(step, n) & np.isfinite(gain)
        new, of, gain, shares = step.keep(alive), of[alive], gain[alive], shares[alive]
        if i == RACE - 1:
            best = _leaders(gain, LEFT * NEW)
            new, of = new.keep(best), of[best]
    kept: list[int] = []
    for r in np.argsort(-gain):
        if len(kept) < NEW and all(_overlap(shares[r], shares[other]) < OVERLAP for other in kept):
            kept.append(r)
    new, of = new.keep(kept), of[kept]
    old = bases.keep(of)._replace(weights=bases.weights[of] * (1 - new.weights))
    return Batch(*(np.concatenate(arrays, axis=1) for arrays in zip(old, new, strict=True)))


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rows that two components share, as a part of all that they own."""
    return np.minimum(one, other).sum() / np.maximum(one, other).sum()


def _alive(batch: Batch, n: int) -> np.ndarray:
    """Say which mixtures have at least a row in every component, and covariances that can be inverted."""
    covariances = batch.covariances
    if covariances.ndim == 4:  # a covariance matrix has a positive determinant and a positive diagonal
        diagonals = np.diagonal(covariances, axis1=2, axis2=3)
        values = np.concatenate([diagonals, np.linalg.slogdet(covariances)[0][..., None]], axis=2)
    else:
        values = covariances
    return (n * batch.weights.min(axis=1) >= 1) & (values > 0).all(axis=tuple(range(1, values.ndim)))


def _e_step(features: np.ndarray, batch: Batch, covariance_type: str) -> tuple[np.ndarray, np.ndarray]:
    """Return responsibilities times features, shape (r, k, p), and the log-likelihood per row of each mixture."""
    (r, k), (p, n) = batch.weights.shape, features.shape
    coefficients = _coefficients(batch, covariance_type).astype(np.float32).reshape(r * k, p)
    products, log_likelihood = np.zeros((r * k, p)), np.zeros(r)
    width = max(256, BLOCK // (r * k))
    for i in range(0, n, width):
        block = features[:, i : i + width]
        shares = (coefficients @ block).reshape(r, k, -1)
        top = shares.max(axis=1, keepdims=True)
        shares -= top
        np.exp(shares, out=shares)
        total = shares.sum(axis=1, keepdims=True)
        shares /= total
        log_likelihood += (top + np.log(total)).sum(axis=(1, 2), dtype=float)
        products += shares.reshape(r * k, -1) @ block.T
    return products.reshape(r, k, p), log_likelihood / n


def _m_step(products: np.ndarray, covariance_type: str, d: int) -> Batch:
    counts = products[..., 0] + 1e-30
    means = products[..., 1 : d + 1] / counts[..., None]
    weights = counts / counts.sum(axis=1, keepdims=True)
    second = products[..., d + 1 :] / counts[..., None]
    return Batch(weights, means, _COVARIANCES[covariance_type](weights, means, second))


def _full(weights, means, second):
    outer = means[..., :, None] * means[..., None, :]
    return symmetric(second, means.shape[-1]) - outer + SINGLE * np.eye(means.shape[-1])


def _tied(weights, means, second):
    common = np.einsum("rk,rkij->rij", weights, _full(weights, means, second))
    return np.repeat(common[:, None], means.shape[1], axis=1)


def _diag(weights, means, second):
    return second - means**2 + SINGLE


def _spherical(weights, means, second):
    return (second[..., 0] - (means**2).sum(axis=-1)) / means.shape[-1] + SINGLE


_COVARIANCES = {"full": _full, "tied": _tied, "diag": _diag, "spherical": _spherical}


def _coefficients(batch: Batch, covariance_type: str) -> np.ndarray:
    """Return c of the weighted log densities c @ features, which are linear in them (see `gmmlab.engine.em`)."""
    linear, squares, log_det = _LINEAR[covariance_type](batch.means, batch.covariances)
    constant = np.log(batch.weights) - 0.5 * (log_det + (linear * batch.means).sum(axis=-1))
    constant -= 0.5 * batch.means.shape[-1] * np.log(2 * np.pi)
    return np.concatenate([constant[..., None], linear, squares], axis=-1)


def _linear_full(means, covariances):
    i, j = upper(means.shape[-1])
    precisions = np.linalg.inv(covariances)
    squares = precisions[..., i, j] * np.where(i == j, -0.5, -1.0)
    return np.einsum("rkij,rkj->rki", precisions, means), squares, np.linalg.slogdet(covariances)[1]


def _linear_diag(means, variances):
    return means / variances, -0.5 / variances, np.log(variances).sum(axis=-1)


def _linear_spherical(means, variances):
    return means / variances[..., None], -0.5 / variances[..., None], means.shape[-1] * np.log(variances)


_LINEAR = {"full": _linear_full, "tied": _linear_full, "diag": _linear_diag, "spherical": _linear_spherical}


def _squares(V: np.ndarray) -> np.ndarray:
    x = np.ascontiguousarray(V.T, dtype=np.float32)
    return np.concatenate([np.ones_like(x[:1]), x, x * x])


def _length(V: np.ndarray) -> np.ndarray:
    x = np.ascontiguousarray(V.T, dtype=np.float32)
    return np.concatenate([np.ones_like(x[:1]), x, (x * x).sum(axis=0, keepdims=True)])


_FEATURES = {"full": pair_products, "tied": pair_products, "diag": _squares, "spherical": _length}
