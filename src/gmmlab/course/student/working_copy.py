"""Working copies that grow with the course and never lose a student's work.

A manifest remembers, for each file, the course's version that was last given to the student. A file
that still equals it is untouched and may be replaced by a newer version; any other file is the
student's own. Every write is one atomic step, the file first and the manifest after it, so that a copy
that was interrupted at any moment is completed by the next one.
"""

import hashlib
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.files import UNFINISHED, atomic_write

MANIFEST = ".gmm-lab/manifest.json"


class Step(NamedTuple):
    """What became of one file: the action in a word or two, the file, and what the user should know."""

    action: str
    path: str
    note: str = ""


def course_files() -> dict[str, bytes]:
    """Return what a student works with: student copies of the notebooks, and the data.

    Returns
    -------
    dict of str to bytes
        From path, with forward slashes, to content.

    Raises
    ------
    LabError
        If there is no notebook, or one is not valid.
    """
    # nbformat takes a third of a second to load, and those who import this module may not need it.
    from gmmlab.course.notebooks import lab_notebooks

    files = {f"notebooks/{path.name}": _student_bytes(path) for path in lab_notebooks()}
    return files | files_under(paths.lab_folder(), "data")


def _student_bytes(path: Path) -> bytes:
    from gmmlab.course.author.student_copies import student_copy
    from gmmlab.course.notebooks import read_notebook, to_bytes

    try:
        return to_bytes(student_copy(read_notebook(path)))
    except LabError as error:
        raise LabError(f"{path.name} cannot be given to students. {error}") from error


def files_under(root: Path, folder: str) -> dict[str, bytes]:
    """Return the content of every file in a folder of `root`, but for hidden files and byte code."""
    found = (path.relative_to(root) for path in sorted((root / folder).rglob("*")) if path.is_file())
    return {
        path.as_posix(): (root / path).read_bytes()
        for path in found
        if not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    }


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot hold a working copy.

    Raises
    ------
    LabError
        If `folder` is a file, or would mix the copy with the lab's own notebooks or data.
    """
    if folder.exists() and not folder.is_dir():
        raise LabError(f"{folder} is a file. Give the name of a folder, new or not.")
    lab = paths.lab_folder().resolve()
    sources = (lab / "notebooks", lab / "data")
    for target in (folder.resolve(), (folder / "notebooks").resolve(), (folder / "data").resolve()):
        if any(target.is_relative_to(source) for source in sources):
            raise LabError(f"{folder} holds the lab's own notebooks. Give another folder for your copy.")


def synchronise(folder: Path, files: Mapping[str, bytes], made_by: str) -> list[Step]:
    """Bring the course's files into a folder, without touching what its owner changed.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    files : mapping of str to bytes
        From path, with forward slashes, to the course's content.
    made_by : str
        The command that asks, written into the manifest.

    Returns
    -------
    list of Step
        One for each file that was written, updated, left alone or put beside the owner's; files that
        were right already are not named.
    """
    known = read_manifest(folder)["files"]
    steps = []
    for name, content in files.items():
        for unfinished in (folder / name).parent.glob(f"{UNFINISHED}*"):
            unfinished.unlink()
        step, given = _place(folder, name, content, known)
        steps += [step] if step else []
        if not given.items() <= known.items():
            known.update(given)
            _write_manifest(folder, known, made_by)
    return steps


def _place(folder: Path, name: str, content: bytes, known: Mapping[str, str]) -> tuple[Step | None, dict[str, str]]:
    """Bring one file up to date; return what was done, and what the manifest shall say of it."""
    new, present = _digest(content), _digest_of(folder / name)
    given = {name: new}
    if present == new:
        return None, given
    if present is None or present == known.get(name):
        atomic_write(folder / name, content)
        return Step("wrote" if present is None else "updated", name), given
    if known.get(name) == new:
        return Step("left alone", name, "you changed it"), given
    beside = _name_beside(folder, name, new, known)
    if _digest_of(folder / beside) != new:
        atomic_write(folder / beside, content)
    return Step("put beside", beside, f"the course's newer {name}; yours is as it was"), given | {beside: new}


def _name_beside(folder: Path, name: str, new: str, known: Mapping[str, str]) -> str:
    """Return the first of ``x.new.ipynb``, ``x.new-2.ipynb``, ... that is not the owner's own."""
    path = PurePosixPath(name)
    endings = (f"new-{number}" if number > 1 else "new" for number in count(1))
    candidates = (str(path.with_name(f"{path.stem}.{ending}{path.suffix}")) for ending in endings)
    return next(each for each in candidates if _digest_of(folder / each) in (None, new, known.get(each)))


def read_manifest(folder: Path) -> dict:
    """Return ``{"made_by": command, "files": {path: sha256}}``.

    A manifest that is missing or cannot be read says nothing: every file that differs from the
    course's is then taken for its owner's.
    """
    nothing = {"made_by": "", "files": {}}
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return nothing
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return nothing
    return {"made_by": manifest.get("made_by"), "files": dict(manifest["files"])}


def _write_manifest(folder: Path, files: Mapping[str, str], made_by: str) -> None:
    text = json.dumps({"made_by": made_by, "files": files}, indent=1, sort_keys=True) + "\n"
    atomic_write(folder / MANIFEST, text.encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(path: Path) -> str | None:
    return _digest(path.read_bytes()) if path.exists() else None
