"""Lay what an author fills: an exercise in a notebook, a notebook with its lesson and a first exercise, or a course.

What is laid works as it stands: a toy exercise whose solution earns full points and whose cases pass. Write yours over
it; ``gmmlab.exercises.form`` says how.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import TypeVar

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.files import atomic_write
from gmmlab.course.grade import course_file
from gmmlab.course.notebooks import normalise, read_notebook, to_bytes

Node = TypeVar("Node", bound=ast.expr)
FORM = ("Credit", "Slip", "Value", "function_exercise")
TITLE, POINTS = "TODO say it in a few words", 1

OPENING = """# $number. $title

*TODO a question that real data raise?*

**What you do.** TODO

**What you learn.**

- TODO

**What you need.** TODO

**How long.** About TODO minutes; running all cells takes under a minute.
"""
IMPORTS = "import numpy as np\n\nfrom gmmlab.exercises import check, progress\n"
CLOSING = "## What to take away\n\n- TODO\n\n## Further reading\n\n- TODO real references\n"

TASK = f"""### Exercise $id: {TITLE} ({POINTS} point)

TODO Write a function that takes `X`, an array of shape (n, d), and returns the mean of each column.
"""
ANSWER = '''def $name(X):
    """Return TODO the mean of each column."""
    ### BEGIN SOLUTION
    return X.mean(axis=0)
    ### END SOLUTION'''

RECORD = f'''def draw_$name(seed: int) -> list[tuple]:
    """Draw TODO tables of several sizes."""
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(n, d)),) for n, d in ((6, 3), (9, 4))]


$name = function_exercise(
    "$id",
    title="{TITLE}",
    hint="TODO What helps a student who is stuck, and does not give the answer away?",
    inputs=draw_$name,
    returns=[
        Value(
            "means",
            lambda X: X.mean(axis=0),
            [
                Slip("wrong-axis", lambda X: X.mean(axis=1), "TODO These are means of rows. Average over the rows."),
                Slip("sum-for-mean", lambda X: X.sum(axis=0), "TODO These are sums. Divide by the number of rows."),
            ],
        )
    ],
    credits=[Credit({POINTS}, "TODO The means are right.", "TODO These are not the means. Try two rows on paper.")],
)


'''
LESSON = '"""Checks of notebook $number: TODO."""\n\nimport numpy as np\n\nNOTEBOOK = "$notebook"\n\n\nEXERCISES = []\n'
CASES = '''"""Answers to the exercises of notebook $number: right ones written differently, and the usual wrong ones."""

import numpy as np

from exercises.case import right, wrong
'''
CASE = """

@right("$id")
def ${name}_written_otherwise():
    return lambda X: np.array([sum(column) / len(column) for column in X.T])


@wrong("$id", "wrong-axis")
def ${name}_of_the_transpose():
    return lambda X: np.mean(X.T, axis=0)
"""


def new_exercise(id: str) -> list[Path]:
    """Lay the cells, the record and the cases of an exercise, and return the files that were changed.

    Raises
    ------
    LabError
        If the id is none, is taken, or its lesson is not there or has no list of exercises.
    """
    lesson = _lesson_of(id)
    root = _checkout()
    module, cases = _module(root, lesson), _cases(root, lesson)
    if not module.is_file():
        raise LabError(f"There is no lesson {lesson!r}: {module} is not there. `gmm-lab new notebook` lays one.")
    source, tested = _read(module), _read(cases)
    if f'"{id}"' in source:
        raise LabError(f"There is an exercise {id} already, in {module}.")
    stem = _assigned(source, "NOTEBOOK", ast.Constant, module).value
    path = root / "notebooks" / f"{stem}.ipynb"
    notebook = read_notebook(path)
    at = next((k for k, cell in enumerate(notebook.cells) if cell.id == "progress"), len(notebook.cells))
    notebook.cells[at:at] = _cells(id)
    return _write(
        {
            path: to_bytes(notebook),
            module: _with_record(source, id, module).encode(),
            cases: (_with_numpy(tested).rstrip("\n") + "\n" + _filled(CASE, id)).encode(),
        }
    )


def new_notebook_of(stem: str, lesson: str | None = None) -> list[Path]:
    """Lay a notebook, its lesson and the cases, with a first exercise, and return the files that were made.

    Parameters
    ----------
    stem : str
        Such as ``"16_check_model"``.
    lesson : str, optional
        Name of its lesson, with which the ids of its exercises begin. Default: the first word of the notebook's name.

    Raises
    ------
    LabError
        If a name is none, or is taken.
    """
    if not re.fullmatch(r"\d\d(_[a-z0-9]+)+", stem):
        raise LabError(f"A notebook is called like 16_check_model, but {stem!r} was given.")
    lesson = lesson or stem.split("_")[1]
    id, root = f"{lesson}-1", _checkout()
    _lesson_of(id)
    path, module, cases = root / "notebooks" / f"{stem}.ipynb", _module(root, lesson), _cases(root, lesson)
    taken = [file for file in (path, module, cases) if file.exists()] + sorted(path.parent.glob(f"{stem[:2]}_*.ipynb"))
    if taken:
        raise LabError(f"{taken[0]} is there already: choose another number or name, or another --lesson.")
    words = {"number": str(int(stem[:2])), "notebook": stem, "title": " ".join(stem.split("_")[1:]).capitalize()}
    notebook = new_notebook(
        cells=[
            _text("opening", Template(OPENING).substitute(words)),
            new_code_cell(IMPORTS.rstrip(), id="imports"),
            _text("exercises", "## Exercises"),
            *_cells(id),
            new_code_cell(f'progress("{stem}")', id="progress"),
            _text("closing", CLOSING),
        ]
    )
    normalise(notebook, stem)
    return _write(
        {
            path: to_bytes(notebook),
            module: _with_record(Template(LESSON).substitute(words), id, module).encode(),
            cases: (Template(CASES).substitute(words) + _filled(CASE, id)).encode(),
        }
    )


def new_course(folder: Path) -> Path:
    """Write the file with the rules of a course, and return it.

    Raises
    ------
    LabError
        If there is one already.
    """
    path = folder / course_file.NAME
    if path.exists():
        raise LabError(f"{path} is there already: edit it, or give another folder.")
    atomic_write(path, course_file.template())
    return path


def _lesson_of(id: str) -> str:
    if not re.fullmatch(r"[a-z]+-[1-9]\d?", id):
        raise LabError(f"An exercise is called like fit-6, its lesson and a number, but {id!r} was given.")
    return id.partition("-")[0]


def _checkout() -> Path:
    root = paths.lab_folder()
    if not (root / "src" / "gmmlab" / "exercises" / "lessons").is_dir():
        raise LabError(f"{root} is no checkout of the lab, so there is nowhere to write. Clone it, and work there.")
    return root


def _module(root: Path, lesson: str) -> Path:
    return root / "src" / "gmmlab" / "exercises" / "lessons" / f"{lesson}.py"


def _cases(root: Path, lesson: str) -> Path:
    return root / "tests" / "exercises" / "cases" / f"{lesson}.py"


def _read(path: Path) -> str:
    if not path.is_file():
        raise LabError(f"{path} is not there.")
    return path.read_text(encoding="utf-8")


def _write(files: dict[Path, bytes]) -> list[Path]:
    for path, content in files.items():
        atomic_write(path, content)
    return list(files)


def _filled(template: str, id: str) -> str:
    return Template(template).substitute(id=id, name=id.replace("-", "_"))


def _text(id: str, source: str) -> NotebookNode:
    return new_markdown_cell(source.rstrip(), id=id)


def _cells(id: str) -> list[NotebookNode]:
    task = _text(f"{id}-task", _filled(TASK, id))
    answer = new_code_cell(_filled(ANSWER, id), id=f"{id}-answer")
    check = new_code_cell(_filled('check("$id", $name)', id), id=f"{id}-check")
    task.metadata.nbgrader = _rules(f"{id}-task", locked=True)
    answer.metadata.nbgrader = _rules(f"{id}-answer", solution=True)
    check.metadata.nbgrader = _rules(id, grade=True, locked=True, points=POINTS, cell_type="code")
    return [task, answer, check]


def _rules(name: str, **changes: object) -> dict[str, object]:
    rules = {"grade": False, "grade_id": name, "locked": False, "schema_version": 3, "solution": False, "task": False}
    return rules | changes


def _assigned(source: str, name: str, kind: type[Node], module: Path) -> Node:
    """Return what a module assigns to a name."""
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name and isinstance(value, kind):
                return value
    raise LabError(f"{module} has no {name}: see the docstring of gmmlab.exercises.form.")


def _with_record(source: str, id: str, module: Path) -> str:
    """Return a lesson's source with the record before its list of exercises, and in it."""
    known = _assigned(source, "EXERCISES", ast.List, module)
    names = [ast.unparse(item) for item in known.elts] + [id.replace("-", "_")]
    lines = source.splitlines(keepends=True)
    before, after = "".join(lines[: known.lineno - 1]), "".join(lines[known.end_lineno or known.lineno :])
    source = before.rstrip("\n") + "\n\n\n" + _filled(RECORD, id) + _list(names) + after
    return _with_form(_with_numpy(source))


def _list(names: Iterable[str]) -> str:
    line = f"EXERCISES = [{', '.join(names)}]\n"
    return line if len(line) <= 121 else "EXERCISES = [\n" + "".join(f"    {name},\n" for name in names) + "]\n"


def _with_numpy(source: str) -> str:
    if "import numpy as np\n" in source:
        return source
    return _after_imports(source, "import numpy as np\n", before=True)


def _with_form(source: str) -> str:
    """Return a lesson's source that imports what a record is made of."""
    module = "gmmlab.exercises.form"
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == module:
            lines = source.splitlines(keepends=True)
            lines[node.lineno - 1 : node.end_lineno] = [_import(module, {alias.name for alias in node.names})]
            return "".join(lines)
    return _after_imports(source, _import(module, set()))


def _import(module: str, known: set[str]) -> str:
    names = sorted(known | set(FORM))
    line = f"from {module} import {', '.join(names)}\n"
    return line if len(line) <= 121 else f"from {module} import (\n" + "".join(f"    {n},\n" for n in names) + ")\n"


def _after_imports(source: str, line: str, before: bool = False) -> str:
    """Put an import behind the imports of a module, or before them."""
    places = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    lines = source.splitlines(keepends=True)
    if not places:
        at = ast.parse(source).body[0].end_lineno or 0
        return "".join([*lines[:at], "\n", line, *lines[at:]])
    at = places[0].lineno - 1 if before else places[-1].end_lineno or 0
    apart = "" if before or isinstance(places[-1], ast.ImportFrom) else "\n"
    return "".join([*lines[:at], apart, line, *lines[at:]])
