"""Folders and archives as one tree of named streams.

Nothing is ever unpacked to disk, and no link is followed: a name in an archive only says whose a file is.
"""

import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from gmmlab.course import LabError
from gmmlab.course.grade.handed_in import Handed

MAX_ARCHIVE = 100_000_000
"""Most bytes of an archive inside another one, and of a .tar file unpacked."""

MAX_FILES = 1_000
"""Most notebooks and archives that are looked at for one student."""

MAX_MEMBERS = 10_000
"""Most files in a .tar file, or in a student's folder."""

MAX_DEPTH = 8
"""Most folders of a student that lie in one another."""

# All that reading a damaged archive raises.
_DAMAGE = (
    OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, LookupError,
    NotImplementedError, ValueError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip
_LINK = "it is a symbolic link, and links are not followed"
_IRREGULAR = "it is not a regular file"
_HIDDEN = (".", "__MACOSX", "__pycache__")


class Stream(NamedTuple):
    """A file in a folder or an archive, or a folder in it.

    Attributes
    ----------
    name : str
        With the folders that lead to it.
    open : callable
        Opens it; that of a stream in an archive does so while the archive is open.
    when : float
        When it was changed, in seconds.
    problem : str
        What keeps it from being read, or nothing.
    is_folder : bool
    way : tuple
        What opens a file on disk; if that is an archive, the number of a member; if that is one too, of its member.
    is_local : bool
        Whether the time was kept without a time zone.
    handed : Handed or None
        When it was handed in, if that has been looked for; who hands in an archive hands in all that is in it.
    """

    name: str
    open: Callable[[], IO[bytes]]
    when: float = 0.0
    problem: str = ""
    is_folder: bool = False
    way: tuple = ()
    is_local: bool = False
    handed: Handed | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders that lead to it, and its own name."""
        return PurePosixPath(self.name).parts

    @property
    def is_seen(self) -> bool:
        """Whether a student made it: neither it nor a folder that leads to it is hidden."""
        return bool(self.parts) and not any(part.startswith(_HIDDEN) and part != ".." for part in self.parts)


def in_folder(root: Path) -> Iterator[Stream]:
    """Yield what lies in a folder on disk; of each folder in it at most one stream more than is looked at."""
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        yield from islice(_walk(entry, root, 0), MAX_MEMBERS + 1)


_ENVIRONMENT = "pyvenv.cfg"
"""What lies in an environment of Python's, of which nothing is handed in."""


def _walk(entry: os.DirEntry, root: Path, depth: int) -> Iterator[Stream]:
    status, opens = entry.stat(follow_symlinks=False), partial(_regular, entry.path)
    stream = Stream(Path(entry.path).relative_to(root).as_posix(), opens, status.st_mtime, way=(opens,))
    if not stream.is_seen:
        return
    if not stat.S_ISDIR(status.st_mode):
        problem = "" if stat.S_ISREG(status.st_mode) else _LINK if entry.is_symlink() else _IRREGULAR
        yield stream._replace(problem=problem)
        return
    problem, entries = "", []
    try:
        entries = sorted(os.scandir(entry.path), key=lambda each: (each.is_dir(follow_symlinks=False), each.name))
    except OSError as error:
        problem = f"the folder cannot be read: {error.strerror}"
    if any(each.name == _ENVIRONMENT for each in entries):
        return
    if depth > MAX_DEPTH:
        problem, entries = f"it lies more than {MAX_DEPTH} folders deep", []
    yield stream._replace(problem=problem, is_folder=True)
    for each in entries:
        yield from _walk(each, root, depth + 1)


def _regular(path: str) -> IO[bytes]:
    # Neither a link nor a pipe that replaced the file meanwhile is opened.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _in_archive(file: IO[bytes]) -> Iterator[Stream]:
    """Yield what lies in an archive, whatever it is called; of a .tar file all is unpacked into memory."""
    head = file.read(262)
    file.seek(0)
    packed = head.startswith(b"\x1f\x8b")
    if packed or head.endswith(b"ustar"):
        yield from _in_tar(content_of(gzip.GzipFile(fileobj=file) if packed else file, MAX_ARCHIVE))
    else:
        yield from _in_zip(zipfile.ZipFile(file))


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Stream]:
    for info in archive.infolist():
        problem = _LINK if stat.S_ISLNK(info.external_attr >> 16) else "it is encrypted" if info.flag_bits & 1 else ""
        try:
            when = time.mktime((*info.date_time, 0, 0, -1))
        except (ValueError, OverflowError):
            when = 0.0
        yield _member(info.filename, partial(archive.open, info), when, problem, info.is_dir())._replace(is_local=True)


def _in_tar(content: bytes) -> Iterator[Stream]:
    archive = tarfile.TarFile(fileobj=io.BytesIO(content))
    seen = 0
    for info in archive:
        seen += Stream(info.name, io.BytesIO).is_seen
        if seen > MAX_MEMBERS:
            raise LabError(f"it holds more than {MAX_MEMBERS} files")
        problem = "" if info.isreg() else _LINK if info.issym() or info.islnk() else _IRREGULAR
        when = float(info.mtime) if 0 <= info.mtime < 2**40 else 0.0
        # A link has no content of its own, and that of another is not given for it.
        yield _member(info.name, partial(tarfile.ExFileObject, archive, info), when, problem, info.isdir())


def _member(name: str, opens: Callable[[], IO[bytes]], when: float, problem: str, is_folder: bool) -> Stream:
    plain = name.replace("\\", "/")
    if ".." in plain.split("/") or plain.startswith("/") or re.match(r"[A-Za-z]:", plain):
        problem = "its path leads out of the archive"
    return Stream(name, opens, when, "" if is_folder else problem, is_folder)


def content_of(file: IO[bytes], most: int, it: str = "unpacked it") -> bytes:
    """Read a file to its end and close it.

    Raises
    ------
    LabError
        If it has more than ``most`` bytes, whatever its header claims.
    """
    with file:
        content = file.read(most + 1)
    if len(content) > most:
        raise LabError(f"{it} has more than {most / 1e6:.0f} MB")
    return content


def _handed_in(streams: Iterator[Stream]) -> list[Stream]:
    """Return what a student made: nothing hidden, and no environment of Python's."""
    seen = [each for each in streams if each.is_seen]
    homes = {each.parts[:-1] for each in seen if len(each.parts) > 1 and each.parts[-1] == _ENVIRONMENT}
    return [each for each in seen if not any(each.parts[:k] in homes for k in range(1, len(each.parts) + 1))]


class Archives:
    """Reads files on disk, in archives, and in archives in archives; those on the way to the last one stay open."""

    def __init__(self) -> None:
        self._open: list[tuple[tuple, IO[bytes], list[Stream]]] = []

    def __enter__(self) -> "Archives":
        """Begin; what is open is closed when the block is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._close(())

    def members(self, way: tuple) -> list[Stream]:
        """Return all that lies in the archive to which a way leads.

        Raises
        ------
        LabError
            If it cannot be read.
        """
        self._close(way)
        if not self._open or self._open[-1][0] != way:
            try:
                file = self._file(way)
                self._open.append((way, file if len(way) == 1 else io.BytesIO(content_of(file, MAX_ARCHIVE)), []))
                members = enumerate(_handed_in(_in_archive(self._open[-1][1])))
                self._open[-1][2].extend(each._replace(way=(*way, number)) for number, each in members)
            except (LabError, *_DAMAGE) as error:
                self._close(way[:-1])
                raise LabError(f"the archive cannot be read: {error}") from error
        return self._open[-1][2]

    def _file(self, way: tuple) -> IO[bytes]:
        return self.members(way[:-1])[way[-1]].open() if len(way) > 1 else way[0]()

    def read(self, way: tuple, most: int) -> bytes:
        """Return the content of a file of at most ``most`` bytes.

        Raises
        ------
        LabError
            If it cannot be read, or has more.
        """
        try:
            return content_of(self._file(way), most, "unpacked it" if len(way) > 1 else "the file")
        except _DAMAGE as error:
            raise LabError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error

    def _close(self, way: tuple) -> None:
        """Close what is not on the way."""
        while self._open and self._open[-1][0] != way[: len(self._open[-1][0])]:
            self._open.pop()[1].close()
