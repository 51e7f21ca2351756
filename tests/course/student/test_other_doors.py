"""The lab through other doors: `jupyter execute`, and VS Code, which starts a kernel in the same way.

Both run the chosen Python with `-m ipykernel_launcher` in the notebook's folder, and nothing of `gmm-lab` is around it.
"""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from gmmlab.exercises import exercises
from gmmlab.paths import lab_folder

pytestmark = pytest.mark.slow

LESSON = "01_load_data"


@pytest.fixture
def copy(tmp_path):
    """Make a working copy, without JupyterLab, whose first notebook is solved and draws what an answer needs."""
    done = _command(tmp_path, "start", "--files-only")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Open notebooks/{LESSON}.ipynb in it." in done.stdout
    folder = tmp_path / "my-gmm-lab"
    solved = nbformat.read(lab_folder() / "notebooks" / f"{LESSON}.ipynb", as_version=4)
    for cell in solved.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            if "with figure(" in cell.source and not cell.id.endswith("-answer"):
                cell.source = ""
    nbformat.write(solved, folder / "notebooks" / f"{LESSON}.ipynb")
    return folder


def _command(folder, *arguments):
    command = [str(Path(sys.executable).with_name("gmm-lab")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


def test_a_notebook_of_the_working_copy_is_judged_and_counts(copy):
    notebook = copy / "notebooks" / f"{LESSON}.ipynb"
    command = [str(Path(sys.executable).with_name("jupyter-execute")), "--inplace", "--timeout=600", str(notebook)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    outputs = [o for cell in nbformat.read(notebook, as_version=4).cells for o in cell.get("outputs", [])]
    assert [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    points = sum(exercise.points for exercise in exercises(LESSON))
    assert f"{points:g} of {points:g} points" in _command(copy, "progress", "01").stdout
