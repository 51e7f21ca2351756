import io
import time
from contextlib import redirect_stderr

import pytest
from joblib import Parallel, delayed
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from gmmlab.course.author.execute import execute
from gmmlab.course.kernel import new_manager
from gmmlab.course.notebooks import WIDGET_VIEW
from gmmlab.engine import progress_bars as waiting

SLOW = """
import time
from gmmlab.engine import progress_bars as waiting
waiting.PATIENCE = 0.05
for _ in waiting.progress_bar(range(6)):
    time.sleep(0.05)
"""
QUICK = """
waiting.PATIENCE = 600
for _ in waiting.progress_bar(range(6)):
    pass
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def interactive(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)


def shown_by(seconds, file_type=Terminal, **options):
    """Return what six steps of a loop write on a terminal."""
    with redirect_stderr(file_type()) as terminal:
        for _ in waiting.progress_bar(range(6), desc="fit", **options):
            time.sleep(seconds)
    return terminal.getvalue()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.05)


def test_a_terminal_shows_what_takes_longer_than_patience(impatient):
    assert "fit" in shown_by(0.03)


def test_the_bar_is_wiped_away_at_the_end(impatient):
    assert shown_by(0.03).split("\r")[-2].strip() == ""


def test_what_is_quick_shows_no_bar(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 600)  # quick is what takes less, however busy this machine is
    assert shown_by(0.01) == ""


def test_a_bar_that_is_asked_for_comes_at_once():
    assert "6/6" in shown_by(0.01, shown=True)


def test_a_file_gets_no_bar(impatient):
    assert shown_by(0.03, io.StringIO) == ""


def test_where_outputs_are_saved_there_is_none(impatient, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert shown_by(0.03) == ""


def outputs_of(notebook):
    return [[sorted(output.get("data", output)) for output in cell.outputs] for cell in notebook.cells]


@pytest.mark.slow
def test_a_notebook_shows_a_slow_cell_a_bar_and_a_quick_one_none():
    notebook = new_notebook(cells=[new_code_cell(SLOW), new_code_cell(QUICK)])
    client = NotebookClient(notebook, km=new_manager(), timeout=600)
    with client.setup_kernel(cleanup_kc=True):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    slow, quick = outputs_of(notebook)
    assert [kinds for kinds in slow if WIDGET_VIEW in kinds] and quick == []


@pytest.mark.slow
def test_a_notebook_that_the_lab_executes_holds_no_bar(tmp_path):
    notebook = new_notebook(cells=[new_code_cell(SLOW)])
    assert execute(notebook, tmp_path, timeout=600, tick=lambda _=1: None) == ""
    assert outputs_of(notebook) == [[]]


def test_the_bar_counts_finished_tasks_not_those_handed_out(monkeypatch):
    finished, seen = [], []
    monkeypatch.setattr(waiting.progress_bar, "update", lambda self, steps=1: seen.append(len(finished)))
    parallel = Parallel(n_jobs=1, return_as="generator")
    assert waiting.run_all(parallel, [delayed(finished.append)(k) for k in range(4)]) == [None] * 4
    assert seen == [1, 2, 3, 4]
