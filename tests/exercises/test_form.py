"""A record is enough: reading, comparing and naming follow from it, and a lesson is found by being there."""

import sys
from types import ModuleType

import numpy as np
import pytest

from gmmlab.exercises import registry
from gmmlab.exercises.answers import Calls, Raised
from gmmlab.exercises.form import Credit, Slip, Value, choice, exercise, function_exercise
from gmmlab.exercises.rubric import Misfit


def draw(seed):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(5, 3)),), (rng.normal(size=(4, 2)),)]


def example(*, holds=None, calls=None):
    return function_exercise(
        "demo-1",
        title="Demonstrate",
        hint="No hint.",
        inputs=draw,
        returns=[
            Value("means", lambda X: X.mean(axis=0), [Slip("wrong-axis", lambda X: X.mean(axis=1), "Over the rows.")]),
            Value("total", lambda X: X.sum(), [Slip("sign", [lambda X: -X.sum(), lambda X: X.min()], "The sign.")]),
        ],
        credits=[
            Credit(1, "Means.", "Not the means.", of=["means"], holds=holds, calls=calls),
            Credit(2, "Total.", "Not the total.", of=["total"]),
        ],
    )


def lines(function, ex=None):
    return list((ex or example()).check(Calls(3, [function(*arguments) for arguments in draw(3)])))


def mistakes(function, ex=None):
    return [line.mistake for line in lines(function, ex)]


def refused(function) -> str:
    try:
        line = next(line for line in lines(function) if not line.met)
    except Misfit as misfit:
        return f"{misfit.mistake}: {misfit}"
    return f"{line.mistake}: {line.message}"


def test_points_are_those_of_the_credits():
    assert example().points == 3


def test_a_right_answer_gets_the_praise():
    assert [line.message for line in lines(lambda X: [X.mean(axis=0), X.sum()])] == ["Means.", "Total."]


@pytest.mark.parametrize("total", [lambda X: -X.sum(), lambda X: X.min()])
def test_any_formula_of_a_slip_gets_its_sentence(total):
    assert [line.message for line in lines(lambda X: [X.mean(axis=0), total(X)])] == ["Means.", "The sign."]


def test_a_slip_may_have_another_shape():
    assert mistakes(lambda X: [X.mean(axis=1), X.sum()]) == ["wrong-axis", None]


@pytest.mark.parametrize("digits", [0, 1, 2])
def test_rounded_numbers_are_told_so(digits):
    assert mistakes(lambda X: [X.mean(axis=0), np.round(X.sum(), digits)]) == [None, "rounded"]


def test_what_fits_nothing_is_other():
    assert mistakes(lambda X: [X.mean(axis=0), 99]) == [None, "other"]


def test_a_credit_may_ask_for_less():
    ex = example(holds=lambda means, X: means.shape == (X.shape[1],))
    assert mistakes(lambda X: [0 * X.mean(axis=0), X.sum()], ex) == [None, None]


def test_a_credit_may_look_at_some_calls():
    ex = example(calls=slice(0, 1))
    assert mistakes(lambda X: [X.mean(axis=0) * (X.shape[1] == 3), X.sum()], ex) == [None, None]


CALLED = "wrong-shape: Called with an array of shape (5, 3): expected"


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda X: [X.mean(axis=0)[:2], X.sum()], f"{CALLED} 3 means, got 2."),
        (lambda X: [X, X.sum()], f"{CALLED} means of shape (3,), got shape (5, 3)."),
        (lambda X: [X.mean(axis=0), X.sum(axis=0)], f"{CALLED} one number, the total, got an array of shape (3,)."),
        (lambda X: [X.mean(axis=0)], "wrong-length: Expected 2 values from each call (means, total), got 1."),
        (lambda X: 3.0, "wrong-kind: Expected 2 values from each call (means, total), got the number 3.0."),
        (lambda X: [X.mean(axis=0), "many"], "wrong-kind: Expected one number, the total, got the text 'many'."),
        (lambda X: [X.mean(axis=0), True], "wrong-kind: Expected one number, the total, got the truth value True."),
        (lambda X: [X.mean(axis=0) * np.nan, X.sum()], "not-finite: Expected finite numbers, got NaN or infinity for"),
        (lambda X: Raised("ValueError", "no"), "raised: Your function raised ValueError: no"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(function, sentence):
    assert refused(function).startswith(sentence)


def test_a_choice_tells_about_the_letter_chosen():
    ex = choice("demo-2", title="Choose", points=1, hint="h", right="b", options={"a": "Not a.", "b": "It is b."})
    assert [(line.met, line.message) for line in ex.check("(A)")] == [(False, "Not a.")]
    assert [(line.met, line.message) for line in ex.check("b")] == [(True, "It is b.")]


@pytest.fixture
def lesson(monkeypatch):
    module = ModuleType("gmmlab.exercises.lessons.demo")
    module.NOTEBOOK = "99_demonstrate"

    def code(number):
        return exercise(f"demo-{number}", title="Code it", points=1, hint="h")(lambda one, two: [])

    module.EXERCISES = [code(10), code(2), example()]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return registry.lesson.__wrapped__("demo")


def test_exercises_are_in_the_order_of_their_numbers(lesson):
    assert [ex.id for ex in lesson] == ["demo-1", "demo-2", "demo-10"]


def test_the_registry_writes_the_notebook_in(lesson):
    assert {ex.notebook for ex in lesson} == {"99_demonstrate"}


def test_an_exercise_knows_how_many_answers_it_takes(lesson):
    assert [ex.n_answers for ex in lesson] == [1, 2, 2]


@pytest.mark.parametrize("name", registry.lesson_names())
def test_the_ids_of_a_lesson_begin_with_its_name(name):
    assert {ex.id.rpartition("-")[0] for ex in registry.lesson(name)} == {name}
