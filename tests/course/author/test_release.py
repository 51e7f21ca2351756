import importlib
import io
import re
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.author.release import release, release_files, sealed
from gmmlab.exercises.lessons import bayesian


@pytest.fixture
def checkout(lab):
    as_they_are = (".gitattributes", "LICENSE", "environment.yml", "constraints.txt")
    for name in (*as_they_are, "src/gmmlab/data.py", "benchmarks/results/em.csv"):
        (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.root / name).write_text(f"{name}\n")
    (lab.root / "src/gmmlab/__pycache__").mkdir()
    (lab.root / "src/gmmlab/__pycache__/data.pyc").write_text("")
    return lab


def test_release_holds_the_lab_its_package_and_its_environment(checkout):
    assert set(release_files()) == {
        ".gitattributes",
        "constraints.txt",
        "LICENSE",
        "README.md",
        "environment.yml",
        "pyproject.toml",
        "src/gmmlab/data.py",
        "src/gmmlab/lab/benchmarks/results/em.csv",
        "src/gmmlab/lab/data/README.md",
        "src/gmmlab/lab/data/birds.csv",
        "src/gmmlab/lab/notebooks/01_look.ipynb",
        "src/gmmlab/lab/notebooks/02_fit.ipynb",
    }


def test_release_holds_no_solution(checkout, tmp_path):
    release(tmp_path / "out")
    notebook = nbformat.read(tmp_path / "out/src/gmmlab/lab/notebooks/02_fit.ipynb", as_version=4)
    assert "SOLUTION" not in str(notebook)


def test_a_sealed_lesson_judges_as_the_lesson_does_and_shows_no_answer(tmp_path, monkeypatch):
    source = Path(bayesian.__file__).read_bytes()
    (tmp_path / "bayesian_sealed.py").write_bytes(sealed(source))
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("bayesian_sealed")
    assert module.__doc__ == bayesian.__doc__
    for own, other in zip(bayesian.EXERCISES, module.EXERCISES, strict=True):
        assert (own.id, own.title, own.points, own.hint) == (other.id, other.title, other.points, other.hint)
    own, other = bayesian.why_no_collapse, module.why_no_collapse
    assert [list(own.check(letter)) == list(other.check(letter)) for letter in "abc"] == [True] * 3
    words = set(re.findall(rb"\w{6,}", sealed(source))) & set(re.findall(rb"\w{6,}", source))
    assert words <= {b"Checks", b"lesson", b"answers", b"import"}


def test_every_lesson_is_sealed_in_a_release(checkout):
    lesson = checkout.root / "src/gmmlab/exercises/lessons/fit.py"
    lesson.parent.mkdir(parents=True)
    for name in ("fit.py", "__init__.py"):
        (lesson.parent / name).write_text('right = "c"\n')
    files = release_files()
    assert b"right" not in files["src/gmmlab/exercises/lessons/fit.py"].split(b"_TEXT", 1)[1]
    assert files["src/gmmlab/exercises/lessons/__init__.py"] == b'right = "c"\n'


def test_readme_lists_every_notebook_by_its_title(checkout):
    readme = release_files()["README.md"].decode()
    assert re.findall(r"^- `(\w+)`: (.+)$", readme, re.M) == [("01_look", "Look"), ("02_fit", "Fit")]


def test_files_that_the_readme_installs_from_are_in_the_release(checkout):
    files = release_files()
    named = re.findall(r"(?:-c|-f) (\S+)", files["README.md"].decode())
    assert set(named) == {"constraints.txt", "environment.yml"}
    assert set(named) < set(files)


def test_what_the_wheel_carries_is_in_the_release_where_the_wheel_has_it():
    table = tomllib.loads((paths.lab_folder() / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = table["tool"]["hatch"]["build"]["targets"]["wheel"]
    carried = wheel.pop("force-include").values()
    files = release_files()
    assert [place for place in carried if not any(name.startswith(f"src/{place}/") for name in files)] == []
    assert tomllib.loads(files["pyproject.toml"].decode()) == table


def test_a_release_is_found_as_the_lab_that_it_holds(checkout, tmp_path, monkeypatch):
    release(tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "out" / "src" / "gmmlab")
    assert paths.lab_folder() == tmp_path / "out" / "src" / "gmmlab" / "lab"


def test_the_only_notebooks_that_lie_open_are_those_of_the_working_copy(checkout, tmp_path):
    release(tmp_path / "out")
    assert not (tmp_path / "out" / "notebooks").exists()
    assert not (tmp_path / "out" / "data").exists()


def test_archive_is_the_same_bytes_every_time(checkout, tmp_path):
    release(tmp_path / "lab.zip")
    first = (tmp_path / "lab.zip").read_bytes()
    release(tmp_path / "lab.zip")
    assert (tmp_path / "lab.zip").read_bytes() == first


def test_archive_holds_what_the_folder_holds(checkout, tmp_path):
    release(tmp_path / "lab.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "lab.zip").read_bytes())) as archive:
        assert archive.testzip() is None
        held = {name.removeprefix("lab/"): archive.read(name) for name in archive.namelist()}
    assert held == release_files()


def test_folder_with_something_else_in_it_is_refused_and_left_as_it_was(checkout, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("")
    with pytest.raises(LabError, match="no release made"):
        release(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_archive_of_something_else_is_refused_and_left_as_it_was(checkout, tmp_path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("thesis.txt", "")
    before = (tmp_path / "out.zip").read_bytes()
    with pytest.raises(LabError, match="no release made"):
        release(tmp_path / "out.zip")
    assert (tmp_path / "out.zip").read_bytes() == before


def test_release_into_its_own_folder_brings_it_up_to_date(checkout, tmp_path):
    release(tmp_path / "out")
    (checkout.root / "data/birds.csv").write_bytes(b"mass_g\n1\n")
    assert [tuple(step) for step in release(tmp_path / "out")] == [("updated", "src/gmmlab/lab/data/birds.csv", "")]


def test_release_outside_a_checkout_is_refused(lab, tmp_path):
    (lab.root / "pyproject.toml").unlink()
    with pytest.raises(LabError, match="checkout"):
        release(tmp_path / "out")
