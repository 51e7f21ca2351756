"""When a file was handed in: as the LMS says, by the name that it gave or in a table of its own, else by its time."""

import re
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

_BLACKBOARD = re.compile(r"_attempt_(\d{4}(?:-\d\d){3,5})(?!\d)")
_WORKSHEET = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")


class Handed(NamedTuple):
    """When a file was handed in, as far as that is known.

    Attributes
    ----------
    when : datetime or None
        Without a time zone where none is known: it is then that of the course.
    source : str
        Who says so.
    is_late : bool or None
        What the LMS itself says; None where it says nothing.
    """

    when: datetime | None = None
    source: str = ""
    is_late: bool | None = None

    def at(self, zone: tzinfo) -> datetime | None:
        """Return when, in the time zone of the course."""
        if self.when is None:
            return None
        return self.when.astimezone(zone) if self.when.tzinfo else self.when.replace(tzinfo=zone)


def by_name(name: str, is_canvas: bool) -> Handed | None:
    """Return what the name says that an LMS gave: Blackboard's the time, Canvas's only whether it is late.

    Canvas packs files with the time of the download, which says nothing.
    """
    if found := _BLACKBOARD.search(name):
        with suppress(ValueError):
            return Handed(datetime(*map(int, found[1].split("-"))), "Blackboard's name")
    return Handed(None, "Canvas's name", "_LATE_" in name) if is_canvas else None


def by_time(seconds: float, is_local: bool) -> Handed:
    """Return what the time of a file says; a .zip file keeps it without a zone."""
    if seconds <= 0:
        return Handed()
    with suppress(ValueError, OverflowError, OSError):
        when = datetime.fromtimestamp(seconds) if is_local else datetime.fromtimestamp(seconds, UTC)
        return Handed(when, "the file's time in the archive" if is_local else "the file's time")
    return Handed()


def by_metadata(entry: str) -> Handed | None:
    """Return what an entry of Gradescope's metadata says, such as ``:created_at: 2026-11-20 10:30:00.12 -08:00``."""
    time = r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? *([+-]\d\d:?\d\d|Z)?"
    if found := re.search(rf"^[ -]*:created_at: *['\"]?{time}", entry, re.M):
        with suppress(ValueError):
            when = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or 'Z'}")
            return Handed(when, "Gradescope's metadata")
    return None


def by_worksheet(words: str) -> Handed | None:
    """Return what Moodle's grading worksheet says, in English: ``Friday, 20 November 2026, 11:14 PM``."""
    for form in _WORKSHEET:
        with suppress(ValueError):
            return Handed(datetime.strptime(words.strip(), form), "Moodle's worksheet")
    return None
