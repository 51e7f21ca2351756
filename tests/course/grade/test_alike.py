import random

import pandas as pd
import pytest

from course.grade.simulated_class import honest_class
from gmmlab.course.grade.alike import alike, gist
from gmmlab.exercises import exercises
from gmmlab.exercises.answers import encode
from gmmlab.exercises.failed_cells import digest_of, names_set

FIT = [f"fit-{j}" for j in range(12)]


def everyone(students, answer=None):
    return {ex: {s: (2.0, answer or f"own {s}") for s in range(students)} for ex in FIT}


@pytest.mark.slow
@pytest.mark.parametrize(("students", "classes"), [(3, 30), (20, 30), (60, 20), (300, 2)])
def test_honest_classes_have_no_pair(students, classes):
    assert [1 for seed in range(classes) if alike(honest_class(students, random.Random(seed)), students)] == []


def test_two_of_sixty_who_share_four_answers_that_nobody_else_has_are_found():
    answers = everyone(60)
    for ex in FIT[2:6]:
        answers[ex][3] = answers[ex][41] = 2.0, "0.1234567"
    assert alike(answers, 60) == {(3, 41): FIT[2:6]}


def test_who_copies_a_course_is_mostly_found():
    found = 0
    for seed in range(10):
        answers = honest_class(60, random.Random(seed), own=0.3)
        for given in answers.values():
            given[2] = given[1]
        found += (1, 2) in alike(answers, 60)
    assert found >= 8


def test_answers_that_many_give_say_nothing():
    assert alike(everyone(60, "the right one"), 60) == {}


def test_mistakes_that_the_weak_share_with_the_weak_say_nothing():
    answers = everyone(60, "the right one")
    for ex in FIT:
        answers[ex][7] = answers[ex][8] = 0.0, "the usual mistake"
    assert alike(answers, 60) == {}


def test_one_shared_answer_is_not_enough():
    answers = everyone(60)
    answers[FIT[0]][3] = answers[FIT[0]][4] = 2.0, "0.1234567"
    assert alike(answers, 60) == {}


def test_small_class_gives_no_evidence():
    assert alike({ex: {0: (2, "same"), 1: (2, "same"), 2: (2, "other")} for ex in FIT}, 3) == {}


@pytest.mark.parametrize("same", [[1, 2], (1.0, 2.0), pd.Series([1, 2]), pd.Series([1, 2], index=["a", "b"])])
def test_how_numbers_are_held_does_not_matter(same):
    assert gist([encode(same)]) == gist([encode(pd.Series([1, 2]).to_numpy("float32"))])
    assert gist([encode(same)]) != gist([encode([1, 2.001])])


@pytest.mark.parametrize("coded", [None, 7, [{}], [{"kind": "list", "items": 3}]])
def test_what_cannot_be_read_has_no_gist(coded):
    assert gist(coded) == ""


def test_cells_that_differ_in_layout_and_in_the_words_for_their_own_names_are_the_same():
    def code(source):
        return digest_of(source, names_set(source))

    assert code("a = len(x)  # mine\nfor k in a:\n    b = k + a") == code("n=len(x)\nfor k in n:\n\n  total = k+n")
    assert code("a = len(x)") != code("a = len(y)")


def test_every_exercise_has_a_part_in_simulated_classes():
    assert set(honest_class(2, random.Random(0))) == {ex.id for ex in exercises()}
