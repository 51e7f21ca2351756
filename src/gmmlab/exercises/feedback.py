"""The result of a check, in three forms at once: for the student, for nbgrader, and for a grader of stored answers."""

import re
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from gmmlab.exercises.form import Exercise
from gmmlab.exercises.rubric import Line

ANSWER_MIME = "application/vnd.gmmlab.answer+json"

_MARKS = {True: ("✓", "right"), False: ("✗", "not yet")}
_BORDER = {
    "open": "6px dotted #8a8a8a",
    "right": "6px solid #2a7fd4",
    "partly": "6px dashed #c77c02",
    "wrong": "6px double #c0392b",
}
_WORDS = {"open": "still open", "right": "right", "partly": "partly right", "wrong": "not right yet"}
_WHO = 'Write your university number or your name into the cell above, such as <code>me = "Jane Roe"</code>. '


@dataclass(frozen=True)
class Feedback:
    """What a check found.

    Attributes
    ----------
    exercise : Exercise
        The exercise.
    lines : list of Line
        The rubric, as far as it was judged; empty where the answer is still the stub.
    payload : dict
        The answer as plain data, as `judge` reads it.
    """

    exercise: Exercise
    lines: list[Line]
    payload: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def points(self) -> float:
        """Points earned."""
        return min(sum(line.points for line in self.lines if line.met), self.exercise.points)

    @property
    def status(self) -> str:
        """``"open"``, ``"right"``, ``"partly"`` or ``"wrong"``."""
        if not self.lines:
            return "open"
        if self.points >= self.exercise.points:
            return "right"
        return "partly" if self.points > 0 else "wrong"

    def __repr__(self) -> str:
        """Return the points as a number: nbgrader reads it as partial credit."""
        return f"{self.points:g}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self.html(), ANSWER_MIME: self.payload}

    def html(self) -> str:
        """Return the panel that the student reads: no script, no style sheet, every text escaped."""
        ex = self.exercise
        head = f"<strong>{escape(ex.title)}</strong>: {_WORDS[self.status]}, {self.points:g} of {ex.points:g} points"
        body = "".join(map(_line_html, _joined(self.lines)))
        if self.status == "open":
            own = _WHO if ex.data else ""
            do = "Replace the <code>...</code> in the cell above by your answer, run it, then run this cell."
            body = f"<p>{own}{do}</p>"
        hint = "" if self.status == "right" else f"<details><summary>Hint</summary>{_text(ex.hint)}</details>"
        return (
            f'<div role="group" aria-label="Feedback on {escape(ex.id)}" style="border-left: {_BORDER[self.status]}; '
            f'padding: 4px 12px; margin: 4px 0">{head}{body}{hint}</div>'
        )


def _joined(lines: list[Line]) -> list[Line]:
    """Join the lines that tell the student the same, so that no sentence is read twice."""
    joined: dict[tuple[bool, str], Line] = {}
    for line in lines:
        earlier = joined.get((line.met, line.message))
        joined[line.met, line.message] = replace(line, points=line.points + (earlier.points if earlier else 0))
    return list(joined.values())


def _line_html(line: Line) -> str:
    mark, word = _MARKS[line.met]
    worth = f" ({line.points:g})" if line.points else ""
    return f"<p>{mark} <em>{word}{worth}</em>: {_text(line.message)}</p>"


def _text(message: str) -> str:
    """Escape a message; what stands between back-ticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(message))
