"""nbval sees it when a saved number is not what a run gives: the comparison of outputs is a real one."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from gmmlab.paths import lab_folder


def verdict_of_nbval(folder) -> subprocess.CompletedProcess:
    """Run nbval as the project does, on a copy of one notebook."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval",
               "--nbval-current-env", "--nbval-cell-timeout=120", "-q", str(folder)]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)


@pytest.fixture
def copied(tmp_path):
    """Return a copy of the first notebook, beside the data that it reads."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("01_load_data.ipynb", "conftest.py"):
        shutil.copy(lab_folder() / "notebooks" / name, folder)
    shutil.copytree(lab_folder() / "data", tmp_path / "data")
    return folder / "01_load_data.ipynb"


def test_an_untouched_copy_passes(copied):
    done = verdict_of_nbval(copied.parent)
    assert done.returncode == 0, done.stdout[-3000:]


def test_an_altered_number_fails(copied):
    notebook = nbformat.read(copied, as_version=4)
    streams = (o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "stream")
    stream = next(o for o in streams if re.search(r"\d", o.text))
    stream.text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), stream.text, count=1)
    nbformat.write(notebook, copied)
    done = verdict_of_nbval(copied.parent)
    assert done.returncode == 1
    assert "1 failed" in done.stdout
