"""What is laid for an author works as it stands, and nothing that is there is overwritten."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from gmmlab import paths
from gmmlab.course import LabError, cli
from gmmlab.course.author.new import new_exercise, new_notebook_of
from notebook_hygiene import problems_of

REAL = paths.lab_folder()
OURS = "lint.isort.known-first-party = ['gmmlab', 'exercises']"
FOLDERS = ("notebooks", "src/gmmlab/exercises/lessons", "tests/exercises/cases")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The parts of the checkout that an author adds to, with one notebook."""
    for file in ("notebooks/09_go_bayesian.ipynb", f"{FOLDERS[1]}/bayesian.py", f"{FOLDERS[2]}/bayesian.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REAL / file, tmp_path / file)
    monkeypatch.setattr(paths, "lab_folder", lambda: tmp_path)
    return tmp_path


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=True
    )
    return done.stdout.strip()


JUDGE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("lesson", sys.argv[1] if len(sys.argv) > 1 else {module!r})
lesson = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lesson)
sys.path.insert(0, {tests!r})
from exercises import case as cases
from gmmlab.exercises import judging
ex = next(ex for ex in lesson.EXERCISES if ex.id == {id!r})
judging.find = cases.find = lambda id: ex
space = {{}}
exec({answer!r}, {{"np": __import__("numpy")}}, space)
print(judging.check({id!r}, *space.values()).points == ex.points)
for case in cases.generated(ex):
    lines = judging.check({id!r}, *case.answers()).lines
    assert case.mistake in {{line.mistake for line in lines}}, (case.name, lines)
print(len(list(cases.generated(ex))) > 9)
"""


def judged(checkout, stem, module, id):
    notebook = nbformat.read(checkout / "notebooks" / f"{stem}.ipynb", as_version=4)
    [answer] = [cell.source for cell in notebook.cells if cell.id == f"{id}-answer"]
    file = checkout / FOLDERS[1] / f"{module}.py"
    return run(JUDGE.format(module=str(file), tests=str(REAL / "tests"), id=id, answer=answer)).split()


@pytest.mark.slow
def test_a_new_exercise_works_as_it_stands(checkout):
    assert len(new_exercise("bayesian-9")) == 3
    assert judged(checkout, "09_go_bayesian", "bayesian", "bayesian-9") == ["True", "True"]


def test_a_new_exercise_stands_behind_the_others(checkout):
    new_exercise("bayesian-9")
    ids = [cell.id for cell in nbformat.read(checkout / "notebooks" / "09_go_bayesian.ipynb", as_version=4).cells]
    at = ids.index("progress")
    assert ids[at - 3 : at] == ["bayesian-9-task", "bayesian-9-answer", "bayesian-9-check"]


@pytest.mark.slow
def test_a_new_notebook_works_as_it_stands(checkout):
    assert len(new_notebook_of("16_sort_birds")) == 3
    assert judged(checkout, "16_sort_birds", "sort", "sort-1") == ["True", "True"]


def test_a_new_notebook_keeps_the_rules_but_for_what_a_run_brings(checkout):
    new_notebook_of("16_sort_birds", lesson="birds")
    problems = problems_of(nbformat.read(checkout / "notebooks" / "16_sort_birds.ipynb", as_version=4))
    assert problems == [
        "The execution counts are not 1..n.",
        "No cell has an output, so that comparing outputs checks nothing.",
    ]


def test_what_is_laid_passes_the_linter(checkout):
    new_exercise("bayesian-9")
    new_notebook_of("16_sort_birds")
    pytest.importorskip("ruff", reason="ruff is an author's tool")
    shutil.copy(REAL / "pyproject.toml", checkout)
    for command in (["check", "--config", OURS, "src", "tests"], ["format", "--check", "src", "tests"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command], cwd=checkout, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: new_exercise("bayesian"), "called like fit-6"),
        (lambda: new_exercise("bayesian-1"), "There is an exercise bayesian-1 already"),
        (lambda: new_exercise("nothing-1"), "There is no lesson 'nothing'"),
        (lambda: new_notebook_of("sort birds"), "called like 16_check_model"),
        (lambda: new_notebook_of("09_sort_birds"), "09_go_bayesian.ipynb is there already"),
        (lambda: new_notebook_of("16_sort_birds", "bayesian"), "bayesian.py is there already"),
    ],
)
def test_what_cannot_be_laid_is_a_sentence_and_changes_nothing(make, sentence, checkout):
    before = {file: file.read_bytes() for file in checkout.rglob("*") if file.is_file()}
    with pytest.raises(LabError, match=sentence):
        make()
    assert {file: file.read_bytes() for file in checkout.rglob("*") if file.is_file()} == before


def test_a_lab_that_is_no_checkout_is_a_sentence(checkout, capsys):
    shutil.rmtree(checkout / "src")
    assert cli.main(["new", "exercise", "bayesian-9"]) == 2
    assert "is no checkout of the lab" in capsys.readouterr().err
