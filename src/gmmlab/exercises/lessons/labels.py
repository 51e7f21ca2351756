"""Exercises of notebook 11: from components to classes, the E-step with labels, unlabelled birds that mislead."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from gmmlab.exercises.form import Credit, Slip, Value, choice, exercise, function_exercise, text
from gmmlab.exercises.rubric import Line, as_number, award, mistakes_made, need, part

NOTEBOOK = "11_use_labels"

Numbers = NDArray[np.float64]
Owners = NDArray[np.int64]


def draw_joint(seed: int) -> list[tuple]:
    """Draw log joint densities of several components, and the class of each; the last rows lie far from all."""
    rng = np.random.default_rng(seed)
    calls = []
    for owner in ([0, 0, 1], [0, 1, 1, 2, 2, 2], [1, 0, 2, 0, 1]):
        log_joint = rng.normal(-8, 2, size=(7, len(owner)))
        log_joint[5:] -= 2000
        calls.append((log_joint, np.array(owner)))
    return calls


def draw_labelled(seed: int) -> list[tuple]:
    """Draw the same with labels, of which some are unknown."""
    calls = []
    for log_joint, owner in draw_joint(seed):
        known = np.array([0, -1, 1, -1, owner.max(), 0, -1])
        calls.append((log_joint, owner, known))
    return calls


def _members(owner: Owners) -> Numbers:
    return (owner[:, None] == np.arange(owner.max() + 1)).astype(float)


def _posterior(log_joint: Numbers, owner: Owners) -> Numbers:
    return scipy.special.softmax(log_joint, axis=1) @ _members(owner)


def _best_component(log_joint: Numbers, owner: Owners) -> Numbers:
    best = np.array([[row[owner == c].max() for c in range(owner.max() + 1)] for row in log_joint])
    return scipy.special.softmax(best, axis=1)


def _mean_component(log_joint: Numbers, owner: Owners) -> Numbers:
    shares = _posterior(log_joint, owner) / _members(owner).sum(axis=0)
    return shares / shares.sum(axis=1, keepdims=True)


def _underflow(log_joint: Numbers, owner: Owners) -> Numbers:
    with np.errstate(invalid="ignore"):
        joint = np.exp(log_joint) @ _members(owner)
        return joint / joint.sum(axis=1, keepdims=True)


class_probabilities = function_exercise(
    "labels-1",
    title="From components to classes",
    hint="Responsibilities of the components come first. The probability of a class is the sum of those of its "
    "components. To be safe far away, subtract the largest value of each row before `np.exp`.",
    inputs=draw_joint,
    returns=[
        Value(
            "probabilities",
            _posterior,
            [
                Slip(
                    "underflow",
                    _underflow,
                    "The last rows are lost: so far away `np.exp` gives 0 for every component. Subtract the largest "
                    "value of each row first.",
                ),
                Slip(
                    "largest-for-sum",
                    _best_component,
                    "You took the best component of each class. Every component of a class adds to its density, so "
                    "sum over them.",
                ),
                Slip(
                    "mean-for-sum",
                    _mean_component,
                    "You averaged over the components of a class. Their weights are in the joint densities already, "
                    "so sum.",
                ),
                Slip(
                    "logs",
                    lambda log_joint, owner: np.log(np.maximum(_posterior(log_joint, owner), 1e-300)),
                    "These are logarithms of probabilities. Take `np.exp`.",
                ),
                Slip(
                    "not-normalised",
                    lambda log_joint, owner: np.exp(log_joint) @ _members(owner),
                    "The rows do not sum to 1. Divide each row by its sum.",
                ),
                Slip(
                    "per-component",
                    lambda log_joint, owner: scipy.special.softmax(log_joint, axis=1),
                    "This is one column for each component. Add up the columns whose `owner` is the same class.",
                ),
            ],
        )
    ],
    credits=[
        Credit(2, "Right, also far away from every component.", "Not yet. Try one row with two components on paper."),
    ],
)


def _labelled(log_joint: Numbers, owner: Owners, known: Owners) -> Numbers:
    allowed = (known[:, None] == owner) | (known[:, None] < 0)
    return scipy.special.softmax(np.where(allowed, log_joint, -np.inf), axis=1)


def _without_division(log_joint: Numbers, owner: Owners, known: Owners) -> Numbers:
    allowed = (known[:, None] == owner) | (known[:, None] < 0)
    return scipy.special.softmax(log_joint, axis=1) * allowed


def _all_ones(log_joint: Numbers, owner: Owners, known: Owners) -> Numbers:
    r = scipy.special.softmax(log_joint, axis=1)
    return np.where(known[:, None] < 0, r, known[:, None] == owner)


def _even(log_joint: Numbers, owner: Owners, known: Owners) -> Numbers:
    r = _all_ones(log_joint, owner, known)
    return r / r.sum(axis=1, keepdims=True)


def _only_best(log_joint: Numbers, owner: Owners, known: Owners) -> Numbers:
    r = _labelled(log_joint, owner, known)
    hard = np.eye(len(owner))[r.argmax(axis=1)]
    return np.where(known[:, None] < 0, r, hard)


labelled_e_step = function_exercise(
    "labels-2",
    title="The E-step with labels",
    hint="A labelled bird may belong to any component of its class and to no other. What happens if the log joint "
    "densities of the other components are set to `-np.inf` before you normalise?",
    inputs=draw_labelled,
    returns=[
        Value(
            "responsibilities",
            _labelled,
            [
                Slip(
                    "labels-unused",
                    lambda log_joint, owner, known: scipy.special.softmax(log_joint, axis=1),
                    "This is the E-step without labels. A bird whose label is known cannot belong to a component of "
                    "another class.",
                ),
                Slip(
                    "not-normalised",
                    [
                        _without_division,
                        lambda log_joint, owner, known: np.exp(
                            np.where((known[:, None] == owner) | (known[:, None] < 0), log_joint, -np.inf)
                            - scipy.special.logsumexp(log_joint, axis=1, keepdims=True)
                        ),
                    ],
                    "The rows of labelled birds do not sum to 1. After the other classes are removed, divide by what "
                    "is left.",
                ),
                Slip(
                    "one-for-all",
                    _all_ones,
                    "A labelled bird has responsibility 1 for every component of its class. They have to share the 1.",
                ),
                Slip(
                    "shared-evenly",
                    _even,
                    "The components of a class share their birds evenly here. The label tells the class and not the "
                    "component: within the class Bayes' rule decides.",
                ),
                Slip(
                    "hard",
                    _only_best,
                    "A labelled bird goes to one component only. Within its class the assignment stays soft.",
                ),
                Slip(
                    "unlabelled-dropped",
                    lambda log_joint, owner, known: _labelled(log_joint, owner, known) * (known >= 0)[:, None],
                    "Birds without a label get no responsibility at all. -1 means that every class is possible.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            2,
            "Right: a label rules out the other classes, and Bayes' rule does the rest.",
            "Not yet. Look at one labelled row: which entries must be 0, and what must the others sum to?",
        )
    ],
)


_WITHOUT, _WITH = (0.03, 0.07), (0.14, 0.19)  # mean errors over any twenty draws: .050 and .165 over the first twenty
_LEAST = 0.005
"""Below this share of wrong names no classifier of these birds is."""

_SPARE = {
    "percent": "You gave percentages or numbers of birds. Expected shares between 0 and 1.",
    "accuracy": "You gave the share of correct names. The task asks for the share of wrong ones.",
    "swapped": "The two numbers are in the wrong order: first from the labelled birds alone, then with all birds.",
    "other-type": 'These are the errors of components that can tilt. Set `covariance_type="diag"`.',
    "labels-shown": "With all birds the error is the same as with the labelled birds alone. Does `fit` get all rows, "
    "and is the label of each bird that you did not draw -1?",
    "all-labels-shown": "The errors are those of a model that knew all labels. Set the labels of all birds that you "
    "did not draw to -1.",
}


@exercise(
    "labels-3",
    title="Components without a tilt",
    points=2,
    hint="Copy the loop of the learning curve, keep only size 10, and put `GaussianMixtureClassifier("
    'covariance_type="diag")` in: once fitted to the drawn birds, once to all birds.',
)
def components_without_tilt(alone: Any, together: Any) -> Iterator[Line]:
    """Judge two mean errors: of diagonal Gaussians with ten labels a species, without and with the other birds."""
    with_both = isinstance(alone, float) and isinstance(together, float)
    if with_both and _inside(together, _WITHOUT) and _inside(alone, _WITH):
        yield Line(2, False, _SPARE["swapped"], "swapped")
        return
    yield from part(1, lambda: _judge_alone(alone))
    yield from part(1, lambda: _judge_together(together, alone))


def _error(answer: Any, expected: str) -> float:
    error = as_number(answer, expected)
    need(error >= 0, "negative", "An error is a share of the birds, so it is not negative.")
    need(error <= 1, "percent", _SPARE["percent"])
    need(error < 0.7, "accuracy", _SPARE["accuracy"])
    return error


def _judge_alone(alone: Any) -> Line:
    first = _error(alone, "one number, the error from the labelled birds alone, as its first answer")
    return award(
        1,
        _inside(first, _WITHOUT),
        f"From 30 labelled birds alone {first:.1%} of the others are named wrongly.",
        *mistakes_made(
            {"other-type": 0.015 < first <= _WITHOUT[0], "all-labels-shown": _LEAST < first <= 0.015}, _SPARE
        ),
        otherwise="The first error is not that of diagonal Gaussians. Draw ten birds of each species, fit to these 30, "
        "and average the error on the others over 20 draws.",
    )


def _judge_together(together: Any, alone: Any) -> Line:
    second = _error(together, "one number, the error with all birds, as its second answer")
    same = isinstance(alone, float) and abs(second - alone) < 0.005
    return award(
        1,
        _inside(second, _WITH),
        f"With all birds it is {second:.1%}: here the birds without labels do harm.",
        *mistakes_made(
            {
                "other-type": _LEAST < second < 0.025,
                "labels-shown": same or _inside(second, _WITHOUT),
            },
            _SPARE,
        ),
        otherwise="The second error is not that of diagonal Gaussians fitted to all birds. Give `fit` all rows, with "
        "the label -1 where you did not draw the bird.",
    )


def _inside(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] < value < ends[1]


which_check = choice(
    "labels-4",
    title="Help or harm?",
    points=1,
    hint="What you want to know is the error on birds whose label you do not have. Which birds can stand in for them?",
    right="c",
    options={
        "a": "The log-likelihood says how well the mixture describes the measurements. The sexes showed that a mixture "
        "can describe them well with components that are no classes.",
        "b": "EM converges whether its components are the classes or not.",
        "c": "The birds whose labels you hide are judged as the others would be. With few labels the answer is noisy, "
        "so repeat it over many ways to part them.",
        "d": "A model of the wrong shape is overconfident: the probabilities are close to 1 and wrong.",
    },
)


_LOOKED_UP = {
    word: f"She would have to look up {words}. Say it in words that she uses."
    for word, words in {
        "covarian": "covariances", "eigen": "eigenvectors", "posterior": "a posterior", "likelihood": "a likelihood",
        "responsibilit": "responsibilities", "gaussian": "a Gaussian", "latent": "what is latent",
        "multivariate": "what is multivariate", "standard deviation": "standard deviations", "parameter": "parameters",
    }.items()
}  # fmt: skip

for_a_zoologist = text(
    "labels-5",
    title="Explain the method to a zoologist",
    hint="Begin with what she gives the computer, named birds and others. Then follow one bird without a name.",
    criteria={
        "it says what a component is, in her words": 1,
        "it says what birds without a name add, and why a few names are still needed": 1,
        "it says when the method goes wrong, or what it cannot know": 1,
    },
    least=60,
    most=150,
    avoid=_LOOKED_UP,
)


EXERCISES = [class_probabilities, labelled_e_step, components_without_tilt, which_check, for_a_zoologist]
