"""Cases that prove the checks: right answers written differently, and wrong ones with the mistake meant for them.

Where an exercise has a record (see `gmmlab.exercises.form`) its formulas make cases; the rest is written by hand in
``cases/``, one module a lesson.
"""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from gmmlab.exercises import Exercise, exercises, my_data
from gmmlab.exercises.form import ChoiceForm, FunctionForm, TextForm
from gmmlab.exercises.registry import find, lesson_names
from gmmlab.exercises.variants import LAB


@dataclass(frozen=True)
class Case:
    """One answer to an exercise; ``mistake`` is None for a right one."""

    exercise: str
    mistake: str | None
    make: Callable[[], Any]
    label: str = ""
    me: Any = LAB
    """Who answers, where the data are the student's own."""

    @property
    def name(self) -> str:
        return f"{self.exercise}-{self.mistake or 'right'}-{self.label or self.make.__name__}"

    def answers(self) -> tuple:
        made = self.make()
        answers = made if isinstance(made, tuple) else (made,)
        return (self.me, *answers) if find(self.exercise).data else answers


CASES: list[Case] = []


def right(exercise: str) -> Callable:
    """Register a function that makes a right answer (a tuple of answers where the exercise asks for several)."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(Case(exercise, None, make))
        return make

    return register


IDS = (LAB, "7041776", "Zoë Müller")


def right_for_everybody(exercise: str) -> Callable:
    """Register a function that makes a right answer from data of one's own, for several students."""

    def register(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        for me in IDS:
            CASES.append(Case(exercise, None, partial(make, my_data(exercise, me)), f"{make.__name__}-{me}", me))
        return make

    return register


def wrong(exercise: str, mistake: str) -> Callable:
    """Register a function that makes a wrong answer, and the name of the mistake that must be recognised."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(Case(exercise, mistake, make))
        return make

    return register


@cache
def all_cases() -> list[Case]:
    """Return the cases of all notebooks."""
    for name in lesson_names():
        import_module(f"exercises.cases.{name}")
    every = CASES + [case for ex in exercises() for case in generated(ex)]
    return every + [case for ex in exercises() if ex.data for case in _of_another(ex.id)]


def _of_another(id: str) -> Iterator[Case]:
    """Yield right answers that a student has from another, and ids that are none."""
    known = [case for case in CASES if case.exercise == id and case.mistake is None and case.me == LAB]
    for case in known:
        yield Case(id, "data-of-another", case.make, f"{case.label or case.make.__name__}-copied", "Jane Roe")
    for me in (3.5, ["Jane Roe"]):
        yield Case(id, "wrong-kind", known[0].make, f"id-{me}", me)


def generated(ex: Exercise) -> Iterator[Case]:
    """Yield the cases that an exercise's record implies."""
    match ex.form:
        case FunctionForm():
            made = _of_function(ex.form)
        case ChoiceForm():
            made = _of_choice(ex.form)
        case TextForm():
            made = _of_text(ex.form)
        case _:
            return
    for mistake, label, answer in made:
        yield Case(ex.id, mistake, lambda answer=answer: answer, f"generated-{label.replace(' ', '_')}")


def _of_choice(form: ChoiceForm) -> Iterator[tuple[str | None, str, Any]]:
    for answer in (form.right, form.right.upper(), f" ({form.right}) "):
        yield None, repr(answer), answer
    for letter in form.options:
        if letter != form.right:
            yield f"chose-{letter}", letter, letter
    for answer in ("a and b", "b, c", "z", "none", "", None, [form.right], {"a": True}, 1, form.options[form.right]):
        yield "wrong-kind", repr(answer)[:12], answer


def _of_text(form: TextForm) -> Iterator[tuple[str | None, str, Any]]:
    words = [f"word{k}" for k in range(form.most + 1)]
    for n in (form.least, form.most):
        yield None, f"{n} words", " ".join(words[:n])
    yield "too-short", "one word fewer", " ".join(words[: form.least - 1])
    yield "too-short", "blanks", " \n" * form.least
    yield "too-long", "one word more", " ".join(words)
    yield "repetition", "one word", "word " * form.least
    for k, criterion in enumerate(form.criteria):
        yield "task-copied", f"criterion {k + 1}", " ".join([criterion.replace(" ", "\n"), *words[: form.least]])
    for answer in (None, form.least, words[: form.least], {"text": "word"}):
        yield "wrong-kind", type(answer).__name__, answer


@cache
def once(formula: Callable) -> Callable:
    """Return the formula, which computes but once from the same arguments: many answers are changes of one."""
    known: dict[bytes, Any] = {}

    def remembered(*arguments: Any) -> Any:
        key = pickle.dumps(arguments)
        if key not in known:
            known[key] = formula(*arguments)
        return known[key]

    return remembered


def _of_function(form: FunctionForm) -> Iterator[tuple[str | None, str, Callable]]:
    right = once(form.answers())
    for how, convert in {"plain": lambda x: x, "lists": _as_list, "float32": np.float32, "Series": _as_series}.items():
        yield None, how, _then(form, right, convert)
    for k, value in enumerate(form.returns):
        for slip in value.slips:
            for j, formula in enumerate(slip.formulas):
                yield slip.name, f"{value.name}-{j + 1}", form.answers(k, formula)
        formula = once(value.right)
        for mistake, spoil in SPOILT.items():
            if mistake != "rounded" or _has_digits(form, formula):
                yield mistake, value.name, form.answers(k, lambda *a, f=formula, spoil=spoil: spoil(f(*a)))
    yield "raised", "error", lambda *arguments: arguments[0].no_such_attribute
    yield "wrong-kind", "no-function", 3.5
    if len(form.returns) > 1:
        yield "wrong-length", "one-too-many", lambda *arguments: (*right(*arguments), 0)


SPOILT: dict[str, Callable] = {
    "rounded": lambda value: np.round(value, 2),
    "wrong-kind": str,
    "wrong-shape": lambda value: np.zeros((2, *np.shape(value), 3)),
    "not-finite": lambda value: np.full(np.shape(value), np.nan),
}


def _has_digits(form: FunctionForm, formula: Callable) -> bool:
    inputs = form.inputs(0)
    return not all(np.allclose(x := formula(*a), np.round(x, 2), 1e-4, 1e-5, equal_nan=True) for a in inputs)


def _then(form: FunctionForm, right: Callable, convert: Callable) -> Callable:
    if len(form.returns) == 1:
        return lambda *arguments: convert(right(*arguments))
    return lambda *arguments: [convert(value) for value in right(*arguments)]


def _as_list(value: Any) -> Any:
    return np.asarray(value).tolist()


def _as_series(value: Any) -> Any:
    if np.ndim(value) > 2:
        return value
    return pd.Series(value) if np.ndim(value) < 2 else pd.DataFrame(value)
