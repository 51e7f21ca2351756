"""One part that is open or of the wrong type does not hide the verdict on the others."""

import pytest

from exercises.case import all_cases
from gmmlab.exercises import check, exercises
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.rubric import Line

CASES = all_cases()
SEVERAL = {ex.id: ex for ex in exercises() if ex.n_answers > 1}
FIRST_RIGHT = {case.exercise: case for case in reversed(CASES) if case.mistake is None and case.exercise in SEVERAL}
JUDGED_BY_THE_FIRST = {"bayesian-4", "detect-4", "segment-4", "plot-2", "plot-3"}
"""Exercises whose later answers are about the first, and cannot be judged without it."""


@pytest.mark.parametrize("instead", [..., {"no": "such"}], ids=["open", "wrong type"])
@pytest.mark.parametrize("id", SEVERAL)
def test_one_part_does_not_hide_the_others(id, instead):
    answers = FIRST_RIGHT[id].answers()
    first = 1 if SEVERAL[id].data else 0  # the id is tried in test_variants.py
    for k in range(first, len(answers)):
        feedback = check(id, *answers[:k], instead, *answers[k + 1 :])
        assert feedback.status in ("partly", "wrong")
        assert feedback.points > 0 or (k == first and id in JUDGED_BY_THE_FIRST) or (id, k) == ("plot-3", 1), (
            feedback.lines
        )
        named = {line.mistake for line in feedback.lines if not line.met}
        assert ("open" if instead is ... else "wrong-kind") in named


def test_a_part_of_a_dict_does_not_hide_the_others():
    assert check("load-2", {"Biscoe": ..., "Dream": 2, "Torgersen": 1}).points == 1
    assert check("fit-2", {"full": 3, "tied": 9, "diag": "6", "spherical": None}).points == 1


def test_a_value_of_the_wrong_kind_does_not_hide_the_other_values():
    right = next(ex for ex in exercises() if ex.id == "recommend-1").form.answers()
    feedback = check("recommend-1", lambda *a: (right(*a)[0], "none"))
    assert [line.met for line in feedback.lines] == [True, False]


def test_the_same_sentence_is_shown_once_with_the_points_of_both():
    html = Feedback(next(iter(SEVERAL.values())), [Line(1, False, "Count.", "x"), Line(1, False, "Count.", "x")]).html()
    assert html.count("Count.") == 1
    assert "(2)" in html
