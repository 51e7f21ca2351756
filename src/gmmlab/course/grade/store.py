"""Results on disk, each written in one step under a key of all that it depends on."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import gmmlab
from gmmlab import paths
from gmmlab.course.files import atomic_write
from gmmlab.course.grade.assess import Result

GRADE = b"<!-- grade -->"
"""Where the grade stands in a page: it is put in when the page is handed out, since it may change later."""

_JUDGES = ("numpy", "pandas", "scikit-learn", "scipy")
"""Packages whose versions can change what a check says."""


@cache
def lab_version() -> str:
    """Return a digest of all that judges: with any other, results are not used again.

    It covers the package, the lab's notebooks, and the versions of the packages that compute.
    """
    package = Path(gmmlab.__file__).parent
    files = [*sorted(package.rglob("*.py")), *sorted((paths.lab_folder() / "notebooks").glob("*.ipynb"))]
    digest = hashlib.sha256(repr([(name, version(name)) for name in _JUDGES]).encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def key_of(content: bytes, mode: str) -> str:
    """Return the key of a submitted file: what, judged by which lab, and how."""
    parts = (content, lab_version().encode(), mode.encode())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:40]


class Ledger:
    """What was first seen with each of some words, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path, self._seen = path, _read(path)
        self._now: dict[str, str] = {}

    def first(self, words: str, value: str) -> str:
        """Return what was first seen with these words: what is seen now, if they are new."""
        key = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
        self._now[key] = self._seen.get(key, value)
        return self._now[key]

    def write(self) -> None:
        """Keep what was asked for in this run, and forget the rest."""
        if self._now or self._seen:
            atomic_write(self._path, json.dumps(self._now).encode())


class Store:
    """The folder ``.results``: for each key the result, and the student's page where there is one."""

    def __init__(self, out: Path) -> None:
        self.folder = out / ".results"
        self.folder.mkdir(parents=True, exist_ok=True)

    def page(self, key: str) -> Path:
        """Return where the page of a result is or would be."""
        return self.folder / f"{key}.html"

    def put(self, key: str, result: Result, page: bytes | None) -> None:
        """Write a result: its page first, so that whoever finds the result finds the page too."""
        if page is not None:
            atomic_write(self.page(key), page, durable=False)
        atomic_write(self.folder / f"{key}.json", result.to_json(), durable=False)

    def get(self, key: str) -> Result | None:
        """Return a result, or None where there is none that is whole."""
        try:
            result = Result.from_json((self.folder / f"{key}.json").read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return result if not result.exercises or self.page(key).is_file() else None

    def handed_out(self) -> set[str]:
        """Return the notebooks of which an earlier run handed out pages."""
        return {Path(name).stem for name in _read(self.folder.parent / ".handed-out")}

    def hand_out(self, pages: Iterable[tuple[Path, str, bytes]], feedback: Path) -> None:
        """Copy the pages of these results, each with its grade, to their places; pages that no longer count go.

        A page that was handed out before and has not changed since is left alone, with what the instructor wrote on it.
        """
        ledger = self.folder.parent / ".handed-out"
        before, now = _read(ledger), {}
        for path, key, grade in pages:
            name = path.relative_to(feedback).as_posix()
            now[name] = f"{key} {hashlib.sha256(grade).hexdigest()[:16]}"
            if before.get(name) != now[name] or not path.is_file():
                atomic_write(path, self.page(key).read_bytes().replace(GRADE, grade, 1), durable=False)
        for name in before.keys() - now.keys():
            (feedback / name).unlink(missing_ok=True)
        atomic_write(ledger, json.dumps(now).encode(), durable=False)
        # What a page shows may be the inputs that were hidden until now.
        (self.folder / "seed").unlink(missing_ok=True)


def _read(ledger: Path) -> dict[str, str]:
    """Return which page was handed out under which key; nothing where that is not known."""
    try:
        return dict(json.loads(ledger.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def seed_of(out: Path, seed: int | None) -> int:
    """Return the seed for hidden inputs: the one given, else one that is new since pages were handed out last."""
    if seed is not None:
        return seed
    path = out / ".results" / "seed"
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        fresh = secrets.randbelow(2**31 - 1) + 1
        atomic_write(path, str(fresh).encode("ascii"))
        return fresh
