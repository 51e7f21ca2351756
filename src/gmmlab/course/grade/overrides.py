"""``overrides.csv``: points that an instructor sets or changes by hand, with a reason and a comment."""

import re
from pathlib import Path
from typing import NamedTuple

from gmmlab.course import LabError
from gmmlab.course.grade.class_list import records_of
from gmmlab.exercises.registry import exercises, find

NAME = "overrides.csv"
COLUMNS = ("student", "exercise", "points", "reason", "comment")
"""Of the file; a line without the last three says nothing yet."""


class Override(NamedTuple):
    """One line of the file.

    Attributes
    ----------
    student, exercise : str
    points : float or None
        What the exercise earns or, with a sign before it, how much more or less; None for a comment alone.
    is_change : bool
        Whether there is a sign.
    reason, comment : str
        Both are shown to the student.
    """

    student: str
    exercise: str
    points: float | None
    is_change: bool
    reason: str = ""
    comment: str = ""

    @property
    def sets_points(self) -> bool:
        """Whether it says what the exercise earns, and not how much more or less, or nothing of points."""
        return self.points is not None and not self.is_change

    @property
    def words(self) -> str:
        """What it does, and why."""
        did = "" if self.points is None else f" {'' if self.is_change else 'set to '}{self._number}"
        return f"{self.exercise}{did}{f' ({self.reason})' if self.reason else ''}"

    @property
    def _number(self) -> str:
        return f"{self.points:+.10g}" if self.is_change else f"{self.points:.10g}"


def read_overrides(path: Path | None) -> list[Override]:
    """Read what was set by hand; nothing where there is no file.

    Raises
    ------
    LabError
        If a line names no exercise of the lab, or gives points that are none; the message says which line.
    """
    if path is None:
        return []
    found = []
    for number, cells in records_of(path, COLUMNS, needed=3):
        try:
            found.append(_read(*cells.values()))
        except ValueError as error:
            raise LabError(f"{path}, line {number}: {error}.") from None
    return [one for one in found if one.points is not None or one.reason or one.comment]


def _read(student: str, id: str, points: str, reason: str, comment: str) -> Override:
    try:
        exercise = find(id.lower())
    except KeyError:
        known = ", ".join(ex.id for ex in exercises() if ex.id[:3] == id.lower()[:3]) or "fit-1, fit-2, ..."
        raise ValueError(f"there is no exercise {id!r}; exercises are called {known}") from None
    if not student:
        raise ValueError("it names no student")
    written = points.lstrip("'").replace(",", ".").replace("\N{MINUS SIGN}", "-")
    if not written:
        return Override(student, exercise.id, None, False, reason, comment)
    if not re.fullmatch(r"[+-]?\d{1,6}(\.\d*)?", written):
        raise ValueError(f"points are a number such as 2, or with a sign such as +1 or -0.5, but {points!r} was given")
    is_change = written[0] in "+-"
    if not is_change and float(written) > exercise.points:
        more = float(written) - exercise.points
        raise ValueError(f"{exercise.id} has {exercise.points:g} points, not {written}; to give more, write +{more:g}")
    return Override(student, exercise.id, float(written), is_change, reason, comment)
