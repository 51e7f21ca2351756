"""Checks of notebook 08: the two steps of EM, why one wrong M-step falls, statistics that add up, missing values."""

import numpy as np
import scipy
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Slip, Value, choice, function_exercise

NOTEBOOK = "08_write_em"

_FAR = 3000.0
"""Distance from the origin at which the density of every component that is drawn is rounded to 0."""

_NEAR = slice(0, -1)
"""The calls whose rows lie near the components."""


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
    return scipy.stats.norm.logpdf(X[:, None], m, np.sqrt(v)).sum(axis=2)


def _log_joint(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    return np.log(w) + _log_densities(X, m, v)


def _shares(log: NDArray, axis: int = 1) -> NDArray[np.float64]:
    return np.exp(log - scipy.special.logsumexp(log, axis=axis, keepdims=True))


def _responsibilities(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    return _shares(_log_joint(X, w, m, v))


def _total(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> float:
    return scipy.special.logsumexp(_log_joint(X, w, m, v), axis=1).sum()


def _expected(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> float:
    return (_responsibilities(X, w, m, v) * _log_joint(X, w, m, v)).sum()


def _constants_dropped(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    """Return the log joint without the logarithms of the variances."""
    return _log_joint(X, w, m, v) + 0.5 * np.log(v).sum(axis=1)


def _shares_underflow(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> NDArray[np.float64]:
    joint = np.exp(_log_joint(X, w, m, v))
    return joint / joint.sum(axis=1, keepdims=True)


def _total_underflow(X: NDArray, w: NDArray, m: NDArray, v: NDArray) -> float:
    return np.log(np.exp(_log_joint(X, w, m, v)).sum(axis=1)).sum()


diag_e_step = function_exercise(
    "em-1",
    title="The E-step of a diag mixture",
    hint="The log density of a row is the sum over its features of `norm.logpdf(x, mean, sd)`. Add the logarithm of "
    "the weight, then go on as the notebook does.",
    inputs=draw_states,
    returns=[
        Value(
            "responsibilities",
            _responsibilities,
            [
                Slip(
                    "hard-labels",
                    lambda X, w, m, v: np.eye(len(w))[_log_joint(X, w, m, v).argmax(axis=1)],
                    (
                        "These are hard labels: all of a row goes to one component, as in k-means. The E-step"
                        " keeps the doubt: each component gets its share."
                    ),
                ),
                Slip(
                    "density-for-probability",
                    [
                        lambda X, w, m, v: np.exp(_log_joint(X, w, m, v)),
                        lambda X, w, m, v: np.exp(_log_densities(X, m, v)),
                    ],
                    (
                        "The rows do not sum to one: these are densities, or weights times densities. Divide "
                        "each by the sum over the components."
                    ),
                ),
                Slip(
                    "unweighted",
                    lambda X, w, m, v: _shares(_log_densities(X, m, v)),
                    (
                        "The weights are missing: a common component is more probable before anything is "
                        "measured. Add `np.log(weights)`."
                    ),
                ),
                Slip(
                    "wrong-axis",
                    [
                        lambda X, w, m, v: _shares(_log_joint(X, w, m, v), axis=0),
                        lambda X, w, m, v: _shares(_log_densities(X, m, v), axis=0),
                    ],
                    (
                        "The columns sum to one, not the rows: you divided by sums over the birds. Add up "
                        "over the components, `axis=1` with `keepdims=True`."
                    ),
                ),
                Slip(
                    "variance-for-sd",
                    [
                        lambda X, w, m, v: _responsibilities(X, w, m, v**2),
                        lambda X, w, m, v: _responsibilities(X, w, m, np.sqrt(v)),
                    ],
                    (
                        "The spread is not right: the task gives variances. scipy's `norm` takes standard "
                        "deviations, and in the formula the squared distance is divided by the variance "
                        "itself."
                    ),
                ),
                Slip(
                    "determinant-forgotten",
                    lambda X, w, m, v: _shares(_constants_dropped(X, w, m, v)),
                    (
                        "The exponents are right, but a narrow Gaussian is also taller: the factor with the "
                        "variances in front of the exponential differs between the components and does not "
                        "cancel."
                    ),
                ),
                Slip(
                    "log-for-probability",
                    [_log_joint, lambda X, w, m, v: np.log(_responsibilities(X, w, m, v))],
                    ("These are logarithms. Responsibilities lie between 0 and 1: take `np.exp` at the end."),
                ),
                Slip(
                    "underflow",
                    _shares_underflow,
                    (
                        "Far from all components every density is rounded to 0, and 0 / 0 and log 0 are no "
                        "numbers. Take the largest of each row out of the sum while it is still a logarithm."
                    ),
                ),
            ],
        ),
        Value(
            "log-likelihood",
            _total,
            [
                Slip(
                    "per-sample-for-total",
                    lambda X, w, m, v: _total(X, w, m, v) / len(X),
                    (
                        "This is the mean log density of a row, as `score` gives it. The log-likelihood of "
                        "all rows is their sum."
                    ),
                ),
                Slip(
                    "not-summed",
                    lambda X, w, m, v: scipy.special.logsumexp(_log_joint(X, w, m, v), axis=1),
                    "These are the log densities of the single rows. Return their sum.",
                ),
                Slip(
                    "sum-of-logs",
                    [lambda X, w, m, v: _log_joint(X, w, m, v).sum(), lambda X, w, m, v: _log_densities(X, m, v).sum()],
                    (
                        "You added up the logarithms of the components. A row's density is the sum of the "
                        "components' densities, and the logarithm comes after that sum."
                    ),
                ),
                Slip(
                    "bound-for-likelihood",
                    _expected,
                    (
                        "This is the mean of the log joint under the responsibilities, a part of the lower "
                        "bound. The log-likelihood is the sum of the rows' log densities."
                    ),
                ),
                Slip(
                    "density-for-probability",
                    lambda X, w, m, v: np.exp(_log_joint(X, w, m, v)).sum(),
                    "This is a sum of densities. The logarithm of each row's density is missing.",
                ),
                Slip(
                    "hard-labels",
                    lambda X, w, m, v: _log_joint(X, w, m, v).max(axis=1).sum(),
                    "Only the largest component of each row counts here. All of them make up its density.",
                ),
                Slip(
                    "unweighted",
                    lambda X, w, m, v: scipy.special.logsumexp(_log_densities(X, m, v), axis=1).sum(),
                    "The weights are missing from the log-likelihood.",
                ),
                Slip(
                    "variance-for-sd",
                    [lambda X, w, m, v: _total(X, w, m, v**2), lambda X, w, m, v: _total(X, w, m, np.sqrt(v))],
                    ("The spread is not right: the task gives variances, scipy's `norm` takes standard deviations."),
                ),
                Slip(
                    "sign",
                    lambda X, w, m, v: -_total(X, w, m, v),
                    "The sign is wrong: this is minus the log-likelihood.",
                ),
                Slip(
                    "underflow",
                    _total_underflow,
                    (
                        "Far from all components every density is rounded to 0, and 0 / 0 and log 0 are no "
                        "numbers. Take the largest of each row out of the sum while it is still a logarithm."
                    ),
                ),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "These are the responsibilities.",
            "These are not the responsibilities. Try one component first: all of them must be 1.",
            of=["responsibilities"],
            calls=_NEAR,
        ),
        Credit(
            1,
            "This is the log-likelihood of all rows.",
            "This is not the log-likelihood. Compare with `score_samples` of a scikit-learn mixture.",
            of=["log-likelihood"],
            calls=_NEAR,
        ),
        Credit(1, "Both hold far from all components, too.", "Far from all components the numbers are wrong."),
    ],
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


_M_HARD_LABELS = (
    "You gave each row whole to its most probable component: that is k-means. Here every "
    "row counts for every component, by its responsibility."
)
_M_UNWEIGHTED = "The responsibilities are missing: every row counts the same for every component."
_M_OLD_MEANS = (
    "The old means are in here, the ones that the E-step used. The M-step needs the new ones "
    "first, and then the spread about them."
)
_M_DIVIDED_BY_N = (
    "You divided by the number of all rows. An average over a component is divided by what"
    " belongs to it, N_k, the sum of its responsibilities."
)

diag_m_step = function_exercise(
    "em-2",
    title="The M-step of a diag mixture",
    hint="`responsibilities.sum(axis=0)` counts the rows of each component. Weighted sums of anything are "
    "`responsibilities.T @ anything`. In which order must means and variances be computed?",
    inputs=draw_responsibilities,
    returns=[
        Value(
            "weights",
            lambda X, r, old: r.mean(axis=0),
            [
                Slip(
                    "counts-for-weights",
                    lambda X, r, old: r.sum(axis=0),
                    ("The weights are the counts: they sum to the number of rows. Mixing weights sum to one."),
                ),
                Slip("hard-labels", lambda X, r, old: _one_hot(r).mean(axis=0), _M_HARD_LABELS),
                Slip("unweighted", lambda X, r, old: np.full(len(old), 1 / len(old)), _M_UNWEIGHTED),
            ],
        ),
        Value(
            "means",
            _new_means,
            [
                Slip("old-means", lambda X, r, old: old, _M_OLD_MEANS),
                Slip("divided-by-n", lambda X, r, old: r.T @ X / len(X), _M_DIVIDED_BY_N),
                Slip("unweighted", lambda X, r, old: np.tile(X.mean(axis=0), (len(old), 1)), _M_UNWEIGHTED),
                Slip("hard-labels", lambda X, r, old: _new_means(X, _one_hot(r)), _M_HARD_LABELS),
                Slip(
                    "not-divided",
                    lambda X, r, old: r.T @ X,
                    ("These are sums. Divide each by its component's count, the sum of its responsibilities."),
                ),
            ],
        ),
        Value(
            "variances",
            _variances,
            [
                Slip(
                    "old-means",
                    [
                        lambda X, r, old: _scatter(X, r, old) / _counts(r),
                        lambda X, r, old: r.T @ X**2 / _counts(r) - old**2,
                    ],
                    _M_OLD_MEANS,
                ),
                Slip("divided-by-n", lambda X, r, old: _scatter(X, r, _new_means(X, r)) / len(X), _M_DIVIDED_BY_N),
                Slip(
                    "nk-minus-one",
                    lambda X, r, old: _scatter(X, r, _new_means(X, r)) / (_counts(r) - 1),
                    (
                        "You divided by N_k - 1. That removes the bias of a sample variance, but the M-step "
                        "wants the largest likelihood, which has N_k."
                    ),
                ),
                Slip(
                    "variance-for-sd",
                    lambda X, r, old: np.sqrt(_variances(X, r)),
                    ("These are standard deviations, the roots of the variances. The task asks for variances."),
                ),
                Slip(
                    "covariance-type",
                    [
                        _full,
                        lambda X, r, old: np.einsum("k,kab->ab", r.mean(axis=0), _full(X, r, old)),
                        lambda X, r, old: _variances(X, r).mean(axis=1),
                    ],
                    (
                        "These belong to another covariance type. A diag component has one variance for each "
                        "feature: shape (k, d)."
                    ),
                ),
                Slip("hard-labels", lambda X, r, old: _variances(X, _one_hot(r)), _M_HARD_LABELS),
                Slip("unweighted", lambda X, r, old: np.tile(X.var(axis=0), (len(old), 1)), _M_UNWEIGHTED),
                Slip(
                    "not-centred",
                    lambda X, r, old: r.T @ X**2 / _counts(r),
                    "This is the mean of the squares. The square of the mean has to be taken off.",
                ),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "Weights and means are those of the M-step.",
            "Weights or means are not right. Give all rows to one component: its weight is 1, its mean the plain mean.",
            of=["weights", "means"],
        ),
        Credit(
            1,
            "The variances are those of the M-step.",
            "The variances are not right. Give all rows to one component: they must be `X.var(axis=0)`.",
            of=["variances"],
        ),
    ],
)


why_one_falls = choice(
    "em-3",
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


_SUMS_AVERAGED_PARAMETERS = (
    "You averaged the parameters of the two halves. The halves have different "
    "sizes, and an average of averages is not the average of all. Combine the "
    "sums before you divide."
)
_SUMS_ADDED_PARAMETERS = "You added up the parameters of the two halves. What adds up are the sums; divide afterwards."
_SUMS_ONE_HALF = "These are the parameters of one half alone."
_SUMS_DIVIDED_BY_N = "You divided by the number of all rows. A component's sums are divided by its own count."

combine = function_exercise(
    "em-4",
    title="Two computers, one M-step",
    hint="Which of the three sums may be added up? And when do you divide: before or after?",
    inputs=draw_halves,
    returns=[
        Value(
            "weights",
            lambda a, b: _weights_of(_added(a, b)),
            [
                Slip(
                    "averaged-parameters", lambda a, b: (_weights_of(a) + _weights_of(b)) / 2, _SUMS_AVERAGED_PARAMETERS
                ),
                Slip(
                    "counts-for-weights",
                    lambda a, b: a[0] + b[0],
                    "The weights are the counts. Mixing weights sum to one.",
                ),
                Slip("added-parameters", lambda a, b: _weights_of(a) + _weights_of(b), _SUMS_ADDED_PARAMETERS),
                Slip("one-half", [lambda a, b: _weights_of(a), lambda a, b: _weights_of(b)], _SUMS_ONE_HALF),
            ],
        ),
        Value(
            "means",
            lambda a, b: _means_of(_added(a, b)),
            [
                Slip("averaged-parameters", lambda a, b: (_means_of(a) + _means_of(b)) / 2, _SUMS_AVERAGED_PARAMETERS),
                Slip("divided-by-n", lambda a, b: (a[1] + b[1]) / (a[0] + b[0]).sum(), _SUMS_DIVIDED_BY_N),
                Slip("added-parameters", lambda a, b: _means_of(a) + _means_of(b), _SUMS_ADDED_PARAMETERS),
                Slip("one-half", [lambda a, b: _means_of(a), lambda a, b: _means_of(b)], _SUMS_ONE_HALF),
                Slip("not-divided", lambda a, b: a[1] + b[1], "These are sums. Divide each by its component's count."),
            ],
        ),
        Value(
            "covariances",
            lambda a, b: _covariances_of(_added(a, b)),
            [
                Slip(
                    "averaged-parameters",
                    lambda a, b: (_covariances_of(a) + _covariances_of(b)) / 2,
                    _SUMS_AVERAGED_PARAMETERS,
                ),
                Slip(
                    "between-halves-lost",
                    _within,
                    (
                        "You averaged the covariances of the halves by their counts. That leaves out how far "
                        "the means of the halves lie apart. Combine the sums before you divide."
                    ),
                ),
                Slip(
                    "not-centred",
                    lambda a, b: (a[2] + b[2]) / (a[0] + b[0])[:, None, None],
                    "This is the mean of `x x^T`. The square of the mean has to be taken off.",
                ),
                Slip(
                    "divided-by-n",
                    [
                        lambda a, b: (a[2] + b[2]) / (a[0] + b[0]).sum() - _square(_means_of(_added(a, b))),
                        lambda a, b: _covariances_of(_added(a, b)) * _weights_of(_added(a, b))[:, None, None],
                    ],
                    _SUMS_DIVIDED_BY_N,
                ),
                Slip(
                    "nk-minus-one",
                    lambda a, b: _unbiased(_added(a, b)),
                    (
                        "You divided by the count less one. The M-step wants the largest likelihood, which "
                        "has the count."
                    ),
                ),
                Slip(
                    "covariance-type",
                    lambda a, b: np.diagonal(_covariances_of(_added(a, b)), axis1=1, axis2=2),
                    ("These are the variances alone. The task asks for full covariances of shape (k, d, d)."),
                ),
                Slip("added-parameters", lambda a, b: _covariances_of(a) + _covariances_of(b), _SUMS_ADDED_PARAMETERS),
                Slip("one-half", [lambda a, b: _covariances_of(a), lambda a, b: _covariances_of(b)], _SUMS_ONE_HALF),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "Weights and means are those of all rows together.",
            "Weights or means are not right. Try with a second half of which all sums are zero.",
            of=["weights", "means"],
        ),
        Credit(
            1,
            "The covariances are those of all rows together.",
            "The covariances are not right. Compare with `m_step` on both halves stacked.",
            of=["covariances"],
        ),
    ],
)


def draw_birds(seed: int) -> list[tuple]:
    """Draw rows of which some values are missing, each with the mean and the covariance of a component."""
    rng = np.random.default_rng(seed)
    calls = []
    for d, missing in ((3, [0]), (4, [1, 3]), (4, [2]), (3, [])):
        root = rng.normal(size=(d, d + 2))
        x = rng.normal(loc=2, scale=2, size=d)
        x[missing] = np.nan
        calls.append((x, rng.uniform(1, 3, d), root @ root.T))
    return calls


def _regression(x: NDArray, C: NDArray) -> NDArray[np.float64]:
    seen = ~np.isnan(x)
    return np.linalg.solve(C[np.ix_(seen, seen)], C[seen])


def _expected_bird(x: NDArray, m: NDArray, C: NDArray) -> NDArray[np.float64]:
    return m + (x - m)[~np.isnan(x)] @ _regression(x, C)


def _errors(x: NDArray, m: NDArray, C: NDArray) -> NDArray[np.float64]:
    return C - C[:, ~np.isnan(x)] @ _regression(x, C)


def _alone(x: NDArray, m: NDArray, C: NDArray) -> NDArray[np.float64]:
    """Predict each missing value from each observed one alone, and add up."""
    seen = ~np.isnan(x)
    return np.where(seen, x, m + (x - m)[seen] @ (C[seen] / np.diag(C)[seen, None]))


def _hidden(x: NDArray, of: NDArray) -> NDArray[np.float64]:
    """Return a matrix of which only the entries of missing values are kept, the others 0."""
    return np.where(np.isnan(x)[:, None] & np.isnan(x), of, 0.0)


expect_one = function_exercise(
    "em-5",
    title="The expected bird",
    hint="`np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[seen])` is the matrix B of the text. Try a bird "
    "without missing values first.",
    inputs=draw_birds,
    returns=[
        Value(
            "expected values",
            _expected_bird,
            [
                Slip(
                    "mean-filled-in",
                    lambda x, m, C: np.where(np.isnan(x), m, x),
                    "You filled in the component's mean. The observed measurements say more: add what they predict.",
                ),
                Slip(
                    "each-alone",
                    _alone,
                    "You predicted from each observed measurement alone and added up. The measurements are correlated: "
                    "solve with the whole matrix of the observed ones.",
                ),
                Slip(
                    "mean-not-taken-off",
                    lambda x, m, C: np.where(np.isnan(x), m + x[~np.isnan(x)] @ _regression(x, C), x),
                    "You multiplied the observed values themselves. Take their means off first.",
                ),
            ],
        ),
        Value(
            "errors",
            _errors,
            [
                Slip(
                    "plain-covariance",
                    [lambda x, m, C: C, lambda x, m, C: _hidden(x, C)],
                    "This is the covariance before anything was measured. What the observed measurements explain has "
                    "to be taken off.",
                ),
                Slip(
                    "explained",
                    lambda x, m, C: C - _errors(x, m, C),
                    "This is the part that the observed measurements explain. The error is the rest.",
                ),
                Slip(
                    "variances-alone",
                    lambda x, m, C: np.diag(np.diag(_errors(x, m, C))),
                    "These are the variances alone. The errors of two missing values are correlated.",
                ),
            ],
        ),
    ],
    credits=[
        Credit(
            1,
            "This is the expected bird.",
            "This is not the expected bird. If nothing is missing, it must be the bird itself.",
            of=["expected values"],
        ),
        Credit(
            1,
            "These are the covariances of its errors.",
            "These are not the covariances of the errors. If nothing is missing, all must be 0.",
            of=["errors"],
        ),
    ],
)


EXERCISES = [diag_e_step, diag_m_step, why_one_falls, combine, expect_one]
