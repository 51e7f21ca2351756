"""Working copies that grow with the course and never lose a student's work.

A manifest remembers, for each file, the course's version that was last given to the student. A file into which nothing
was written since is replaced by a newer version. A notebook that its owner wrote in is kept until there is a newer
version, which then receives the answers; the old file goes to ``earlier/``. Every write is one atomic step, the file
first and the manifest after it, so that a copy that was interrupted at any moment is completed by the next one.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.files import UNFINISHED, alone, atomic_write
from gmmlab.course.student.versions import (
    Version,
    as_jupyterlab_saves,
    carry,
    exercises_in,
    is_untouched,
    version_of,
    without_answer,
)
from gmmlab.exercises import memory

LOCK = ".gmm-lab/lock"
EARLIER = "earlier"
"""The folder of a working copy that keeps the student's file whenever the lab puts another in its place."""

OURS = {"README.md", memory.PAGE, "notebooks", "data", EARLIER}
"""What is in a working copy. One whose hidden manifest was lost, as when it is copied, is known by that."""

NEW = r"\.new(-\d+)?"
"""In the name of a file that was put beside its owner's, before the ending."""

_OFFER = re.compile(rf"{NEW}\.[^./]*$")


class Step(NamedTuple):
    """What became of one file: the action in a word or two, the file, and what the user should know."""

    action: str
    path: str
    note: str = ""


def student_copies() -> dict[str, bytes]:
    """Return the notebooks without their solutions.

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

    return {f"notebooks/{path.name}": _student_bytes(path) for path in lab_notebooks()}


def files_to_work_with() -> dict[str, bytes]:
    """Return the files of a working copy on this machine; `student_copies` says what is raised.

    The data are not among them: the package reads its own, and a file that is shown is one that is read.
    """
    about = {
        "README.md": Path(__file__).with_name("README_of_the_copy.md"),
        "data/README.md": paths.lab_folder() / "data" / "README.md",
    }
    notebooks = {name: as_jupyterlab_saves(content) for name, content in student_copies().items()}
    return {name: path.read_bytes() for name, path in about.items() if path.is_file()} | notebooks


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


def folder_to_start() -> Path:
    """Return where `gmm-lab start` works unless told: the working copy around the current directory, or a new one."""
    return paths.working_copy() or Path("my-gmm-lab")


def folder_at_hand() -> Path:
    """Return the working copy around the current directory or, by its usual name, in it.

    Raises
    ------
    LabError
        If there is none.
    """
    folder = folder_to_start()
    if not (folder / paths.MANIFEST).is_file():
        raise LabError(
            f"There is no working copy here: {Path.cwd()} is in none, and holds no folder {folder}. Go to yours first "
            "(cd FOLDER), or make one: gmm-lab start"
        )
    return folder


def check_folder(folder: Path) -> None:
    """Refuse a folder that is neither new nor empty nor a working copy.

    Raises
    ------
    LabError
        If `folder` is a file, holds something else, or would mix the copy with the lab's own notebooks or data.
    """
    if folder.exists() and not folder.is_dir():
        raise LabError(f"{folder} is a file. Give the name of a folder, new or not.")
    lab = paths.lab_folder().resolve()
    sources = (lab / "notebooks", lab / "data")
    for target in (folder.resolve(), (folder / "notebooks").resolve(), (folder / "data").resolve()):
        if any(target.is_relative_to(source) for source in sources):
            raise LabError(f"{folder} holds the lab's own notebooks. Give another folder for your copy.")
    if (folder / paths.MANIFEST).is_file() or not folder.exists():
        return
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if there and not ("notebooks" in there and set(there) <= OURS):
        raise LabError(
            f"{folder} should be new, empty or your working copy, but it holds other things: {', '.join(there[:3])}"
            f"{', ...' if there[3:] else ''}. Give the name of a new folder, such as: gmm-lab start my-gmm-lab"
        )


def synchronise(folder: Path, files: Mapping[str, bytes], manifest: str = paths.MANIFEST) -> list[Step]:
    """Bring the course's files into a folder, and lose nothing that its owner wrote.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    files : mapping of str to bytes
        From path, with forward slashes, to the course's content.
    manifest : str
        Where in the folder it is remembered what was given.

    Returns
    -------
    list of Step
        One for each file that was written, updated, kept or put beside the owner's; files that were right already are
        not named.
    """
    steps = []
    with alone(folder / LOCK):
        known = _read_manifest(folder / manifest)
        if not known:
            _write_manifest(folder / manifest, known)  # first of all: it says whose folder this is
        if gone := {name for name in known if name not in files and not _OFFER.search(name)}:
            steps += _follow(folder, gone, files, known)
            steps += _drop(folder, gone & set(known), known)
            _write_manifest(folder / manifest, known)
        for name, content in files.items():
            for unfinished in (folder / name).parent.glob(f"{UNFINISHED}*"):
                unfinished.unlink()
            step, given = _place(folder, name, content, known)
            steps += [step] if step else []
            if not given.items() <= known.items():
                known.update(given)
                _write_manifest(folder / manifest, known)
    return steps


def _follow(folder: Path, names: Iterable[str], files: Mapping[str, bytes], known: dict[str, Version]) -> list[Step]:
    """Give a notebook that its owner wrote in the name under which the lab now has its exercises."""
    steps = []
    for name in sorted(names):
        present = _content_of(folder / name)
        if present is None or is_untouched(present, known[name]):
            continue
        mine = set(exercises_in(present))
        now = next((new for new, content in files.items() if mine & set(exercises_in(content))), None)
        if now is not None and not (folder / now).exists():
            (folder / name).replace(folder / now)
            known[now] = known.pop(name)
            steps.append(Step("renamed", now, f"it was {name}"))
    return steps


def _drop(folder: Path, names: Iterable[str], known: dict[str, Version]) -> list[Step]:
    """Remove those files that the lab gave and has no longer, but for those that their owner wrote in."""
    steps = []
    for name in sorted(names):
        path, given = folder / name, known.pop(name)
        present = _content_of(path)
        if present is not None and is_untouched(present, given):
            path.unlink()
            steps.append(Step("removed", name, "the lab gives it no longer, and you had not changed it"))
            with suppress(OSError):
                path.parent.rmdir()  # where it was the last
    return steps


def _place(
    folder: Path, name: str, content: bytes, known: Mapping[str, Version]
) -> tuple[Step | None, dict[str, Version]]:
    """Bring one file up to date; return what was done, and what the manifest shall say of it."""
    path, new = folder / name, version_of(content)
    present, given = _content_of(path), known.get(name)
    same = given is not None and given.digest == new.digest
    if present is None:
        atomic_write(path, content)
        return Step("new", name), {name: new}
    if version_of(present).digest == new.digest:
        return None, {name: new}
    if is_untouched(present, given) or is_untouched(present, new):
        if same:
            return None, {name: new}
        atomic_write(path, content)
        return Step("updated", name), {name: new}
    if same:
        return Step("kept", name, "you wrote in it"), {name: new}
    carried = carry(present, content, given)
    if carried is None:
        return _put_beside(folder, name, content, known)
    merged, exercises = carried
    if version_of(merged).digest == version_of(present).digest:
        return None, {name: new}
    old = keep(folder, name)
    replace(path, merged)
    answers = f"with your answers to {', '.join(exercises)}" if exercises else "you had answered nothing"
    return Step("updated", name, f"{answers}; your old file is {old}"), {name: new}


def _put_beside(
    folder: Path, name: str, content: bytes, known: Mapping[str, Version]
) -> tuple[Step, dict[str, Version]]:
    new = version_of(content)
    beside = _name_beside(folder, name, new, known)
    atomic_write(folder / beside, content)
    return Step("put beside", beside, f"the lab's new {name}; yours is as it was"), {name: new, beside: new}


def _name_beside(folder: Path, name: str, new: Version, known: Mapping[str, Version]) -> str:
    """Return the first of ``x.new.csv``, ``x.new-2.csv``, ... that is not the owner's own."""
    path = PurePosixPath(name)
    endings = (f"new-{number}" if number > 1 else "new" for number in count(1))
    candidates = (str(path.with_name(f"{path.stem}.{ending}{path.suffix}")) for ending in endings)

    def is_free(candidate: str) -> bool:
        there = _content_of(folder / candidate)
        return there is None or is_untouched(there, new) or is_untouched(there, known.get(candidate))

    return next(filter(is_free, candidates))


def left_off(folder: Path, files: Iterable[str]) -> str:
    """Return the notebook that was saved last with something new in it, or else the first."""
    known = _read_manifest(folder / paths.MANIFEST)
    names = sorted(name for name in files if name.endswith(".ipynb"))
    mine = [name for name in names if version_of((folder / name).read_bytes()).digest != known[name].digest]
    return max(mine, key=lambda name: (folder / name).stat().st_mtime_ns, default=names[0])


def waiting(folder: Path) -> list[Step]:
    """Return the notebooks that were begun with what is left to do in each, and how many were not begun."""
    begun: dict[str, dict[str, float | None]] = {}
    rows = memory.progress_in(folder).rows
    for ex, points in rows:
        begun.setdefault(ex.notebook, {})[ex.id] = None if points is None else ex.points - points
    untouched = [name for name, left in begun.items() if set(left.values()) == {None}]
    steps = [
        Step("waiting", name, ", ".join(f"{id} {'open' if more is None else 'not right yet'}" for id, more in todo))
        for name, left in begun.items()
        if name not in untouched and (todo := [(id, more) for id, more in left.items() if more != 0])
    ]
    if 0 < len(untouched) < len(begun):
        steps.append(Step("waiting", f"{len(untouched)} notebooks not begun", f"the first is {untouched[0]}"))
    return steps


def reset(folder: Path, files: Mapping[str, bytes], notebook: str, exercise: str | None = None) -> Step:
    """Set a notebook, or one exercise in it, back to how the lab gives it; the old file is kept.

    Parameters
    ----------
    folder : Path
        The working copy.
    files : mapping of str to bytes
        The lab's files, as `files_to_work_with` returns them.
    notebook, exercise : str
        As somebody typed them: ``"03"`` and ``"fit-2"`` or ``"2"``.

    Raises
    ------
    LabError
        If there is no such notebook or exercise, or its cells are not to be found in the student's file.
    """
    names = {PurePosixPath(name).stem: name for name in files if name.endswith(".ipynb")}
    try:
        stem = paths.notebook_called(notebook.rpartition("/")[2], list(names))
    except ValueError as error:
        raise LabError(str(error)) from error
    name, path = names[stem], folder / names[stem]
    there = exercises_in(files[name])
    chosen = [id for id in there if exercise in (None, id, id.rpartition("-")[2])]
    if not chosen and exercise is not None:
        raise LabError(f"There is no exercise {exercise!r} in {stem}. Its exercises are: {', '.join(there)}.")
    with alone(folder / LOCK):
        present = _content_of(path)
        whole = exercise is None
        content = files[name] if whole else without_answer(present or b"", files[name], chosen[0])
        if content is None:
            raise LabError(
                f"{name} holds no cells of {chosen[0]}. To set the whole notebook back: gmm-lab reset {stem}"
            )
        note = "" if present is None else f"your old file is {keep(folder, name)}"
        atomic_write(path, content)
        if whole:
            manifest = folder / paths.MANIFEST
            _write_manifest(manifest, _read_manifest(manifest) | {name: version_of(content)})
        for id in chosen:
            memory.keep(folder, id, None)
    return Step("reset", name if whole else f"{chosen[0]} in {name}", note)


def keep(folder: Path, name: str) -> str:
    """Copy a file of a working copy, as it is now, to where earlier files are kept; return where that is."""
    path = folder / name
    content = path.read_bytes()
    places = (f"{EARLIER}/{path.stem}-{number}{path.suffix}" for number in count(1))
    place = next(each for each in places if _content_of(folder / each) in (None, content))
    atomic_write(folder / place, content)
    return place


def replace(path: Path, content: bytes) -> None:
    """Replace a file; it stays as old as it was, for its age says when the student last worked in it."""
    status = path.stat()
    atomic_write(path, content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _read_manifest(path: Path) -> dict[str, Version]:
    """Return for each file the version that was given.

    A manifest that is missing or cannot be read says nothing: every file that differs from the
    course's is then taken for its owner's.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        manifest = None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    versions = {name: _version(entry) for name, entry in files.items()} if isinstance(files, dict) else {}
    return {name: version for name, version in versions.items() if version}


def _version(entry: object) -> Version | None:
    match entry:
        case [str(digest), list(cells)]:
            return Version(digest, cells)
        case str(digest):  # written by an early version of the lab: the digest of the file's bytes
            return Version(digest, [])
    return None


def _write_manifest(path: Path, files: Mapping[str, Version]) -> None:
    atomic_write(path, (json.dumps({"files": files}, sort_keys=True) + "\n").encode())


def _content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
