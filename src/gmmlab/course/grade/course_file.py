"""``course.toml``: the rules of a course, read and checked; every mistake in it is answered with its line."""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.grade.policy import ATTEMPTS, LATEST, Guessing, Late
from gmmlab.course.grade.roster import GRADESCOPE, LMS
from gmmlab.exercises.registry import notebooks

NAME = "course.toml"
_ENTRIES = ("time_zone", "class_list", "lms", "attempts", "late", "guessing", "notebooks")
_TABLES = {
    "late": ("percent_per_day", "grace_minutes", "most_percent", "late_days"),
    "guessing": ("percent_per_try", "free_tries"),
}
_WHOLE = ("late_days", "free_tries")
_NOTEBOOK = ("points", "due", "extensions", "excused")


@dataclass(frozen=True)
class NotebookRules:
    """What is said of one notebook.

    Attributes
    ----------
    points : float or None
        What it is worth; None for the points of its exercises.
    due : datetime or None
    extensions : dict of str to datetime
        Later due dates, by the student's number or name.
    excused : tuple of str
        Students for whom it does not count.
    """

    points: float | None = None
    due: datetime | None = None
    extensions: dict[str, datetime] = field(default_factory=dict)
    excused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Course:
    """The rules of a course; without a file those that cost nobody anything."""

    path: Path | None = None
    zone: tzinfo | None = None
    class_list: Path | None = None
    lms: str | None = None
    attempts: str = LATEST
    late: Late = Late()  # noqa: RUF009  (frozen)
    guessing: Guessing = Guessing()  # noqa: RUF009  (frozen)
    notebooks: dict[str, NotebookRules] = field(default_factory=dict)

    def rules(self, notebook: str) -> NotebookRules:
        """Return what is said of a notebook."""
        return self.notebooks.get(notebook, NotebookRules())

    @property
    def named(self) -> list[tuple[str, str]]:
        """All students who are named, and the entry that names each."""
        return [
            (student, f"notebooks.{name}.{entry}")
            for name, rules in self.notebooks.items()
            for entry, students in (("extensions", rules.extensions), ("excused", rules.excused))
            for student in students
        ]


def beside(submissions: Path, name: str) -> Path | None:
    """Return the file of this name in the folder of submissions or beside it, or None where there is none."""
    places = ([submissions] if submissions.is_dir() else []) + [submissions.absolute().parent]
    return next((folder / name for folder in places if (folder / name).is_file()), None)


def template() -> bytes:
    """Return the file that ``gmm-lab new course`` writes."""
    return (files("gmmlab.course.grade") / "templates" / NAME).read_bytes()


def read_course(path: Path | None) -> Course:
    """Read the rules of a course.

    Parameters
    ----------
    path : Path or None
        None for a course without a file.

    Raises
    ------
    LabError
        If something in the file is not what is meant there; the message says in which line, and what to write.
    """
    if path is None:
        return Course()
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        raise LabError(f"{path} is not UTF-8 text: save it as such.") from None
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path}: {error}. Texts and dates stand in quotation marks, one entry a line.") from None
    return _Reader(path, text, data).course()


class _Reader:
    """Reads the entries, and says in which line a mistake is."""

    def __init__(self, path: Path, text: str, data: dict[str, Any]) -> None:
        self.path, self.text, self.data = path, text, data
        self.zone: tzinfo | None = None

    def course(self) -> Course:
        """Return the rules."""
        self._known(self.data, _ENTRIES)
        for name, known in _TABLES.items():
            self._known(self._table(name), known, name)
        self.zone = self._zone()
        class_list = self._text("class_list")
        if class_list and not (self.path.parent / class_list).is_file():
            self._wrong(("class_list",), f"there is no file {class_list} beside it")
        return Course(
            self.path,
            self.zone,
            self.path.parent / class_list if class_list else None,
            self._one_of("lms", (*LMS, GRADESCOPE)) or None,
            self._one_of("attempts", ATTEMPTS) or LATEST,
            Late(
                self._number("late", "percent_per_day", 0, 100),
                timedelta(minutes=self._number("late", "grace_minutes", 0, 10**5)),
                self._number("late", "most_percent", 100, 100),
                int(self._number("late", "late_days", 0, 1000)),
            ),
            Guessing(
                self._number("guessing", "percent_per_try", 0, 100),
                int(self._number("guessing", "free_tries", 2, 1000)),
            ),
            dict(self._notebook(name) for name in self._table("notebooks")),
        )

    def _wrong(self, keys: tuple[str, ...], what: str) -> None:
        raise LabError(f"{self.path}, line {_line(self.text, keys)}, {'.'.join(keys)}: {what}.")

    def _known(self, table: dict, known: tuple[str, ...], *above: str) -> None:
        for key in table.keys() - set(known):
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}" if near else f"there may be {', '.join(known)}"
            self._wrong((*above, key), f"there is no such entry; {hint}")

    def _table(self, *keys: str) -> dict[str, Any]:
        table = self.data
        for key in keys:
            table = table.get(key, {})
        if not isinstance(table, dict):
            self._wrong(keys, f"it is a table, with its entries below a line [{'.'.join(keys)}]")
        return table

    def _text(self, key: str) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self._wrong((key,), f"it is a text in quotation marks, but {value} was given")
        return value

    def _one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self._text(key)
        if value and value not in known:
            self._wrong((key,), f"it is one of {', '.join(known)}, but {value!r} was given")
        return value

    def _zone(self) -> tzinfo | None:
        name = self._text("time_zone")
        try:
            return ZoneInfo(name) if name else None
        except (OSError, ValueError, LookupError):
            self._wrong(("time_zone",), f'there is no time zone {name!r}; write one such as "Europe/Berlin"')
            return None

    def _number(self, above: str, key: str, default: float, most: float) -> float:
        value = self._table(above).get(key, default)
        if type(value) not in (int, float) or not 0 <= value <= most or (key in _WHOLE and value != int(value)):
            self._wrong((above, key), f"it is a number from 0 to {most:g}, but {value!r} was given")
        return value

    def _notebook(self, name: str) -> tuple[str, NotebookRules]:
        own = ("notebooks", name)
        try:
            found = paths.notebook_called(name, notebooks())
        except ValueError as error:
            self._wrong(own, str(error).rstrip("."))
        table = self._table(*own)
        self._known(table, _NOTEBOOK, *own)
        points = table.get("points")
        if points is not None and (type(points) not in (int, float) or not 0 < points <= 10**6):
            self._wrong((*own, "points"), f"it is a number above 0, but {points!r} was given")
        due = self._date(table["due"], (*own, "due")) if "due" in table else None
        longer = self._table(*own, "extensions")
        extensions = {who: self._date(value, (*own, "extensions", who)) for who, value in longer.items()}
        for who, when in extensions.items():
            if due is None or when < due:
                self._wrong(
                    (*own, "extensions", who), f"an extension is later than the due date, but {longer[who]} is not"
                )
        excused = table.get("excused", [])
        if not isinstance(excused, list) or not all(isinstance(who, str) for who in excused):
            self._wrong((*own, "excused"), 'it is a list of students, such as ["Jane Roe", "4711"]')
        return found, NotebookRules(points, due, extensions, tuple(excused))

    def _date(self, value: Any, keys: tuple[str, ...]) -> datetime:
        try:
            when = datetime.fromisoformat(value) if isinstance(value, str) else value
            is_day = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip())
        except ValueError:
            when, is_day = None, None
        if is_day or (isinstance(when, date) and not isinstance(when, datetime)):
            when = datetime.combine(when, time(23, 59, 59))
        if not isinstance(when, datetime):
            self._wrong(keys, f'it is a date such as "2026-11-20 23:59", but {value!r} was given')
        if when.tzinfo is None and self.zone is None:
            self._wrong(keys, 'which time zone? Write above all tables, say, time_zone = "Europe/Berlin"')
        return when if when.tzinfo else when.replace(tzinfo=self.zone)


def _line(text: str, keys: tuple[str, ...]) -> int:
    """Return the number of the line where an entry stands, or the deepest entry or table that leads to it."""
    best, depth, table = 1, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+(.+?)\]+\s*(#.*)?$", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            at = table
        elif entry := re.match(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=""", line):
            at = [*table, entry[1].strip("\"'")]
        else:
            at = []
        if depth < len(at) <= len(keys) and list(keys[: len(at)]) == at:
            best, depth = number, len(at)
    return best
