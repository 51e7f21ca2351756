"""A file beside a notebook that is called like a module is named, and what to do."""

from types import SimpleNamespace

import nbformat
import pytest

from gmmlab.course.author.execute import execute
from gmmlab.course.shadows import shadows
from gmmlab.course.student import doctor, launch
from gmmlab.course.student.unknown_names import explain


@pytest.mark.parametrize("name", ["numpy.py", "gmmlab.py", "random.py", "sklearn/__init__.py", "secrets.py"])
def test_a_file_that_hides_a_module_is_named(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    first = tmp_path / name.partition("/")[0]
    assert shadows(tmp_path).startswith(f"{first} is imported in place of Python's module {first.stem}: rename it")


@pytest.mark.parametrize("name", ["my_numpy.py", "numpy.ipynb", "numpy.txt", "test.py", "conftest.py", "fit.py"])
def test_other_files_hide_nothing(tmp_path, monkeypatch, name):
    (tmp_path / name).write_text("")
    (tmp_path / "numpy").mkdir()  # a folder without __init__.py gives way
    monkeypatch.syspath_prepend(tmp_path)
    assert shadows(tmp_path) == shadows(tmp_path / "gone") == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sklearn.py", "gmmlab.py"])
def test_a_run_that_fails_says_so(tmp_path, name):
    (tmp_path / name).write_text("")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import gmmlab.mixture\nprint(1)")])
    assert f"{tmp_path / name} is imported in place of" in execute(notebook, tmp_path, 60, lambda: None)


def test_the_doctor_names_it_and_does_not_advise_a_new_installation(tmp_path, monkeypatch):
    (tmp_path / "gmmlab.py").write_text("")
    monkeypatch.chdir(tmp_path)
    said = [finding.words for find in (doctor._shadows, doctor._kernel) for finding in find() if not finding.good]
    assert len(said) == 2
    assert all("gmmlab.py is imported in place of" in words and "pip install" not in words for words in said)


def test_who_starts_the_lab_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "numpy.py").write_text("")
    monkeypatch.setattr(launch, "_launch", lambda arguments: None)
    launch.open_lab(tmp_path, "notebooks/03_fit_mixture.ipynb", False, None)
    assert "numpy.py is imported in place of Python's module numpy" in capsys.readouterr().out


def test_a_cell_that_misses_something_in_a_module_is_explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    missing = SimpleNamespace(error_in_exec=ImportError("cannot import name 'array' from 'numpy'"))
    explain(missing)
    assert capsys.readouterr().out == ""
    (tmp_path / "numpy.py").write_text("")
    explain(missing)
    assert "numpy.py is imported in place of" in capsys.readouterr().out
