"""Find what was handed in: in folders, in flat downloads of Canvas and Moodle, and in .zip files of these.

Nothing is ever unpacked to disk, and no symbolic link is followed: the names in an archive only say whose a file is.
"""

import io
import lzma
import os
import re
import stat
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from gmmlab.course import LabError
from gmmlab.course.reading import MAX_BYTES
from gmmlab.exercises.registry import exercises

MAX_ARCHIVE = 100_000_000
"""Largest .zip file inside another one, in bytes."""

MAX_FILES = 1_000
"""Most files that are looked at for one student, or in one .zip file of a student."""

MAX_NOTEBOOKS = 100
"""Most notebooks of one student that are read."""

MAX_DEPTH = 8

_HIDDEN = (".", "__MACOSX", "__pycache__")
# All that reading a damaged archive raises.
_DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, LookupError, NotImplementedError,
    ValueError, RuntimeError,
)  # fmt: skip
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.S)
_ATTEMPT = re.compile(r"attempt[ _-]?(\d[\d-]*)|-(\d{1,2})(?=\.(?:ipynb|zip)$)", re.I)


@dataclass(frozen=True)
class Student:
    """Who handed in: the name in the folder or file, and the number that an LMS put beside it."""

    name: str
    id: str = ""

    @property
    def key(self) -> str:
        """Name and number in one."""
        return f"{self.name}_{self.id}" if self.id else self.name


@dataclass(frozen=True)
class Found:
    """One file that was handed in, or what keeps it from being read.

    Attributes
    ----------
    student : Student or None
        None where neither folder nor file says whose it is.
    where : str
        The file, in words an instructor can follow: path, and path inside the archive.
    attempt : tuple
        Sorts the attempts of one student: number in the name, time of the file, name.
    path : Path
        The file or archive on disk.
    members : tuple of int
        The places of the file in its archive, and in the archive inside that.
    problem : str
        Why it cannot be graded; empty if it can be read.
    status : str
        What to call the problem: ``"missing"`` where there is no notebook at all.
    """

    student: Student | None
    where: str
    attempt: tuple[int, float, str]
    path: Path
    members: tuple[int, ...] = ()
    problem: str = ""
    status: str = "unreadable"


def collect(submissions: Path, out: Path | None = None) -> list[Found]:
    """List what was handed in.

    Parameters
    ----------
    submissions : Path
        A folder or a .zip file: a folder for each student, or flat files whose names begin with the student's.
    out : Path, optional
        Where results are written; if it lies inside, it is passed over.

    Returns
    -------
    list of Found
        Also what cannot be read, each with its problem.

    Raises
    ------
    LabError
        If ``submissions`` is neither, or holds nothing that looks like a submission.
    """
    if submissions.is_dir():
        found = list(_at_most(_in_folder(submissions, out.resolve() if out else None)))
    elif zipfile.is_zipfile(submissions):
        found = list(_at_most(_in_archive(submissions, bulk=True)))
    else:
        raise LabError(
            f"{submissions} is neither a folder nor a .zip file. Give the folder that holds what was handed in."
        )
    if not found:
        raise LabError(
            f"There is no notebook in {submissions}. Expected are folders named after students with notebooks in "
            "them, notebooks whose names begin with the student's, or .zip files of these."
        )
    return found


def _at_most(found: Iterator[Found]) -> Iterator[Found]:
    counts: Counter[Student | None] = Counter()
    for each in found:
        counts[each.student] += 1
        if each.student is None or counts[each.student] <= MAX_NOTEBOOKS:
            yield each
        elif counts[each.student] == MAX_NOTEBOOKS + 1:
            yield replace(
                each, problem=f"more than {MAX_NOTEBOOKS} files were handed in; this and the rest were not read"
            )


def _in_folder(root: Path, out: Path | None) -> Iterator[Found]:
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if entry.name.startswith(_HIDDEN) or Path(entry.path).resolve() == out:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _of_student(student_of(entry.name, folder=True), Path(entry.path), root)
        else:
            yield from _file(student_of(entry.name), Path(entry.path), root, bulk=True)


def _of_student(student: Student, folder: Path, root: Path) -> Iterator[Found]:
    """List one student's folder; where it holds no notebook, what else was handed in is a problem."""
    files, others, stack = 0, [], [(folder, 0)]
    while stack:
        here, depth = stack.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            yield _problem(student, here, root, f"the folder cannot be read: {error.strerror}")
            continue
        for entry in entries:
            if entry.name.startswith(_HIDDEN):
                continue
            files += 1
            if files > MAX_FILES:
                yield _problem(student, here, root, f"it holds more than {MAX_FILES} files; the rest was not read")
                return
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH:
                    stack.append((path, depth + 1))
                else:
                    yield _problem(student, path, root, f"it lies more than {MAX_DEPTH} folders deep")
                continue
            listed = list(_file(student, path, root, bulk=False))
            others += [] if listed else [path]
            yield from listed
    if len(others) == files:
        instead = f", but {', '.join(path.name for path in others[:3])}" if others else ""
        nothing = _problem(student, folder, root, f"no notebook was handed in{instead}")
        yield replace(nothing, status="missing")


def _file(student: Student | None, path: Path, root: Path, bulk: bool) -> Iterator[Found]:
    kind = _kind(path.name)
    if not kind:
        return
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        yield _problem(student, path, root, "it is a symbolic link, and links are not followed")
    elif not stat.S_ISREG(status.st_mode):
        yield _problem(student, path, root, "it is not a regular file")
    elif kind == "zip":
        yield from _in_archive(path, bulk, student, path.relative_to(root).as_posix())
    else:
        where = path.relative_to(root).as_posix()
        yield Found(student, where, _attempt(where, status.st_mtime), path, problem=_whose(student))


def _problem(student: Student | None, path: Path, root: Path, why: str) -> Found:
    return Found(student, path.relative_to(root).as_posix(), (0, 0.0, ""), path, problem=why)


def _kind(name: str) -> str:
    """Say what a file is by its name: notebooks that were renamed by a browser or a mail program still count."""
    low = name.lower()
    if low.endswith(".zip"):
        return "zip"
    return "notebook" if ".ipynb" in low or low.endswith(".json") else ""


def _whose(student: Student | None) -> str:
    return "" if student else "its name does not say whose it is: put it into a folder named after the student"


def _attempt(where: str, when: float) -> tuple[int, float, str]:
    numbers = [int(re.sub(r"\D", "", a or b)[:18]) for a, b in _ATTEMPT.findall(where)]
    return max(numbers, default=0), when, where


def student_of(name: str, folder: bool = False) -> Student | None:
    """Say whose a folder or a flat file is, by its name.

    Known are ``doejane_LATE_123_456_work.ipynb`` (Canvas), ``Jane Doe_123_assignsubmission_file_`` (Moodle) and
    ``jane_03_fit_mixture.ipynb``; any other name of a folder is the student's, and of a file what stands before
    the first underscore.
    """
    if match := _MOODLE.fullmatch(name) or (None if folder else _CANVAS.fullmatch(name)):
        return Student(match["name"].strip(), match["id"])
    if folder:
        return Student(name)
    stem = re.split(r"\.(?:ipynb|zip|json)", name, maxsplit=1, flags=re.I)[0]
    for notebook in dict.fromkeys(ex.notebook for ex in exercises()):
        before, found, _ = stem.partition(notebook)
        if found:
            return Student(before.rstrip("_- ")) if before.rstrip("_- ") else None
    first = stem.split("_")[0].strip()
    return Student(first) if first else None


def _in_archive(path: Path, bulk: bool, student: Student | None = None, where: str = "") -> Iterator[Found]:
    """List a .zip file on disk: of many students if ``bulk`` and its names say so, else of one."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            several = bulk and (not where or _is_download(infos))
            if not several and len(infos) > MAX_FILES:
                yield Found(
                    student, where, (0, 0.0, ""), path, problem=f"the .zip file holds more than {MAX_FILES} files"
                )
                return
            shared = _shared_folder(infos, path.stem)
            for place, info in enumerate(infos):
                yield from _member(archive, info, place, path, student, where, shared if several else None)
    except _DAMAGE as error:
        yield Found(student, where or path.name, (0, 0.0, ""), path, problem=f"the .zip file cannot be read: {error}")


def _is_download(infos: list[zipfile.ZipInfo]) -> bool:
    tops = [PurePosixPath(info.filename).parts[0] for info in infos if PurePosixPath(info.filename).parts]
    return bool(tops) and all(_CANVAS.fullmatch(top) or _MOODLE.fullmatch(top) for top in tops)


def _shared_folder(infos: list[zipfile.ZipInfo], stem: str) -> int:
    """Return 1 if all lies in one folder called like the archive, as some programs pack it, else 0."""
    parts = [PurePosixPath(info.filename).parts for info in infos if not info.filename.startswith(_HIDDEN)]
    return int(bool(parts) and all(part and part[0] == stem for part in parts))


def _member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    place: int,
    path: Path,
    student: Student | None,
    where: str,
    shared: int | None,
) -> Iterator[Found]:
    """List one member; ``shared`` is None in a student's own archive, else how many folders lie above the students."""
    name = info.filename
    parts = PurePosixPath(name).parts
    if info.is_dir() or any(part.startswith(_HIDDEN) and part != ".." for part in parts) or not _kind(name):
        return
    label = f"{where or path.name}: {name}"
    if shared is not None:
        inner = parts[shared:]
        student = student_of(inner[0], folder=len(inner) > 1) if inner else None
    problem = _whose(student) or _unsafe(info)
    if problem or _kind(name) == "notebook":
        yield Found(student, label, _attempt(label, _time(info)), path, (place,), problem)
    else:
        yield from _inner(archive, info, place, path, student, label)


def _unsafe(info: zipfile.ZipInfo) -> str:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if ".." in parts or info.filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", info.filename):
        return "its path leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a symbolic link, and links are not followed"
    if info.flag_bits & 1:
        return "it is encrypted"
    return ""


def _time(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _inner(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: int, path: Path, student: Student | None, label: str
) -> Iterator[Found]:
    """List a student's .zip file inside the download."""
    try:
        with zipfile.ZipFile(io.BytesIO(_content(archive, info, MAX_ARCHIVE))) as inner:
            infos = inner.infolist()[:MAX_FILES]
            for number, each in enumerate(infos):
                if each.is_dir() or each.filename.startswith(_HIDDEN) or _kind(each.filename) != "notebook":
                    continue
                where = f"{label}: {each.filename}"
                yield Found(student, where, _attempt(where, _time(each)), path, (place, number), _unsafe(each))
    except (LabError, *_DAMAGE) as error:
        yield Found(student, label, (0, 0.0, ""), path, (place,), f"the .zip file cannot be read: {error}")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Read a member, but never more than ``most`` bytes, whatever size its header claims."""
    with archive.open(info) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise LabError(f"unpacked it has more than {most / 1e6:.0f} MB")
    return content


class Reader:
    """Reads what was found, one file after the other; keeps the last archive open."""

    def __init__(self) -> None:
        self._place: tuple | None = None
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> "Reader":
        """Begin; the archive that is open is closed when the block is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def read(self, found: Found) -> bytes:
        """Return the content of a file.

        Raises
        ------
        LabError
            If it cannot be read, or is larger than a notebook can be.
        """
        try:
            if not found.members:
                return _read_file(found.path)
            archive = self._open(found.path, found.members[:-1])
            return _content(archive, archive.infolist()[found.members[-1]], MAX_BYTES)
        except _DAMAGE as error:
            raise LabError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error

    def _open(self, path: Path, outer: tuple[int, ...]) -> zipfile.ZipFile:
        if self._place != (path, outer):
            self.close()
            if outer:
                with zipfile.ZipFile(path) as archive:
                    content = _content(archive, archive.infolist()[outer[0]], MAX_ARCHIVE)
                self._archive = zipfile.ZipFile(io.BytesIO(content))
            else:
                self._archive = zipfile.ZipFile(path)
            self._place = (path, outer)
        return self._archive

    def close(self) -> None:
        """Close the archive that is open, if any."""
        if self._archive is not None:
            self._archive.close()
        self._archive, self._place = None, None


def _read_file(path: Path) -> bytes:
    # Neither a link nor a pipe that replaced the file meanwhile is opened.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise LabError(f"the file has more than {MAX_BYTES / 1e6:.0f} MB")
    return content
