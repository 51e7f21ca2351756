"""``aliases.csv``: who is meant by a name that was handed in, where files and class list leave doubt."""

import csv
import io
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.grade.class_list import Listed, plain, records_of
from gmmlab.course.grade.collect import Student

NAME = "aliases.csv"
_COLUMNS = ("name", "id")
ALIKE = 0.75
"""How alike (from 0 to 1) a name must be to one of the class list for a question to name it."""


def read_aliases(path: Path | None, listed: Sequence[Listed]) -> dict[str, Student]:
    """Read who is meant by which name; nothing where there is no file.

    Parameters
    ----------
    path : Path or None
        Columns ``name``, as it was handed in, and ``id``, of the class list.
    listed : sequence of Listed
        The class list.

    Raises
    ------
    LabError
        If a line names no student of the class list, or one name has two lines; the message says which line.
    """
    if path is None:
        return {}
    known = {one.student.id: one.student for one in listed if one.student.id}
    found: dict[str, Student] = {}
    for number, cells in records_of(path, _COLUMNS, needed=2):
        name, id = (cell.removeprefix("'") for cell in cells.values())
        if id not in known:
            raise LabError(f"{path}, line {number}: the class list has no id {id!r}.")
        if found.setdefault(name, known[id]) != known[id]:
            raise LabError(f"{path}, line {number}: {name!r} has two lines with different ids.")
    return found


def question(name: str, who: str, listed: Sequence[Listed]) -> str:
    """Ask whose something is, with the line of the file that would say so.

    Parameters
    ----------
    name : str
        As it was handed in.
    who : str
        What may be a person's name in it.
    listed : sequence of Listed
        Those who may be meant.
    """
    ids = {word: one.student for one in listed if one.student.id for word in one.words}
    near = [ids[each] for each in get_close_matches(plain(who), ids, n=1, cutoff=ALIKE)]
    if near:
        return f"if it is {near[0].name}'s, write into {NAME}, beside the submissions: {_line(name, near[0].id)}"
    return f"write into {NAME}, beside the submissions, with the number of the class list: {_line(name, 'ID')}"


def _line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
