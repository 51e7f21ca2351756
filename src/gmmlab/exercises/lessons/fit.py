"""Checks of notebook 03: a component in words, parameter counts, the covariance of the whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import (
    Line,
    Mistake,
    as_count,
    as_dict,
    as_number,
    award,
    mistakes_made,
    need,
    part,
)

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
    yield from part(1, lambda: _judge_spread(sd))
    yield from part(1, lambda: _judge_slope(correlation))


def _judge_spread(sd: Any) -> Line:
    spread = as_number(sd, "one number in mm, the standard deviation, as its first answer")
    return award(
        1,
        abs(spread - _values()["sd"]["right"][0]) < 0.051,
        "This is the standard deviation of the flipper length in that component, in mm.",
        *_near(spread, _values()["sd"], 0.005),
        otherwise="Fit two full components to the training birds, and take the root of the right diagonal entry.",
    )


def _judge_slope(correlation: Any) -> Line:
    slope = as_number(correlation, "one number, the correlation, as its second answer")
    return award(
        1,
        abs(slope - _values()["correlation"]["right"][0]) < 0.0076,
        "This is the correlation within the component; over all birds it is negative.",
        *_near(slope, _values()["correlation"], 0.005),
        otherwise="Divide the covariance of the component by both of its standard deviations.",
    )


def _near(value: float, known: Mapping[str, Iterable[float]], tolerance: float) -> list[Mistake]:
    """Say which mistakes give this value, to a share ``tolerance`` of it."""
    made = {
        name: any(abs(value - other) <= 0.0051 + tolerance * abs(other) for other in others)
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
    train, test = (X[PAIR] for X in gmmlab.preprocess.split_penguins()[:2])
    birds = gmmlab.data.load_penguins().dropna(subset=gmmlab.data.MEASURES)[PAIR]
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


def _two_covariances(X: Any, **options: str) -> NDArray[np.float64]:
    """Return the covariances of two components, that with the longer flippers last."""
    fit = gmmlab.mixture.best_fit(X, 2, n_init=2, **options)
    return gmmlab.mixture.covariance_matrices(gmmlab.mixture.sort_components(fit, by=1))


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
    table = as_dict(answer, "a dict from each covariance type to a whole number")
    need(
        set(table) == set(gmmlab.mixture.COVARIANCE_TYPES),
        "wrong-keys",
        f"Expected a dict with the four keys {', '.join(gmmlab.mixture.COVARIANCE_TYPES)}, got other keys.",
    )
    for kinds in (("full", "tied"), ("diag", "spherical")):
        yield from part(1, lambda kinds=kinds: _judge_types(kinds, table))


def _judge_types(kinds: Sequence[str], table: Mapping[str, Any]) -> Line:
    k = {kind: as_count(table[kind], f"one whole number for {kind}") for kind in kinds}
    wrong = [kind for kind in kinds if k[kind] != _afford(kind)]
    mistakes = mistakes_made(_miscounted(wrong[0], k[wrong[0]]), _AFFORD) if wrong else []
    where = " and ".join(wrong)
    named = [m._replace(message=f"{where}: {m.message}") for m in mistakes]
    return award(1, not wrong, f"{kinds[0]} and {kinds[1]}: right.", *named, otherwise=f"Count {where} again.")


def _miscounted(kind: str, k: float) -> dict[str, bool]:
    others = [_afford(other) for other in gmmlab.mixture.COVARIANCE_TYPES] + [_afford(kind, shared=True)]
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


def draw_mixtures(seed: int) -> list[tuple]:
    """Draw the parameters of three mixtures: the components of the first share one centre, the others do not."""
    rng = np.random.default_rng(seed)
    calls = []
    for k, d, apart in ((3, 2, 0.0), (2, 3, 1.0), (4, 3, 1.0)):
        weights = np.arange(1.0, k + 1) + rng.uniform(0, 0.5, k)
        means = rng.uniform(2, 4, d) + apart * rng.normal(0, 2, (k, d))
        roots = rng.normal(size=(k, d, d)) + np.eye(d)
        calls.append((weights / weights.sum(), means, roots @ roots.transpose(0, 2, 1)))
    return calls


def _weighted(weights: NDArray, matrices: NDArray) -> NDArray[np.float64]:
    """Return the weighted sum of one matrix a component."""
    return np.tensordot(weights, matrices, axes=1)


def _spread(means: NDArray, centre: NDArray | float) -> NDArray[np.float64]:
    """Return for each component the product of the offset of its mean with itself."""
    offsets = means - centre
    return offsets[:, :, None] * offsets[:, None, :]


def _whole(w: NDArray, m: NDArray, c: NDArray) -> NDArray[np.float64]:
    """Return the covariance of a mixture: the mean covariance plus the covariance of the means."""
    return _weighted(w, c + _spread(m, w @ m))


def _as_correlation(c: NDArray) -> NDArray[np.float64]:
    sd = np.sqrt(np.diag(c))
    return c / np.outer(sd, sd)


covariance_of_the_whole = function_exercise(
    "fit-3",
    title="The covariance of the whole",
    hint="A bird differs from the common mean for two reasons: it differs from the mean of its component, and this "
    "mean differs from the common mean. The second part is `np.outer(offset, offset)`, where `offset` is the mean of "
    "the component minus `weights @ means`. Average both parts over the components, with the weights.",
    inputs=draw_mixtures,
    returns=[
        Value(
            "covariances",
            _whole,
            [
                Slip(
                    "within-only",
                    lambda w, m, c: _weighted(w, c),
                    "This is the average covariance within the components. The means differ, too, and their distances "
                    "from the common mean add to the spread.",
                ),
                Slip(
                    "between-only",
                    lambda w, m, c: _weighted(w, _spread(m, w @ m)),
                    "This is the covariance of the means alone. Add the average covariance within the components.",
                ),
                Slip(
                    "not-centred",
                    lambda w, m, c: _weighted(w, c + _spread(m, 0.0)),
                    "You multiplied the means themselves. Subtract the common mean, `weights @ means`, first.",
                ),
                Slip(
                    "equal-weights",
                    [
                        lambda w, m, c: (c + _spread(m, m.mean(axis=0))).mean(axis=0),
                        lambda w, m, c: (c + _spread(m, w @ m)).mean(axis=0),
                        lambda w, m, c: c.mean(axis=0) + _weighted(w, _spread(m, w @ m)),
                        lambda w, m, c: _weighted(w, c) + _spread(m, m.mean(axis=0)).mean(axis=0),
                        lambda w, m, c: c.mean(axis=0),
                    ],
                    "Somewhere all components count alike. A component with weight 0.5 holds half of the birds, so "
                    "weight both the covariances and the distances of the means.",
                ),
                Slip(
                    "unweighted-centre",
                    lambda w, m, c: _weighted(w, c + _spread(m, m.mean(axis=0))),
                    "Your common mean is the plain average of the means. A large component pulls the common mean "
                    "towards itself: use `weights @ means`.",
                ),
                Slip(
                    "weights-forgotten",
                    [
                        lambda w, m, c: (c + _spread(m, w @ m)).sum(axis=0),
                        lambda w, m, c: c.sum(axis=0),
                        lambda w, m, c: _weighted(w, c) + _spread(m, w @ m).sum(axis=0),
                    ],
                    "Somewhere you summed over the components without their weights.",
                ),
                Slip(
                    "squared-weights",
                    [
                        lambda w, m, c: _weighted(w**2, c),
                        lambda w, m, c: _weighted(w**2, c + _spread(m, w @ m)),
                        lambda w, m, c: _weighted(w**2, c) + _weighted(w, _spread(m, w @ m)),
                    ],
                    "You squared the weights. Squared weights belong to a weighted sum of independent measurements. "
                    "In a mixture each bird comes from one component, and the densities are summed.",
                ),
                Slip(
                    "wrong-divisor",
                    [
                        lambda w, m, c: _weighted(w, c) + np.cov(m.T, ddof=1),
                        lambda w, m, c: _weighted(w, c) + np.cov(m.T, aweights=w, ddof=1),
                    ],
                    "By default `np.cov` divides by one less, as for a sample. The weights describe all birds: use "
                    "`aweights=weights` and `ddof=0`.",
                ),
                Slip(
                    "subtracted",
                    lambda w, m, c: _weighted(w, c - _spread(m, w @ m)),
                    "You subtracted the spread of the means. Components that lie apart make the whole wider: add it.",
                ),
                Slip(
                    "correlation-for-covariance",
                    lambda w, m, c: _as_correlation(_whole(w, m, c)),
                    "These are correlations. The task asks for covariances, in the units of the data.",
                ),
                Slip(
                    "not-summed",
                    [
                        lambda w, m, c: c + _spread(m, w @ m),
                        lambda w, m, c: w[:, None, None] * (c + _spread(m, w @ m)),
                    ],
                    "Expected one matrix for the whole, got one for each component. Sum them with their weights.",
                ),
                Slip(
                    "diagonal-only",
                    lambda w, m, c: np.diag(_whole(w, m, c)),
                    "These are the variances alone. Return the whole matrix: `np.outer(offset, offset)` has the "
                    "products of all pairs.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "Right where all components share one mean: the weighted average of their covariances.",
            "Try components that share one mean first: the answer is the weighted average of their covariances.",
            calls=slice(0, 1),
        ),
        Credit(
            1,
            "Right where the means differ: their spread adds to the average covariance.",
            "Where the means differ, add the weighted average of `np.outer(offset, offset)`.",
            calls=slice(1, None),
        ),
    ],
)


EXERCISES = [read_component, components_within_budget, covariance_of_the_whole]
