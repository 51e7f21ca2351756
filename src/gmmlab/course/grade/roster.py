"""The class list, and grades in the form in which Canvas and Moodle take them."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from gmmlab.course import LabError
from gmmlab.course.grade.collect import Student

_NAME = ("student", "full name", "name", "student name")
_ID = ("id", "identifier", "student id", "user id")
_OTHER = ("sis login id", "sis user id", "username", "login", "email address", "email", "id number")


@dataclass
class Listed:
    """One line of the class list: the student, all columns as they came, and the words to know the student by."""

    student: Student
    columns: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()


def read_class_list(path: Path) -> list[Listed]:
    """Read a class list: a .csv file, such as the gradebook that Canvas exports or Moodle's grading worksheet.

    Raises
    ------
    LabError
        If it has no column with the students' names or numbers.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), restval=""))
    except csv.Error as error:
        raise LabError(f"{path} is not a .csv file: {error}.") from error
    names = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
    found = [_listed(row, names) for row in rows]
    listed = [one for one in found if one is not None]
    if not listed:
        raise LabError(
            f"{path} names no students. Its first line must name the columns, one of them {' or '.join(_NAME[:3])}."
        )
    return listed


def _listed(row: dict[str, str], names: dict[str, str]) -> Listed | None:
    def first(wanted: tuple[str, ...]) -> str:
        return next(
            (row[names[each]].strip() for each in wanted if each in names and (row[names[each]] or "").strip()), ""
        )

    name = first(_NAME) or first(_OTHER) or first(_ID)
    if not name or re.match(r"points possible", name, re.I):  # the second line of Canvas's gradebook
        return None
    number = re.sub(r"^participant\s*", "", first(_ID), flags=re.I)
    other = [row[names[each]] or "" for each in _OTHER if each in names]
    words = {_plain(each) for each in (name, *other, *(o.partition("@")[0] for o in other), _turned(name))} - {""}
    columns = {key: value or "" for key, value in row.items() if key}
    return Listed(Student(name, number), columns, frozenset(words))


def _turned(name: str) -> str:
    """Turn "Doe, Jane" into "Jane Doe", and "Jane Doe" into "Doe, Jane"."""
    if "," in name:
        last, _, first = name.partition(",")
        return f"{first} {last}"
    first, _, last = name.rpartition(" ")
    return f"{last} {first}"


def _plain(text: str) -> str:
    """Return a name without case, accents, blanks and marks, as the LMS write it into file names."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def match(students: list[Student], listed: list[Listed]) -> dict[Student, Listed]:
    """Find on the class list who handed in: by the LMS's number, else by name or login where only one fits."""
    by_id = {one.student.id: one for one in listed if one.student.id}
    by_word: dict[str, Listed | None] = {}
    for one in listed:
        for word in one.words:
            by_word[word] = one if word not in by_word else None
    found = {s: by_id.get(s.id) or by_id.get(s.name) or by_word.get(_plain(s.name)) for s in students}
    return {student: one for student, one in found.items() if one is not None}


class Persons(NamedTuple):
    """Who is who: a line of the class list stands for one person, and a person has one line.

    Attributes
    ----------
    matched : dict of Student to Listed
        At most one student for each line.
    alias : dict of Student to Student
        Names under which somebody handed in too, and the name under which all of it counts.
    same : dict of Student to list of str
        For each student with aliases all names, to be shown.
    doubtful : dict of Student to str
        Students who cannot be told apart, and why.
    """

    matched: dict[Student, Listed]
    alias: dict[Student, Student]
    same: dict[Student, list[str]]
    doubtful: dict[Student, str]


def one_line_one_person(matched: dict[Student, Listed]) -> Persons:
    """Take students on the same line for one person, unless the numbers in their file names say otherwise."""
    claims: dict[int, list[Student]] = {}
    for student, line in matched.items():
        claims.setdefault(id(line), []).append(student)
    persons = Persons({}, {}, {}, {})
    for claimants in claims.values():
        line = matched[claimants[0]]
        by_id = [student for student in claimants if line.student.id in (student.id, student.name) and student.id]
        numbers = {student.id for student in claimants if student.id} | ({line.student.id} if by_id else set())
        if len(numbers) > 1 and not by_id:
            why = (
                f"the class list has one line for {line.student.name}, but {len(numbers)} people of this name handed "
                f"in ({', '.join(sorted(numbers))}): say in the class list which number is whose"
            )
            persons.doubtful.update(dict.fromkeys(claimants, why))
            continue
        # A number in a file name that is not the line's is another person's.
        others = [student for student in claimants if by_id and student.id not in ("", line.student.id)]
        persons.doubtful.update(
            dict.fromkeys(others, f"the class list has another number for {line.student.name}: {line.student.id}")
        )
        own = [student for student in claimants if student not in others]
        first = (by_id or own)[0]
        persons.matched[first] = line
        persons.alias.update({student: first for student in own if student != first})
        if len(own) > 1:
            persons.same[first] = [student.key for student in own]
    return persons


def canvas(rows: list[tuple[Student, Listed | None, dict[str, str]]], possible: dict[str, float]) -> list[list[str]]:
    """Return the lines of a .csv file that Canvas imports: its own columns, then one for each notebook."""
    own = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    lines = [[*own, *possible], ["    Points Possible", "", "", "", "", *(f"{p:g}" for p in possible.values())]]
    for student, listed, points in rows:
        columns = listed.columns if listed else {}
        known = {"Student": student.name, "ID": student.id}
        lines.append([*((columns.get(c) or known.get(c, "")) for c in own), *(points[name] for name in possible)])
    return lines


def moodle(rows: list[tuple[Student, Listed | None, dict[str, str]]], possible: dict[str, float]) -> list[list[str]]:
    """Return the lines of a .csv file that Moodle takes as grading worksheet or as grades to import."""
    own = ["Identifier", "Full name", "Email address"]
    lines = [[*own, "Grade", "Maximum Grade", *possible]]
    for student, listed, points in rows:
        columns = listed.columns if listed else {}
        number = f"Participant {student.id}" if student.id.isdigit() else student.id
        known = {"Identifier": number, "Full name": student.name}
        total = [points["total"], f"{sum(possible.values()):g}"]
        lines.append([*((columns.get(c) or known.get(c, "")) for c in own), *total, *(points[n] for n in possible)])
    return lines


LMS = {"canvas": canvas, "moodle": moodle}
