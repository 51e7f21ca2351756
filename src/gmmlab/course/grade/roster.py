"""Who on the class list handed in, and grades in the form in which Canvas and Moodle take them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from gmmlab.course.grade.class_list import Listed, plain, words_of
from gmmlab.course.grade.collect import Student


class Matched(NamedTuple):
    """What the class list says of those who handed in.

    Attributes
    ----------
    lines : dict of Student to Listed
        The line of each student who has one.
    doubtful : dict of Student to str
        Students whose number is one person's and whose name is another's, and why.
    flags : dict of Student to str
        What else name and number do not agree on.
    """

    lines: dict[Student, Listed]
    doubtful: dict[Student, str]
    flags: dict[Student, str]


def match(students: list[Student], listed: list[Listed]) -> Matched:
    """Find on the class list who handed in: by the number or the name, and by both where a file has both."""
    exact = _only([(one.student.id, one) for one in listed])
    by_number = _only([(form, one) for one in listed for form in _forms(one.student.id)]) | exact
    by_word = _only([(word, one) for one in listed for word in one.words])
    found = Matched({}, {}, {})
    for student in students:
        names = [by_word[word] for word in words_of(student.name) if word in by_word]
        named = names[0] if names and all(one is names[0] for one in names) else None
        numbered = by_number.get(student.id) or by_number.get(_forms(student.id)[-1]) if student.id else None
        if numbered is None and not student.id:
            numbered = named or by_number.get(student.name) or by_number.get(_forms(student.name)[-1])
        shared = bool(numbered and words_of(student.name) & numbered.words)
        if numbered and (named in (None, numbered)) and (shared or numbered.is_of_lms or not student.id):
            found.lines[student] = numbered
            if student.id and not shared:
                found.flags[student] = f"the class list calls number {student.id} {numbered.student.name}"
        elif numbered:
            found.doubtful[student] = (
                f"the file says {student.name}, number {student.id}, but the class list has this number for "
                f"{numbered.student.name}: say in the class list which number is whose"
            )
        elif named and named.student.id and student.id and named.is_of_lms:
            found.doubtful[student] = f"the class list has another number for {student.name}: {named.student.id}"
        elif named:
            found.lines[student] = named
            if named.student.id and student.id:
                found.flags[student] = (
                    f"the file has the number {student.id}, the class list {named.student.id}; the file's is kept"
                )
    return found


class Finder:
    """Finds the student whom an instructor names, by number or name."""

    def __init__(self, lines: dict[Student, Listed | None], names: Mapping[Student, Sequence[Student]]) -> None:
        self._known: dict[str, Student | None] = {}
        without_zeros: dict[str, Student | None] = {}
        self._names = [line.student.name if line else student.name for student, line in lines.items()]
        for student, line in lines.items():
            own = [student, *([line.student] if line else []), *names.get(student, [])]
            words = {word for one in own for word in (one.id, one.key, one.name, *words_of(one.name)) if word}
            for word in words | (line.words if line else frozenset()):
                self._known[word] = student if self._known.get(word, student) == student else None
            for form in {form for one in own for form in _forms(one.id)} - {""}:
                without_zeros[form] = student if without_zeros.get(form, student) == student else None
        self._known = without_zeros | self._known

    def student(self, who: str) -> Student | None:
        """Return the student, or None where nobody or more than one is called so."""
        words = [who.strip(), *_forms(who.strip()), *sorted(words_of(who))]
        return next((self._known[word] for word in words if word in self._known), None)

    def in_words(self, who: str) -> str:
        """Say why somebody was not found."""
        if who.strip() in self._known:
            return f"more than one student is called {who}: write the number"
        near = get_close_matches(who, self._names, n=1)
        return f"no student is called {who}{f'; did you mean {near[0]}?' if near else ''}"


def _forms(number: str) -> list[str]:
    """Return a number as it came, and as a spreadsheet writes it: without leading zeros."""
    whole = number.removesuffix(".0") if number.removesuffix(".0").isdigit() else number
    return list(dict.fromkeys([number, whole.lstrip("0") if whole.isdigit() else whole])) if number else [""]


def _only(pairs: list[tuple[str, Listed]]) -> dict[str, Listed]:
    """Return what each word stands for, without words that stand for several lines."""
    found: dict[str, Listed | None] = {}
    for word, one in pairs:
        found[word] = one if found.get(word, one) is one else None
    return {word: one for word, one in found.items() if word and one is not None}


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


def one_line_one_person(matched: dict[Student, Listed], unlisted: Iterable[Student] = ()) -> Persons:
    """Take students on the same line for one person, unless the numbers in their file names say otherwise.

    So are those on no line whose names differ in capitals and blanks alone.
    """
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
        _join(persons, first, own)
    spelt: dict[tuple[str, str], list[Student]] = {}
    for student in unlisted:
        spelt.setdefault((" ".join(student.name.casefold().split()), student.id), []).append(student)
    for own in spelt.values():
        _join(persons, own[0], own)
    return persons


def _join(persons: Persons, first: Student, own: list[Student]) -> None:
    persons.alias.update({student: first for student in own if student != first})
    if len(own) > 1:
        persons.same[first] = [student.key for student in own]


def canvas(rows: list[tuple[Student, Listed | None, dict[str, str]]], possible: dict[str, float]) -> list[list[str]]:
    """Return the lines of a .csv file that Canvas imports: its own columns, then one for each notebook.

    Canvas refuses a line without a number, and lets a blank replace a score: who has no number or no points has no
    line, and a notebook without points keeps the score of the gradebook that Canvas exported.
    """
    own = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    headers = {name: _assignment(name, rows) for name in possible}
    lines = [
        [*own, *headers.values()],
        ["    Points Possible", "", "", "", "", *(f"{p:g}" for p in possible.values())],
    ]
    for student, listed, points in rows:
        columns = _own_columns(listed)
        known = [student.id if each == "ID" and student.id else columns.get(plain(each), "") for each in own]
        known[0] = known[0] or (listed.student.name if listed else student.name)
        if any(known[1:4]) and any(points[name] for name in possible):
            scores = [points[name] or columns.get(plain(header), "") for name, header in headers.items()]
            lines.append([*known, *scores])
    return lines


def _assignment(name: str, rows: list[tuple[Student, Listed | None, dict[str, str]]]) -> str:
    """Return what Canvas calls the assignment of a notebook: its name, and a number in parentheses."""
    columns = next((listed.columns for _, listed, _ in rows if listed), {})
    return next((each for each in columns if re.fullmatch(rf"\s*{re.escape(name)}(\.ipynb)? \(\d+\)", each)), name)


def _own_columns(listed: Listed | None) -> dict[str, str]:
    return {plain(name): value for name, value in (listed.columns if listed else {}).items()}


def moodle(rows: list[tuple[Student, Listed | None, dict[str, str]]], possible: dict[str, float]) -> list[list[str]]:
    """Return the lines of a .csv file that Moodle takes as grading worksheet or as grades to import.

    The worksheet is accepted with the time of the last change of a grade, as Moodle exported it.
    """
    own = ["Identifier", "Full name", "Email address"]
    lines = [[*own, "Grade", "Maximum Grade", "Last modified (grade)", *possible]]
    for student, listed, points in rows:
        columns = _own_columns(listed)
        number = f"Participant {student.id}" if student.id.isdigit() else student.id
        known = [columns.get(plain(each), "") for each in own]
        known[0] = number or known[0]
        known[1] = known[1] or (listed.student.name if listed else student.name)
        total = [points["total"], f"{sum(possible.values()):g}", columns.get("lastmodifiedgrade", "")]
        if points["total"]:
            lines.append([*known, *total, *(points[name] for name in possible)])
    return lines


LMS = {"canvas": canvas, "moodle": moodle}
GRADESCOPE = "gradescope"
"""Takes no table, but a file for each student."""
