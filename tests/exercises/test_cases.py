"""Every check gives full points to right answers and refuses each wrong one with the message meant for it."""

import json
import re
from collections import Counter

import pytest

from exercises.case import Case, all_cases
from gmmlab.exercises import check, exercises, judge

CASES = all_cases()
RIGHT = [case for case in CASES if case.mistake is None]
WRONG = [case for case in CASES if case.mistake is not None]
NAMELESS = {"other", "unjudged", "malformed"}
AWKWARD = re.compile(r"\*|made of numbers|\bgot\b[^.]*(\(\d+,[^)]*\)).*\1|__|got the stub|\bNone\b.*\bNone\b")
"""Markdown, what only a programmer says, or the same said twice."""

CLASSICS = {
    "labels-not-matched",
    "predict_proba-for-predict",
    "fitted-on-test",
    "scaler-fitted-on-all",
    "unscaled",
    "integer-input",
    "hard-labels",
    "wrong-axis",
    "variance-for-sd",
    "density-for-probability",
    "covariance-type",
    "per-sample-for-total",
    "bic-sign",
}


def awkward(*sentences: str) -> list[str]:
    return [sentence for sentence in sentences if AWKWARD.search(re.sub("`[^`]*`", "", sentence))]


def named(cases: list[Case]) -> list:
    """Return the cases as parameters; all but the first of a mistake are slow: they say the same in other words."""
    first = {(case.exercise, case.mistake): case for case in reversed(cases)}
    return [
        pytest.param(case, id=case.name, marks=() if first[case.exercise, case.mistake] is case else pytest.mark.slow)
        for case in cases
    ]


@pytest.mark.parametrize("case", named(RIGHT))
def test_a_right_answer_gets_full_points(case):
    live = check(case.exercise, *case.answers())
    stored = judge(json.loads(json.dumps(live.payload, allow_nan=False)))  # as a grader reads it from the notebook
    assert live.points == stored.points == stored.exercise.points, (live.lines, stored.lines)
    assert awkward(*(line.message for line in live.lines), live.exercise.hint) == []


@pytest.mark.parametrize("case", named(WRONG))
def test_a_wrong_answer_gets_the_message_meant_for_it(case):
    feedback = check(case.exercise, *case.answers())
    made = {line.mistake for line in feedback.lines if not line.met}
    assert feedback.points < feedback.exercise.points
    assert case.mistake in made, feedback.lines
    assert awkward(*(line.message for line in feedback.lines)) == []


@pytest.mark.parametrize("ex", [pytest.param(ex, id=ex.id) for ex in exercises()])
def test_every_exercise_has_its_cases(ex):
    right = [case for case in RIGHT if case.exercise == ex.id]
    wrong = [case for case in WRONG if case.exercise == ex.id]
    assert len(right) >= 3
    assert len(wrong) >= 12
    assert len({case.mistake for case in wrong}) >= 3


def test_no_wrong_case_is_left_without_a_name():
    assert not [case.name for case in WRONG if case.mistake in NAMELESS]


def test_cases_have_distinct_names():
    assert max(Counter(case.name for case in CASES).values()) == 1


def test_the_classic_mistakes_are_all_recognised_somewhere():
    assert {case.mistake for case in WRONG} >= CLASSICS
