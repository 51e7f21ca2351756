"""What the run of the notebooks must catch, it catches: a number that was altered, a figure that tells nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gmmlab.course.author.execute import execute
from gmmlab.paths import lab_folder

pytestmark = pytest.mark.slow

COUNT = "print(f'{sum(range(1, 101))} in all')"
DRAW = """
from gmmlab.figure import figure
with figure("A line that rises from the lower left to the upper right, twice as fast after its middle.") as ax:
    ax.plot([0, 1, 3])
    ax.set(title="It rises", xlabel="time (min)", ylabel="length (mm)")
"""


def executed(*sources: str):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    assert execute(notebook, Path.cwd(), timeout=600, tick=lambda: None) == ""
    return notebook


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Run nbval as the project does, on three small notebooks; return the failures of each."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(lab_folder() / "notebooks" / "conftest.py", folder)
    notebook = executed(COUNT, DRAW)
    nbformat.write(notebook, folder / "untouched.ipynb")
    notebook.cells[0].outputs[0].text = "5051 in all\n"
    nbformat.write(notebook, folder / "altered.ipynb")
    nbformat.write(executed(COUNT, DRAW.replace("time (min)", "")), folder / "nameless.ipynb")
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval",
               "--nbval-current-env", "--nbval-cell-timeout=600", "-q", "-rfE", str(folder)]  # fmt: skip
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=1200)
    assert "2 failed, 7 passed" in done.stdout, done.stdout[-3000:]
    return dict(re.findall(r"^FAILED (\w+)\.ipynb::(\w+(?: \d+)?)", done.stdout, flags=re.M))


def test_an_untouched_notebook_passes(failed):
    assert "untouched" not in failed


def test_an_altered_number_fails(failed):
    assert failed["altered"] == "Cell 0"


def test_a_figure_that_breaks_a_rule_fails(failed):
    assert failed["nameless"] == "Figures"
