"""The lab remembers a student's exercises, in a working copy beyond the kernel's life."""

import json
from functools import cache

import matplotlib.pyplot as plt
import pytest

from gmmlab import paths
from gmmlab.course.author.student_copies import student_copy
from gmmlab.course.notebooks import read_notebook
from gmmlab.exercises import check, exercises, memory, progress
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.registry import find
from gmmlab.exercises.rubric import Line

FIT = find("fit-1")


@pytest.fixture(autouse=True)
def empty_memory(monkeypatch):
    monkeypatch.setattr(memory, "_SEEN", {})


@pytest.fixture
def working_copy(tmp_path, monkeypatch):
    (tmp_path / ".gmm-lab").mkdir()
    (tmp_path / ".gmm-lab" / "manifest.json").write_text("{}")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def earned(points):
    return Feedback(FIT, [Line(points, points > 0, "m", None if points else "other")])


def test_all_exercises_begin_open():
    assert all(points is None for _, points in progress().rows)


def test_an_answer_shows_in_progress():
    memory.remember(earned(1))
    assert dict((ex.id, points) for ex, points in progress().rows)["fit-1"] == 1


def test_the_latest_answer_counts():
    memory.remember(earned(1))
    memory.remember(earned(0))
    assert memory.recall("fit-1") == 0


def test_an_open_check_leaves_the_exercise_open():
    check("fit-1", ...)
    assert memory.recall("fit-1") is None


@pytest.mark.parametrize("place", ["working copy", "elsewhere", "a folder that cannot be written"])
def test_an_exercise_that_is_open_again_is_forgotten(place, working_copy, tmp_path, monkeypatch):
    memory.remember(earned(1))
    if place == "elsewhere":
        (working_copy / ".gmm-lab" / "manifest.json").unlink()
        memory.remember(earned(1))
    elif place != "working copy":
        monkeypatch.setattr(memory, "keep", lambda *args: False)
    check("fit-1", ..., ...)
    assert memory.recall("fit-1") is None


def test_in_a_working_copy_its_folder_alone_knows(working_copy):
    memory.remember(earned(1))
    (working_copy / ".gmm-lab" / "progress" / "fit-1.json").unlink()
    assert memory.recall("fit-1") is None


def test_a_working_copy_remembers_after_the_kernel_is_gone(working_copy, monkeypatch):
    memory.remember(earned(1))
    monkeypatch.setattr(memory, "_SEEN", {})
    assert memory.recall("fit-1") == 1


def test_outside_a_working_copy_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory.remember(earned(1))
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"points": "many"}', '{"points": null}'])
def test_a_spoilt_memory_reads_as_open(working_copy, content):
    folder = working_copy / ".gmm-lab" / "progress"
    folder.mkdir()
    (folder / "fit-1.json").write_text(content)
    assert memory.recall("fit-1") is None


def test_a_memory_that_cannot_be_written_does_not_disturb(working_copy):
    (working_copy / ".gmm-lab" / "progress").write_text("a file where a folder should be")
    memory.remember(earned(1))
    assert memory.recall("fit-1") == 1


def row_of_fit_1(home):
    page = (home / memory.PAGE).read_text(encoding="utf-8")
    return next(row for row in page.split("<tr>") if "<td>fit-1</td>" in row)


def test_each_check_brings_the_page_of_the_whole_lab_up_to_date(working_copy):
    memory.remember(earned(FIT.points))
    assert "✓ right" in row_of_fit_1(working_copy)
    check("fit-1", ..., ...)
    assert "○ open" in row_of_fit_1(working_copy)
    assert all(f"<td>{ex.id}</td>" in (working_copy / memory.PAGE).read_text(encoding="utf-8") for ex in exercises())


def test_a_page_that_cannot_be_written_does_not_disturb(working_copy):
    (working_copy / memory.PAGE).mkdir()
    memory.remember(earned(1))
    assert memory.recall("fit-1") == 1


def test_a_terminal_shows_one_line_for_each_notebook_and_in_one_notebook_one_for_each_exercise():
    memory.remember(earned(FIT.points))
    assert len(progress().lines()) == len({ex.notebook for ex in exercises()})
    (line,) = [line for line in progress().lines() if line.startswith("03_fit_mixture")]
    assert "  right: fit-1; open: fit-2" in line
    assert [line.split()[0] for line in progress("03").lines()] == [ex.id for ex in exercises("03_fit_mixture")]


def test_the_table_says_points_and_states():
    memory.remember(earned(FIT.points))
    shown = progress(FIT.notebook)
    total = sum(ex.points for ex in exercises(FIT.notebook))
    assert repr(shown).startswith(f"{FIT.points:g} of {total:g} points; 1 of ")
    assert "✓ right" in shown._repr_html_() and "○ open" in shown._repr_html_()


@pytest.mark.parametrize("name", ["03", "03_fit", "03_fit_mixture.ipynb"])
def test_a_notebook_may_be_meant_by_its_number_or_how_it_begins(name):
    assert {ex.notebook for ex, _ in progress(name).rows} == {"03_fit_mixture"}


def test_an_unknown_notebook_names_the_known_ones():
    with pytest.raises(ValueError, match="03_fit_mixture"):
        progress("99_nothing")


def test_a_remembered_answer_is_plain_json(working_copy):
    memory.remember(earned(1))
    assert json.loads((working_copy / ".gmm-lab" / "progress" / "fit-1.json").read_text())["points"] == 1


def test_different_answers_are_counted_in_a_working_copy_beyond_the_kernels_life(working_copy, monkeypatch):
    tries = [check("bayesian-3", answer).payload["tries"] for answer in ("a", "b", "b", ..., "a")]
    assert tries == [1, 2, 2, 2, 2]
    monkeypatch.setattr(memory, "_SEEN", {})
    assert check("bayesian-3", "c").payload["tries"] == 3


def test_outside_a_working_copy_the_kernel_counts_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [check("bayesian-3", answer).payload["tries"] for answer in "abcd"] == [1, 2, 3, 4]


def test_what_an_older_lab_remembered_is_read(working_copy):
    memory.keep(working_copy, "fit-1", 2)
    (working_copy / ".gmm-lab" / "progress" / "fit-1.json").write_text('{"points": 2}')
    assert memory.recall("fit-1") == 2
    assert check("fit-1", 1, 2).payload["tries"] == 1


@cache
def copy_of(notebook):
    return student_copy(read_notebook(paths.lab_folder() / "notebooks" / f"{notebook}.ipynb")).cells


@pytest.mark.parametrize("id", [ex.id for ex in exercises()])
def test_run_all_on_an_untouched_file_leaves_no_points_of_earlier_answers(id, working_copy):
    ex = find(id)
    cells = {cell.id: cell.source for cell in copy_of(ex.notebook)}
    memory.remember(Feedback(ex, [Line(ex.points, True, "m", None)]))
    names = {}
    for name, source in cells.items():
        if name == "imports" or name.endswith("-answer"):
            exec(source, names)
    plt.close("all")
    feedback = eval(cells[f"{id}-check"], names)
    assert feedback.status == "open"
    assert memory.recall(id) is None
