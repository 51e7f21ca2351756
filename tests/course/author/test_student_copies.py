import pytest
from nbformat.v4 import new_notebook

from gmmlab.course import LabError
from gmmlab.course.author.student_copies import STUB, remove_solutions, student_copy
from gmmlab.course.notebooks import read_notebook


@pytest.fixture
def cells(lab):
    notebook = lab.read("02_fit")
    return {cell.id: cell for cell in student_copy(notebook).cells}


def test_solution_gives_way_to_the_stub_and_the_name_keeps_its_ellipsis(cells):
    assert cells["fit-1-answer"].source == f"fit_1 = ...\n{STUB}"


def test_no_marker_and_no_solution_is_left(cells):
    everything = "\n".join(cell.source for cell in cells.values())
    assert "SOLUTION" not in everything
    assert "7" not in everything


@pytest.mark.parametrize("name", ["fit-1-answer", "fit-1-check"])
def test_exercise_cells_show_no_outputs(cells, name):
    assert (cells[name].outputs, cells[name].execution_count) == ([], None)


def test_outputs_of_the_worked_part_are_kept(lab):
    notebook = lab.read("02_fit")
    notebook.cells[2].metadata = {}
    notebook.cells[2].source = "print(7)"
    kept = student_copy(notebook).cells[2]
    assert (kept.outputs[0].text, kept.execution_count) == ("7\n", 1)


def test_the_table_of_exercises_done_is_cleared(lab):
    notebook = lab.read("02_fit")
    notebook.cells[2].metadata = {}
    notebook.cells[2].update(id="progress", source="print(7)")
    assert student_copy(notebook).cells[2].outputs == []


@pytest.mark.parametrize(("name", "protected"), [("fit-1-task", True), ("fit-1-check", True), ("fit-1-answer", False)])
def test_exactly_the_locked_cells_are_protected_in_jupyterlab(cells, name, protected):
    metadata = cells[name].metadata
    assert (metadata.get("editable") is False and metadata.get("deletable") is False) is protected


def test_the_source_notebook_is_not_changed(lab):
    notebook, before = lab.read("02_fit"), lab.read("02_fit")
    student_copy(notebook)
    assert notebook == before


def test_a_student_copy_of_a_student_copy_is_the_same(lab):
    once = student_copy(lab.read("02_fit"))
    assert student_copy(once) == once


def test_stub_stands_at_the_indentation_of_the_solution():
    source = "def f(x):\n    ### BEGIN SOLUTION\n    y = x\n    return y\n    ### END SOLUTION\nf(1)"
    assert remove_solutions(source, "cell") == f"def f(x):\n    ...  {STUB}\nf(1)"


def test_every_solution_of_a_cell_is_replaced():
    one = "### BEGIN SOLUTION\n1\n### END SOLUTION"
    assert remove_solutions(f"{one}\nb = 2\n{one}", "cell") == f"{STUB}\nb = 2\n{STUB}"


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN SOLUTION\n1",
        "1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### END SOLUTION\n### END SOLUTION",
    ],
)
def test_unbalanced_markers_are_refused_and_the_cell_is_named(source):
    with pytest.raises(LabError, match=r"cell 'fit-1'.*SOLUTION"):
        remove_solutions(source, "cell 'fit-1'")


@pytest.mark.slow
def test_run_all_on_a_student_copy_goes_to_the_end(lab, tmp_path):
    from gmmlab.course.author.execute import execute

    copy = student_copy(read_notebook(lab.path("02_fit")))
    assert execute(copy, tmp_path, timeout=600, tick=lambda _=1: None) == ""
    assert copy.cells[-1].outputs[0].text == "Ellipsis\n"


def test_a_solution_outside_an_exercise_does_not_leak_through_its_output(lab):
    answer = lab.read("02_fit").cells[2]
    answer.metadata = {}
    assert student_copy(new_notebook(cells=[answer])).cells[0].outputs == []
