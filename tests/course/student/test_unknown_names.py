"""Who runs a cell too early is told which cell to run first."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gmmlab.course.kernel import own_profile
from gmmlab.course.student.unknown_names import START_UP, explain, where_set

CELLS = [
    "# The tables\nimport numpy as np\nfrom gmmlab.data import load_penguins as load",
    "birds = load()\nfor n, m in enumerate(birds): ...",
    "def shape(X):\n    inner = X.shape\n    return inner",
    "this cannot be parsed",
]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a cell in a new shell and returns what it prints, without the traceback."""
    file = tmp_path / "my.ipynb"
    file.write_text(json.dumps({"cells": [{"cell_type": "code", "source": source} for source in CELLS]}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(file))
    shell = InteractiveShell()
    shell.events.register("post_run_cell", explain)
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None

    def printed(source):
        shell.run_cell(source)
        return capsys.readouterr().out

    return printed


def test_the_first_cell_that_sets_a_name_is_quoted(run):
    said = run("birds.describe()")
    assert said.startswith("`birds` comes from the cell that begins with `birds = load()`")
    assert "Run All Above Selected Cell" in said
    assert "`import numpy as np`" in run("np.mean([1])")


@pytest.mark.parametrize("source", ["burds", "1 / 0", "inner", "birds = 3", "def f(:", "del birds"])
def test_of_other_errors_python_speaks_alone(run, source):
    run("birds = 1")
    assert run(source) == ""


@pytest.mark.parametrize("name", ["", "gone.ipynb", "."])
def test_without_the_file_python_speaks_alone(run, monkeypatch, name):
    monkeypatch.setenv("JPY_SESSION_NAME", name)
    assert run("birds.describe()") == ""


def test_a_cell_is_not_told_to_run_itself(run):
    assert run(CELLS[1]).startswith("`load` comes from")
    assert run("load = None") + run(CELLS[1]) == ""


@pytest.mark.parametrize("name", ["np", "load", "birds", "n", "m", "shape"])
def test_every_way_to_set_a_name_counts(name):
    assert where_set(name, CELLS) is not None


@pytest.mark.parametrize("source", ["{v for v in 'ab'}", "{v: 1 for v in 'ab'}", "[v for v in 'ab']", "lambda v: v"])
def test_names_of_a_comprehension_are_nobodys(source):
    assert where_set("v", [source]) is None


def test_kernels_load_it_at_their_start(monkeypatch):
    seen = []
    shell = SimpleNamespace(events=SimpleNamespace(register=lambda *event: seen.append(event)))
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    with own_profile(START_UP) as folder:
        (file,) = Path(folder).rglob("*.py")
        names = {}
        exec(file.read_text(encoding="utf-8"), names)
    assert seen == [("post_run_cell", explain)]
    assert "watch" not in names
    assert file.parent.name == "startup"
