"""A small lab for tests, made in a temporary folder."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

# Runs the command on the lab whose folder is its first argument.
COMMAND = """
import pathlib, sys
from gmmlab import paths
paths.lab_folder = lambda: pathlib.Path(sys.argv[1])
from gmmlab.course.cli import main
sys.exit(main(sys.argv[2:]))
"""


PROJECT = """[project]
name = "small"

# What the wheel carries.
[tool.hatch.build.targets.wheel.force-include]
notebooks = "gmmlab/lab/notebooks"
data = "gmmlab/lab/data"
"benchmarks/results" = "gmmlab/lab/benchmarks/results"

[tool.other]
"""


class Lab:
    """A lab with two notebooks, of which the second has an exercise, and one table."""

    def __init__(self, root: Path):
        self.root = root
        (root / "notebooks").mkdir(parents=True)
        (root / "data").mkdir()
        (root / "data" / "birds.csv").write_bytes(b"mass_g\n3750\n")
        (root / "data" / "README.md").write_bytes(b"# Data\n")
        (root / "pyproject.toml").write_text(PROJECT)
        self.write("01_look", new_markdown_cell("# Look", id="opening"), code("1 + 1", "sum"))
        self.write("02_fit", new_markdown_cell("# Fit", id="opening"), *exercise())

    def path(self, stem):
        return self.root / "notebooks" / f"{stem}.ipynb"

    def write(self, stem, *cells):
        nbformat.write(new_notebook(cells=cells), self.path(stem))

    def read(self, stem):
        return nbformat.read(self.path(stem), as_version=4)


def code(source, name, **metadata):
    return new_code_cell(source, id=name, metadata=metadata)


def rules(name, **changes):
    return {
        "grade": False,
        "grade_id": name,
        "locked": False,
        "schema_version": 3,
        "solution": False,
    } | changes


def exercise():
    """Return the three cells of an exercise, executed, as they stand in the lab."""
    task = new_markdown_cell("Fit it.", id="fit-1-task", metadata={"nbgrader": rules("t", locked=True)})
    source = "fit_1 = ...\n### BEGIN SOLUTION\nfit_1 = 7\n### END SOLUTION"
    answer = code(source, "fit-1-answer", nbgrader=rules("fit-1-answer", solution=True))
    check = code("print(fit_1)", "fit-1-check", nbgrader=rules("fit-1", grade=True, locked=True, points=2))
    for number, cell in enumerate((answer, check), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text="7\n")]
    return task, answer, check
