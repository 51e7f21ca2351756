"""``changes.csv``: whose grade a run has changed, and why, written below what earlier runs have changed."""

import csv
import io
import json
from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from gmmlab.course.files import atomic_write
from gmmlab.course.grade.assess import Judged
from gmmlab.course.grade.gradebook import Row
from gmmlab.course.grade.tables import number, who_of, write
from gmmlab.exercises.registry import exercises

HEAD = ["date", "student", "id", "notebook", "exercise", "before", "after", "change", "why"]
_WORDS = 200


class Changes:
    """Compares the grades of a run with those of the run before, student by student.

    Attributes
    ----------
    lines : list of list of str
        What has changed: points of an exercise, or of a notebook where the rules of the course have changed them.
    """

    def __init__(self, out: Path, mode: str, zone: tzinfo) -> None:
        self._out, self._mode = out, mode
        self._ledger, self._before, self._now = out / ".grades.json", {}, {}
        self._date = datetime.now(zone).strftime("%Y-%m-%d %H:%M")
        self.lines: list[list[str]] = []
        with suppress(OSError, ValueError):
            self._before = dict(json.loads(self._ledger.read_bytes()))

    def add(self, row: Row, notebooks: list[str]) -> None:
        """Compare one student."""
        earlier = self._before.get(row.student.key, {})
        own = self._now[row.student.key] = {name: self._grade(row, name) for name in notebooks if _is_there(row, name)}
        for name in notebooks:
            was, now = earlier.get(name), own.get(name)
            if was is not None:
                self._compare(row, name, was, now or {"mode": self._mode, "exercises": {}})

    def _grade(self, row: Row, name: str) -> dict[str, Any]:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        rules = [row.worth[name], row.grades[name].why, name in row.excused]
        return {
            "mode": self._mode,
            "total": row.points(name),
            "rules": rules,
            "exercises": {ex.id: _exercise(row, ex.id, judged.get(ex.id)) for ex in exercises(name)},
        }

    def _compare(self, row: Row, name: str, was: dict[str, Any], now: dict[str, Any]) -> None:
        for ex in exercises(name):
            before, after = (each["exercises"].get(ex.id, [None, "", "", ""]) for each in (was, now))
            if before[0] != after[0]:
                self._line(row, name, ex.id, before[0], after[0], _why(before, after, was["mode"] != now["mode"]))
        if was["rules"] != now.get("rules", was["rules"]) and was["total"] != now["total"]:
            (worth, late, excused), (worth_now, late_now, excused_now) = was["rules"], now["rules"]
            parts = [
                f"it is worth {worth_now:g}, not {worth:g}" if worth != worth_now else "",
                f"lateness: {late_now or 'none'}, before: {late or 'none'}" if late != late_now else "",
                ("excused" if excused_now else "no longer excused") if excused != excused_now else "",
            ]
            self._line(row, name, "", was["total"], now["total"], "; ".join(filter(None, parts)))

    def _line(self, row: Row, name: str, id: str, before: float | None, after: float | None, why: str) -> None:
        change = number((after or 0) - (before or 0))
        self.lines.append([self._date, *who_of(row), name, id, number(before), number(after), change, why])

    def write(self) -> None:
        """Write what has changed below what is there, then what the next run compares with."""
        path = self._out / "changes.csv"
        if self.lines:
            there = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
            write(path, [HEAD, *list(csv.reader(io.StringIO(there, newline="")))[1:], *self.lines])
        atomic_write(self._ledger, json.dumps(self._now).encode())


def _is_there(row: Row, name: str) -> bool:
    return name in row.grades


def _exercise(row: Row, id: str, judged: Judged | None) -> list:
    """Return points, the fingerprint of the answer, what the check said, and what was set by hand."""
    said = "; ".join(message for _, message in judged.mistakes) or "right" if judged else "no answer"
    by_hand = "; ".join(one.words for one in row.overrides.get(id, []))
    return [row.earned(id, judged), judged.answer if judged else "", said[:_WORDS], by_hand]


def _why(before: list, after: list, other_mode: bool) -> str:
    if before[3] != after[3]:
        return f"by hand: {after[3]}" if after[3] else f"no longer by hand: {before[3]}"
    if before[1] != after[1] and not other_mode:
        return "another answer counts" if after[1] else "no answer counts any more"
    how = "graded in another way, or on other inputs" if other_mode else "the check has changed"
    return f"{how}; before: {before[2]}; now: {after[2]}"
