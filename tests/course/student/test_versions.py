"""What a student wrote in a notebook is known by the sources of its cells, and goes into the lab's next version."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.small_lab import code, exercise
from gmmlab.course import LabError
from gmmlab.course.author.student_copies import student_copy
from gmmlab.course.notebooks import lab_notebooks, read_notebook, to_bytes
from gmmlab.course.student.versions import carry, version_of
from gmmlab.course.student.working_copy import as_jupyterlab_saves, left_off, reset, synchronise
from gmmlab.exercises import exercises, memory

NAME = "notebooks/02_fit.ipynb"


def lab_version(title="# Fit"):
    """Return the lab's student copy of a notebook with a worked cell and an exercise, as bytes."""
    cells = [new_markdown_cell(title, id="opening"), code("1 + 1", "worked"), *exercise()]
    cells[1].outputs = [new_output("stream", text="2\n")]
    return as_jupyterlab_saves(to_bytes(student_copy(new_notebook(cells=cells))))


class Copy:
    """A working copy with one notebook, which a student reads, runs and writes in."""

    def __init__(self, folder):
        self.folder, self.path = folder, folder / NAME
        self.update(lab_version())

    def update(self, content):
        return [tuple(step) for step in synchronise(self.folder, {NAME: content})]

    def read(self):
        return nbformat.read(self.path, as_version=4)

    def cell(self, id):
        return next(cell for cell in self.read().cells if cell.id == id)

    def change(self, change):
        notebook = self.read()
        change(notebook)
        nbformat.write(notebook, self.path)

    def answer(self, source="fit_1 = 3"):
        def type_and_run(notebook):
            answer, check = notebook.cells[3:5]
            answer.source = source
            check.outputs, check.execution_count = [new_output("stream", text="2 of 2 points")], 9

        self.change(type_and_run)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def what_jupyterlab_does(notebook):
    notebook.metadata.language_info = {"name": "python", "version": "3.99", "mimetype": "text/x-python"}
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    notebook.cells[1].metadata.collapsed = False


def run_to_the_end(notebook):
    """Run all cells by Shift+Enter, which adds an empty cell after the last."""
    for number, cell in enumerate(notebook.cells[1:], 1):
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = number, [new_output("stream", text="another machine\n")]
    notebook.cells.append(new_code_cell(""))


def edited_elsewhere(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", " \r\n") + "\n"


@pytest.mark.parametrize("change", [what_jupyterlab_does, run_to_the_end, edited_elsewhere])
def test_a_notebook_that_nobody_wrote_in_is_nobodys(copy, change):
    copy.change(change)
    assert copy.update(lab_version()) == []
    assert copy.update(lab_version("# Fit well")) == [("updated", NAME, "")]
    assert copy.cell("opening").source == "# Fit well"


def test_a_notebook_that_nobody_wrote_in_is_nobodys_although_the_manifest_is_of_an_early_version(copy):
    manifest = json.loads((copy.folder / ".gmm-lab/manifest.json").read_text())
    from hashlib import sha256

    manifest["files"] = {NAME: sha256(copy.path.read_bytes()).hexdigest()}
    (copy.folder / ".gmm-lab/manifest.json").write_text(json.dumps(manifest))
    assert copy.update(lab_version("# Fit well")) == [("updated", NAME, "")]


def test_new_results_of_the_same_cells_are_a_new_version(copy):
    new = lab_version().replace(b'"2\\n"', b'"two\\n"')
    assert copy.update(new) == [("updated", NAME, "")]
    assert copy.cell("worked").outputs[0].text == "two\n"


@pytest.mark.parametrize("path", lab_notebooks(), ids=lambda path: path.stem)
def test_every_answer_of_the_lab_is_carried_over(path):
    source, given = read_notebook(path), to_bytes(student_copy(read_notebook(path)))
    new = given.replace(b"# ", b"# New: ", 1)
    for cell in source.cells:
        cell.source = cell.source.replace("### BEGIN SOLUTION\n", "").replace("### END SOLUTION", "")
    merged, carried = carry(to_bytes(source), new, version_of(given))
    assert sorted(carried) == [ex.id for ex in exercises(path.stem)]
    answers = {cell.id: cell.source for cell in source.cells if cell.id.endswith("-answer")}
    cells = {cell.id: cell.source for cell in nbformat.reads(merged.decode(), as_version=4).cells}
    assert {id: cells[id] for id in answers} == answers


def test_a_notebook_with_an_answer_is_kept(copy):
    copy.answer()
    assert copy.update(lab_version()) == [("kept", NAME, "you wrote in it")]
    assert copy.cell("fit-1-answer").source == "fit_1 = 3"


def test_an_answer_goes_into_the_new_version_and_the_old_file_is_kept(copy):
    copy.answer()
    old = copy.path.read_bytes()
    ((action, name, note),) = copy.update(lab_version("# Fit well"))
    assert (action, name) == ("updated", NAME)
    assert note == "with your answers to fit-1; your old file is earlier/02_fit-1.ipynb"
    assert (copy.folder / "earlier/02_fit-1.ipynb").read_bytes() == old
    assert copy.cell("opening").source == "# Fit well"
    assert copy.cell("fit-1-answer").source == "fit_1 = 3"


def test_what_the_check_said_goes_with_the_answer(copy):
    copy.answer()
    copy.update(lab_version("# Fit well"))
    assert copy.cell("fit-1-check").outputs[0].text == "2 of 2 points"


def test_a_new_check_has_not_said_anything_yet(copy):
    copy.answer()
    copy.update(lab_version().replace(b"print(fit_1)", b"print(fit_1, 2)"))
    assert copy.cell("fit-1-check").outputs == []


def test_an_answer_goes_to_its_exercise_wherever_that_is(copy):
    copy.answer()
    cells = [*exercise(), code("2 + 2", "more")]
    for cell in cells[:3]:
        cell.id = f"other-{cell.id}"
    copy.update(to_bytes(student_copy(new_notebook(cells=cells))))
    assert copy.read().cells[1].source == "fit_1 = 3"


def test_a_notebook_that_the_lab_renamed_takes_its_answers_along(copy):
    copy.answer()
    new = "notebooks/03_fit.ipynb"
    renamed, updated = synchronise(copy.folder, {new: lab_version("# Fit well")})
    assert renamed == ("renamed", new, f"it was {NAME}")
    assert updated == ("updated", new, "with your answers to fit-1; your old file is earlier/03_fit-1.ipynb")
    copy.path = copy.folder / new
    assert copy.cell("fit-1-answer").source == "fit_1 = 3"
    assert [path.name for path in (copy.folder / "notebooks").iterdir()] == ["03_fit.ipynb"]


def test_a_notebook_that_the_lab_renamed_and_nobody_wrote_in_is_replaced(copy):
    steps = synchronise(copy.folder, {"notebooks/03_fit.ipynb": lab_version()})
    assert [step[:2] for step in steps] == [("removed", NAME), ("new", "notebooks/03_fit.ipynb")]


def test_a_stub_that_nobody_touched_does_not_take_the_place_of_a_new_one(copy):
    copy.change(lambda notebook: notebook.cells.append(new_code_cell("mine = 1")))
    copy.update(lab_version().replace(b"fit_1 = ...", b"fit_1_sd = ..."))
    assert copy.cell("fit-1-answer").source.startswith("fit_1_sd = ...")


def test_cells_of_ones_own_stay_after_the_cell_that_was_above_them(copy):
    def add(notebook):
        notebook.cells[3:3] = [new_code_cell("def mine(): ...", id="a"), new_markdown_cell("See above", id="b")]

    copy.change(add)
    copy.answer("fit_1 = mine()")
    copy.change(lambda notebook: notebook.cells.insert(0, new_markdown_cell("My notes", id="c")))
    copy.update(lab_version("# Fit well"))
    ids = [cell.id for cell in copy.read().cells]
    assert ids == ["c", "opening", "worked", "fit-1-task", "a", "b", "fit-1-answer", "fit-1-check"]


def test_a_pasted_second_answer_is_not_lost(copy):
    copy.answer()

    def paste(notebook):
        again = nbformat.from_dict(notebook.cells[3] | {"id": "pasted", "source": "fit_1 = 4"})
        notebook.cells.insert(4, again)

    copy.change(paste)
    copy.update(lab_version("# Fit well"))
    sources = [cell.source for cell in copy.read().cells]
    assert sources[3:5] == ["fit_1 = 3", "fit_1 = 4"]


def test_a_new_version_that_was_received_is_kept_and_receives_the_next(copy):
    copy.answer()
    copy.update(lab_version("# Fit well"))
    assert copy.update(lab_version("# Fit well")) == [("kept", NAME, "you wrote in it")]
    ((_, _, note),) = copy.update(lab_version("# Fit better"))
    assert note.endswith("your old file is earlier/02_fit-2.ipynb")
    assert copy.cell("fit-1-answer").source == "fit_1 = 3"
    nbformat.validate(copy.read())


def test_a_copy_that_was_killed_before_the_manifest_keeps_one_old_file(copy):
    copy.answer()
    manifest = (copy.folder / ".gmm-lab/manifest.json").read_bytes()
    copy.update(lab_version("# Fit well"))
    (copy.folder / ".gmm-lab/manifest.json").write_bytes(manifest)
    copy.update(lab_version("# Fit well"))
    assert [path.name for path in (copy.folder / "earlier").iterdir()] == ["02_fit-1.ipynb"]


def test_answers_go_over_although_the_manifest_is_lost(copy):
    copy.answer()
    (copy.folder / ".gmm-lab/manifest.json").unlink()
    copy.update(lab_version("# Fit well"))
    assert copy.cell("fit-1-answer").source == "fit_1 = 3"
    assert (copy.folder / "earlier/02_fit-1.ipynb").is_file()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff"])
def test_a_file_that_is_no_notebook_any_more_stays_and_the_new_version_is_put_beside(copy, content):
    copy.path.write_bytes(content)
    ((action, name, _),) = copy.update(lab_version("# Fit well"))
    assert (action, name) == ("put beside", "notebooks/02_fit.new.ipynb")
    assert copy.path.read_bytes() == content


def test_an_update_leaves_the_time_when_the_student_last_worked(copy):
    copy.answer()
    before = copy.path.stat().st_mtime_ns
    copy.update(lab_version("# Fit well"))
    assert copy.path.stat().st_mtime_ns == before


def set_back(copy, *what):
    return tuple(reset(copy.folder, {NAME: lab_version()}, *what))


@pytest.mark.parametrize("name", ["02_fit", "2", "fit", "notebooks/02_fit.ipynb"])
def test_a_notebook_is_set_back_and_the_old_file_is_kept(copy, name):
    copy.answer()
    old = copy.path.read_bytes()
    memory.keep(copy.folder, "fit-1", 2)
    assert set_back(copy, name) == ("reset", NAME, "your old file is earlier/02_fit-1.ipynb")
    assert copy.path.read_bytes() == lab_version()
    assert (copy.folder / "earlier/02_fit-1.ipynb").read_bytes() == old
    assert memory._recall(copy.folder, "fit-1") is None
    assert copy.update(lab_version("# Fit well")) == [("updated", NAME, "")]


@pytest.mark.parametrize("exercise", ["fit-1", "1"])
def test_an_exercise_is_set_back_and_all_else_stays(copy, exercise):
    copy.answer()

    def write(notebook):
        notebook.cells[1].source = "1 + 2  # what if?"
        notebook.cells.insert(3, new_code_cell("mine = 1", id="mine"))

    copy.change(write)
    memory.keep(copy.folder, "fit-1", 2)
    memory.keep(copy.folder, "fit-2", 1)
    assert set_back(copy, "02", exercise) == (
        "reset",
        f"fit-1 in {NAME}",
        "your old file is earlier/02_fit-1.ipynb",
    )
    assert copy.cell("fit-1-answer").source.startswith("fit_1 = ...")
    assert copy.cell("fit-1-check").outputs == []
    assert [cell.id for cell in copy.read().cells][:2] == ["opening", "worked"]
    assert copy.cell("worked").source == "1 + 2  # what if?"
    assert copy.cell("mine").source == "mine = 1"
    assert [memory._recall(copy.folder, id) for id in ("fit-1", "fit-2")] == [None, 1]


def test_an_exercise_whose_answer_cell_was_deleted_is_set_back(copy):
    copy.change(lambda notebook: notebook.cells.pop(3))
    set_back(copy, "02", "fit-1")
    assert copy.read().cells == nbformat.reads(lab_version().decode(), as_version=4).cells


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (("99",), "There is no notebook '99'. The notebooks are: 02_fit."),
        (("02", "fit-9"), "There is no exercise 'fit-9' in 02_fit. Its exercises are: fit-1."),
    ],
)
def test_what_is_not_there_cannot_be_set_back(copy, what, words):
    with pytest.raises(LabError) as error:
        set_back(copy, *what)
    assert str(error.value) == words
    assert not (copy.folder / "earlier").exists()


def test_an_exercise_that_is_gone_is_set_back_with_its_notebook(copy):
    copy.path.write_bytes(b"{")
    with pytest.raises(LabError, match=r"holds no cells of fit-1\. To set .* back: gmm-lab reset 02_fit"):
        set_back(copy, "02", "fit-1")
    set_back(copy, "02")
    assert copy.path.read_bytes() == lab_version()


def test_one_leaves_off_where_one_wrote_or_ran_something_last(tmp_path):
    names = [f"notebooks/{n}.ipynb" for n in "abc"]
    synchronise(tmp_path, dict.fromkeys(names, lab_version()))
    assert left_off(tmp_path, names) == names[0]
    for age, name in ((20, names[1]), (10, names[2])):
        notebook = nbformat.read(tmp_path / name, as_version=4)
        run_to_the_end(notebook)
        nbformat.write(notebook, tmp_path / name)
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    assert left_off(tmp_path, names) == names[2]
    synchronise(tmp_path, dict.fromkeys(names, lab_version()))
    assert left_off(tmp_path, names) == names[2]
