"""Grades without names: for those who grade texts, and to show a report around."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gmmlab.course import LabError
from gmmlab.course.files import atomic_write
from gmmlab.course.grade.class_list import Listed, words_of
from gmmlab.course.grade.collect import Found, Student
from gmmlab.course.grade.gradebook import OF_LAB, guess
from gmmlab.course.grade.roster import match, one_line_one_person

NAMES = "names.csv"
_SALT = ".names"
_KEPT = "Last modified (submission)"
"""The only column of a class list that is kept."""


class Nameless(NamedTuple):
    """What was handed in and the class list, with codes for names, and whose each code is."""

    found: list[Found]
    listed: list[Listed]
    names: dict[Student, list[Student]]


def nameless(found: Sequence[Found], listed: Sequence[Listed], out: Path) -> Nameless:
    """Put a code in the place of each student, the same in every run with this folder of results.

    What a student wrote into a notebook stays, a name too. Files lose their names, but for the place among the
    student's files.
    """
    salt = _salt(out)
    students = list(dict.fromkeys(each.student for each in found if each.student))
    persons = one_line_one_person(match(students, list(listed)).lines)
    names: dict[Student, list[Student]] = {}

    def code_of(student: Student) -> Student:
        person = persons.alias.get(student, student)
        line = persons.matched.get(person)
        known = line.student if line else person
        code = Student(f"student-{hashlib.sha256(salt + repr(known).encode('utf-8', 'replace')).hexdigest()[:8]}")
        names.setdefault(code, [known])
        names[code] += [one for one in (student,) if one not in names[code]]
        return code

    numbers: Counter[Student | None] = Counter()
    others = []
    for each in found:
        student = code_of(each.student) if each.student else None
        numbers[student] += 1
        who = student.name if student else "nobody"
        problem = each.problem.partition(", but ")[0]
        others.append(replace(each, student=student, where=_place(each.where, who, numbers[student]), problem=problem))
    lines = []
    for one in listed:
        kept = {name: value for name, value in one.columns.items() if name == _KEPT}
        lines.append(Listed(code := code_of(one.student), kept, words_of(code.name)))
    return Nameless(others, lines, names)


def _place(where: str, who: str, number: int) -> str:
    name = f"{who}/{'earlier/' if OF_LAB.search(where) else ''}file-{number}"
    return f"{name}-{guess(where)}.ipynb" if guess(where) else f"{name}.ipynb"


def _salt(out: Path) -> bytes:
    path = out / _SALT
    if not path.is_file():
        if (out / ".grades.json").is_file():
            raise LabError(f"{out} holds grades with names. Give another folder for those without, with -o.")
        atomic_write(path, secrets.token_bytes(16))
    return path.read_bytes()


def has_codes(out: Path) -> bool:
    """Whether a folder holds grades without names."""
    return (out / _SALT).is_file()
