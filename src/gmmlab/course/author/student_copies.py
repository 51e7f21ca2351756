"""Student copies of notebooks: the solutions out, the worked part's outputs kept.

nbgrader's own ``ClearSolutions`` is not used: nbgrader is not needed to run the lab and must not
become so, and its stub raises ``NotImplementedError``, so that *Run All* on a fresh copy would stop at
the first exercise. Our stub is a comment, inside a function with the ellipsis that its body needs: the
answer's name keeps the value ``...`` that stands above the solution, the check says that the exercise is
still open, and *Run All* goes to the end.
"""

import copy
from typing import TYPE_CHECKING

from gmmlab.course import LabError

# The grader needs the stubs, and does not wait for nbformat.
if TYPE_CHECKING:
    from nbformat import NotebookNode

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = "# YOUR CODE HERE"
PROGRESS = "progress"
"""Id of the cell that shows the exercises done."""


def student_copy(notebook: "NotebookNode") -> "NotebookNode":
    """Return a copy for students.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook with its solutions; it is not changed.

    Returns
    -------
    NotebookNode
        Every solution is replaced by a stub, exercises show no outputs, and locked cells can be
        neither edited nor deleted in JupyterLab.

    Raises
    ------
    LabError
        If the markers of a solution are unbalanced.
    """
    result = copy.deepcopy(notebook)
    for number, cell in enumerate(result.cells, 1):
        without = remove_solutions(cell.source, where=f"cell {cell.get('id', number)!r}")
        rules = cell.metadata.get("nbgrader", {})
        of_exercise = without != cell.source or rules.get("solution") or rules.get("grade")
        if cell.cell_type == "code" and (of_exercise or cell.get("id") == PROGRESS):
            cell.outputs, cell.execution_count = [], None
        cell.source = without
        if rules.get("locked"):
            cell.metadata.update(editable=False, deletable=False)
    return result


def remove_solutions(source: str, where: str) -> str:
    """Replace each solution in a cell's source by one stub line, indented as the solution was.

    Parameters
    ----------
    source : str
        The source of a cell, with any number of solutions.
    where : str
        What to call the cell in an error.

    Returns
    -------
    str
        The source without what stood between the markers, and without the markers.

    Raises
    ------
    LabError
        If a solution begins inside another, ends before it begins, or does not end.
    """
    kept: list[str] = []
    inside = False
    for line in source.splitlines():
        marker = line.strip()
        if marker == (BEGIN if inside else END):
            raise LabError(f"In {where}, {marker!r} comes where {END if inside else BEGIN!r} was expected.")
        if marker == BEGIN:
            indent = line[: line.index(BEGIN)]
            kept.append(indent + ("...  " if indent else "") + STUB)
        if marker in (BEGIN, END):
            inside = not inside
        elif not inside:
            kept.append(line)
    if inside:
        raise LabError(f"In {where}, a solution begins and does not end: write {END!r} after it.")
    return "\n".join(kept)
