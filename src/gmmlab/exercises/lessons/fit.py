"""Checks of notebook 03: a component in words, parameter counts, the published optimum, collapse."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gmmlab.data import MEASURES, load_banknotes, load_penguins
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import (
    Line,
    Mistake,
    as_array,
    as_mixture,
    as_number,
    as_results,
    mistakes_made,
    need,
    rubric,
    wrong_kind,
)
from gmmlab.mixture import (
    COVARIANCE_TYPES,
    best_fit,
    covariance_matrices,
    from_parameters,
    n_parameters,
    sort_components,
)
from gmmlab.preprocess import split_penguins

NOTEBOOK = "03_fit_mixture"

PAIR = ["bill_depth_mm", "flipper_length_mm"]
BUDGET, N_LENGTHS = 83, 6


_COMPONENT = {
    "variance-for-sd": "This is a variance, in mm². What is its root?",
    "wrong-units": "This number belongs to standardised flippers, which have no unit. Turn it into mm.",
    "other-component": "This belongs to the component with the shorter flippers.",
    "other-measure": "This is the spread of the bill depth. Which place in the matrix belongs to the flippers?",
    "whole-sample": "This is computed from all birds at once, as if there were one component. Read it from the "
    "covariance of one component.",
    "covariance-for-correlation": "This is a covariance. Divide it by both standard deviations.",
    "half-divided": "A covariance is divided by both standard deviations, not by one of them and not by the variances.",
    "fitted-on-test": "This comes from a fit to the test set, which is kept for judging. Fit the training set.",
    "not-the-training-set": "This comes from a fit to all birds. Fit the training set only.",
    "covariance-type": "This comes from a fit of another covariance type. Only `full` gives each component a matrix of "
    "its own.",
}


@exercise(
    "fit-1",
    title="Read one component",
    points=2,
    hint="Sort the components by their mean flipper length. In a covariance matrix, row and column 0 belong to the "
    "first column of the data, row and column 1 to the second.",
)
def read_component(sd: Any, correlation: Any) -> Iterator[Line]:
    """Judge the flippers' standard deviation and the correlation in the component with the longer flippers."""
    spread = as_number(sd, "one number in mm, the standard deviation, as its first answer")
    slope = as_number(correlation, "one number, the correlation, as its second answer")
    yield rubric(
        1,
        abs(spread - _values()["sd"]["right"][0]) < 0.051,
        "This is the standard deviation of the flipper length in that component, in mm.",
        *_near(spread, _values()["sd"], 0.02),
        otherwise="Fit two full components to the training birds, and take the root of the right diagonal entry.",
    )
    yield rubric(
        1,
        abs(slope - _values()["correlation"]["right"][0]) < 0.0076,
        "This is the correlation within the component; over all birds it is negative.",
        *_near(slope, _values()["correlation"], 0.01),
        otherwise="Divide the covariance of the component by both of its standard deviations.",
    )


def _near(value: float, known: Mapping[str, Iterable[float]], tolerance: float) -> list[Mistake]:
    """Say which mistakes give this value, to a share ``tolerance`` of it."""
    made = {
        name: any(abs(value - other) <= tolerance * abs(other) for other in others)
        for name, others in known.items()
        if name != "right"
    }
    return mistakes_made(made, _COMPONENT)


@lru_cache
def _values() -> dict[str, dict[str, list[float]]]:
    """Return for both answers the right value, and the values that the usual mistakes give."""
    matrices = _matrices()
    sd = {name: [float(np.sqrt(c[1, 1])) for c in many] for name, many in matrices.items()}
    correlation = {name: [_correlation(c) for c in many] for name, many in matrices.items()}
    (right,), (train, _) = matrices["right"], matrices["whole-sample"]
    standard = right / np.sqrt(np.outer(np.diag(train), np.diag(train)))
    depth, flipper = np.sqrt(np.diag(right))
    sd["variance-for-sd"] = [right[1, 1]]
    sd["wrong-units"] = [np.sqrt(standard[1, 1]), standard[1, 1]]
    sd["other-measure"] = [depth]
    correlation["covariance-for-correlation"] = [right[0, 1], standard[0, 1]]
    correlation["half-divided"] = [right[0, 1] / by for by in (depth, flipper, (depth * flipper) ** 2)]
    return {"sd": sd, "correlation": correlation}


def _matrices() -> dict[str, list[NDArray[np.float64]]]:
    """Return the covariance to be read, and those that are read by mistake."""
    train, test = (X[PAIR] for X in split_penguins()[:2])
    birds = load_penguins().dropna(subset=MEASURES)[PAIR]
    short, long = _two_covariances(train)
    others = ("tied", "diag", "spherical")
    return {
        "right": [long],
        "other-component": [short],
        "whole-sample": [np.cov(X.T, ddof=0) for X in (train, birds)],
        "fitted-on-test": [_two_covariances(test)[1]],
        "not-the-training-set": [_two_covariances(birds)[1]],
        "covariance-type": [_two_covariances(train, covariance_type=other)[1] for other in others],
    }


def _two_covariances(X: pd.DataFrame, **options: str) -> NDArray[np.float64]:
    """Return the covariances of two components, that with the longer flippers last."""
    return covariance_matrices(sort_components(best_fit(X, 2, n_init=2, **options), by=1))


def _correlation(covariance: NDArray[np.float64]) -> float:
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


_AFFORD = {
    "weights-sum-to-one": "You counted one weight too many: the weights sum to one, so the last one is not free.",
    "weights-forgotten": "The weights are parameters, too: how many of them are free?",
    "means-forgotten": "The means are parameters, too: one number for each measure and each component.",
    "square-matrix": "You counted every entry of the matrix. A covariance matrix is symmetric: the entries below the "
    "diagonal repeat those above.",
    "covariance-type": "This would be right for another covariance type. Who shares a matrix here, and which of its "
    "entries are free?",
    "over-budget": f"With so many components the model has more than the {BUDGET} parameters allowed.",
    "too-few": f"One component more would still be within the {BUDGET} parameters.",
}


@exercise(
    "fit-2",
    title="How many components can you afford?",
    points=2,
    hint="Write the number of parameters of each type as a formula in K: K - 1 weights, 6 K means, and the "
    "covariances. For one matrix of six measures, count the entries on and above the diagonal.",
)
def components_within_budget(answer: Any) -> Iterator[Line]:
    """Judge the largest number of components of each covariance type within the budget of parameters."""
    table = answer.to_dict() if isinstance(answer, pd.Series) else answer
    if not isinstance(table, dict):
        wrong_kind(answer, "a dict from each covariance type to a whole number")
    need(
        set(table) == set(COVARIANCE_TYPES),
        "wrong-keys",
        f"The keys are the four texts {', '.join(COVARIANCE_TYPES)}; what came has others.",
    )
    k = {kind: as_number(table[kind], f"a whole number for {kind}") for kind in COVARIANCE_TYPES}
    for kinds in (("full", "tied"), ("diag", "spherical")):
        wrong = [kind for kind in kinds if k[kind] != _afford(kind)]
        mistakes = mistakes_made(_miscounted(wrong[0], k[wrong[0]]), _AFFORD) if wrong else []
        where = " and ".join(wrong)
        named = [m._replace(message=f"{where}: {m.message}") for m in mistakes]
        yield rubric(1, not wrong, f"{kinds[0]} and {kinds[1]}: right.", *named, otherwise=f"Count {where} again.")


def _miscounted(kind: str, k: float) -> dict[str, bool]:
    others = [_afford(other) for other in COVARIANCE_TYPES] + [_afford(kind, shared=True)]
    return {
        "weights-sum-to-one": k == _afford(kind, weights=lambda k: k),
        "weights-forgotten": k == _afford(kind, weights=lambda k: 0),
        "means-forgotten": k == _afford(kind, means=0),
        "square-matrix": k == _afford(kind, matrix=N_LENGTHS**2),
        "covariance-type": k in others,
        "over-budget": k > _afford(kind),
        "too-few": True,
    }


def _afford(
    kind: str,
    weights: Callable[[int], int] = lambda k: k - 1,
    means: int = N_LENGTHS,
    matrix: int = N_LENGTHS * (N_LENGTHS + 1) // 2,
    shared: bool = False,
) -> int:
    """Return the largest number of components within the budget, counted so."""
    size = {"full": matrix, "tied": matrix, "diag": N_LENGTHS, "spherical": 1}[kind]
    copies = (lambda k: 1) if shared or kind == "tied" else (lambda k: k)
    return sum(weights(k) + means * k + copies(k) * size <= BUDGET for k in range(1, BUDGET + 1))


_OPTIMUM = {
    "covariance-type": "mclust's VVI gives each component a variance of its own for each measure, and no "
    "correlations. Your mixture has another covariance type.",
    "stopped-early": "Nearly: this is the right hill, but the fit stopped before its top. `tol` is a gain per sample.",
    "wrong-hill": "This is another, lower optimum: more iterations do not help, other starts do.",
    "collapsed": "This is higher than the published optimum, because a component has collapsed.",
}

_BIC = {
    "bic-sign": "This is BIC as scikit-learn has it, where lower is better. mclust prints it with the other sign.",
    "per-sample-for-total": "You took `score`, which is a mean over the banknotes. Log L is their sum.",
    "aic-for-bic": "This is AIC: it charges 2 for each parameter, BIC charges log n.",
    "factor-two": "Log L counts twice: 2 log L - p log n.",
    "log-likelihood": "This is the log-likelihood, without the price of the parameters.",
    "parameter-count": "The form is right, but p is not: count weights, means and variances of this covariance type.",
}


@exercise(
    "fit-3",
    title="Reach a published optimum",
    points=2,
    hint="Two diseases, two cures: see 'Converged is not optimal'. For BIC, compare mclust's formula with that of "
    "scikit-learn, term by term.",
)
def reach_optimum(model: Any, bic: Any) -> Iterator[Line]:
    """Judge a fit of three axis-parallel components to the banknotes, and its BIC as mclust prints it."""
    gmm = as_mixture(model, "a fitted GaussianMixture as its first answer")
    printed = as_number(bic, "one number, the BIC, as its second answer")
    need(
        gmm.means_.shape == (3, N_LENGTHS),
        "wrong-size",
        f"This exercise asks for 3 components in the 6 lengths, but {gmm.means_.shape[0]} components in "
        f"{gmm.means_.shape[1]} measures came.",
    )
    X = load_banknotes().drop(columns="Status").to_numpy()
    need(
        (np.abs(gmm.means_ - X.mean(axis=0)) < np.ptp(X, axis=0)).all(),
        "other-units",
        "The means of this mixture lie far from the banknotes. Fit the six lengths in mm, neither scaled nor centred.",
    )
    need(
        np.linalg.eigvalsh(covariance_matrices(gmm)).min() > 0 and gmm.weights_.min() > 0,
        "not-a-mixture",
        "The parameters of this mixture are not those of a fit: weights and variances are positive. Use `fit`.",
    )
    total = gmm.weights_.sum()
    need(
        abs(total - 1) < 1e-6,
        "not-a-mixture",
        f"The weights of this mixture sum to {total:.6g}, but shares sum to one. Leave them as `fit` found them.",
    )
    loglik, best = _total(gmm, X), _total(_published(), X)
    yield _judge_height(gmm.covariance_type, loglik, best)
    yield _judge_bic(printed, {(gmm.covariance_type, loglik), ("diag", best)})


def _judge_height(covariance_type: str, loglik: float, best: float) -> Line:
    made = {
        "covariance-type": covariance_type != "diag",
        "collapsed": loglik > best,
        "stopped-early": loglik > best - 1,
        "wrong-hill": True,
    }
    reached = covariance_type == "diag" and abs(loglik - best) < 0.01
    words = "It reaches the published log-likelihood."
    return rubric(1, reached, words, *mistakes_made(made, _OPTIMUM), otherwise=_OPTIMUM["wrong-hill"])


def _judge_bic(printed: float, models: Iterable[tuple[str, float]]) -> Line:
    """Judge the BIC of the student's own model; that of the published one is right, too."""
    known = [_criteria(*model) for model in models]
    # One parameter costs log 200 = 5.3, so that half a unit keeps the counts apart.
    made = {name: any(abs(printed - v) < 0.5 for values in known for v in values[name]) for name in known[0]}
    right = made.pop("right")
    words = "This is BIC as mclust prints it: higher is better."
    otherwise = "Take the log-likelihood of your model, count its parameters, and put n = 200 into the formula."
    return rubric(1, right, words, *mistakes_made(made, _BIC), otherwise=otherwise)


def _criteria(covariance_type: str, loglik: float) -> dict[str, list[float]]:
    """Return BIC as mclust has it, and what the usual mistakes give."""
    n, p = len(load_banknotes()), n_parameters(covariance_type, 3, N_LENGTHS)
    price = p * np.log(n)
    return {
        "right": [2 * loglik - price],
        "bic-sign": [price - 2 * loglik],
        "per-sample-for-total": [2 * loglik / n - price, price - 2 * loglik / n],
        "aic-for-bic": [2 * loglik - 2 * p, 2 * p - 2 * loglik],
        "factor-two": [loglik - price],
        "log-likelihood": [loglik, 2 * loglik, loglik / n],
        "parameter-count": [2 * loglik - other * np.log(n) for other in range(1, 3 * p)],
    }


def _total(gmm: Any, X: NDArray[np.float64]) -> float:
    # Rebuilt, so that a mixture fitted on a DataFrame takes an array without a warning.
    plain = from_parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)
    return float(plain.score(X) * len(X))


@lru_cache
def _published() -> Any:
    """Return the optimum of mclust 6.0.0, model VVI with three components (log-likelihood -825.3853)."""
    return best_fit(load_banknotes().drop(columns="Status"), 3, covariance_type="diag", n_init=5)


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


_WRONG_WIDTHS = {
    "variance-for-sd": [lambda c: _sds(c).min(axis=1) ** 2, lambda c: _diagonals(c).min(axis=1)],
    "widest-for-narrowest": [lambda c: _sds(c).max(axis=1), lambda c: np.sqrt(_diagonals(c)).max(axis=1)],
    "mean-width": [
        lambda c: _sds(c).mean(axis=1),
        lambda c: np.exp(np.log(_sds(c)).mean(axis=1)),
        lambda c: np.sqrt((_sds(c) ** 2).mean(axis=1)),
        lambda c: np.prod(_sds(c), axis=1),
    ],
    "axes-only": [lambda c: np.sqrt(_diagonals(c)).min(axis=1)],
    "smallest-entry": [lambda c: np.sqrt(np.abs(c).min(axis=(1, 2))), lambda c: c.min(axis=(1, 2))],
}

_WIDTHS = {
    "variance-for-sd": "These are variances. The task asks for standard deviations, in the units of the data.",
    "widest-for-narrowest": "These are the widest directions: a component that collapses is found by its narrowest.",
    "mean-width": "This averages over the directions, or multiplies them. Take the narrowest alone.",
    "axes-only": "You looked along the axes only, on the diagonal. A component can be thin in a slanted direction "
    "while every measure varies: its widths are along the eigenvectors.",
    "smallest-entry": "An entry off the diagonal is a covariance and no width; it may even be negative.",
}


@exercise(
    "fit-4",
    title="Find the narrowest direction",
    points=2,
    hint="The half-axes of an ellipsoid lie along the eigenvectors of the covariance, and the eigenvalues are the "
    "variances there. `np.linalg.eigvalsh` takes a whole stack of symmetric matrices.",
    inputs=draw_covariances,
)
def narrowest_direction(answer: Any) -> Iterator[Line]:
    """Judge a function that returns for each component the standard deviation in its narrowest direction."""
    results = as_results(answer, 3)
    inputs = [covariances for (covariances,) in draw_covariances(answer.seed)]
    widths = [_widths(result, *covariances.shape[:2]) for result, covariances in zip(results, inputs, strict=True)]
    made = {
        name: any(all(map(_close, widths, map(wrong, inputs))) for wrong in many)
        for name, many in _WRONG_WIDTHS.items()
    }
    mistakes = mistakes_made(made, _WIDTHS)
    fits = [_close(width, _sds(c).min(axis=1)) for width, c in zip(widths, inputs, strict=True)]
    yield rubric(
        1, fits[0], "Right for components along the axes.", *mistakes, otherwise="Try a diagonal matrix first."
    )
    yield rubric(
        1,
        all(fits[1:]),
        "Right for tilted components.",
        *mistakes,
        otherwise="Try a correlation of 0.99.",
    )


def _widths(result: Any, k: int, d: int) -> NDArray[np.float64]:
    """Read one number for each component; other usual shapes stop the check with a word of their own."""
    expected = f"a function that returns {k} numbers for {k} components"
    shape = np.shape(result) if isinstance(result, int | float | np.ndarray | list) and _regular(result) else None
    need(shape not in [(), (1,)], "one-for-all", f"One number for all came; this exercise asks for {expected}.")
    need(
        shape != (k, d),
        "all-directions",
        f"Your function returns a width for every direction. Keep the narrowest of each component: {k} numbers.",
    )
    need(
        shape != (d,),
        "wrong-axis",
        f"Your function returns one number for each of the {d} measures. Take the minimum along the other axis.",
    )
    return as_array(result, (k,), expected)


def _regular(result: Any) -> bool:
    """Whether a list has the shape of an array."""
    try:
        return np.asarray(result).dtype != object
    except ValueError:
        return False


def _close(a: NDArray, b: NDArray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4))


choice(
    "fit-5",
    module=__name__,
    title="A triumph of the likelihood?",
    points=1,
    hint="What does the density at the centre of a Gaussian do as its width goes to zero?",
    right="c",
    options={
        "a": "A kind needs more than one specimen: one bird has no spread to estimate, and the width that you see is "
        "`reg_covar`.",
        "b": "The iterations did converge. More of them keep the component on its bird: there the likelihood is higher "
        "than anywhere else.",
        "c": "The component sits on one bird with the width that `reg_covar` allows. What it gains depends on "
        "`reg_covar` and not on the birds, so the number says nothing; reject the fit.",
        "d": "More starts find more such points: `n_init` keeps the highest likelihood, and collapsed fits are the "
        "highest.",
        "e": "BIC charges every fit of eight components the same price, and the likelihood grows without limit as "
        "`reg_covar` falls. So BIC prefers the collapse, too.",
    },
)
