"""An answer in a few words, so that equal answers of a class can be counted."""

from typing import Any

import numpy as np

from gmmlab.exercises.answers import AnswerError, Calls, decode
from gmmlab.exercises.rubric import describe

_MOST = 6
_WIDTH = 120
MAX_TEXT = 20_000
"""Characters of a text that are kept to be read."""


def in_short(payload: dict[str, Any], first: int = 0) -> str:
    """Return what was answered, from the first answer that counts: short values rounded, of the rest what it is."""
    try:
        answers = [decode(coded) for coded in payload.get("answers", [])[first:]]
    except (AnswerError, TypeError, RecursionError):
        return "malformed"
    return "; ".join(map(_short, answers))[:_WIDTH]


def text_in(payload: dict[str, Any]) -> str:
    """Return the text that was answered."""
    try:
        (answer,) = (decode(coded) for coded in payload.get("answers", []))
    except (AnswerError, TypeError, ValueError, RecursionError):
        return ""
    return answer[:MAX_TEXT] if isinstance(answer, str) else ""


def _short(answer: Any) -> str:
    if isinstance(answer, Calls):
        return f"returns {_short(answer.results[0])}, ..." if answer.results else "a function"
    if isinstance(answer, str):
        return repr(answer[:60])
    if type(answer).__name__ == "Series":
        return _short(answer.to_numpy())
    if isinstance(answer, bool | int | float | np.number):
        return _number(answer)
    if isinstance(answer, dict) and 0 < len(answer) <= _MOST:
        return f"{{{', '.join(f'{key}: {_short(value)}' for key, value in answer.items())}}}"
    values = np.asarray(answer).ravel() if isinstance(answer, np.ndarray | list) and _is_plain(answer) else None
    if values is None or not 0 < values.size <= _MOST:
        return describe(answer)
    return f"[{', '.join(map(_number, values))}]"


def _is_plain(answer: Any) -> bool:
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind in "biuf"
    return all(isinstance(each, bool | int | float) for each in answer)


def _number(value: Any) -> str:
    return str(value) if isinstance(value, bool | np.bool_) else f"{value:.4g}"
