"""Find, read and write the lab's notebooks, and bring an executed one to its normal form."""

import json
import re
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.reading import Unreadable, cells_of, data_of

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_METADATA = ("tags", "nbgrader", "gmmlab")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def lab_notebooks() -> list[Path]:
    """Return the lab's notebooks in teaching order.

    Raises
    ------
    LabError
        If there is none.
    """
    return _notebooks_in(paths.lab_folder(), "Get a complete copy of the lab.")


def notebooks_here() -> list[Path]:
    """Return the notebooks of the working copy around the current directory, where there is none those of the lab."""
    copy = paths.working_copy()
    return _notebooks_in(copy, "`gmm-lab start` puts the notebooks there.") if copy else lab_notebooks()


def _notebooks_in(home: Path, remedy: str) -> list[Path]:
    found = sorted((home / "notebooks").glob("*.ipynb"), key=lambda path: path.stem)
    if not found:
        raise LabError(f"There is no notebook in {home / 'notebooks'}. {remedy}")
    return found


def find_notebooks(names: Iterable[str]) -> list[Path]:
    """Turn what was typed into notebooks: paths, names or what they begin with, numbers such as ``03``.

    Parameters
    ----------
    names : iterable of str
        None means all notebooks of the working copy around the current directory, or else of the lab.

    Returns
    -------
    list of Path
        In the order given, each once.

    Raises
    ------
    LabError
        If a notebook is unknown, or two different ones have the same file name.
    """
    known = notebooks_here()
    found = list(dict.fromkeys(_find(name, known).resolve() for name in names)) or known
    stems = [path.stem for path in found]
    for stem in stems:
        if stems.count(stem) > 1:
            raise LabError(f"Two different notebooks are called {stem}: give them one at a time.")
    return found


def _find(name: str, known: list[Path]) -> Path:
    given = Path(name)
    if given.suffix == ".ipynb" and given.is_file():
        return given
    try:
        meant = paths.notebook_called(name, [path.stem for path in known])
    except ValueError as error:
        raise LabError(f"{error} A path to an .ipynb file is understood, too.") from error
    return next(path for path in known if path.stem == meant)


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook, whatever program saved it; what a notebook of today must have and this one lacks is filled in.

    Returns
    -------
    NotebookNode
        Of format 4.5: each cell has an id, of the form ``cell-7`` where the file gave none.

    Raises
    ------
    LabError
        If the file is no notebook; the message says what it is.
    """
    try:
        data, _ = data_of(path.read_bytes())
        if data.get("nbformat") in (2, 3):
            data = nbformat.reads(json.dumps(data), as_version=4)
            for cell in data["cells"]:
                cell.pop("id", None)  # drawn anew at each reading
        tidy = {
            "cells": _tidy(cells_of(data)),
            "metadata": _dict(data.get("metadata")),
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        notebook = nbformat.v4.reads(json.dumps(tidy))
        nbformat.validate(notebook)
    except Unreadable as problem:
        raise LabError(f"{path} is not a valid notebook: {problem}.") from problem
    except (ValueError, TypeError, AttributeError, KeyError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise LabError(f"{path} is not a valid notebook: {reason}") from error
    return notebook


def _tidy(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return cells with all that their kind must have, and nothing that it must not."""
    cells: list[dict[str, Any]] = []
    ids = [cell.get("id") for cell in found]
    for number, (id, cell) in enumerate(zip(ids, found, strict=True), 1):
        kind = cell.get("cell_type")
        good = isinstance(id, str) and re.fullmatch(r"[\w-]{1,64}", id, re.A) and ids.index(id) == number - 1
        tidy = {
            "id": id if good else f"cell-{number}",
            "cell_type": kind if kind in ("code", "markdown") else "raw",
            "metadata": _dict(cell.get("metadata")),
            "source": cell.get("source", ""),
        }
        if kind == "code":
            outputs = [output for output in cell.get("outputs") or [] if isinstance(output, dict)]
            tidy |= {"execution_count": cell.get("execution_count"), "outputs": outputs}
        elif "attachments" in cell:
            tidy["attachments"] = cell["attachments"]
        cells.append(tidy)
    return cells


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def to_bytes(notebook: NotebookNode) -> bytes:
    """Return the one form in which the lab writes a notebook: keys sorted, UTF-8, a newline at the end."""
    return (nbformat.v4.writes(notebook).rstrip("\n") + "\n").encode()


def title_of(notebook: NotebookNode, otherwise: str) -> str:
    """Return the first top heading of a notebook, or `otherwise` if it has none."""
    for cell in notebook.cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if line.startswith("# "):
                return line[2:].strip()
    return otherwise


def normalise(notebook: NotebookNode, stem: str) -> None:
    """Bring an executed notebook to its normal form, in place.

    Execution counts run from 1; metadata is what the lab needs and no more; adjacent pieces of one
    stream are joined; what only a live kernel understands is left out. Cell ids stay.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook of format 4.5 or later.
    stem : str
        The name by which the lab knows the notebook again, whatever its file is called later.
    """
    lab = {**notebook.metadata.get("gmmlab", {}), "notebook": stem}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, "gmmlab": lab}
    )
    counter = count(1)
    for cell in notebook.cells:
        cell.metadata = _only(cell.metadata, CELL_METADATA)
        if cell.cell_type == "code":
            cell.execution_count = next(counter) if cell.execution_count else None
            cell.outputs = _normal_outputs(cell)


def _only(metadata: dict[str, Any], names: tuple[str, ...]) -> NotebookNode:
    return nbformat.from_dict({name: metadata[name] for name in names if name in metadata})


def _normal_outputs(cell: NotebookNode) -> list[NotebookNode]:
    outputs: list[NotebookNode] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if outputs and outputs[-1].output_type == "stream" and outputs[-1].name == output.name:
                outputs[-1].text += output.text
                continue
        elif "data" in output:
            # A widget's view is a reference to an object of a kernel that is gone.
            output.data.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
            output.metadata = _picture(output.metadata)
        if "execution_count" in output:
            output.execution_count = cell.execution_count
        outputs.append(output)
    return outputs


def _picture(metadata: dict[str, Any]) -> NotebookNode:
    about = _only(metadata.get("image/png", {}), ("alt", "scene"))
    return nbformat.from_dict({"image/png": about} if about else {})
