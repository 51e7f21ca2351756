"""The tables: ``grades.csv``, ``problems.csv``, and grades for an LMS."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from gmmlab.course.files import atomic_write
from gmmlab.course.grade.assess import Judged
from gmmlab.course.grade.gradebook import Gradebook, Row, possible
from gmmlab.course.grade.roster import LMS
from gmmlab.exercises.registry import exercises


def cell(value: str) -> str:
    """Return a text as a spreadsheet takes it for text: one that begins like a formula gets an apostrophe before it."""
    clean = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in value)
    return f"'{clean}" if clean.lstrip()[:1] in ("=", "+", "-", "@") or value[:1] in ("\t", "\r", "\n") else clean


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
    columns = ["student", "id", "status", "total", "possible", "percent", "flags"]
    for name in notebooks:
        columns += [f"{name} status", name, *(ex.id for ex in exercises(name))]
    return columns


def line(row: Row, notebooks: list[str]) -> list[str]:
    """Return a student's line of ``grades.csv``."""
    total, of = row.total(notebooks), sum(map(possible, notebooks))
    percent = None if total is None or not of else round(100 * total / of, 2)
    # The list's name, the file's number: a class list of the registry has other numbers than the LMS.
    name, id = _who(row)
    columns = [name, id, row.in_words(notebooks), number(total), number(of), number(percent)]
    columns.append("; ".join(row.all_flags()))
    for name in notebooks:
        judged = row.counted[name].result.exercises if name in row.counted else {}
        columns += [row.status(name), number(row.points(name))]
        columns += [_earned(judged.get(ex.id)) for ex in exercises(name)]
    return columns


def _who(row: Row) -> tuple[str, str]:
    listed = row.listed.student if row.listed else row.student
    return listed.name, row.student.id or listed.id


def _earned(judged: Judged | None) -> str:
    return "" if judged is None or judged.status == "missing" else number(judged.points)


def for_lms(rows: list[Row], notebooks: list[str], lms: str) -> list[list[str]]:
    """Return the lines of the table that an LMS takes."""
    lines = [(row.student, row.listed, _points(row, notebooks)) for row in rows]
    return LMS[lms](lines, {name: possible(name) for name in notebooks})


def _points(row: Row, notebooks: list[str]) -> dict[str, str]:
    return {name: number(row.points(name)) for name in notebooks} | {"total": number(row.total(notebooks))}


def problems_of(book: Gradebook) -> list[list[str]]:
    """Return the lines of ``problems.csv``."""
    lines = [["student", "file", "status", "reason"]]
    for row in book.rows():
        lines += [[row.student.key, *problem] for problem in row.problems]
    return lines + [["", *orphan] for orphan in book.orphans()]
