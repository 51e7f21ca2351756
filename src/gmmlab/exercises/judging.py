"""Judging: ``check`` in the student's kernel, ``judge`` wherever a stored answer is read. The same code for both."""

import sys
import warnings
from typing import Any

from gmmlab import __version__
from gmmlab.exercises import failed_cells, memory
from gmmlab.exercises.answers import SCHEMA, AnswerError, Calls, Open, decode, encode, record_calls
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.registry import find
from gmmlab.exercises.rubric import Line, Misfit
from gmmlab.exercises.variants import LAB, data_of, is_unsaid

GIVEN: dict[str, list[tuple[Any, ...]]] = {}
"""Inputs on which a grader who runs a notebook again wants functions called, by exercise; their seed stays with it."""

_OF_ANOTHER = (
    "This is the answer for the lab's data, which `my_data` gives as long as `me` is still `...`. You have data of "
    "your own: run the whole cell again with your id, and answer for what `my_data` gives then."
)


def check(exercise: str, *answers: Any) -> Feedback:
    """Judge answers to an exercise; a wrong answer is never an exception.

    Parameters
    ----------
    exercise : str
        Id of the exercise, such as ``"fit-2"``.
    *answers
        What the exercise asks for: numbers, texts, arrays, tables, a fitted mixture, an Axes, or a function. Where the
        data are the student's own, first the id from which `my_data` drew them.

    Returns
    -------
    Feedback
        Shows itself in the notebook: what is right, what is not, and the likely mistake.

    Raises
    ------
    KeyError
        If there is no such exercise.
    """
    found = find(exercise)
    names = sys._getframe(1).f_code.co_names
    coded = [_code(found, _unless_old(answer, names)) for answer in answers]
    payload = {"schema": SCHEMA, "exercise": found.id, "lab": __version__, "answers": coded}
    if cells := failed_cells.WATCHED:
        payload["source"] = failed_cells.digest_of(cells.source_of(names))
    feedback = judge(payload)
    payload["tries"] = memory.remember(feedback)
    return feedback


def judge(payload: Any) -> Feedback:
    """Judge a stored answer.

    Parameters
    ----------
    payload : dict
        As stored by `check` under the MIME type ``application/vnd.gmmlab.answer+json``.

    Returns
    -------
    Feedback

    Raises
    ------
    AnswerError
        If the payload does not say which exercise it answers, or there is no such exercise.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("exercise"), str):
        raise AnswerError("A stored answer names its exercise, but this one does not.")
    try:
        found = find(payload["exercise"])
    except KeyError as error:
        raise AnswerError(str(error.args[0])) from None
    return Feedback(found, _lines(found, payload), payload)


def _unless_old(answer: Any, names: tuple[str, ...]) -> Any:
    """Return the answer, or the error of the cell that was to give a new one."""
    cells = failed_cells.WATCHED
    return (cells.of(names, answer) if cells else None) or answer


def _code(found: Exercise, answer: Any, seed: int = 0) -> dict[str, Any]:
    if found.inputs is not None and callable(answer):
        if found.id in GIVEN:
            return record_calls(answer, GIVEN[found.id], None)
        return record_calls(answer, found.inputs(seed), seed)
    return encode(answer)


def _lines(found: Exercise, payload: dict[str, Any]) -> list[Line]:
    coded, schema = payload.get("answers"), payload.get("schema", SCHEMA)
    try:
        if type(schema) is not int or schema > SCHEMA:
            raise AnswerError(f"The answer is in format {str(schema)[:20]!r}; this lab reads formats up to {SCHEMA}.")
        if not isinstance(coded, list):
            raise AnswerError("The stored answer is malformed: its answers are not a list.")
        answers = [decode(answer) for answer in coded]
    except AnswerError as error:
        return [Line(0, False, str(error), "malformed")]
    if all(map(_is_open, answers)):
        return []
    if len(answers) != found.n_answers:
        return [Line(0, False, _miscounted(found, len(answers)), "wrong-count")]
    # nbgrader gives no points to a check cell that writes to stderr.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _checked(found, answers) if found.data is None else _checked_on_own_data(found, *answers)


def _checked_on_own_data(found: Exercise, me: Any, *answers: Any) -> list[Line]:
    if is_unsaid(me):
        return []
    lines = _checked(found, [me, *answers])
    if (
        not all(line.met for line in lines)
        and isinstance(me, str | int)
        and all(line.met for line in _checked(found, [LAB, *answers]))
    ):
        return [Line(0, False, _OF_ANOTHER, "data-of-another")]
    return lines


def _checked(found: Exercise, answers: list[Any]) -> list[Line]:
    lines: list[Line] = []
    try:
        given = answers if found.data is None else [data_of(found, answers[0]), *answers[1:]]
        for line in found.check(*given):
            lines.append(line)
    except Misfit as misfit:
        lines.append(Line(0, False, str(misfit), misfit.mistake))
    except Exception as error:
        lines.append(Line(0, False, _unjudged(error), "unjudged"))
    return lines


def _is_open(answer: Any) -> bool:
    """Whether the answer is still the stub: the Ellipsis, or a function whose body is one."""
    if isinstance(answer, Calls):
        return all(isinstance(result, Open) for result in answer.results)
    return isinstance(answer, Open)


def _miscounted(found: Exercise, got: int) -> str:
    expected = "1 answer" if found.n_answers == 1 else f"{found.n_answers} answers"
    return f"The check of {found.id} expected {expected}, got {got}: restore the check cell."


def _unjudged(error: Exception) -> str:
    return f"This answer could not be judged ({type(error).__name__}): look at its kind, its shape and its values."
