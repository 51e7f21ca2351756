"""Checks of notebook 08: the two steps of EM, why one wrong M-step falls, statistics that add up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import norm

from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, as_array, as_results, describe, mistakes_made, need, rubric, wrong_kind

NOTEBOOK = "08_write_em"

_FAR = 3000.0
"""Distance from the origin at which the density of every component that is drawn is rounded to 0."""


def _made(answers: list[NDArray], inputs: list[tuple], wrong: Mapping[str, list[Callable]]) -> dict[str, bool]:
    """Say for each mistake whether one of its functions gives the answers."""
    return {name: any(_same(answers, inputs, function) for function in many) for name, many in wrong.items()}


def _same(answers: list[NDArray], inputs: list[tuple], function: Callable) -> bool:
    pairs = zip(answers, (np.asarray(function(*arguments)) for arguments in inputs), strict=True)
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in pairs)


def _parts(result: Any, names: tuple[str, ...]) -> list[Any]:
    """Read what a call returned as so many parts."""
    expected = f"a function that returns {len(names)} things: {', '.join(names)}"
    if not isinstance(result, list):
        wrong_kind(result, expected)
    need(len(result) == len(names), "wrong-length", f"This exercise asks for {expected}, but {len(result)} came.")
    return result


def draw_states(seed: int) -> list[tuple]:
    """Draw rows, weights, means and variances of diag mixtures; the last rows lie where all densities underflow."""
    rng = np.random.default_rng(seed)
    calls = []
    for n, k, d in ((9, 2, 3), (8, 3, 2), (7, 4, 5), (6, 3, 2)):
        means, variances = rng.normal(scale=1.5, size=(k, d)), rng.uniform(0.3, 3, size=(k, d))
        calls.append((rng.normal(scale=1.5, size=(n, d)), rng.dirichlet(np.full(k, 2.0)), means, variances))
    far = calls[-1][0]
    far[1:] *= _FAR / np.linalg.norm(far[1:], axis=1, keepdims=True)
    return calls


def _log_densities(X: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    return norm.logpdf(X[:, None], m, np.sqrt(v)).sum(axis=2)


def _log_joint(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    return np.log(w) + _log_densities(X, m, v)


def _shares(log: NDArray, axis: int = 1) -> NDArray[np.float64]:
    return np.exp(log - logsumexp(log, axis=axis, keepdims=True))


def _responsibilities(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    return _shares(_log_joint(X, w, m, v))


def _total(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> float:
    return logsumexp(_log_joint(X, w, m, v), axis=1).sum()


def _expected(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> float:
    return (_responsibilities(X, w, m, v) * _log_joint(X, w, m, v)).sum()


def _constants_dropped(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    """Return the log joint without the logarithms of the variances."""
    return _log_joint(X, w, m, v) + 0.5 * np.log(v).sum(axis=1)


_WRONG_SHARES = {
    "hard-labels": [lambda X, w, m, v: np.eye(len(w))[_log_joint(X, w, m, v).argmax(axis=1)]],
    "density-for-probability": [
        lambda X, w, m, v: np.exp(_log_joint(X, w, m, v)),
        lambda X, w, m, v: np.exp(_log_densities(X, m, v)),
    ],
    "unweighted": [lambda X, w, m, v: _shares(_log_densities(X, m, v))],
    "wrong-axis": [
        lambda X, w, m, v: _shares(_log_joint(X, w, m, v), axis=0),
        lambda X, w, m, v: _shares(_log_densities(X, m, v), axis=0),
    ],
    "variance-for-sd": [
        lambda X, w, m, v: _responsibilities(X, w, m, v**2),
        lambda X, w, m, v: _responsibilities(X, w, m, np.sqrt(v)),
    ],
    "determinant-forgotten": [lambda X, w, m, v: _shares(_constants_dropped(X, w, m, v))],
    "log-for-probability": [_log_joint, lambda X, w, m, v: np.log(_responsibilities(X, w, m, v))],
}

_SHARES = {
    "hard-labels": "These are hard labels: all of a row goes to one component, as in k-means. The E-step keeps the "
    "doubt: each component gets its share.",
    "density-for-probability": "The rows do not sum to one: these are densities, or weights times densities. Divide "
    "each by the sum over the components.",
    "unweighted": "The weights are missing: a common component is more probable before anything is measured. Add "
    "`np.log(weights)`.",
    "wrong-axis": "The columns sum to one, not the rows: you divided by sums over the birds. Add up over the "
    "components, `axis=1` with `keepdims=True`.",
    "variance-for-sd": "The spread is not right: the task gives variances. scipy's `norm` takes standard deviations, "
    "and in the formula the squared distance is divided by the variance itself.",
    "determinant-forgotten": "The exponents are right, but a narrow Gaussian is also taller: the factor with the "
    "variances in front of the exponential differs between the components and does not cancel.",
    "log-for-probability": "These are logarithms. Responsibilities lie between 0 and 1: take `np.exp` at the end.",
}

_WRONG_TOTALS = {
    "per-sample-for-total": [lambda X, w, m, v: _total(X, w, m, v) / len(X)],
    "not-summed": [lambda X, w, m, v: logsumexp(_log_joint(X, w, m, v), axis=1)],
    "sum-of-logs": [lambda X, w, m, v: _log_joint(X, w, m, v).sum(), lambda X, w, m, v: _log_densities(X, m, v).sum()],
    "bound-for-likelihood": [_expected],
    "density-for-probability": [lambda X, w, m, v: np.exp(_log_joint(X, w, m, v)).sum()],
    "hard-labels": [lambda X, w, m, v: _log_joint(X, w, m, v).max(axis=1).sum()],
    "unweighted": [lambda X, w, m, v: logsumexp(_log_densities(X, m, v), axis=1).sum()],
    "variance-for-sd": [
        lambda X, w, m, v: _total(X, w, m, v**2),
        lambda X, w, m, v: _total(X, w, m, np.sqrt(v)),
    ],
    "sign": [lambda X, w, m, v: -_total(X, w, m, v)],
}

_TOTALS = {
    "per-sample-for-total": "This is the mean log density of a row, as `score` gives it. The log-likelihood of all "
    "rows is their sum.",
    "not-summed": "These are the log densities of the single rows. Return their sum.",
    "sum-of-logs": "You added up the logarithms of the components. A row's density is the sum of the components' "
    "densities, and the logarithm comes after that sum.",
    "bound-for-likelihood": "This is the mean of the log joint under the responsibilities, a part of the lower bound. "
    "The log-likelihood is the sum of the rows' log densities.",
    "density-for-probability": "This is a sum of densities. The logarithm of each row's density is missing.",
    "hard-labels": "Only the largest component of each row counts here. All of them make up its density.",
    "unweighted": "The weights are missing from the log-likelihood.",
    "variance-for-sd": "The spread is not right: the task gives variances, scipy's `norm` takes standard deviations.",
    "sign": "The sign is wrong: this is minus the log-likelihood.",
}

_FAR_OUT = {
    "not-yet-near": "First get the rows near the components right.",
    "underflow": "Far from all components every density is rounded to 0, and 0 / 0 and log 0 are no numbers. Take the "
    "largest of each row out of the sum while it is still a logarithm.",
}


@exercise(
    "em-1",
    title="The E-step of a diag mixture",
    points=3,
    hint="The log density of a row is the sum over its features of `norm.logpdf(x, mean, sd)`. Add the logarithm of "
    "the weight, then go on as the notebook does.",
    inputs=draw_states,
)
def diag_e_step(answer: Any) -> Iterator[Line]:
    """Judge responsibilities and log-likelihood, on rows near the components and far from them."""
    results = as_results(answer, 4)
    inputs = draw_states(answer.seed)
    pairs = [_read_e_step(result, *arguments[:2]) for result, arguments in zip(results, inputs, strict=True)]
    shares, totals = ([np.asarray(part) for part in parts] for parts in zip(*pairs, strict=True))
    near = [
        _same(parts[:-1], inputs[:-1], function) for parts, function in ((shares, _responsibilities), (totals, _total))
    ]
    yield rubric(
        1,
        near[0],
        "These are the responsibilities.",
        *mistakes_made(_made(shares[:-1], inputs[:-1], _WRONG_SHARES), _SHARES),
        otherwise="These are not the responsibilities. Try one component first: all of them must be 1.",
    )
    yield rubric(
        1,
        near[1],
        "This is the log-likelihood of all rows.",
        *mistakes_made(_made(totals[:-1], inputs[:-1], _WRONG_TOTALS), _TOTALS),
        otherwise="This is not the log-likelihood. Compare with `score_samples` of a scikit-learn mixture.",
    )
    yield _far_line(shares[-1], totals[-1], inputs[-1], all(near))


def _read_e_step(result: Any, X: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """Read responsibilities of shape (n, k) and a log-likelihood, or what a known mistake gives; NaN may come."""
    shares, total = _parts(result, ("responsibilities", "log-likelihood"))
    n, k = len(X), len(weights)
    total = _floats(total, "the log-likelihood, one number")
    need(
        total.size == 1 or total.shape in ((n,), (n, 1)),
        "wrong-shape",
        f"The log-likelihood is one number, but {describe(total)} came.",
    )
    shares = _floats(shares, f"responsibilities of shape {(n, k)}")
    need(
        shares.shape != (k, n) or n == k,
        "transposed",
        f"The responsibilities came transposed: shape {shares.shape}; expected {(n, k)}.",
    )
    need(
        shares.shape == (n, k),
        "wrong-shape",
        f"The responsibilities have shape {shares.shape}; expected {(n, k)}: a row for each bird.",
    )
    return shares, total.reshape(()) if total.size == 1 else total.ravel()


def _floats(values: Any, expected: str) -> NDArray[np.float64]:
    """Read numbers of any shape, finite or not."""
    if isinstance(values, bool) or not isinstance(values, int | float | list | np.ndarray | pd.Series | pd.DataFrame):
        wrong_kind(values, expected)
    try:
        return np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        wrong_kind(values, expected + " made of numbers")


def _far_line(shares: NDArray, total: NDArray, far: tuple, near: bool) -> Line:
    made = {"not-yet-near": not near, "underflow": not (np.isfinite(shares).all() and np.isfinite(total).all())}
    return rubric(
        1,
        near and _same([shares], [far], _responsibilities) and _same([total], [far], _total),
        "Both hold far from all components, too.",
        *mistakes_made(made, _FAR_OUT),
        otherwise="Far from all components the numbers are finite, but wrong.",
    )


def draw_responsibilities(seed: int) -> list[tuple]:
    """Draw rows, soft responsibilities and the means that the E-step used."""
    rng = np.random.default_rng(seed)
    calls = []
    for n, k, d in ((14, 2, 3), (20, 3, 2), (25, 4, 5)):
        X = rng.normal(loc=rng.uniform(1, 3, d), scale=rng.uniform(0.5, 2, d), size=(n, d))
        calls.append((X, rng.dirichlet(np.full(k, 1.0), n), X[rng.choice(n, k, replace=False)]))
    return calls


def _one_hot(r: NDArray) -> NDArray[np.float64]:
    return np.eye(r.shape[1])[r.argmax(axis=1)]


def _new_means(X: NDArray, r: NDArray, old: NDArray | None = None) -> NDArray[np.float64]:
    return r.T @ X / np.maximum(r.sum(axis=0), 1e-300)[:, None]


def _scatter(X: NDArray, r: NDArray, about: NDArray) -> NDArray[np.float64]:
    """Return the responsibility-weighted sums of squares about a point for each component, shape (k, d)."""
    return np.einsum("nk,nkd->kd", r, (X[:, None] - about) ** 2)


def _counts(r: NDArray) -> NDArray[np.float64]:
    return r.sum(axis=0)[:, None]


def _variances(X: NDArray, r: NDArray, old: NDArray | None = None) -> NDArray[np.float64]:
    return _scatter(X, r, _new_means(X, r)) / np.maximum(_counts(r), 1e-300)


def _full(X: NDArray, r: NDArray, old: NDArray) -> NDArray[np.float64]:
    centred = X[:, None] - _new_means(X, r)
    return np.einsum("nk,nka,nkb->kab", r, centred, centred) / _counts(r)[:, None]


_WRONG_MEANS = {
    "old-means": [lambda X, r, old: old],
    "divided-by-n": [lambda X, r, old: r.T @ X / len(X)],
    "unweighted": [lambda X, r, old: np.tile(X.mean(axis=0), (len(old), 1))],
    "hard-labels": [lambda X, r, old: _new_means(X, _one_hot(r))],
    "not-divided": [lambda X, r, old: r.T @ X],
}

_WRONG_WEIGHTS = {
    "counts-for-weights": [lambda X, r, old: r.sum(axis=0)],
    "hard-labels": [lambda X, r, old: _one_hot(r).mean(axis=0)],
    "unweighted": [lambda X, r, old: np.full(len(old), 1 / len(old))],
}

_WRONG_VARIANCES = {
    "old-means": [
        lambda X, r, old: _scatter(X, r, old) / _counts(r),
        lambda X, r, old: r.T @ X**2 / _counts(r) - old**2,
    ],
    "divided-by-n": [lambda X, r, old: _scatter(X, r, _new_means(X, r)) / len(X)],
    "nk-minus-one": [lambda X, r, old: _scatter(X, r, _new_means(X, r)) / (_counts(r) - 1)],
    "variance-for-sd": [lambda X, r, old: np.sqrt(_variances(X, r))],
    "covariance-type": [
        _full,
        lambda X, r, old: np.einsum("k,kab->ab", r.mean(axis=0), _full(X, r, old)),
        lambda X, r, old: _variances(X, r).mean(axis=1),
    ],
    "hard-labels": [lambda X, r, old: _variances(X, _one_hot(r))],
    "unweighted": [lambda X, r, old: np.tile(X.var(axis=0), (len(old), 1))],
    "not-centred": [lambda X, r, old: r.T @ X**2 / _counts(r)],
}

_M_STEP = {
    "counts-for-weights": "The weights are the counts: they sum to the number of rows. Mixing weights sum to one.",
    "old-means": "The old means are in here, the ones that the E-step used. The M-step needs the new ones first, and "
    "then the spread about them.",
    "divided-by-n": "You divided by the number of all rows. An average over a component is divided by what belongs to "
    "it, N_k, the sum of its responsibilities.",
    "nk-minus-one": "You divided by N_k - 1. That removes the bias of a sample variance, but the M-step wants the "
    "largest likelihood, which has N_k.",
    "variance-for-sd": "These are standard deviations, the roots of the variances. The task asks for variances.",
    "covariance-type": "These belong to another covariance type. A diag component has one variance for each feature: "
    "shape (k, d).",
    "hard-labels": "You gave each row whole to its most probable component: that is k-means. Here every row counts "
    "for every component, by its responsibility.",
    "unweighted": "The responsibilities are missing: every row counts the same for every component.",
    "not-centred": "This is the mean of the squares. The square of the mean has to be taken off.",
    "not-divided": "These are sums. Divide each by its component's count, the sum of its responsibilities.",
}


@exercise(
    "em-2",
    title="The M-step of a diag mixture",
    points=2,
    hint="`responsibilities.sum(axis=0)` counts the rows of each component. Weighted sums of anything are "
    "`responsibilities.T @ anything`. In which order must means and variances be computed?",
    inputs=draw_responsibilities,
)
def diag_m_step(answer: Any) -> Iterator[Line]:
    """Judge weights, means and variances from soft responsibilities."""
    results = as_results(answer, 3)
    inputs = draw_responsibilities(answer.seed)
    triples = [_read_m_step(result, *arguments) for result, arguments in zip(results, inputs, strict=True)]
    weights, means, variances = map(list, zip(*triples, strict=True))
    right = _same(weights, inputs, lambda X, r, old: r.mean(axis=0)) and _same(means, inputs, _new_means)
    mistakes = mistakes_made(_made(weights, inputs, _WRONG_WEIGHTS), _M_STEP)
    mistakes += mistakes_made(_made(means, inputs, _WRONG_MEANS), _M_STEP)
    yield rubric(
        1,
        right,
        "Weights and means are those of the M-step.",
        *mistakes,
        otherwise="Weights or means are not right. Give all rows to one component: its weight is 1, its mean the "
        "plain mean.",
    )
    yield rubric(
        1,
        _same(variances, inputs, _variances),
        "The variances are those of the M-step.",
        *mistakes_made(_made(variances, inputs, _WRONG_VARIANCES), _M_STEP),
        otherwise="The variances are not right. Give all rows to one component: they must be `X.var(axis=0)`.",
    )


def _read_m_step(result: Any, X: NDArray, r: NDArray, old: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Read weights, means and variances; for the variances also the shapes of the other covariance types."""
    weights, means, variances = _parts(result, ("weights", "means", "variances"))
    k, d = old.shape
    shape = _shape(variances) if _shape(variances) in ((k, d, d), (d, d), (k,)) else (k, d)
    return (
        as_array(weights, (k,), f"weights of shape {(k,)}"),
        as_array(means, (k, d), f"means of shape {(k, d)}"),
        as_array(variances, shape, f"variances of shape {(k, d)}"),
    )


def _shape(values: Any) -> tuple[int, ...]:
    """Return the shape of an array or of a regular list, else ()."""
    try:
        return np.shape(values) if isinstance(values, list | np.ndarray) else ()
    except ValueError:
        return ()


choice(
    "em-3",
    module=__name__,
    title="Why one falls and one does not",
    points=1,
    hint="Write down both matrices for one feature and one component with the mean m and the variance s. About which "
    "point would B's number be a mean square?",
    right="c",
    options={
        "a": "Digits are lost where the squares of the means are large against the variances. Here both are of the "
        "size 1, and B is off in its first decimal, not in its last.",
        "b": "Both used the responsibilities of the same E-step. What is old is the mean, and only the mean.",
        "c": "A is the right covariance plus the square of the mean's step: too large, but a covariance, and the best "
        "one for the old means. B is the right covariance plus the new mean's square minus the old one's: if the mean "
        "moves towards zero, it is too small, even below zero. It maximises nothing.",
        "d": "The new means are weighted averages of the birds. No covariance enters them, so A and B start with the "
        "same new means.",
    },
)


def draw_halves(seed: int) -> list[tuple]:
    """Draw the sufficient statistics of two sets of rows of different sizes, with the sums taken about zero."""
    rng = np.random.default_rng(seed)
    calls = []
    for n, k, d in ((40, 2, 3), (60, 3, 2), (80, 4, 3)):
        X, r = rng.normal(loc=rng.uniform(1, 3, d), size=(n, d)), rng.dirichlet(np.full(k, 1.0), n)
        X[: n // 4] += 2
        calls.append((_sums(X[: n // 4], r[: n // 4]), _sums(X[n // 4 :], r[n // 4 :])))
    return calls


def _sums(X: NDArray, r: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    return r.sum(axis=0), r.T @ X, np.einsum("nk,na,nb->kab", r, X, X)


def _added(a: tuple, b: tuple) -> tuple[NDArray, NDArray, NDArray]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _square(v: NDArray) -> NDArray[np.float64]:
    return v[:, :, None] * v[:, None, :]


def _weights_of(sums: tuple) -> NDArray[np.float64]:
    return sums[0] / sums[0].sum()


def _means_of(sums: tuple) -> NDArray[np.float64]:
    return sums[1] / sums[0][:, None]


def _covariances_of(sums: tuple) -> NDArray[np.float64]:
    return sums[2] / sums[0][:, None, None] - _square(_means_of(sums))


def _within(a: tuple, b: tuple) -> NDArray[np.float64]:
    """Return the halves' covariances averaged by their counts, which forgets that their means differ."""
    share = (a[0] / (a[0] + b[0]))[:, None, None]
    return share * _covariances_of(a) + (1 - share) * _covariances_of(b)


def _unbiased(sums: tuple) -> NDArray[np.float64]:
    return _covariances_of(sums) * (sums[0] / (sums[0] - 1))[:, None, None]


_WRONG_WEIGHTS_OF_SUMS = {
    "averaged-parameters": [lambda a, b: (_weights_of(a) + _weights_of(b)) / 2],
    "counts-for-weights": [lambda a, b: a[0] + b[0]],
    "added-parameters": [lambda a, b: _weights_of(a) + _weights_of(b)],
    "one-half": [lambda a, b: _weights_of(a), lambda a, b: _weights_of(b)],
}

_WRONG_MEANS_OF_SUMS = {
    "averaged-parameters": [lambda a, b: (_means_of(a) + _means_of(b)) / 2],
    "divided-by-n": [lambda a, b: (a[1] + b[1]) / (a[0] + b[0]).sum()],
    "added-parameters": [lambda a, b: _means_of(a) + _means_of(b)],
    "one-half": [lambda a, b: _means_of(a), lambda a, b: _means_of(b)],
    "not-divided": [lambda a, b: a[1] + b[1]],
}

_WRONG_COVARIANCES_OF_SUMS = {
    "averaged-parameters": [lambda a, b: (_covariances_of(a) + _covariances_of(b)) / 2],
    "between-halves-lost": [_within],
    "not-centred": [lambda a, b: (a[2] + b[2]) / (a[0] + b[0])[:, None, None]],
    "divided-by-n": [
        lambda a, b: (a[2] + b[2]) / (a[0] + b[0]).sum() - _square(_means_of(_added(a, b))),
        lambda a, b: _covariances_of(_added(a, b)) * _weights_of(_added(a, b))[:, None, None],
    ],
    "nk-minus-one": [lambda a, b: _unbiased(_added(a, b))],
    "covariance-type": [lambda a, b: np.diagonal(_covariances_of(_added(a, b)), axis1=1, axis2=2)],
    "added-parameters": [lambda a, b: _covariances_of(a) + _covariances_of(b)],
    "one-half": [lambda a, b: _covariances_of(a), lambda a, b: _covariances_of(b)],
}

_SUMS = {
    "averaged-parameters": "You averaged the parameters of the two halves. The halves have different sizes, and an "
    "average of averages is not the average of all. Combine the sums before you divide.",
    "between-halves-lost": "You averaged the covariances of the halves by their counts. That leaves out how far the "
    "means of the halves lie apart. Combine the sums before you divide.",
    "added-parameters": "You added up the parameters of the two halves. What adds up are the sums; divide afterwards.",
    "one-half": "These are the parameters of one half alone.",
    "counts-for-weights": "The weights are the counts. Mixing weights sum to one.",
    "divided-by-n": "You divided by the number of all rows. A component's sums are divided by its own count.",
    "not-divided": "These are sums. Divide each by its component's count.",
    "not-centred": "This is the mean of `x x^T`. The square of the mean has to be taken off.",
    "nk-minus-one": "You divided by the count less one. The M-step wants the largest likelihood, which has the count.",
    "covariance-type": "These are the variances alone. The task asks for full covariances of shape (k, d, d).",
}


@exercise(
    "em-4",
    title="Two computers, one M-step",
    points=2,
    hint="Which of the three sums may be added up? And when do you divide: before or after?",
    inputs=draw_halves,
)
def combine(answer: Any) -> Iterator[Line]:
    """Judge the parameters from the sufficient statistics of two sets of rows."""
    results = as_results(answer, 3)
    inputs = draw_halves(answer.seed)
    triples = [_read_parameters(result, arguments[0][1]) for result, arguments in zip(results, inputs, strict=True)]
    weights, means, covariances = map(list, zip(*triples, strict=True))
    right = _same(weights, inputs, lambda a, b: _weights_of(_added(a, b)))
    right = right and _same(means, inputs, lambda a, b: _means_of(_added(a, b)))
    mistakes = mistakes_made(_made(weights, inputs, _WRONG_WEIGHTS_OF_SUMS), _SUMS)
    mistakes += mistakes_made(_made(means, inputs, _WRONG_MEANS_OF_SUMS), _SUMS)
    yield rubric(
        1,
        right,
        "Weights and means are those of all rows together.",
        *mistakes,
        otherwise="Weights or means are not right. Try with a second half of which all sums are zero.",
    )
    yield rubric(
        1,
        _same(covariances, inputs, lambda a, b: _covariances_of(_added(a, b))),
        "The covariances are those of all rows together.",
        *mistakes_made(_made(covariances, inputs, _WRONG_COVARIANCES_OF_SUMS), _SUMS),
        otherwise="The covariances are not right. Compare with `m_step` on both halves stacked.",
    )


def _read_parameters(result: Any, first: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Read weights, means and full covariances; variances alone are read too, as a known mistake."""
    weights, means, covariances = _parts(result, ("weights", "means", "covariances"))
    k, d = first.shape
    return (
        as_array(weights, (k,), f"weights of shape {(k,)}"),
        as_array(means, (k, d), f"means of shape {(k, d)}"),
        as_array(
            covariances, (k, d) if _shape(covariances) == (k, d) else (k, d, d), f"covariances of shape {(k, d, d)}"
        ),
    )
