"""Versions of a notebook: what a student wrote in one, and how the lab's next version receives it.

JupyterLab rewrites a notebook that nobody typed into: running a cell changes its outputs, and saving adds metadata. So
what is compared is the sources of cells. ``nbformat`` is not used: a student's file may be one that it refuses.
"""

import copy
import json
import platform
from hashlib import sha256
from typing import Any, NamedTuple

from gmmlab.course.reading import Unreadable, data_of

Cell = dict[str, Any]


class Version(NamedTuple):
    """One version of a file: a digest of what the lab gave, and for a notebook one of the source of each cell."""

    digest: str
    cells: list[str]


def version_of(content: bytes) -> Version:
    """Return the version that a file holds.

    What a notebook's metadata say is left out: JupyterLab and the machine fill it in.
    """
    notebook = _read(content)
    if notebook is None:
        return Version(_digest(content), [])
    cells = json.dumps(notebook["cells"], sort_keys=True).encode()
    return Version(_digest(cells), [_written(cell) for cell in notebook["cells"] if _source(cell)])


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def is_untouched(content: bytes, given: Version | None) -> bool:
    """Whether a student wrote nothing into a file since the lab gave it (None: it is not known what the lab gave)."""
    if given is None:
        return False
    present = version_of(content)
    return given.digest in (present.digest, _digest(content)) or [] != given.cells == present.cells


def _read(content: bytes) -> dict[str, Any] | None:
    """Return a notebook as plain data; None if it is none, or not one that can be put together with another."""
    try:
        notebook, _ = data_of(content)
    except Unreadable:
        return None
    cells = notebook.get("cells")
    sound = isinstance(cells, list) and all(isinstance(c, dict) and isinstance(c.get("metadata"), dict) for c in cells)
    return notebook if sound else None


def _write(notebook: dict[str, Any]) -> bytes:
    """Return the bytes that JupyterLab would save."""
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def as_jupyterlab_saves(content: bytes) -> bytes:
    """Return a notebook with what JupyterLab adds as soon as a kernel runs; else opening it would change it."""
    notebook = _read(content)
    if notebook is None:
        return content
    language = {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": platform.python_version(),
    }
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2, "version_minor": 0}}
    notebook["metadata"] = {**notebook.get("metadata", {}), "language_info": language, "widgets": widgets}
    return _write(notebook)


def _source(cell: Cell) -> str:
    """Return a cell's source without the white space that editors add or remove."""
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _written(cell: Cell) -> str:
    return _digest(f"{cell.get('cell_type')}\n{_source(cell)}".encode())[:16]


def _rules(cell: Cell) -> dict[str, Any]:
    rules = cell["metadata"].get("nbgrader")
    return rules if isinstance(rules, dict) else {}


def _exercise(cell: Cell) -> str | None:
    """Return the exercise to which a task, an answer or a check belongs."""
    name = _rules(cell).get("grade_id")
    return name.removesuffix("-task").removesuffix("-answer") if isinstance(name, str) else None


def exercises_in(content: bytes) -> list[str]:
    """Return the ids of the exercises whose checks a notebook holds, in order."""
    notebook = _read(content) or {"cells": []}
    return [id for cell in notebook["cells"] if _rules(cell).get("grade") and (id := _exercise(cell))]


def carry(old: bytes, new: bytes, given: Version | None) -> tuple[bytes, list[str]] | None:
    """Put what a student wrote into the lab's next version of a notebook.

    Answers go to the exercise of the same id, with the results of their checks; cells that the student added stand
    after the same cell as before. What else they changed stays in the old file alone.

    Parameters
    ----------
    old, new : bytes
        The student's file and the lab's.
    given : Version or None
        What the student was given.

    Returns
    -------
    tuple of bytes and list of str, or None
        The notebook, and the exercises whose answers were carried over; None if `old` cannot be read.
    """
    theirs, ours = _read(old), _read(new)
    if theirs is None or ours is None:
        return None
    known = given.cells if given else []
    stubs = {*known, *map(_written, ours["cells"])}
    changed = [cell for cell in theirs["cells"] if _source(cell) and _written(cell) not in stubs]
    answers = {id: cell for cell in reversed(changed) if _rules(cell).get("solution") and (id := _exercise(cell))}
    carried = []
    for cell in ours["cells"]:
        id = _exercise(cell)
        if id in answers and _rules(cell).get("solution"):
            _take(cell, answers[id])
            carried.append(id)
    checks = {_written(cell): cell for cell in theirs["cells"] if _rules(cell).get("grade")}
    for cell in ours["cells"]:
        if _exercise(cell) in carried and _rules(cell).get("grade") and _written(cell) in checks:
            _take(cell, checks[_written(cell)])
    if known:
        taken = [answers[id] for id in carried]
        _add(ours["cells"], theirs["cells"], [cell for cell in changed if not any(cell is each for each in taken)])
    return _write(ours), carried


def _take(cell: Cell, theirs: Cell) -> None:
    cell.update({name: theirs[name] for name in ("source", "outputs", "execution_count") if name in theirs})


def _add(cells: list[Cell], theirs: list[Cell], changed: list[Cell]) -> None:
    """Add those changed cells that the lab does not have, each after the cell after which its owner put it."""
    places = {cell.get("id"): cell for cell in cells}
    last: Cell | None = None
    for number, cell in enumerate(theirs):
        if cell.get("id") in places:
            last = places[cell["id"]]
        elif any(cell is each for each in changed):
            cell.setdefault("id", f"own-{number}")
            at = next((place + 1 for place, each in enumerate(cells) if each is last), 0)
            cells.insert(at, cell)
            last = cell


def without_answer(old: bytes, new: bytes, exercise: str) -> bytes | None:
    """Put the lab's cells of one exercise, with its stub, in the place of a student's.

    Returns
    -------
    bytes or None
        None if the student's notebook cannot be read or holds no cell of the exercise.
    """
    theirs, ours = _read(old), _read(new)
    if theirs is None or ours is None:
        return None
    fresh = [cell for cell in ours["cells"] if _exercise(cell) == exercise]
    places = [place for place, cell in enumerate(theirs["cells"]) if _exercise(cell) == exercise]
    if not fresh or not places:
        return None
    rest = [cell for place, cell in enumerate(theirs["cells"]) if place not in places]
    theirs["cells"] = [*rest[: places[0]], *copy.deepcopy(fresh), *rest[places[0] :]]
    return _write(theirs)
