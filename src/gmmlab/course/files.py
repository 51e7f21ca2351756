"""Files that are written whole or not at all, by one process at a time, and what may be wrong with them, in words."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

UNFINISHED = ".gmm-lab-unfinished-"
"""How the name of a file begins that is not whole yet."""


def atomic_write(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file as `atomic_file` does."""
    with atomic_file(path, durable) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write so that, whenever the program is killed, the old content or the new is there, whole.

    Unless ``durable``, what was written last may be lost when the machine itself loses power: that is faster.

    Raises
    ------
    OSError
        If it cannot be written; the error names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        # Mode "x" gives the user's usual permissions, which a file made by tempfile would not have.
        with unfinished.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # what its owner knows
        raise
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is in here with the same file, which is made; one that dies is out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        _lock(file)
        yield


def _lock(file: IO[str]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
    else:
        with suppress(OSError):  # some network disks have no locks
            fcntl.flock(file, fcntl.LOCK_EX)


_FULL = "The disk, or your part of it, is full: make room, and give the command again. What was there is as it was."
_FORBIDDEN = "Give a folder in which you may write. If a file is open in another program, close it there."
REMEDIES = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _FULL,
    errno.EROFS: "Give a folder on a disk that can be written.",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENOENT: "Look at how the name is written, and whether the folder is there.",
    errno.EEXIST: "There is a file where a folder should be, or the other way round. Give another name.",
    errno.ENOTDIR: "There is a file where a folder should be. Give another name.",
    errno.EISDIR: "There is a folder where a file should be. Give another name.",
    errno.EMFILE: "Too many files are open: close other programs, and give the command again.",
}
"""What to do about what a machine does to files."""


def in_words(error: OSError) -> str:
    """Say what a machine did, to which file, and what to do."""
    if isinstance(error, FileNotFoundError) and not error.filename:
        return "The folder in which you are is not there any more. Go to one that is: cd FOLDER"
    where = f": {error.filename}" if error.filename else ""
    remedy = REMEDIES.get(error.errno or 0, "`gmm-lab doctor` looks for what is wrong.")
    return f"{error.strerror or error}{where}. {remedy}"
