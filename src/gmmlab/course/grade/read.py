"""Submitted notebooks as plain data.

Nothing here trusts what it reads: a field of the wrong type counts as empty, and what cannot be a notebook
raises `Unreadable` with the reason in words. ``nbformat`` is not used: its validation would refuse notebooks that can
be judged well.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from gmmlab.course.reading import Unreadable, cells_of, data_of
from gmmlab.exercises.feedback import ANSWER_MIME
from gmmlab.exercises.registry import exercises

MAX_CELLS = 2_000
MAX_OUTPUTS = 20_000

_CHECK_CALL = re.compile(r"""\bcheck\(\s*["']([\w-]{1,40})["']""")


@dataclass(frozen=True)
class Output:
    """What a cell gave: text, perhaps a PNG as base64 with its alt text, perhaps the data of an answer."""

    text: str = ""
    png: str = ""
    alt: str = ""
    answer: Any = None
    is_error: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell; ``names`` are its id and its nbgrader id, where it has them."""

    kind: str
    names: frozenset[str]
    source: str
    count: int | None
    outputs: list[Output]


@dataclass(frozen=True)
class Notebook:
    """A submitted notebook: the name it claims in its metadata, its cells, and what is odd about its file."""

    claims: str
    cells: list[Cell]
    oddities: list[str] = field(default_factory=list)


def read(content: bytes) -> Notebook:
    """Read a notebook of format 4.

    Parameters
    ----------
    content : bytes
        The file, whatever it holds.

    Returns
    -------
    Notebook

    Raises
    ------
    Unreadable
        If it is not a notebook, or larger or deeper than a notebook can be.
    """
    data, oddities = data_of(content)
    return from_data(data, oddities)


def from_data(data: Any, oddities: list[str] | None = None) -> Notebook:
    """Return the notebook that plain data describe; `read` says what is raised."""
    if not isinstance(data, dict):
        raise Unreadable("it is JSON, but not a notebook")
    if "worksheets" in data or (type(data.get("nbformat")) is int and data["nbformat"] < 4):
        raise Unreadable("it has the old notebook format 3, which cannot hold answers: open and save it in JupyterLab")
    cells = cells_of(data)
    if (there := len(data["cells"])) > MAX_CELLS:
        raise Unreadable(f"it has {there} cells; at most {MAX_CELLS} are read")
    claims = _of(_of(data.get("metadata"), dict).get("gmmlab"), dict).get("notebook")
    return Notebook(claims if isinstance(claims, str) else "", [_cell(cell) for cell in cells], oddities or [])


def _of(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _cell(data: dict) -> Cell:
    count = data.get("execution_count")
    names = (data.get("id"), _of(_of(data.get("metadata"), dict).get("nbgrader"), dict).get("grade_id"))
    return Cell(
        kind=_text(data.get("cell_type")),
        names=frozenset(name for name in names if isinstance(name, str)),
        source=_text(data.get("source")),
        count=count if type(count) is int else None,
        outputs=[
            _output(output) for output in _of(data.get("outputs"), list)[:MAX_OUTPUTS] if isinstance(output, dict)
        ],
    )


def _output(data: dict) -> Output:
    if data.get("output_type") == "stream":
        return Output(text=_text(data.get("text")))
    if data.get("output_type") == "error":
        return Output(text="\n".join(filter(None, map(_text, _of(data.get("traceback"), list)))), is_error=True)
    bundle = _of(data.get("data"), dict)
    alt = _of(_of(data.get("metadata"), dict).get("image/png"), dict).get("alt")
    return Output(
        text=_text(bundle.get("text/plain")),
        png=_text(bundle.get("image/png")),
        alt=_text(alt),
        answer=bundle.get(ANSWER_MIME),
    )


def answers_in(notebook: Notebook) -> dict[str, list[tuple[int, Output]]]:
    """Return for each exercise of the lab the outputs that hold an answer to it, with the numbers of their cells."""
    found: dict[str, list[tuple[int, Output]]] = {}
    known = {ex.id for ex in exercises()}
    for number, cell in enumerate(notebook.cells):
        for output in cell.outputs:
            id = output.answer.get("exercise") if isinstance(output.answer, dict) else None
            if isinstance(id, str) and id in known:
                found.setdefault(id, []).append((number, output))
    return found


def recognise(notebook: Notebook) -> str | None:
    """Say which of the lab's notebooks this is, whatever its file is called.

    The name in the metadata counts, unless the stored answers all belong to another notebook. Without it, the
    answers tell, and without those the exercises that the cells name.
    """
    place = {ex.id: ex.notebook for ex in exercises()}
    answered = [place[id] for id in answers_in(notebook)]
    if notebook.claims in place.values() and (notebook.claims in answered or not answered):
        return notebook.claims
    named = [place[id] for cell in notebook.cells for id in _exercises_named(cell) if id in place]
    votes = answered or named
    return max(dict.fromkeys(votes), key=votes.count) if votes else None


def _exercises_named(cell: Cell) -> set[str]:
    own = {name.removesuffix("-check").removesuffix("-answer").removesuffix("-task") for name in cell.names}
    return own | set(_CHECK_CALL.findall(cell.source[:10_000]))
