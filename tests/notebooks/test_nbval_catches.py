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


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Run nbval as the project does, on two small notebooks; return the failures of each."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(lab_folder() / "notebooks" / "conftest.py", folder)
    sources = (COUNT, DRAW, DRAW.replace("time (min)", ""))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    assert execute(notebook, folder, timeout=600, tick=lambda: None) == ""
    count, sound, nameless = notebook.cells
    notebook.cells = [count, sound]
    nbformat.write(notebook, folder / "untouched.ipynb")
    count.outputs[0].text = "5051 in all\n"
    notebook.cells = [count, nameless]
    nbformat.write(notebook, folder / "spoilt.ipynb")
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval",
               "--nbval-current-env", "--nbval-cell-timeout=600", "-q", "-rfE", str(folder)]  # fmt: skip
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=1200)
    assert "2 failed, 4 passed" in done.stdout, done.stdout[-3000:]
    return re.findall(r"^FAILED (\w+)\.ipynb::(\w+(?: \d+)?)", done.stdout, flags=re.M)


def test_an_untouched_notebook_passes(failed):
    assert {name for name, _ in failed} == {"spoilt"}


def test_an_altered_number_fails(failed):
    assert ("spoilt", "Cell 0") in failed


def test_a_figure_that_breaks_a_rule_fails(failed):
    assert ("spoilt", "Figures") in failed
