"""The real nbgrader takes ``notebooks/`` as its source folder, and finds the points that ``check`` gives."""

import csv
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from gmmlab.course.grade.whole_class import grade_class
from gmmlab.exercises import exercises
from gmmlab.paths import lab_folder

# Importing it, to find out, would take every worker seconds.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not find_spec("nbgrader"), reason="nbgrader is not installed")]

NOTEBOOK = "01_load_data"
ASSIGNMENT = "gmm-lab"


COMMANDS = """
import sys
from traitlets.config import Application
from nbgrader.apps.nbgraderapp import NbGraderApp

for line in sys.argv[2:]:
    NbGraderApp.launch_instance([*line.split(), f"--CourseDirectory.root={sys.argv[1]}"])
    type(Application.instance()).clear_instance()
"""


def nbgrader(course, *lines):
    """Give nbgrader commands, one after the other in one process: loading it takes a second."""
    command = [sys.executable, "-c", COMMANDS, str(course), *lines]
    # nbgrader calls a program of its own environment by name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {"JUPYTER_CONFIG_DIR": str(course / "config"), "HOME": str(course), "PATH": path}
    done = subprocess.run(command, capture_output=True, text=True, cwd=course, env=os.environ | settings, timeout=1200)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course whose assignment was generated from the lab's own notebook, unchanged."""
    root = tmp_path_factory.mktemp("course")
    source = root / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    shutil.copy(lab_folder() / "notebooks" / f"{NOTEBOOK}.ipynb", source)
    nbgrader(root, f"generate_assignment {ASSIGNMENT}")
    return root


def test_the_generated_assignment_holds_no_solution(course):
    text = (course / "release" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text
    assert "YOUR CODE HERE" in text


def submit(course, student: str, answered: set[str]) -> None:
    """Hand in the released notebook without its worked figures, with the lab's solutions of some exercises put in."""
    solved = nbformat.read(lab_folder() / "notebooks" / f"{NOTEBOOK}.ipynb", 4)
    solutions = {cell.id: cell.source for cell in solved.cells}
    notebook = nbformat.read(course / "release" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", 4)
    for cell in notebook.cells:
        if cell.id.removesuffix("-answer") in answered:
            cell.source = solutions[cell.id]
        elif "with figure(" in cell.source and cell.cell_type == "code":
            cell.source = ""
    folder = course / "submitted" / student / ASSIGNMENT
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NOTEBOOK}.ipynb")


@pytest.fixture(scope="module")
def grades(course):
    """Return the points that nbgrader exports for two students, as floats."""
    ids = [ex.id for ex in exercises(NOTEBOOK)]
    for student, answered in {"right": set(ids), "half": set(ids[::2])}.items():
        submit(course, student, answered)
    nbgrader(course, f"autograde {ASSIGNMENT}", "export --CsvExportPlugin.to=grades.csv")
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def test_right_answers_get_all_points(grades):
    assert grades["right"] == sum(ex.points for ex in exercises(NOTEBOOK))


def test_half_the_answers_get_their_points_and_those_left_open_none(grades):
    assert grades["half"] == sum(ex.points for ex in exercises(NOTEBOOK)[::2])


def test_the_labs_own_grader_gives_the_same_points(course, grades):
    """What nbgrader has executed is what a student's JupyterLab would have saved."""
    grade_class(course / "autograded", course / "own")
    with (course / "own" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["student"]: float(row["total"]) for row in csv.DictReader(file)} == grades
