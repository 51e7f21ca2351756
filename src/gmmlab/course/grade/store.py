"""Results on disk, each written in one step under a key of all that it depends on."""

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import gmmlab
from gmmlab import paths
from gmmlab.course.grade.assess import Result
from gmmlab.course.student.working_copy import atomic_write


@cache
def lab_version() -> str:
    """Return a digest of the package and the lab's notebooks: with any other, results are not used again."""
    package = Path(gmmlab.__file__).parent
    files = [*sorted(package.rglob("*.py")), *sorted((paths.lab_folder() / "notebooks").glob("*.ipynb"))]
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def key_of(student: str, content: bytes, mode: str) -> str:
    """Return the key of a submitted file: who, what, judged by which lab, and how."""
    parts = (student.encode("utf-8", "surrogatepass"), content, lab_version().encode(), mode.encode())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:40]


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

    def hand_out(self, pages: Iterable[tuple[Path, str]], feedback: Path) -> None:
        """Put the pages of these results at these places, and remove pages of earlier runs that no longer count."""
        wanted = dict(pages)
        for path, key in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _link(self.page(key), path)
        for old in feedback.glob("*/*.html"):
            if old not in wanted:
                old.unlink()


def _link(source: Path, target: Path) -> None:
    """Make ``target`` another name of ``source``; where the file system has none, a copy."""
    if target.exists():
        if target.samefile(source):
            return
        target.unlink()
    try:
        os.link(source, target)
    except OSError:
        atomic_write(target, source.read_bytes(), durable=False)
