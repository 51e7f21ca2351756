"""Every saved notebook is clean, and every rule of hygiene can be broken."""

import re
from itertools import pairwise

import nbformat
import pytest

from gmmlab.course.author.student_copies import student_copy
from gmmlab.course.notebooks import to_bytes
from gmmlab.exercises import exercises
from notebook_hygiene import problems_of

CLOSING = ["Exercises", "What to take away", "Further reading"]
OPENING = ["**What you do.**", "**What you learn.**", "**What you need.**", "**How long.**"]


def test_the_notebook_is_clean(notebook):
    assert problems_of(notebook) == []


def test_the_file_is_in_its_normal_form(path):
    assert path.read_bytes() == to_bytes(nbformat.read(path, as_version=4))


def test_the_notebook_knows_its_own_name(path, notebook):
    assert notebook.metadata.gmmlab.notebook == path.stem


def headings(notebook) -> list[tuple[int, str]]:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", text, flags=re.M)]


def test_it_has_one_title_numbered_as_its_file(path, notebook):
    titles = [title for level, title in headings(notebook) if level == 1]
    assert len(titles) == 1
    assert titles[0].startswith(f"{int(path.stem[:2])}. ")


def test_no_heading_skips_a_level(notebook):
    levels = [level for level, _ in headings(notebook)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_opens_like_the_others(notebook):
    assert [part for part in OPENING if part not in notebook.cells[0].source] == []


def test_it_closes_like_the_others(notebook):
    sections = [title for level, title in headings(notebook) if level == 2]
    assert sections[-3:] == CLOSING


def test_all_imports_are_in_the_first_code_cell(notebook):
    first, *rest = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "import " in first.source
    late = [cell.id for cell in rest if re.search(r"^(import|from) ", cell.source, flags=re.M)]
    assert late == []


def test_cells_are_short(notebook):
    lengths = {
        cell.id: sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
    assert {id: n for id, n in lengths.items() if n > 20} == {}


def exercise_cells(notebook, kind: str) -> dict:
    return {c.metadata.nbgrader.grade_id: c for c in notebook.cells if c.metadata.get("nbgrader", {}).get(kind)}


def test_its_exercises_are_those_of_the_registry(path, notebook):
    cells = exercise_cells(notebook, "grade")
    assert {id: cell.metadata.nbgrader.points for id, cell in cells.items()} == {
        ex.id: ex.points for ex in exercises(path.stem)
    }


def test_each_exercise_is_a_task_an_answer_and_a_check(path, notebook):
    ids = [cell.id for cell in notebook.cells]
    for ex in exercises(path.stem):
        at = ids.index(f"{ex.id}-task")
        assert ids[at : at + 3] == [f"{ex.id}-task", f"{ex.id}-answer", f"{ex.id}-check"]
        task, answer, check = notebook.cells[at : at + 3]
        assert task.source.startswith(f"### Exercise {ex.id}: {ex.title} ({ex.points:g} point")
        assert "### BEGIN SOLUTION" in answer.source
        assert check.source.startswith(f'check("{ex.id}", ')


def test_the_saved_solutions_get_full_points(path, notebook):
    for id, cell in exercise_cells(notebook, "grade").items():
        points = float(cell.outputs[-1].data["text/plain"])
        assert points == cell.metadata.nbgrader.points, id


def test_the_student_copy_holds_no_solution(notebook):
    assert "BEGIN SOLUTION" not in nbformat.writes(student_copy(notebook))


def broken_by(change):
    """Return the problems of a small clean notebook after a change."""
    cell = nbformat.v4.new_code_cell("1 + 1", id="add", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert problems_of(notebook) == []
    change(notebook, cell)
    return problems_of(notebook)


def show(text):
    return lambda notebook, cell: cell.outputs[0].data.update({"text/plain": text})


def picture(alt):
    return nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata={"image/png": {"alt": alt}})


BREACHES = {
    "outputs stripped": lambda notebook, cell: cell.outputs.clear(),
    "count": lambda notebook, cell: cell.update(execution_count=7),
    "error": lambda n, cell: cell.outputs.append(nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])),
    "stderr": lambda n, cell: cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="w")),
    "address": show("<object at 0x7f3a2b1c9d00>"),
    "path": show("/home/student/lab/data.csv"),
    "timing": show("it took 3.2 s"),
    "numpy scalar": show("np.float64(3.5)"),
    "metadata": lambda notebook, cell: cell.metadata.update(collapsed=True),
    "notebook metadata": lambda notebook, cell: notebook.metadata.update(widgets={}),
    "python version": lambda notebook, cell: notebook.metadata.update(language_info={"version": "3"}),
    "semicolon": lambda notebook, cell: cell.update(source="1 + 1;"),
    "random id": lambda notebook, cell: cell.update(id="3f2b8c1d"),
    "no caption": lambda notebook, cell: cell.outputs.append(
        picture("A line that rises from the left to the right side.")
    ),
    "no alt text": lambda notebook, cell: cell.outputs[0].data.update({"image/png": "iVBORw0KGgo="}),
    "size": show("x" * 600_000),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_hygiene_catches(breach):
    assert broken_by(BREACHES[breach]) != []


def test_hygiene_catches_a_real_notebook_stripped_of_its_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    assert any("No cell has an output" in problem for problem in problems_of(notebook))
