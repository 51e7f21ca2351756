"""Checks of notebook 07: BIC and ICL as functions, a selection plot, a search on the banknotes."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, xlogy

from gmmlab.data import load_banknotes
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, Mistake, as_mixture, as_number, as_results, need, rubric
from gmmlab.mixture import COVARIANCE_TYPES, best_fit, covariance_matrices, n_parameters

NOTEBOOK = "07_choose_model"


def draw_reports(seed: int) -> list[tuple]:
    """Draw for each covariance type a model's K, d and n, each reported twice with different scores."""
    rng = np.random.default_rng(seed)
    calls = []
    for kind in COVARIANCE_TYPES:
        k, d, n = int(rng.integers(2, 9)), int(rng.integers(2, 8)), int(rng.integers(60, 900))
        score = -float(rng.uniform(2, 9))
        calls += [(score, kind, k, d, n), (score - float(rng.uniform(0.5, 1)), kind, k, d, n)]
    return calls


def _bic(score: float, kind: str, k: int, d: int, n: int) -> float:
    return n_parameters(kind, k, d) * np.log(n) - 2 * n * score


_WRONG_BIC: dict[str, list[Callable]] = {
    "bic-sign": [
        lambda s, t, k, d, n: -_bic(s, t, k, d, n),
        lambda s, t, k, d, n: n_parameters(t, k, d) * np.log(n) + 2 * n * s,
    ],
    "per-sample-for-total": [
        lambda s, t, k, d, n: n_parameters(t, k, d) * np.log(n) - 2 * s,
        lambda s, t, k, d, n: _bic(s, t, k, d, n) / n,
    ],
    "aic-for-bic": [lambda s, t, k, d, n: 2 * n_parameters(t, k, d) - 2 * n * s],
    "once-for-twice": [lambda s, t, k, d, n: n_parameters(t, k, d) * np.log(n) - n * s],
    "half": [lambda s, t, k, d, n: _bic(s, t, k, d, n) / 2],
    "free-weights": [lambda s, t, k, d, n: (n_parameters(t, k, d) + 1) * np.log(n) - 2 * n * s],
    "components-for-parameters": [lambda s, t, k, d, n: k * np.log(n) - 2 * n * s],
    "wrong-log": [
        lambda s, t, k, d, n: n_parameters(t, k, d) * np.log10(n) - 2 * n * s,
        lambda s, t, k, d, n: n_parameters(t, k, d) * np.log2(n) - 2 * n * s,
    ],
    "no-price": [lambda s, t, k, d, n: -2 * n * s],
}

_BIC_WORDS = {
    "bic-sign": "A sign is wrong. The price of the parameters makes BIC larger, a higher likelihood makes it smaller, "
    "and lower is better. (mclust turns both signs round; the task asks for scikit-learn's.)",
    "per-sample-for-total": "`score` is the mean log-likelihood per sample, and BIC needs the total. The price of the "
    "parameters is not per sample.",
    "aic-for-bic": "This is AIC: a price of 2 for each parameter. What does BIC charge?",
    "once-for-twice": "The log-likelihood counts twice in BIC.",
    "half": "This is half of BIC: both terms are halved.",
    "free-weights": "You count one parameter too many. The weights sum to one: how many of them are free?",
    "components-for-parameters": "You charge for each component. The price is for each free parameter: means, "
    "covariances and weights.",
    "wrong-log": "The logarithm in BIC is the natural one, `np.log`.",
    "no-price": "The parameters cost nothing here. What does BIC add for each of them?",
}


@exercise(
    "choose-1",
    title="BIC from a report",
    points=2,
    hint="What is the total log-likelihood, if `score` is the mean of n terms? And what does one parameter cost?",
    inputs=draw_reports,
)
def bic_from_score(answer: Any) -> Iterator[Line]:
    """Judge a function from the mean log-likelihood and the size of a model to its BIC."""
    inputs = draw_reports(getattr(answer, "seed", 0))
    values = _values(answer, inputs)
    mistakes = _named(values, inputs, _WRONG_BIC, _BIC_WORDS)
    slopes = values[1::2] - values[::2]
    expected = np.array([_bic(*arguments) for arguments in inputs])
    yield rubric(
        1,
        _close(slopes, expected[1::2] - expected[::2]),
        "The likelihood enters rightly.",
        *mistakes,
        otherwise="For the same model, a score lower by 1 must raise BIC by 2n.",
    )
    yield rubric(
        1,
        _close(values, expected),
        "So does the price of the parameters.",
        *mistakes,
        otherwise="Compare with `bic` of a fitted model, for each covariance type: which term differs?",
    )


def draw_responsibilities(seed: int) -> list[tuple]:
    """Draw BICs and responsibilities of two models without zeros and of one with exact zeros."""
    rng = np.random.default_rng(seed)
    calls = [(float(rng.uniform(500, 3000)), rng.dirichlet(np.full(k, 0.7), size=9 * k)) for k in (2, 4)]
    zeros = rng.dirichlet(np.full(3, 1.0), size=20)
    zeros[::3] = [0.0, 1.0, 0.0]
    zeros[1::3, 0] = 0.0
    return [*calls, (float(rng.uniform(500, 3000)), zeros / zeros.sum(axis=1, keepdims=True))]


def _icl(bic: float, r: NDArray) -> float:
    return bic + 2 * entr(r).sum()


_WRONG_ICL: dict[str, list[Callable]] = {
    "entropy-sign": [lambda b, r: b - 2 * entr(r).sum()],
    "once-for-twice": [lambda b, r: b + entr(r).sum(), lambda b, r: b - entr(r).sum()],
    "per-sample-for-total": [lambda b, r: b + 2 * entr(r).sum() / len(r), lambda b, r: b + 2 * entr(r).mean()],
    "hard-labels": [lambda b, r: b - 2 * np.log(r.max(axis=1)).sum()],
    "mean-responsibilities": [lambda b, r: b + 2 * entr(r.mean(axis=0)).sum(),
                              lambda b, r: b + 2 * len(r) * entr(r.mean(axis=0)).sum()],
    "missing-weight": [lambda b, r: b - 2 * np.log(np.where(r > 0, r, 1)).sum()],
    "winners-only": [lambda b, r: b - 2 * xlogy(r.max(axis=1), r.max(axis=1)).sum()],
    "wrong-log": [lambda b, r: b + 2 * entr(r).sum() / np.log(2), lambda b, r: b + 2 * entr(r).sum() / np.log(10)],
    "entropy-alone": [lambda b, r: entr(r).sum(), lambda b, r: 2 * entr(r).sum()],
}  # fmt: skip

_ICL_WORDS = {
    "entropy-sign": "You reward doubt. Logarithms of responsibilities are negative, so the entropy has a minus sign of "
    "its own; overlap must make ICL larger than BIC.",
    "once-for-twice": "The entropy counts twice, as the log-likelihood does in BIC, and it makes ICL larger.",
    "per-sample-for-total": "You took a mean over the samples. BIC is a total, so the entropy must be one too.",
    "hard-labels": "This counts only the most probable component of each sample, as mclust does. The definition here "
    "sums over all components, each log weighted by its responsibility.",
    "mean-responsibilities": "You averaged the responsibilities before taking the entropy. That measures how equal the "
    "components' sizes are; doubt is a matter of each row.",
    "missing-weight": "Each logarithm is to be weighted by the responsibility itself.",
    "winners-only": "Only the largest responsibility of each row is counted. Sum over all components.",
    "wrong-log": "The logarithm is the natural one, `np.log`.",
    "entropy-alone": "This is the entropy alone. ICL starts from BIC.",
}


@exercise(
    "choose-2",
    title="ICL by hand",
    points=2,
    hint="Look at the lesson's `entr`. What does `np.log` give for 0, and what is that times 0?",
    inputs=draw_responsibilities,
)
def icl(answer: Any) -> Iterator[Line]:
    """Judge a function from BIC and responsibilities to ICL, also where responsibilities are zero."""
    inputs = draw_responsibilities(getattr(answer, "seed", 0))
    values = _values(answer, inputs, nan_in=(2,))
    mistakes = _named(values[:2], inputs[:2], _WRONG_ICL, _ICL_WORDS)
    expected = np.array([_icl(*arguments) for arguments in inputs])
    yield rubric(
        1,
        _close(values[:2], expected[:2]),
        "This is ICL where every responsibility is positive.",
        *mistakes,
        otherwise="Try one sample with the responsibilities 1/2 and 1/2: its entropy is log 2.",
    )
    undefined = "0 times the logarithm of 0 came out as NaN. A component that is out of the question adds no doubt: 0."
    yield rubric(
        1,
        _close(values[2:], expected[2:]),
        "It also holds where some are exactly 0.",
        Mistake("log-of-zero", not np.isfinite(values[2]), undefined),
        *mistakes,
        otherwise="With exact zeros the value is off. A responsibility of 0 contributes nothing.",
    )


def _values(answer: Any, inputs: list[tuple], nan_in: tuple[int, ...] = ()) -> NDArray[np.float64]:
    """Read one number a call; in the calls ``nan_in``, one that is not finite is read as NaN."""
    values = []
    for i, result in enumerate(as_results(answer, len(inputs))):
        single = (
            isinstance(result, float | np.ndarray) and np.size(result) == 1 and np.asarray(result).dtype.kind == "f"
        )
        undefined = i in nan_in and single and not np.isfinite(result).all()
        values.append(np.nan if undefined else as_number(result, "a function that returns one number"))
    return np.array(values)


def _close(values: NDArray, expected: NDArray) -> bool:
    return bool(np.allclose(values, expected, rtol=1e-5, atol=1e-3))


def _named(values: NDArray, inputs: list[tuple], wrong: dict[str, list[Callable]], words: dict[str, str]) -> list:
    """Return the mistakes, each with whether one of its wrong functions gives these values."""
    made = {
        name: any(_close(values, np.array([function(*arguments) for arguments in inputs])) for function in functions)
        for name, functions in wrong.items()
    }
    return [Mistake(name, made[name], words[name]) for name in wrong]


choice(
    "choose-3",
    module=__name__,
    title="Read the selection plot",
    points=1,
    hint="What does a round component look like on a slanted clump? And where is the lowest point of the whole plot?",
    right="c",
    options={
        "a": "BIC chose among spherical models only. What survives the charge are Gaussians needed to describe the "
        "density, and round ones are needed in numbers for one slanted clump.",
        "b": "A minimum at the edge does ask for a longer range. But the number at the end of it would count round "
        "tiles, while another type lies far lower with fewer components.",
        "c": "The shape was chosen before the number, and it fits badly. Search shapes and numbers together, and then "
        "ask whether the components are apart.",
        "d": "AIC charges less than BIC for a parameter, so that its curve turns round even later.",
        "e": "A converged search can fall for ever: here each further tile is worth its price. The shape is at fault, "
        "not the fits.",
    },
)

_TOLERANCE = 0.1
_NARROW = 0.02
"""Standard deviation in mm: the notes were measured to 0.1 mm."""

_NOTES = {
    "collapsed": "A component has collapsed: in one direction it is narrower than the notes were measured. Its "
    "likelihood is worth nothing. Leave such fits out before you compare.",
    "bic-sign": "This is the model with the *highest* BIC, or close to it. In scikit-learn, lower is better.",
    "covariance-type": "Another covariance type has a lower BIC. Search all four.",
    "icl-for-bic": "This is the number that ICL prefers. `choose_4` is to have the lowest BIC. If your search found "
    "this one lowest, another cell of it was fitted badly: the defaults do not suffice here.",
    "too-many": "These are more components than BIC pays for. Did you use AIC, or the likelihood?",
    "too-few": "With more components BIC falls further.",
    "default-tol": "Type and number are right, but this fit is not the best one of its kind. More starts and a smaller "
    "`tol` bring the BIC down further.",
}

_GROUPS = {
    "bic-for-icl": "This is the number of components that BIC prefers. Two of them overlap: charge for that.",
    "truth-for-icl": "Two is what is printed in `Status`: genuine and forged. The task asks what ICL says, and it sees "
    "one group more.",
    "too-many": "Among so many components some overlap. ICL must be larger than BIC: check the sign of the entropy.",
    "too-few": "With one component there is no doubt, but no description either. Add BIC and the entropy.",
}


@lru_cache
def _best_note_fit() -> tuple[float, NDArray]:
    notes = load_banknotes().drop(columns="Status")
    return float(best_fit(notes, 4, covariance_type="tied").bic(notes)), notes.to_numpy()


@exercise(
    "choose-4",
    title="Choose a model for banknotes, and defend it",
    points=3,
    hint="Make a list of `best_fit` for every type and number. `min(models, key=...)` takes a function that gives the "
    "criterion of a model; you have one for ICL.",
)
def choose_for_banknotes(model: Any, groups: Any) -> Iterator[Line]:
    """Judge the mixture with the lowest BIC on the banknotes, and the number of components by ICL."""
    best, notes = _best_note_fit()
    yield from _judge_model(_note_mixture(model, notes), notes, best)
    number = as_number(groups, "one whole number of components as its second answer")
    made = {"bic-for-icl": number == 4, "truth-for-icl": number == 2, "too-many": number > 4, "too-few": number == 1}
    yield rubric(
        1,
        number == 3,
        "ICL sees three groups that are apart.",
        *[Mistake(name, made[name], words) for name, words in _GROUPS.items()],
        otherwise="Give the number of components of one of the models.",
    )


def _note_mixture(answer: Any, notes: NDArray) -> Any:
    """Read a plain mixture of six lengths in mm."""
    gmm = as_mixture(answer, "a fitted GaussianMixture as its first answer")
    need(type(gmm).__name__ == "GaussianMixture", "wrong-kind", "Fit a `GaussianMixture`: BIC counts its parameters.")
    need(gmm.means_.shape[1] == 6, "wrong-data", "Fit all six lengths of `notes`, and nothing else.")
    overall = gmm.weights_ @ gmm.means_
    centred = np.abs(overall - notes.mean(axis=0)).max() < 0.5
    need(centred or np.abs(overall).max() > 1, "wrong-units", "This was fitted to standardised lengths: take mm.")
    need(centred, "wrong-data", "This was not fitted to `notes`: its overall mean is not that of the notes.")
    return gmm


def _judge_model(gmm: Any, notes: NDArray, best: float) -> Iterator[Line]:
    kind, k, bic = gmm.covariance_type, len(gmm.weights_), float(_bic_of(gmm, notes))
    made = {
        "collapsed": _narrowest(gmm) < _NARROW,
        "bic-sign": bic > 2400,
        "covariance-type": kind != "tied",
        "icl-for-bic": k == 3,
        "too-many": k > 4,
        "too-few": k < 4,
        "default-tol": bic > best + _TOLERANCE,
    }
    mistakes = [Mistake(name, made[name], words) for name, words in _NOTES.items()]
    sound, chosen = not made["collapsed"], (kind, k) == ("tied", 4)
    yield rubric(
        1, sound and chosen, "Type and number are those of the lowest BIC.", *mistakes, otherwise=_NOTES["too-few"]
    )
    yield rubric(
        1,
        sound and bic <= best + _TOLERANCE,
        "The fit reaches the best BIC that we know.",
        *mistakes,
        otherwise=_NOTES["default-tol"],
    )


def _bic_of(gmm: Any, notes: NDArray) -> float:
    """Return BIC from the means, weights and covariances; infinite where the mixture gives the notes no density."""
    from scipy.special import logsumexp
    from scipy.stats import multivariate_normal

    try:
        parts = [
            multivariate_normal(mean, covariance).logpdf(notes)
            for mean, covariance in zip(gmm.means_, covariance_matrices(gmm), strict=True)
        ]
    except (ValueError, np.linalg.LinAlgError):
        return np.inf
    total = logsumexp(np.transpose(parts), axis=1, b=np.clip(gmm.weights_, 0, None)).sum()
    return n_parameters(gmm.covariance_type, *gmm.means_.shape) * np.log(len(notes)) - 2 * total


def _narrowest(gmm: Any) -> float:
    return float(np.sqrt(max(np.linalg.eigvalsh(covariance_matrices(gmm)).min(), 0)))
