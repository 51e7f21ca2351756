"""The whole way from a folder of submissions to a row for each student."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from tqdm import tqdm

from gmmlab.course import LabError
from gmmlab.course.grade.aliases import question
from gmmlab.course.grade.alike import Given, alike
from gmmlab.course.grade.assess import Judged, Result
from gmmlab.course.grade.class_list import Listed, plain
from gmmlab.course.grade.collect import Found, Student
from gmmlab.course.grade.course_file import NAME as COURSE
from gmmlab.course.grade.course_file import Course
from gmmlab.course.grade.handed_in import Handed, by_worksheet
from gmmlab.course.grade.overrides import NAME as OVERRIDES
from gmmlab.course.grade.overrides import Override
from gmmlab.course.grade.policy import LATEST, Tried, decide, in_words
from gmmlab.course.grade.roster import Finder, match, one_line_one_person
from gmmlab.course.grade.store import Ledger, Store, key_of
from gmmlab.course.grade.tree import Archives
from gmmlab.course.grade.workers import GRADER_DIED, Mode, Work, grade_all
from gmmlab.course.reading import MAX_BYTES
from gmmlab.course.student.working_copy import EARLIER, NEW
from gmmlab.exercises.form import ChoiceForm, Exercise, TextForm
from gmmlab.exercises.registry import exercises, find, notebooks

MISSING = "missing"
EXCUSED = "excused"
_AGAIN = {GRADER_DIED}
"""Results that a second run does not use again: the machine may be to blame."""


OF_LAB = re.compile(rf"{NEW}\.ipynb$|(^|[/\\: ]){EARLIER}[/\\][^/\\]*$")
"""Where the lab itself puts files."""

_NAMED = 5
"""Most students who are named in one flag."""


class Attempt(NamedTuple):
    """One file of a student, its number among all files, and its result."""

    number: int
    found: Found
    result: Result

    @property
    def is_answered(self) -> bool:
        """Whether anything in it was answered."""
        return any(judged.status not in ("missing", "open") for judged in self.result.exercises.values())

    @property
    def is_of_lab(self) -> bool:
        """Whether the lab put the file there: a new version beside the student's, or one that it put away."""
        return bool(OF_LAB.search(self.found.where))

    @property
    def rank(self) -> tuple[bool, bool, bool, tuple[int, float, str]]:
        """Sorts the attempts: the last one counts. Without answers none goes before one that has some."""
        return self.is_answered, self.result.points is not None, not self.is_of_lab, self.found.attempt


class Grade(NamedTuple):
    """What a notebook earns one student, in what the notebook is worth.

    Attributes
    ----------
    points, penalty, change : float
        By the checks or set by hand; what lateness and guessing cost; more or less, by hand, whatever they cost.
    why : str
        What the penalty is for, in words.
    """

    points: float
    penalty: float = 0.0
    change: float = 0.0
    why: str = ""

    @property
    def total(self) -> float:
        """The points that count."""
        return max(self.points - self.penalty + self.change, 0.0)


@dataclass
class Row:
    """What one student gets.

    Attributes
    ----------
    student : Student
        Who.
    folder : str
        Where the student's pages are, below ``feedback``.
    listed : Listed or None
        The line of the class list.
    counted : dict of str to Attempt
        For each notebook handed in, the attempt that counts.
    problems : list of (str, str, str)
        File, what became of it, and why, for each file that was not graded or does not count.
    flags : dict of str to list of str
        For each notebook what to look at; under ``""`` what concerns the student.
    """

    student: Student
    folder: str
    listed: Listed | None
    counted: dict[str, Attempt] = field(default_factory=dict)
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lost: bool = False
    grades: dict[str, Grade] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    worth: dict[str, float] = field(default_factory=dict)
    overrides: dict[str, list[Override]] = field(default_factory=dict)

    def status(self, notebook: str) -> str:
        """Say in words what became of a notebook."""
        if notebook in self.excused:
            return EXCUSED
        if notebook in self.counted:
            return self.counted[notebook].result.status
        # A file that could not be read may have been this notebook.
        return "unreadable" if self.lost else MISSING

    def points(self, notebook: str) -> float | None:
        """Return the points that count, or None where nothing was judged."""
        return self.grades[notebook].total if notebook in self.grades and notebook not in self.excused else None

    def earned(self, exercise: str, judged: Judged | None, changed: bool = True) -> float | None:
        """Return the points of an exercise, as the check and the overrides say; with or without those with a sign."""
        own = [one for one in self.overrides.get(exercise, []) if one.points is not None]
        points = None if judged is None or judged.status == "missing" else judged.points
        for one in own:
            points = points if one.is_change else one.points
        more = sum(one.points or 0 for one in own if one.is_change)
        return points if not (more and changed) else (points or 0) + more

    def is_read(self, exercise: str) -> bool:
        """Whether somebody has given points to a text."""
        return any(one.points is not None for one in self.overrides.get(exercise, []))

    def notes(self, notebook: str) -> list[str]:
        """Return what has changed the points of a notebook."""
        own = [one.words for ex in exercises(notebook) for one in self.overrides.get(ex.id, [])]
        why = self.grades[notebook].why if notebook in self.grades and notebook not in self.excused else ""
        return [why, *own] if why else own

    def counting(self, notebooks: Sequence[str]) -> list[str]:
        """Return the notebooks that count for this student."""
        return [name for name in notebooks if name not in self.excused]

    def total(self, notebooks: Sequence[str]) -> float | None:
        """Return the sum, or None unless every notebook was judged or not handed in, and one was judged."""
        there = [name for name in self.counting(notebooks) if name in self.grades or self.status(name) != MISSING]
        points = [self.points(name) for name in there]
        return None if not points or None in points else sum(p for p in points if p is not None)

    def possible(self, notebooks: Sequence[str]) -> float:
        """Return what the notebooks that count for this student are worth."""
        return sum(self.worth[name] for name in self.counting(notebooks))

    def of_all(self, notebooks: Sequence[str], part: str) -> float | None:
        """Return the sum of a part of the grades, ``"points"`` or ``"penalty"``; None where there is no total."""
        if self.total(notebooks) is None:
            return None
        return sum(getattr(self.grades[name], part) for name in self.counting(notebooks) if name in self.grades)

    def in_words(self, notebooks: Sequence[str]) -> str:
        """Say what became of all notebooks: one word where it is the same for all."""
        states = {name: self.status(name) for name in notebooks}
        if len(set(states.values())) <= 1:
            return next(iter(states.values()), "unreadable" if self.lost else MISSING)
        return "; ".join(f"{name} {state}" for name, state in states.items() if state != "ok")

    def all_flags(self) -> list[str]:
        """Return all flags, each after the notebook that it concerns."""
        return [f"{name}: {flag}" if name else flag for name, flags in self.flags.items() for flag in flags]


def possible(notebook: str) -> float:
    """Return the points that a notebook's exercises are worth."""
    return sum(ex.points for ex in exercises(notebook))


def texts_of(notebook: str) -> list[Exercise]:
    """Return the exercises of a notebook that somebody reads."""
    return [ex for ex in exercises(notebook) if isinstance(ex.form, TextForm)]


class Gradebook:
    """All results of one run, kept on disk and read student by student.

    Attributes
    ----------
    notebooks : list of str
        Those that count, in the order of the lab: the ones asked for, else those of at least half of all who handed in.
    question : str
        What to ask the instructor: whether a notebook counts that fewer handed in.
    students : list of Student
        All who handed in or are on the class list, sorted by name.
    """

    def __init__(
        self,
        found: list[Found],
        store: Store,
        listed: list[Listed],
        notebooks: Sequence[str] | None = None,
        course: Course = Course(),  # noqa: B008  (frozen)
        overrides: Sequence[Override] = (),
        names: Mapping[Student, Sequence[Student]] = MappingProxyType({}),
    ) -> None:
        self.course = course
        self._wanted = notebooks or list(course.notebooks) or None
        self.found, self.store, self.listed = found, store, listed
        self.keys: list[str] = [""] * len(found)
        self.problems: dict[int, str] = {i: each.problem for i, each in enumerate(found) if each.problem}
        self.digests: dict[int, bytes] = {}
        self._files: dict[Student, list[int]] = defaultdict(list)
        for number, each in enumerate(found):
            if each.student is not None:
                self._files[each.student].append(number)
        matched = match(list(self._files), listed)
        unlisted = self._files.keys() - matched.lines.keys() - matched.doubtful.keys()
        self._persons = one_line_one_person(matched.lines, [each for each in self._files if each in unlisted])
        self._persons.doubtful.update(matched.doubtful)
        self._numbers = matched.flags
        for alias, student in self._persons.alias.items():
            self._files[student] = sorted(self._files[student] + self._files.pop(alias))
        present = {id(one) for one in self._persons.matched.values()}
        absent = [one.student for one in listed if id(one) not in present]
        order = sorted([*self._files, *absent], key=lambda s: (s.name.casefold(), s.name, s.id))
        self.students = order
        self._folders = _folders(order)
        self.worth = {ex.notebook: course.rules(ex.notebook).points or possible(ex.notebook) for ex in exercises()}
        self.unknown: list[tuple[str, str, str, str]] = []
        self._lines = {student: self._line_of(student) for student in order}
        self._find, self._is_nameless = Finder(self._lines, names), bool(names)
        self._due, self._excused = self._by_student()
        self._overrides = self._by_hand(overrides)
        self.mode = ""
        self._seen = Ledger(store.folder.parent / ".overrides")
        self.notebooks: list[str] = []
        self.question = ""
        self.pairs: dict[int, list[tuple[str, str]]] = {}

    def run(self, mode: Mode, jobs: int, dask: str | None) -> None:
        """Grade every file that has no result yet, under a progress bar."""
        self.mode = str(mode)
        with tqdm(total=len(self.found), desc="grading", unit="file", disable=None, smoothing=0.05) as bar:
            for work, (result, page) in grade_all(self._works(mode, bar.update), jobs, dask):
                self.store.put(work.key, result, page)
                bar.update()

    def _works(self, mode: Mode, tick: Callable[[], object]) -> Iterator[Work]:
        begun: set[str] = set()
        with Archives() as archives:
            for number, each in self._in_order(mode):
                try:
                    content = b"" if each.problem else archives.read(each.way, MAX_BYTES)
                except LabError as problem:
                    self.problems[number] = str(problem)
                if number in self.problems:
                    tick()
                    continue
                key = self.keys[number] = key_of(content, str(mode))
                self.digests[number] = hashlib.sha256(content).digest()[:12]
                known = self.store.get(key)
                if key in begun or (known is not None and known.status not in _AGAIN):
                    tick()
                else:
                    begun.add(key)
                    yield Work(key, content, mode)

    def _in_order(self, mode: Mode) -> list[tuple[int, Found]]:
        """Return the files with their numbers; for runs notebook by notebook, so that worked cells run once."""
        numbered = list(enumerate(self.found))
        if mode.rerun:
            numbered.sort(key=lambda file: next((name for name in notebooks() if name in file[1].where), ""))
        return numbered

    def look(self) -> None:
        """Read all results once: which notebooks there are, and which answers are alike."""
        answers: dict[str, dict[int, tuple[float, str]]] = defaultdict(dict)
        codes: dict[str, dict[int, tuple[float, str]]] = defaultdict(dict)
        files: dict[tuple[str, bytes], list[int]] = defaultdict(list)
        ids: dict[str, dict[int, str]] = defaultdict(dict)
        names: Counter[str] = Counter()
        handed_in = 0
        for place, row in enumerate(self._rows()):
            names.update(list(row.counted))
            handed_in += bool(row.counted)
            for name, attempt in row.counted.items():
                for id, judged in attempt.result.exercises.items():
                    if judged.me:
                        ids[id][place] = judged.me
                    for compared, fingerprint in ((answers, judged.answer), (codes, judged.code)):
                        if fingerprint:
                            compared[id][place] = judged.points, fingerprint
                if attempt.is_answered:
                    files[name, self.digests[attempt.number]].append(place)
        known = notebooks()
        counts = [name for name in known if 2 * names[name] >= handed_in and names[name]]
        self.notebooks = counts if self._wanted is None else [name for name in known if name in self._wanted]
        few = [
            f"{name} ({names[name]} of {handed_in} students)" for name in known if names[name] and name not in counts
        ]
        if few and self._wanted is None:
            self.question = (
                f"Does this count: {', '.join(few)}? It is listed and not counted. "
                f"Say what counts, such as: --notebooks {','.join(name[:2] for name in self.notebooks) or '03,04'}"
            )
        self.pairs = self._pairs({"answers": answers, "answer cells": codes}, files)
        for id, written in ids.items():
            self._compare_ids(id, written)

    def _pairs(
        self, compared: Mapping[str, Mapping[str, Given]], files: dict[tuple[str, bytes], list[int]]
    ) -> dict[int, list[tuple[str, str]]]:
        flags: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for (name, _), same in files.items():
            # Of a whole class that hands in one file, each is told of a few: all names for all would be a square.
            first = same[: _NAMED + 1]
            for place in same if len(same) > 1 else ():
                others = [self.students[other].key for other in first if other != place][:_NAMED]
                flags[place].append((name, f"the same file as {_some(others, len(same) - 1)}"))
        for what, given in compared.items():
            with_whom: dict[int, dict[str, int]] = defaultdict(dict)
            for (one, other), shared in alike(given, len(self.students)).items():
                with_whom[one][self.students[other].key] = len(shared)
                with_whom[other][self.students[one].key] = len(shared)
            for place, others in with_whom.items():
                listed = [f"{name} ({count} exercises)" for name, count in sorted(others.items())]
                words = f"{what} alike beyond chance with {_some(listed[:_NAMED], len(listed))}"
                flags[place].append(("", words))
        return flags

    def _compare_ids(self, exercise: str, written: Mapping[int, str]) -> None:
        """Flag answers for data that are not the student's own."""
        users: dict[str, list[int]] = defaultdict(list)
        for place, me in written.items():
            users[me.casefold()].append(place)
        for place, me in written.items():
            whose, flags = self._find.student(me), []
            if whose is None and self.listed:
                said = "" if self._is_nameless else f": {me}"
                flags.append(f"answered with an id that names no one student of the class list{said}")
            elif whose not in (None, self.students[place]):
                flags.append(f"answered with the data of another: {whose.key}")
            same = [self.students[other].key for other in users[me.casefold()][: _NAMED + 1] if other != place][:_NAMED]
            if same:
                flags.append(f"answered with the same id as {_some(same, len(users[me.casefold()]) - 1)}")
            self.pairs[place] += [(find(exercise).notebook, f"{flag} ({exercise})") for flag in flags]

    def _line_of(self, student: Student) -> Listed | None:
        if student not in self._files:
            return next((one for one in self.listed if one.student == student), None)
        return self._persons.matched.get(student)

    def _by_student(self) -> tuple[dict[tuple[Student, str], datetime], dict[Student, set[str]]]:
        """Return the extensions, and what each student is excused from."""
        due: dict[tuple[Student, str], datetime] = {}
        excused: dict[Student, set[str]] = defaultdict(set)
        for name, rules in self.course.notebooks.items():
            for who, when in rules.extensions.items():
                if student := self._student(who, COURSE):
                    due[student, name] = when
            for who in rules.excused:
                if student := self._student(who, COURSE):
                    excused[student].add(name)
        return due, excused

    def _by_hand(self, overrides: Sequence[Override]) -> dict[Student, dict[str, list[Override]]]:
        found: dict[Student, dict[str, list[Override]]] = defaultdict(lambda: defaultdict(list))
        for one in overrides:
            if student := self._student(one.student, OVERRIDES):
                own = found[student][one.exercise]
                own.append(one)
                if sum(each.sets_points for each in own) > 1:
                    raise LabError(f"{OVERRIDES} sets {one.exercise} of {one.student} twice: leave one of the lines.")
        return found

    def _student(self, who: str, file: str) -> Student | None:
        """Return the student whom a file names; one who is not there becomes a line of ``problems.csv``."""
        student = self._find.student(who)
        if student is None:
            self.unknown.append((who, file, "not found", self._find.in_words(who)))
        return student

    def rows(self) -> Iterator[Row]:
        """Yield the row of each student, in order."""
        for place, row in enumerate(self._rows()):
            for name in row.counted.keys() - set(self.notebooks):
                stray = row.counted.pop(name)
                row.flags.pop(name, None)
                row.problems.append((stray.found.where, "not counted", f"{name} is not among the notebooks that count"))
            for name, flag in self.pairs.get(place, []):
                if not name or name in self.notebooks:
                    row.flags[name].append(flag)
            if names := self._persons.same.get(row.student):
                row.flags[""].append(f"handed in under {len(names)} names: {', '.join(names)}")
            if why := self._persons.doubtful.get(row.student):
                row.flags[""].append(why)
            elif self.listed and row.listed is None:
                row.flags[""].append("not on the class list")
            if flag := self._numbers.get(row.student):
                row.flags[""].append(flag)
            yield row

    def finish(self) -> None:
        """Keep what the next run compares with."""
        self._seen.write()

    def asked(self, row: Row) -> str:
        """Ask who of the class list handed this in, where nobody or not for sure somebody is meant."""
        why = self._persons.doubtful.get(row.student, "" if self._is_nameless else "it is not on the class list")
        if not (self.listed and why) or row.listed:
            return ""
        return why if self._is_nameless else f"{why}; {question(row.student.key, row.student.name, self.listed)}"

    def orphans(self) -> Iterator[tuple[str, str, str]]:
        """Yield the files of which nobody knows whose they are."""
        for number, each in enumerate(self.found):
            if each.student is None:
                why, name = self.problems.get(number, "its name does not say whose it is"), last_part(each.where)
                asked = f"; or {question(name, name, self.listed)}" if self.listed and not self._is_nameless else ""
                yield each.where, "unreadable", f"{why}{asked}"

    def _rows(self) -> Iterator[Row]:
        for student in self.students:
            row = Row(student, self._folders[student], self._lines[student], worth=self.worth)
            row.excused = self._excused.get(student, set())
            row.overrides = self._overrides.get(student, {})
            self._fill(row)
            for name in dict.fromkeys(find(id).notebook for id in row.overrides):
                self._by_hand_alone(row, name)
            yield row

    def _fill(self, row: Row) -> None:
        attempts: dict[str, list[Attempt]] = defaultdict(list)
        for number in self._files.get(row.student, []):
            each, key = self.found[number], self.keys[number]
            result = self.store.get(key) if key else None
            if result is None:
                result = Result(each.status, self.problems.get(number, "it was not graded"))
            name = result.notebook or guess(each.where)
            attempts[name].append(Attempt(number, each, result))
        worksheet = by_worksheet(_own(row.listed, "lastmodifiedsubmission")) if len(attempts) == 1 else None
        left = self.course.late.late_days
        for name in sorted(attempts, key=lambda name: _order(self._due_date(row.student, name))):
            tried = sorted(attempts[name], key=lambda attempt: attempt.found.attempt)
            if name:
                left -= self._choose(row, name, tried, left, worksheet)
            else:
                row.lost = any(attempt.result.status != MISSING for attempt in tried)
                row.problems += [(a.found.where, a.result.status, a.result.reason) for a in tried]

    def _due_date(self, student: Student, name: str) -> datetime | None:
        return self._due.get((student, name), self.course.rules(name).due)

    def _choose(self, row: Row, name: str, tried: list[Attempt], left: int, worksheet: Handed | None) -> int:
        """Let an attempt count that has answers, by the rule of the course, and return the late days that it uses.

        Where none has answers, the latest says why.
        """
        if worksheet:
            tried = [a._replace(found=replace(a.found, handed=worksheet)) for a in tried]
        fitting = [a for a in tried if a.rank[:3] == max(a.rank[:3] for a in tried)]
        zone, due = self.course.zone or UTC, None if name in row.excused else self._due_date(row.student, name)
        handed = [a.found.handed for a in fitting]
        earned = [self._points(row, name, a.result.exercises) for a in fitting]
        guessed = [self._guessed(row, name, a.result.exercises) for a in fitting]
        said = [Tried(p - g, h.at(zone), h.is_late) for p, (g, _), h in zip(earned, guessed, handed, strict=True)]
        verdict = decide(said, due, self.course.late, left, self.course.attempts)
        counts = row.counted[name] = fitting[verdict.attempt]
        if counts.result.points is not None:
            (lost, words), attempt = guessed[verdict.attempt], said[verdict.attempt]
            late = in_words(verdict, attempt.when is not None)
            why = "; ".join([*words, late] if late else words)
            penalty = lost + attempt.points * verdict.lost
            row.grades[name] = Grade(earned[verdict.attempt], penalty, self._change(row, name), why)
            self._compare(row, name, counts.result.exercises)
        self._explain(row, name, tried, counts)
        return verdict.free if name in row.grades else 0

    def _points(self, row: Row, name: str, judged: dict[str, Judged]) -> float:
        earned = [row.earned(ex.id, judged.get(ex.id), changed=False) or 0 for ex in exercises(name)]
        return sum(earned) * self.worth[name] / possible(name)

    def _guessed(self, row: Row, name: str, judged: dict[str, Judged]) -> tuple[float, list[str]]:
        """Return what guessing costs, and the words for it; nothing where points were set by hand."""
        lost, words = 0.0, []
        for ex in exercises(name):
            one = judged.get(ex.id)
            by_hand = any(each.sets_points for each in row.overrides.get(ex.id, []))
            part = self.course.guessing.lost(one.tries) if one and isinstance(ex.form, ChoiceForm) else 0
            if one and part and one.points and not by_hand:
                lost += part * one.points
                words.append(f"{ex.id} after {one.tries} answers: {100 * part:.10g}% off")
        return lost * self.worth[name] / possible(name), words

    def _change(self, row: Row, name: str) -> float:
        own = [one for ex in exercises(name) for one in row.overrides.get(ex.id, []) if one.is_change]
        return sum(one.points or 0 for one in own) * self.worth[name] / possible(name)

    def _by_hand_alone(self, row: Row, name: str) -> None:
        """Give the points that were set by hand for a notebook of which nothing was judged."""
        has_points = any(one.points is not None for ex in exercises(name) for one in row.overrides.get(ex.id, []))
        if name not in row.grades and has_points:
            row.grades[name] = Grade(self._points(row, name, {}), 0.0, self._change(row, name))

    def _compare(self, row: Row, name: str, judged: dict[str, Judged]) -> None:
        """Flag what was set by hand for other work than is there now."""
        for ex in exercises(name):
            for one in row.overrides.get(ex.id, []):
                work = self._work(judged[ex.id]) if ex.id in judged else ""
                if self._seen.first(repr((row.student.key, *one)), work) != work:
                    row.flags[name].append(
                        f"the answer has changed since it was set by hand: {one.words}; look again, and settle it by "
                        f"other words in {OVERRIDES}"
                    )

    def _work(self, judged: Judged) -> str:
        """Return a fingerprint of the work: when it is run again, answers depend on the inputs, which change."""
        return judged.code or judged.answer if self.mode.startswith("rerun") else judged.answer

    def _explain(self, row: Row, name: str, tried: list[Attempt], counts: Attempt) -> None:
        judged = counts.result.exercises
        texts = [ex.id for ex in texts_of(name) if ex.id in judged and judged[ex.id].points and not row.is_read(ex.id)]
        if texts:
            row.flags[name].append(f"texts to be read: {', '.join(texts)}")
        row.flags[name] += counts.result.flags
        for attempt in tried:
            failed = attempt.result.status != "ok"
            if failed:
                row.problems.append((attempt.found.where, attempt.result.status, attempt.result.reason))
            elif attempt is not counts:
                why = _why_not(attempt, counts, self.course.attempts)
                row.problems.append((attempt.found.where, "not counted", why))
        own = [attempt for attempt in tried if not attempt.is_of_lab] or [counts]
        if len(own) > 1:
            row.flags[name].append(f"{len(own)} attempts")
        if own[-1] is not counts and not counts.is_of_lab:
            what = "could not be graded" if own[-1].result.points is None else "has no answers"
            words = f"the latest attempt {what}" if own[-1].rank[:3] < counts.rank[:3] else self.course.attempts
            row.flags[name].append(f"{words}, an earlier one counts")
        elif counts.is_of_lab:
            row.flags[name].append("a file that the lab itself wrote counts, since no other has answers")


def _why_not(attempt: Attempt, counts: Attempt, rule: str) -> str:
    if attempt.is_of_lab:
        return f"the lab itself wrote it; what counts is {counts.found.where}"
    if counts.is_answered and not attempt.is_answered:
        return f"it has no answers; what counts is {counts.found.where}"
    return f"another attempt is {'later' if rule == LATEST else rule}: {counts.found.where}"


def _own(listed: Listed | None, column: str) -> str:
    return next((value for name, value in listed.columns.items() if plain(name) == column), "") if listed else ""


def _order(due: datetime | None) -> tuple[bool, datetime]:
    return due is None, due or datetime.max.replace(tzinfo=UTC)


def guess(where: str) -> str:
    """Say from a file's name which notebook it was, where its content does not."""
    last = last_part(where)
    return next((name for name in notebooks() if name in last), "")


def last_part(where: str) -> str:
    """Return the name of a file without what leads to it."""
    return re.split(r"[/\\]|: ", where)[-1]


def _some(words: list[str], of: int) -> str:
    return ", ".join(words) + (f" and {of - len(words)} more" if of > len(words) else "")


def _folders(students: list[Student]) -> dict[Student, str]:
    """Give each student a folder whose name is safe everywhere, and no other student's."""
    folders: dict[Student, str] = {}
    taken: Counter[str] = Counter()
    for student in students:
        plain = re.sub(r"[^\w .,@+-]", "_", student.key, flags=re.ASCII).strip(". ")[:80]
        if (
            plain != student.key
            or taken[plain.casefold()]
            or re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", plain, re.I)
        ):
            plain = f"{plain}-{hashlib.sha256(student.key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        taken[plain.casefold()] += 1
        folders[student] = plain
    return folders
