import random

import pytest

from gmmlab.course.grade.alike import alike

EXERCISES = [f"fit-{j}" for j in range(12)]


def honest_class(students, seed, answers=40):
    """Return answers that are independent, some of them common, most of them rare."""
    rng = random.Random(seed)
    weights = [1 / (k + 1) for k in range(answers)]
    return {ex: {s: str(rng.choices(range(answers), weights)[0]) for s in range(students)} for ex in EXERCISES}


@pytest.mark.parametrize("students", [3, 20, 60, 300])
def test_honest_classes_have_no_pair(students):
    assert [pairs for seed in range(20) if (pairs := alike(honest_class(students, seed), students))] == []


def test_two_who_share_many_rare_answers_are_found():
    answers = honest_class(60, 1)
    for ex in EXERCISES[:6]:
        answers[ex][7] = answers[ex][41] = f"0.1234567 in {ex}"
    assert set(alike(answers, 60)) == {(7, 41)}


def test_the_exercises_that_they_share_are_named():
    answers = {ex: {s: f"own {s}" for s in range(60)} for ex in EXERCISES}
    for ex in EXERCISES[2:8]:
        answers[ex][3] = answers[ex][4] = "0.1234567"
    assert alike(answers, 60) == {} or set(alike(answers, 60)[3, 4]) == set(EXERCISES[2:8])


def test_answers_that_many_give_say_nothing():
    answers = {ex: dict.fromkeys(range(60), "the right one") for ex in EXERCISES}
    assert alike(answers, 60) == {}


def test_one_shared_answer_is_not_enough():
    answers = {ex: {s: f"own {s}" for s in range(60)} for ex in EXERCISES}
    answers["fit-0"][3] = answers["fit-0"][4] = "0.1234567"
    assert alike(answers, 60) == {}


def test_small_class_gives_no_evidence():
    assert alike({ex: {0: "same", 1: "same", 2: "other"} for ex in EXERCISES}, 3) == {}
