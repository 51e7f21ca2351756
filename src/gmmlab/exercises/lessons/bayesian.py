"""Checks of notebook 09: the stick, components that are alive, the floor of the widths, the wreath."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Slip, Value, choice, exercise, function_exercise
from gmmlab.exercises.rubric import Line, as_mixture, as_number, award, is_fitted_to, mistakes_made, part

if TYPE_CHECKING:
    import pandas as pd

NOTEBOOK = "09_go_bayesian"

_CENTRES = [(-15, -7), (-15, 7), (-11, 0), (-7, -8), (-7, 9), (-4, -16), (-4, 16),
            (2, -11), (2, 11), (10, -13), (10, -5), (10, 5), (10, 13), (16, 0)]  # fmt: skip
"""Centres of the 14 Gaussians from which the wreath was drawn (its description in R's mclust), rounded."""


def draw_fractions(seed: int) -> list[tuple]:
    """Draw the fractions of sticks that break into 2, 4 and 7 pieces."""
    rng = np.random.default_rng(seed)
    return [(rng.uniform(0.15, 0.75, k - 1),) for k in (2, 4, 7)]


def _break(v: NDArray) -> NDArray:
    """Return the weights: each fraction of what is left, and the rest."""
    return np.append(v, 1) * _left(v)


def _left(v: NDArray) -> NDArray:
    """Return what is left of the stick before each break and at the end."""
    return np.append(1, np.cumprod(1 - v))


break_stick = function_exercise(
    "bayesian-1",
    title="Break the stick",
    hint="Write down how much of the stick is left before each break: 1, then 1 - v_1, then (1 - v_1)(1 - v_2), ... "
    "`np.cumprod` does it. What is the fraction of the last piece?",
    inputs=draw_fractions,
    returns=[
        Value(
            "weights",
            _break,
            [
                Slip(
                    "rest-forgotten",
                    lambda v: v * _left(v)[:-1],
                    "The last piece is missing: K - 1 breaks give K pieces.",
                ),
                Slip(
                    "rest-spread",
                    lambda v: v * _left(v)[:-1] / (v @ _left(v)[:-1]),
                    "The weights sum to one because you divided by their sum. Here the rest of the stick is a piece of "
                    "its own, the last weight.",
                ),
                Slip(
                    "unbroken",
                    lambda v: np.append(v, 1 - v.sum()),
                    "Each fraction is taken of the whole stick. From the second break on, only a part of it is left.",
                ),
                Slip(
                    "normalised-fractions",
                    lambda v: np.append(v, 1) / (v.sum() + 1),
                    "The fractions are divided by their sum. They do not say shares of the whole: each says how much "
                    "of what is left is broken off.",
                ),
                Slip(
                    "own-break-counted",
                    lambda v: np.append(v * _left(v)[1:], _left(v)[-1]),
                    "The product runs over the earlier breaks, j < k. Yours includes break k itself.",
                ),
                Slip(
                    "remainders",
                    _left,
                    "This is how much of the stick is left before each break. Which part of that is broken off?",
                ),
                Slip(
                    "reversed",
                    lambda v: _break(v)[::-1],
                    "The weights come in reverse order: the first fraction breaks off the first weight.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "There are K weights, and they sum to one.",
            "A whole stick is broken into K pieces, so there must be K weights that sum to one.",
            holds=lambda weights, v: len(weights) == len(v) + 1 and abs(weights.sum() - 1) < 1e-4,
        ),
        Credit(
            1,
            "They are the pieces of the stick.",
            "These are not the pieces. Try two fractions of one half: the weights are 1/2, 1/4, 1/4.",
        ),
    ],
)


def draw_posteriors(seed: int) -> list[tuple]:
    """Draw ``alpha``, ``gamma`` and ``share`` of fits whose components are clearly above or below the share.

    The concentrations are first small, then large against the samples; then the share is large.
    """
    rng = np.random.default_rng(seed)
    calls = []
    for gamma, share, alive in ((0.01, 0.02, 3), (40.0, 0.02, 4), (60.0, 0.15, 2)):
        large, small = rng.uniform(80, 120, alive), rng.uniform(0, 0.4, 5)
        middle = rng.uniform(10, 14, 2) if share > 0.1 else np.empty(0)
        held = rng.permutation(np.concatenate([large, middle, small]))
        calls.append((held + gamma, gamma, share))
    return calls


def _alive(alpha: NDArray, gamma: float, share: float) -> int:
    """Count the components that hold at least this share of the real samples."""
    held = alpha - gamma
    return int((held >= share * held.sum()).sum())


count_alive = function_exercise(
    "bayesian-2",
    title="Who is alive?",
    hint="What is left of alpha when the imaginary samples are taken away? Divide that by its sum.",
    inputs=draw_posteriors,
    returns=[
        Value(
            "number of components alive",
            _alive,
            [
                Slip(
                    "prior-kept",
                    lambda alpha, gamma, share: (alpha >= share * alpha.sum()).sum(),
                    "The imaginary samples count here. With a large gamma every component would be alive, whatever the "
                    "data say. Take them away first.",
                ),
                Slip(
                    "counts-for-shares",
                    lambda alpha, gamma, share: (alpha - gamma >= share).sum(),
                    "N_k is a number of samples, and `share` is a share of them all. Compare like with like.",
                ),
                Slip(
                    "gamma-for-threshold",
                    lambda alpha, gamma, share: (alpha > gamma).sum(),
                    "A component that holds a tiny part of one sample is above gamma already. The rule asks for a "
                    "share of the samples.",
                ),
                Slip(
                    "dead-counted",
                    lambda alpha, gamma, share: len(alpha) - _alive(alpha, gamma, share),
                    "These are the components that are not alive.",
                ),
                Slip(
                    "shares-added",
                    lambda alpha, gamma, share: ((alpha - gamma) / (alpha - gamma).sum()).sum(),
                    "The shares are added up. How many of them reach the threshold?",
                ),
                Slip(
                    "mask-for-count",
                    [
                        lambda alpha, gamma, share: alpha - gamma >= share * (alpha - gamma).sum(),
                        lambda alpha, gamma, share: (alpha - gamma) / (alpha - gamma).sum(),
                    ],
                    "This is one entry for each component. The task asks how many are alive.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            f"With a {gamma} gamma the count is right.",
            f"With a {gamma} gamma the count is not right. Work out N_k for one example on paper.",
            calls=calls,
        )
        for gamma, calls in (("small", slice(0, 1)), ("large", slice(1, None)))
    ],
)


why_no_collapse = choice(
    "bayesian-3",
    title="Why no collapse?",
    points=1,
    hint="Put N_k = 1 and S_k = 0 into the formula for the covariance.",
    right="b",
    options={
        "a": "The concentration prior acts on the weights, and a weight does not enter the width. The cell with the "
        "widths took the minimum over all components, the empty ones too.",
        "b": "The prior counts like a few samples spread as all data are. The samples that come dilute its part, and "
        "with few of them it rules.",
        "c": "`reg_covar` has the same default in both classes, 0.000001, and would allow a width of 0.001.",
        "d": "A smaller `tol` changes nothing here: the widths have converged. The bound has its maximum at a positive "
        "width, while the likelihood has none.",
        "e": "Nothing forbids it: in such a fit a component may hold one sample, or a part of one. Its width is what "
        "stays sound.",
    },
)


_WREATH = {
    "not-bayesian": "A GaussianMixture uses every component that it is given. The task asks for a "
    "BayesianGaussianMixture, which can leave some empty.",
    "few-components": "The model has fewer than 20 components, so that you set the limit and not the data.",
    "covariance-type": "The components are not of type `full`.",
    "changed-data": "The model was not fitted to all points as they are: its mean is another. Do not scale, and leave "
    "none out.",
    "not-converged": "The fit stopped at `max_iter` before it converged. Allow more iterations.",
}

_CLUMPS = {
    "all-components": "That is how many components the model was given. Count the weights above 1%.",
    "dead-counted": "These are the components that died. Count those that are alive.",
    "miscounted": "The model that you gave has another number of weights above 1%.",
    "prior-feeds-the-dead": "With your prior even empty components keep a weight above 1%, so that the number is the "
    "prior's and not the data's. Choose a smaller concentration.",
    "start-or-prior": "This number does not stay when the seed or the prior changes. Try several, and look which "
    "one comes back.",
}


@lru_cache
def _clumps() -> NDArray:
    """Return for each point of the wreath the number of its clump."""
    points = gmmlab.data.load_wreath().to_numpy()
    return np.asarray(((points[:, None] - np.array(_CENTRES)) ** 2).sum(axis=2).argmin(axis=1))


def draw_wreath(seed: int) -> pd.DataFrame:
    """Draw a wreath of 9 to 13 of the clumps, and nine in ten of their points."""
    rng = np.random.default_rng(seed)
    kept = rng.choice(len(_CENTRES), rng.integers(9, len(_CENTRES)), replace=False)
    return gmmlab.data.load_wreath()[np.isin(_clumps(), kept) & (rng.random(len(_clumps())) < 0.9)]


@exercise(
    "bayesian-4",
    title="How many in the wreath?",
    points=2,
    hint="Write `n_components=25`, and raise `max_iter`. Are empty components left with a weight? See what the "
    "concentration does in the lesson's table.",
    data=draw_wreath,
)
def wreath_clumps(wreath: pd.DataFrame, model: Any, alive: Any) -> Iterator[Line]:
    """Judge a Bayesian mixture of the wreath and the number of components alive in it."""
    mixture = as_mixture(model, "a fitted BayesianGaussianMixture as its first answer")
    weights = np.asarray(mixture.weights_, dtype=float)
    made = _unfit(mixture, weights, wreath)
    yield award(
        1,
        not any(made.values()),
        "The model is as asked.",
        *mistakes_made(made, _WREATH),
        otherwise="Read the task again.",
    )
    yield from part(1, lambda: _judge_alive(alive, len(set(_clumps()[wreath.index])), weights, made))


def _judge_alive(alive: Any, clumps: int, weights: NDArray, made: dict[str, bool]) -> Line:
    count = as_number(alive, "one whole number as its second answer")
    counted = int((weights > 0.01).sum())
    wrong = {
        "all-components": count == len(weights) != counted,
        "dead-counted": count == len(weights) - counted != counted,
        "miscounted": count != counted,
        "prior-feeds-the-dead": counted == len(weights),
        "start-or-prior": counted != clumps,
    }
    right = f"Components alive: {clumps}, as many as the clumps from which your points were drawn."
    no_finding = ("not-bayesian", "few-components", "changed-data")
    of_model = [mistake for mistake in mistakes_made(made, _WREATH) if mistake.name in no_finding]
    met = count == counted == clumps and not any(mistake.made for mistake in of_model)
    return award(1, met, right, *of_model, *mistakes_made(wrong, _CLUMPS), otherwise=_CLUMPS["start-or-prior"])


def _unfit(mixture: Any, weights: NDArray, wreath: pd.DataFrame) -> dict[str, bool]:
    """Say for each point of the specification whether the model misses it."""
    return {
        "not-bayesian": type(mixture).__name__ != "BayesianGaussianMixture",
        "few-components": len(weights) < 20,
        "covariance-type": mixture.covariance_type != "full",
        "changed-data": not is_fitted_to(mixture, wreath),
        "not-converged": not mixture.converged_,
    }


EXERCISES = [break_stick, count_alive, why_no_collapse, wreath_clumps]
