"""Exercises of notebook 06: a published optimum, enough starts, the narrowest direction, the best fit that is sound."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Exercise, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import Line, as_mixture, as_number, award, mistakes_made, need, part

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

NOTEBOOK = "06_trust_fit"

N_LENGTHS = 6

_OPTIMUM = {
    "covariance-type": "In mclust's model VVI each component has its own variance for each length, and no "
    "correlations. Your mixture has another covariance type.",
    "stopped-early": "Nearly: your fit is on its way to the published optimum, but it stopped before it was there. "
    "`tol` is a gain per sample.",
    "lower-optimum": "Your fit converged to a lower local optimum. More iterations do not help; other starts do.",
    "collapsed": "Your log-likelihood is above the published optimum, because a component has collapsed.",
}

_TOTAL = {
    "per-sample-for-total": "You gave `score`, the mean over the banknotes. The log-likelihood is the sum over all "
    "200 notes.",
    "sign": "The sign is wrong: this log-likelihood is negative.",
    "criterion": "You gave BIC or AIC. These add a penalty for parameters; the task asks for the log-likelihood alone.",
    "likelihood-for-log": "You took the exponential. Report the logarithm itself: the likelihood is too small for a "
    "float.",
}


@exercise(
    "trust-1",
    title="Reach a published optimum",
    points=2,
    hint="A fit can stop early or reach a lower optimum. Which setting of `GaussianMixture` helps against which?",
)
def reach_optimum(model: Any, log_likelihood: Any) -> Any:
    """Judge a fit of three axis-parallel components to the banknotes, and its total log-likelihood."""
    X = gmmlab.data.load_banknotes().drop(columns="Status").to_numpy()
    best = _total(_published(), X)
    models = [(_published(), best)]

    def height() -> Line:
        gmm = _note_mixture(model, X)
        models.insert(0, (gmm, _total(gmm, X)))
        return _judge_height(gmm.covariance_type, models[0][1], best)

    def total() -> Line:
        value = as_number(log_likelihood, "one number, the log-likelihood, as its second answer")
        return _judge_total(value, models, X)

    yield from part(1, height)
    yield from part(1, total)


def _note_mixture(model: Any, X: NDArray[np.float64]) -> Any:
    """Read a mixture of three components in the banknotes' six lengths in mm."""
    gmm = as_mixture(model, "a fitted GaussianMixture as its first answer")
    need(
        gmm.means_.shape == (3, N_LENGTHS),
        "wrong-size",
        f"Expected 3 components in {N_LENGTHS} lengths, got {gmm.means_.shape[0]} components in "
        f"{gmm.means_.shape[1]} features.",
    )
    need(
        (np.abs(gmm.means_ - X.mean(axis=0)) < np.ptp(X, axis=0)).all(),
        "other-units",
        "The means of this mixture lie far from the banknotes. Fit the six lengths in mm, neither scaled nor centred.",
    )
    need(
        np.linalg.eigvalsh(gmmlab.mixture.covariance_matrices(gmm)).min() > 0
        and gmm.weights_.min() > 0
        and abs(gmm.weights_.sum() - 1) < 1e-6,
        "not-a-mixture",
        "These are not the parameters of a fitted mixture: expected positive variances, and positive weights that "
        "sum to 1. Leave what `fit` found as it is.",
    )
    return gmm


def _judge_height(covariance_type: str, reached: float, best: float) -> Line:
    made = {
        "covariance-type": covariance_type != "diag",
        "collapsed": reached > best,
        "stopped-early": reached > best - 1,
        "lower-optimum": True,
    }
    met = covariance_type == "diag" and abs(reached - best) < 0.01
    words = "Your fit reaches the published log-likelihood."
    return award(1, met, words, *mistakes_made(made, _OPTIMUM), otherwise=_OPTIMUM["lower-optimum"])


def _judge_total(total: float, models: list[tuple[Any, float]], X: NDArray[np.float64]) -> Line:
    """Judge the log-likelihood of the student's own model; that of the published one is right, too."""
    n = len(X)
    criteria = [f(X) for gmm, _ in models for f in (_plain(gmm).bic, _plain(gmm).aic)]
    known = [reached for _, reached in models]
    made = {
        "per-sample-for-total": any(abs(abs(total) - abs(value) / n) < 0.01 for value in known),
        "sign": any(abs(total + value) < 0.1 for value in known),
        "criterion": any(abs(abs(total) - abs(value)) < 0.5 for value in criteria),
        "likelihood-for-log": 0 <= total < 1e-4 or any(abs(total - np.exp(v / n)) < 1e-4 for v in known),
    }
    met = any(abs(total - value) < 0.051 for value in known)
    return award(
        1,
        met,
        "This is its log-likelihood, the sum over 200 banknotes.",
        *mistakes_made(made, _TOTAL),
        otherwise="This is not the log-likelihood of your model. Compute it from `score_samples` or `score`.",
    )


def _plain(gmm: Any) -> GaussianMixture:
    """Return the mixture without feature names, so that it takes an array without a warning."""
    return gmmlab.mixture.from_parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)


def _total(gmm: Any, X: NDArray[np.float64]) -> float:
    return float(_plain(gmm).score(X) * len(X))


@lru_cache
def _published() -> GaussianMixture:
    """Return the optimum of mclust 6.0.0, model VVI with three components (log-likelihood -825.3853)."""
    notes = gmmlab.data.load_banknotes().drop(columns="Status")
    return gmmlab.mixture.best_fit(notes, 3, covariance_type="diag", n_init=5)


def draw_heights(seed: int) -> list[tuple]:
    """Draw the log-likelihoods that single starts reach, and the risk that is accepted."""
    rng = np.random.default_rng(seed)
    calls: list[tuple] = []
    while len(calls) < 4:
        n_starts, risk = int(rng.integers(20, 60)), float(rng.choice([0.01, 0.02, 0.05, 0.1]))
        hits = int(rng.integers(3, n_starts // 3))
        starts = np.log(risk) / np.log(1 - hits / n_starts)
        if not 0.1 < starts % 1 < 0.4:  # far from whole, and rounding is not the same as rounding up
            continue
        best = -rng.uniform(500, 2000)
        lower = best - rng.choice([3.7, 11.2, 25.0], n_starts - hits) - rng.uniform(0, 0.004, n_starts - hits)
        heights = np.concatenate([best - np.linspace(0, 0.004, hits), lower])
        calls.append((rng.permutation(heights), risk))
    return calls


def _share(heights: NDArray[np.float64]) -> float:
    return float(np.mean(heights > heights.max() - 0.01))


def _starts(share: float, risk: float) -> float:
    return float(np.log(risk) / np.log(1 - share))


enough_starts: Exercise = function_exercise(
    "trust-2",
    title="How many starts are enough?",
    hint="If one start misses with probability 1 - p, then n independent starts all miss with probability (1 - p)^n. "
    "Solve for n with logarithms, then round up.",
    inputs=draw_heights,
    returns=[
        Value(
            "number of starts",
            lambda h, risk: np.ceil(_starts(_share(h), risk)),
            [
                Slip(
                    "not-whole",
                    lambda h, risk: _starts(_share(h), risk),
                    "The formula is right, but nobody can run part of a start. Round up to a whole number.",
                ),
                Slip(
                    "rounded-down",
                    [
                        lambda h, risk: np.floor(_starts(_share(h), risk)),
                        lambda h, risk: np.round(_starts(_share(h), risk)),
                    ],
                    "You rounded down. With so few starts the chance to miss the optimum is above the risk: round up.",
                ),
                Slip(
                    "one-too-many",
                    lambda h, risk: np.floor(_starts(_share(h), risk)) + 2,
                    "Expected the smallest number of starts that is enough, got one more.",
                ),
                Slip(
                    "no-tolerance",
                    [
                        lambda h, risk: np.ceil(_starts(float(np.mean(h == h.max())), risk)),
                        lambda h, risk: _starts(float(np.mean(h == h.max())), risk),
                    ],
                    "You counted only the starts that equal the highest exactly. Fits of the same optimum differ in "
                    "the last digits: count all within 0.01.",
                ),
                Slip(
                    "miss-for-hit",
                    [
                        lambda h, risk: np.ceil(_starts(1 - _share(h), risk)),
                        lambda h, risk: _starts(1 - _share(h), risk),
                    ],
                    "You took the share of starts that hit where the share that miss belongs. All n starts must miss: "
                    "that has probability (1 - p)^n.",
                ),
                Slip(
                    "success-for-risk",
                    [
                        lambda h, risk: np.ceil(_starts(_share(h), 1 - risk)),
                        lambda h, risk: _starts(_share(h), 1 - risk),
                    ],
                    "You allowed the starts to miss with probability 1 - risk. The risk itself is the chance to miss.",
                ),
                Slip(
                    "expected-number",
                    [
                        lambda h, risk: np.ceil(1 / _share(h)),
                        lambda h, risk: 1 / _share(h),
                        lambda h, risk: np.ceil((1 - risk) / _share(h)),
                        lambda h, risk: (1 - risk) / _share(h),
                    ],
                    "You divided by the share. On average the first hit comes after 1/p starts, but more than a third "
                    "of all series of that length miss. Multiply the chances to miss.",
                ),
                Slip(
                    "lowest-for-highest",
                    lambda h, risk: np.ceil(_starts(float(np.mean(h < h.min() + 0.01)), risk)),
                    "You counted the starts at the lowest log-likelihood. The best optimum is the highest.",
                ),
                Slip(
                    "factor-two",
                    lambda h, risk: np.ceil(_starts(_share(h), risk / 2)),
                    "You halved the risk. The task has one kind of failure only: that all starts miss.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            2,
            "Your number of starts keeps the risk, and one start fewer would not.",
            "Try a share of 1/2 and a risk of 0.05 on paper: 4 starts all miss with chance 1/16, 5 with 1/32.",
        )
    ],
)


def draw_covariances(seed: int) -> list[tuple]:
    """Draw covariances of 2, 3 and 4 components: first along the axes, then tilted, with one thin direction each."""
    rng = np.random.default_rng(seed)
    calls = []
    for k, d, tilted in ((2, 3, False), (3, 4, True), (4, 2, True)):
        sds = np.sort(rng.uniform(0.6, 3.0, (k, d)), axis=1)
        sds[:, 0] = rng.uniform(0.05, 0.4, k)
        turns = [np.linalg.qr(rng.normal(size=(d, d)))[0] if tilted else np.eye(d)[rng.permutation(d)] for _ in sds]
        calls.append((np.array([(turn * sd**2) @ turn.T for turn, sd in zip(turns, sds, strict=True)]),))
    return calls


def _sds(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.linalg.eigvalsh(covariances))


def _diagonals(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.diagonal(covariances, axis1=1, axis2=2)


narrowest_direction: Exercise = function_exercise(
    "trust-3",
    title="Find the narrowest direction",
    hint="The half-axes of an ellipsoid lie along the eigenvectors of the covariance matrix, and the eigenvalues are "
    "the variances there. `np.linalg.eigvalsh` takes a whole stack of symmetric matrices.",
    inputs=draw_covariances,
    returns=[
        Value(
            "standard deviations",
            lambda c: _sds(c).min(axis=1),
            [
                Slip(
                    "axes-only",
                    lambda c: np.sqrt(_diagonals(c)).min(axis=1),
                    "You looked along the axes only, on the diagonal. A component can be thin in a tilted direction "
                    "while every feature varies: its widths are those along the eigenvectors.",
                ),
                Slip(
                    "variance-for-sd",
                    [lambda c: _sds(c).min(axis=1) ** 2, lambda c: _diagonals(c).min(axis=1)],
                    "These are variances. The task asks for standard deviations: take the root.",
                ),
                Slip(
                    "widest-for-narrowest",
                    [lambda c: _sds(c).max(axis=1), lambda c: np.sqrt(_diagonals(c)).max(axis=1)],
                    "These are the widest directions. A component that collapses is found by its narrowest.",
                ),
                Slip(
                    "mean-width",
                    [
                        lambda c: _sds(c).mean(axis=1),
                        lambda c: np.exp(np.log(_sds(c)).mean(axis=1)),
                        lambda c: np.sqrt((_sds(c) ** 2).mean(axis=1)),
                        lambda c: np.prod(_sds(c), axis=1),
                    ],
                    "You averaged or multiplied over the directions. Take the narrowest alone.",
                ),
                Slip(
                    "smallest-entry",
                    [lambda c: c.min(axis=(1, 2)), lambda c: np.sqrt(np.abs(c).min(axis=(1, 2)))],
                    "An entry off the diagonal is a covariance, not a width; a covariance may even be negative.",
                ),
                Slip(
                    "one-for-all",
                    lambda c: _sds(c).min(),
                    "Expected one standard deviation for each component, got one for all. Take the minimum along the "
                    "last axis only.",
                ),
                Slip(
                    "all-directions",
                    [_sds, lambda c: np.sqrt(_diagonals(c))],
                    "Expected one standard deviation for each component, got one for each direction. Keep the "
                    "narrowest.",
                ),
                Slip(
                    "wrong-axis",
                    lambda c: _sds(c).min(axis=0),
                    "You took the minimum over the components. Take the minimum along the other axis, over the "
                    "directions.",
                ),
            ],
            rtol=1e-3,
            atol=1e-4,
        )
    ],
    credits=[
        Credit(
            1,
            "Right for components along the axes.",
            "Not right for components along the axes. Try a diagonal matrix first.",
            calls=slice(0, 1),
        ),
        Credit(
            1,
            "Right for tilted components.",
            "Not right for tilted components. Try a correlation of 0.99.",
            calls=slice(1, None),
        ),
    ],
)


def draw_fits(seed: int) -> list[tuple]:
    """Draw fits of three components to standardised data: three sound ones, and three that collapsed, each differently.

    The highest log-likelihood is that of a component on one row. Another component is a thin layer of enough rows,
    along an axis in the first call and tilted in the others; a third has too few rows and is not thin.
    """
    return list(_drawn_fits(seed))


@lru_cache
def _drawn_fits(seed: int) -> list[tuple]:
    rng = np.random.default_rng(seed)
    shapes = [(2, False), (2, True), (3, True)]
    return [_fits_of_one_data_set(rng, d, tilted, call) for call, (d, tilted) in enumerate(shapes)]


def _fits_of_one_data_set(rng: np.random.Generator, d: int, tilted: bool, call: int) -> tuple:
    """Draw until each usual mistake leads to another fit than the others, in one of the calls at least."""
    while True:
        X, fits = _candidates(rng, d, tilted)
        scores = np.array([gmm.score(X) for gmm in fits])
        ranked = (np.diff(scores[[2, 1, 0, 4, 3, 5]]) > 0.01).all()
        if ranked and _width(fits[0]) < 0.03 and _width(fits[1]) > 0.033:
            break
    while True:
        order = rng.permutation(len(fits))
        if order[0] == 3 + call and order[order < 3][0] == (1, 2, 1)[call]:
            return [fits[k] for k in order], X


def _candidates(rng: np.random.Generator, d: int, tilted: bool) -> tuple[NDArray[np.float64], list[GaussianMixture]]:
    """Return data of two groups and a thin layer, and the fits: best, two lower ones, thin, few rows, one row."""
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0] if tilted else np.eye(d)
    sizes = np.ones((3, d))
    sizes[1:, 0] = 0.02, 0.0  # a group that is narrow and sound, and the layer
    A, B, layer = (
        rng.normal(centre, 1, (n, d)) * size @ axes.T
        for centre, n, size in zip((0, 4, -4), (100, 60, d + 3), sizes, strict=True)
    )
    X = np.vstack([A, B, layer])
    mean, sd = X.mean(axis=0), X.std(axis=0)
    X, A, B, layer = ((rows - mean) / sd for rows in (X, A, B, layer))
    rest = np.vstack([A, layer])
    best = _from_groups([A[:40], np.vstack([A[40:], layer]), B])
    wider = [_scaled(best, factor) for factor in (10.0, 16.0)]
    gaps = np.linalg.norm(A[:, None] - A, axis=2) + 1e9 * np.eye(len(A))
    i, j = np.unravel_index(gaps.argmin(), gaps.shape)
    few = _with_tiny(rest, B, (A[i] + A[j]) / 2, rows=2, width=max(gaps[i, j] / 2, 0.004))
    point = _with_tiny(rest, B, A[0], rows=1, width=1e-20)
    return X, [best, *wider, _from_groups([A, B, layer]), few, point]


def _from_groups(groups: list[NDArray[np.float64]]) -> GaussianMixture:
    """Return the mixture with a component for each group of rows, at least 0.0004 wide."""
    n = sum(map(len, groups))
    covariances = [np.cov(rows.T, ddof=0) + 0.0004**2 * np.eye(rows.shape[1]) for rows in groups]
    return gmmlab.mixture.from_parameters(
        [len(rows) / n for rows in groups], [rows.mean(axis=0) for rows in groups], covariances
    )


def _with_tiny(
    rest: NDArray[np.float64], B: NDArray[np.float64], centre: NDArray[np.float64], rows: int, width: float
) -> GaussianMixture:
    """Return a mixture of two groups, and a round component of this width that owns so many rows."""
    two, share = _from_groups([rest, B]), rows / (len(rest) + len(B))
    covariances = [*two.covariances_, width**2 * np.eye(len(centre))]
    return gmmlab.mixture.from_parameters([*(two.weights_ * (1 - share)), share], [*two.means_, centre], covariances)


def _scaled(gmm: GaussianMixture, factor: float) -> GaussianMixture:
    return gmmlab.mixture.from_parameters(gmm.weights_, gmm.means_, gmm.covariances_ * factor)


def _width(gmm: GaussianMixture) -> float:
    return float(_sds(gmm.covariances_).min())


def _axis_width(gmm: GaussianMixture) -> float:
    return float(np.sqrt(_diagonals(gmm.covariances_)).min())


def _is_sound(
    gmm: GaussianMixture, X: NDArray[np.float64], width: Any = _width, thinnest: float = 0.001, least: float = 1
) -> bool:
    """Say whether no component is thinner, or owns fewer rows, than the task allows."""
    return width(gmm) >= thinnest and gmm.weights_.min() * len(X) >= least * (X.shape[1] + 1) - 1e-6


def _choose(fits: list[GaussianMixture], X: NDArray[np.float64], **rule: Any) -> int:
    """Return the place of the highest log-likelihood among the fits that the rule leaves, or the first place."""
    return int(np.argmax([gmm.score(X) if _is_sound(gmm, X, **rule) else -np.inf for gmm in fits]))


def _places(fits: list[GaussianMixture], X: NDArray[np.float64]) -> list[int]:
    return [k for k, gmm in enumerate(fits) if _is_sound(gmm, X)]


best_sound_fit: Exercise = function_exercise(
    "trust-4",
    title="Choose the best fit that is sound",
    hint="Go through the list. For each fit compute its narrowest standard deviation, as in trust-3, and the rows that "
    "its smallest component owns. Skip a fit that breaks the rule, and remember the highest of the others.",
    inputs=draw_fits,
    returns=[
        Value(
            "place in the list",
            _choose,
            [
                Slip(
                    "collapsed-chosen",
                    lambda fits, X: _choose(fits, X, thinnest=0, least=0),
                    "You took the highest log-likelihood of all. That fit has a component on a single row: leave out "
                    "the collapsed fits first.",
                ),
                Slip(
                    "width-forgotten",
                    lambda fits, X: _choose(fits, X, thinnest=0),
                    "Your choice has a component that owns enough rows but is a thin layer of them. Look at the "
                    "narrowest standard deviation, too.",
                ),
                Slip(
                    "rows-forgotten",
                    lambda fits, X: _choose(fits, X, least=0),
                    "Your choice has a component of fewer than d + 1 rows. Multiply the weights by the number of rows "
                    "and look at the smallest.",
                ),
                Slip(
                    "axes-only",
                    lambda fits, X: _choose(fits, X, width=_axis_width),
                    "Your choice has a component that is thin in a tilted direction. The diagonal of the covariance "
                    "does not show that; the eigenvalues do.",
                ),
                Slip(
                    "variance-for-sd",
                    lambda fits, X: _choose(fits, X, thinnest=0.001**0.5),
                    "You left out a sound fit. The eigenvalues are variances: take the root before you compare with "
                    "0.001.",
                ),
                Slip(
                    "weights-for-rows",
                    lambda fits, X: _choose(fits, X, least=len(X)),
                    "You compared the weights with d + 1 rows. A weight is a share: multiply it by the number of rows.",
                ),
                Slip(
                    "place-among-sound",
                    lambda fits, X: _places(fits, X).index(_choose(fits, X)),
                    "This is the place among the sound fits. Expected the place in the whole list.",
                ),
                Slip(
                    "first-sound",
                    lambda fits, X: _places(fits, X)[0],
                    "This is the first sound fit. Expected the one with the highest log-likelihood.",
                ),
                Slip(
                    "lowest-for-highest",
                    lambda fits, X: min(_places(fits, X), key=lambda k: fits[k].score(X)),
                    "This is the lowest log-likelihood among the sound fits: take the highest.",
                ),
                Slip(
                    "likelihood-for-place",
                    [
                        lambda fits, X: fits[_choose(fits, X)].score(X),
                        lambda fits, X: fits[_choose(fits, X)].score(X) * len(X),
                    ],
                    "You returned the log-likelihood itself. Expected the place in the list, counted from 0.",
                ),
                Slip(
                    "counted-from-one",
                    lambda fits, X: _choose(fits, X) + 1,
                    "You counted places from 1. Python counts from 0.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "Right where components are thin along the axes.",
            "Not right where components are thin along the axes. Print the narrowest standard deviation and the rows "
            "of the smallest component for each fit.",
            calls=slice(0, 1),
        ),
        Credit(
            2,
            "Right where components are thin in tilted directions.",
            "Not right where components are tilted. Print the narrowest standard deviation and the rows of the "
            "smallest component for each fit.",
            calls=slice(1, None),
        ),
    ],
)


EXERCISES = [reach_optimum, enough_starts, narrowest_direction, best_sound_fit]
