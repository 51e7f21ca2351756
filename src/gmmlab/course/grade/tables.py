"""The tables: ``grades.csv``, ``problems.csv``, and grades for an LMS."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from pathlib import Path

from gmmlab.course.files import atomic_write
from gmmlab.course.grade.gradebook import Gradebook, Row
from gmmlab.course.grade.handed_in import Handed
from gmmlab.course.grade.roster import LMS
from gmmlab.exercises.registry import exercises

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")


def cell(value: str) -> str:
    """Return a text as a spreadsheet takes it for text: one that begins like a formula gets an apostrophe before it."""
    clean = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in value)
    if _NUMBER.fullmatch(clean):
        return clean
    first = unicodedata.normalize("NFKC", clean.lstrip()[:1])  # some spreadsheets take the full-width ＝ for =
    return f"'{clean}" if first in ("=", "+", "-", "@") or value[:1] in ("\t", "\r", "\n") else clean


def write(path: Path, lines: Iterable[Iterable[str]]) -> None:
    """Write a table as .csv, in one step; with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([cell(each) for each in line] for line in lines)
    atomic_write(path, text.getvalue().encode("utf-8-sig"))


def number(points: float | None) -> str:
    """Return points as a spreadsheet takes them; nothing for None, since a number never stands for a failure."""
    return "" if points is None else f"{points:.10g}"


def head(notebooks: Iterable[str]) -> list[str]:
    """Return the names of the columns of ``grades.csv``."""
    columns = ["student", "id", "status", "points", "penalty", "change", "total", "possible", "percent", "flags"]
    for name in notebooks:
        columns += [f"{name} {what}" for what in ("status", "points", "penalty", "change")] + [name]
        columns += [f"{name} {what}" for what in ("note", "handed in", "time from")]
        columns += [ex.id for ex in exercises(name)]
    return columns


def line(row: Row, notebooks: list[str], zone: tzinfo = UTC) -> list[str]:
    """Return a student's line of ``grades.csv``."""
    total, of = row.total(notebooks), row.possible(notebooks)
    percent = None if total is None or not of else round(100 * total / of, 2)
    name, id = who_of(row)
    columns = [name, id, row.in_words(notebooks), *_parts(row, notebooks), number(total)]
    columns += [number(of), number(percent)]
    columns.append("; ".join(row.all_flags()))
    for name in notebooks:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        grade = row.grades.get(name) if name not in row.excused else None
        parts = list(map(number, grade[:3])) if grade else [""] * 3
        columns += [
            row.status(name),
            *parts,
            number(row.points(name)),
            "; ".join(row.notes(name)),
            *_when(row, name, zone),
        ]
        columns += [number(row.earned(ex.id, judged.get(ex.id))) for ex in exercises(name)]
    return columns


def _parts(row: Row, notebooks: list[str]) -> list[str]:
    return [number(row.of_all(notebooks, part)) for part in ("points", "penalty", "change")]


def _when(row: Row, name: str, zone: tzinfo) -> list[str]:
    handed = row.counted[name].found.handed if name in row.counted else Handed()
    when = handed.at(zone)
    mark = "" if handed.is_late is None else "late" if handed.is_late else "not marked late"
    return [when.strftime("%Y-%m-%d %H:%M:%S") if when else mark, handed.source]


def who_of(row: Row) -> tuple[str, str]:
    """Return the list's name and the file's number: a class list of the registry has other numbers than the LMS."""
    listed = row.listed.student if row.listed else row.student
    return listed.name, row.student.id or listed.id


LONG = ("student", "id", "notebook", "exercise", "status", "line", "points", "possible", "mistake", "message", "answer")
"""Columns of ``lines.csv``."""


def in_long_form(row: Row, notebooks: list[str]) -> Iterator[list[str]]:
    """Yield the lines of ``lines.csv``: one for each line of a rubric, and for what was set by hand."""
    for name in notebooks:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        for ex in exercises(name):
            one = judged.get(ex.id)
            first = [*who_of(row), name, ex.id, one.status if one else row.status(name)]
            for line, (worth, met, mistake, message) in enumerate(one.lines if one else (), 1):
                points = number(worth if met else 0)
                yield [*first, str(line), points, number(worth), mistake, message, one.given if one else ""]
            if not (one and one.lines):
                yield [*first, "", "", number(ex.points), "", "", ""]
            for each in row.overrides.get(ex.id, []):
                yield [*first, "by hand", number(each.points), "", "", each.words, ""]


def for_lms(rows: list[Row], notebooks: list[str], lms: str) -> list[list[str]]:
    """Return the lines of the table that an LMS takes."""
    lines = [(row.student, row.listed, _points(row, notebooks, lms)) for row in rows]
    return LMS[lms](lines, {name: rows[0].worth[name] for name in notebooks} if rows else {})


def _points(row: Row, notebooks: list[str], lms: str) -> dict[str, str]:
    excused = dict.fromkeys(row.excused, "EX" if lms == "canvas" else "")  # as Canvas writes it
    points = {name: number(row.points(name)) for name in notebooks} | excused
    return points | {"total": number(row.total(notebooks))}


def problems_of(book: Gradebook) -> list[list[str]]:
    """Return the lines of ``problems.csv``."""
    lines = [["student", "file", "status", "reason"]]
    for row in book.rows():
        lines += [[row.student.key, *problem] for problem in row.problems]
        if asked := book.asked(row):
            lines.append([row.student.key, "", "whose", asked])
    lines += [[who, *problem] for who, *problem in book.unknown]
    return lines + [["", *orphan] for orphan in book.orphans()]
