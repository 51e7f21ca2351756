"""One run of a notebook serves all: nbval compares its outputs, and its figures are judged as they are shown.

nbval compares every output except images (its default) and the answers that checks store.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from nbval.plugin import IPyNbFile

import notebook_figures
from gmmlab.course import ONE_THREAD
from gmmlab.course.kernel import lab_environment

os.environ.update(ONE_THREAD)
os.environ["TQDM_DISABLE"] = "1"  # a progress bar would be an output that no other run has


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Let nbval's notebooks be ours."""
    found = yield
    return [Notebook.from_parent(parent, path=file_path) if isinstance(each, IPyNbFile) else each for each in found]


class Notebook(IPyNbFile):
    """A notebook whose cells nbval executes and compares, and whose figures are judged after the last of them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Stored answers hold floats to the last bit, which differs between machines.
        self.skip_compare += ("application/vnd.gmmlab.answer+json",)
        self.own_folder = None
        self.add_marker(pytest.mark.slow)

    def collect(self):
        """Yield the code cells, and then the figures."""
        for cell in super().collect():
            cell.output_timeout = 120  # seconds that an output may take after its cell; nbval's five are few when busy
            yield cell
        yield Figures.from_parent(self, name="Figures")

    def setup(self):
        """Start the kernel, without the user's settings of IPython and of matplotlib, and record its figures."""
        self.own_folder = Path(tempfile.mkdtemp(prefix="notebook-"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("IPYTHONDIR", str(self.own_folder / "ipython"))
            patch.setenv("MATPLOTLIBRC", lab_environment()["MATPLOTLIBRC"])
            patch.delenv("MPLBACKEND", raising=False)
            super().setup()
        # An expression: a name that it left behind could stand in for an import that the notebook lacks.
        recorder = f"__import__('runpy').run_path({notebook_figures.__file__!r})['record_into']({self.record!r})"
        self.kernel.await_reply(self.kernel.execute_cell_input(recorder), timeout=120)

    def teardown(self):
        """Stop the kernel and leave nothing behind."""
        super().teardown()
        if self.own_folder:
            shutil.rmtree(self.own_folder, ignore_errors=True)

    @property
    def record(self) -> str:
        """Return the file that the figures are recorded in."""
        return str(self.own_folder / "figures.jsonl")


class Figures(pytest.Item):
    """The figures of a notebook, as its cells have shown them."""

    def runtest(self):
        """Judge what was recorded while the cells ran."""
        record = Path(self.parent.record)
        lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
        assert notebook_figures.problems_of([json.loads(line) for line in lines], self.parent.nb) == []

    def repr_failure(self, excinfo):
        """Return the sentences alone."""
        return str(excinfo.value)

    def reportinfo(self):
        """Return where the figures stand."""
        return self.path, 0, f"{self.parent.path.stem}: figures"
