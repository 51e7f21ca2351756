"""Answers that nobody wrote: right ones rounded, in other units, off by one, turned, or in another container."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from exercises.case import Case, once
from gmmlab.exercises import Exercise
from gmmlab.exercises.form import FunctionForm

CHANGES: dict[str, Callable[[Any], Any]] = {
    "rounded": lambda x: np.round(x, 2),
    "times 100": lambda x: np.asarray(x) * 100,
    "by 100": lambda x: np.asarray(x) / 100,
    "plus one": lambda x: np.asarray(x) + 1,
    "minus one": lambda x: np.asarray(x) - 1,
    "negative": lambda x: -np.asarray(x, dtype=float),
    "turned": np.transpose,
    "reversed": lambda x: np.flip(x),
    "halved": lambda x: np.asarray(x) / 2,
}
SAME: dict[str, Callable[[Any], Any]] = {
    "list": lambda x: np.asarray(x).tolist(),
    "tuple": lambda x: tuple(np.asarray(x).tolist()) if np.ndim(x) else x,
    "frame": lambda x: pd.DataFrame(x) if np.ndim(x) == 2 else pd.Series(x) if np.ndim(x) == 1 else x,
    "float32": np.float32,
}


def swept(ex: Exercise, right: Case) -> Iterator[tuple[str, tuple]]:
    """Yield for each change of a right answer its name and the answers."""
    if isinstance(ex.form, FunctionForm):
        for k, value in enumerate(ex.form.returns):
            right_value = once(value.right)
            for name, change in (CHANGES | SAME).items():
                yield name, (ex.form.answers(k, lambda *a, f=right_value, c=change: c(f(*a))),)
    elif ex.inputs is None:
        answers = right.answers()
        for k, answer in enumerate(answers):
            for name, change in (CHANGES | SAME).items():
                if (new := _changed(answer, change)) is not None:
                    yield name, (*answers[:k], new, *answers[k + 1 :])


def _changed(answer: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(answer, dict):
        return {key: _changed(value, change) for key, value in answer.items()}
    numeric = isinstance(answer, int | float | np.ndarray | np.generic) and np.asarray(answer).dtype.kind in "iuf"
    return change(answer) if numeric else None


def two_mistakes(ex: Exercise) -> Iterator[tuple[str, set[str], Callable]]:
    """Yield answers that make two mistakes: their names, those of slips that may be told, and the function."""
    if not isinstance(ex.form, FunctionForm):
        return
    values = ex.form.returns
    for k, value in enumerate(values):
        for slip in value.slips:
            formula = once(slip.formulas[0])
            for name in ("rounded", "times 100", "plus one", "negative"):
                change = CHANGES[name]
                yield f"{slip.name}, {name}", {slip.name}, ex.form.answers(k, lambda *a, f=formula, c=change: c(f(*a)))
            for other in [slip for later in values[k + 1 :] for slip in later.slips][:4]:
                both = _both(ex.form, formula, once(other.formulas[0]), k, other)
                yield f"{slip.name}, {other.name}", {slip.name, other.name}, both


def _both(form: FunctionForm, first: Callable, second: Callable, k: int, other: Any) -> Callable:
    at = next(j for j in range(k + 1, len(form.returns)) if other in form.returns[j].slips)
    formulas = [once(value.right) for value in form.returns]
    formulas[k], formulas[at] = first, second
    return lambda *a: tuple(formula(*a) for formula in formulas)
