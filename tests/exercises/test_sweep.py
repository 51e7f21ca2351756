"""No answer is told a mistake that it does not make: right answers changed, and known mistakes changed or joined."""

import pytest

from exercises.case import all_cases
from exercises.sweep import SAME, swept, two_mistakes
from gmmlab.exercises import check, exercises

RIGHT = {case.exercise: case for case in reversed(all_cases()) if case.mistake is None}
TRUE_OF = {
    "times 100": {"percent", "birds-for-kinds", "over-budget", "miscounted", "grey-levels", "too-low"},
    "by 100": {"miscounted", "not-labels", "far-off", "too-high"},
    "plus one": {"one-too-many", "counted-from-one", "over-budget", "one-clump-split", "miscounted", "percent",
                 "surest-for-least", "grey-levels"},
    "minus one": {"rounded-down", "counted-from-zero", "merged-pair", "too-few", "negative", "miscounted",
                  "surest-for-least", "standardised"},
    "negative": {"negative", "sign", "bic-sign", "sign-turned", "miscounted", "standardised", "too-high"},
    "turned": {"transposed"},
    "reversed": {"not-sorted", "larger-first", "reversed", "noise-first", "not-reached"},
    "halved": {"half", "merged-pair", "miscounted", "not-labels", "far-off"},
    "rounded": {"rounded"},
}  # fmt: skip
"""What may be said of a changed answer, because it is true of it."""
ALWAYS = {"other", "not-a-count", "density-for-probability"}
SAME_NUMBER = {
    ("load-1", "gaps-for-birds"), ("fit-1", "other-component"), ("fit-2", "weights-sum-to-one"),
    ("fit-2", "covariance-type"), ("trust-4", "rows-forgotten"), ("trust-4", "collapsed-chosen"),
    ("check-2", "farthest"), ("labels-3", "other-type"), ("bayesian-2", "gamma-for-threshold"),
}  # fmt: skip
"""The change gives the very number that the mistake gives: nobody can tell them apart."""


@pytest.mark.slow
@pytest.mark.parametrize("ex", [pytest.param(ex, id=ex.id) for ex in exercises()])
def test_a_changed_answer_is_told_only_what_is_true_of_it(ex):
    for name, answers in swept(ex, RIGHT[ex.id]):
        feedback = check(ex.id, *answers)
        told = {line.mistake for line in feedback.lines if not line.met}
        told -= ALWAYS | {mistake for id, mistake in SAME_NUMBER if id == ex.id}
        if name in SAME:
            assert feedback.status == "right", (name, feedback.lines)
        elif name == "rounded":
            assert told <= {"rounded"} and "other" not in {line.mistake for line in feedback.lines}
        else:
            assert told <= TRUE_OF[name], (name, feedback.lines)


READ = {"rounded", "wrong-shape", "not-finite", "transposed", "raised"}
TRUE_TOO = {"sign", "bic-sign", "one-too-many"}
"""What the second change may truly be called."""


@pytest.mark.slow
@pytest.mark.parametrize("ex", [pytest.param(ex, id=ex.id) for ex in exercises() if ex.inputs and ex.form])
def test_two_mistakes_are_not_taken_for_a_third(ex):
    for name, made, function in two_mistakes(ex):
        lines = [line for line in check(ex.id, function).lines if not line.met]
        told = {line.mistake for line in lines} - READ - ALWAYS - TRUE_TOO
        told -= {mistake for id, mistake in SAME_NUMBER if id == ex.id}
        assert told <= made, (name, lines)
