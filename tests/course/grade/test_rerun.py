"""Judging what comes out of the sandbox. The sandbox itself is tested beside its own code."""

import csv
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from course.grade.classroom import answer, cell_of, lab_notebook, to_bytes
from gmmlab.course.cli import main
from gmmlab.course.grade.assess import worked_cells
from gmmlab.course.grade.store import Store, seed_of
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.course.grade.workers import Mode, Work, grade_one
from gmmlab.exercises import ANSWER_MIME
from gmmlab.exercises.answers import record_calls
from gmmlab.exercises.registry import find

MODE = Mode(rerun=True, seed=11)


def whole_covariance(weights, means, covariances):
    offsets = means - weights @ means
    parts = zip(weights, offsets, covariances, strict=True)
    return sum(w * (c + np.outer(o, o)) for w, o, c in parts)


def within_only(weights, means, covariances):
    return np.average(covariances, axis=0, weights=weights)


@pytest.fixture
def sandbox(monkeypatch):
    """Put a sandbox in place that gives back what a test says, and notes what it was given."""
    asked = {}

    def rerun(notebook, *, inputs, limits, sandbox, worked, by_counts):
        asked.update(inputs=inputs, sandbox=sandbox, worked=worked)
        return SimpleNamespace(**asked["by counts" if by_counts and "by counts" in asked else "gives"](inputs))

    module = ModuleType("gmmlab.course.sandbox")
    module.rerun = rerun
    monkeypatch.setitem(sys.modules, "gmmlab.course.sandbox", module)
    return asked


def run_with(function, status="ok", **changes):
    """Return what a sandbox gives that has called this function on the inputs that it got."""

    def gives(inputs):
        notebook = lab_notebook()
        bundle = cell_of(notebook, "fit-3-check")["outputs"][0]["data"]
        calls = record_calls(function, inputs["fit-3"], 0)
        bundle["application/vnd.gmmlab.answer+json"]["answers"] = [calls]
        for exercise, value in changes.items():
            answer(notebook, exercise.replace("_", "-"), value)
        return {"status": status, "notebook": notebook}

    return gives


def graded(notebook=None):
    return grade_one(Work("key", to_bytes(notebook or lab_notebook()), MODE), hard=False)


def test_functions_are_called_on_inputs_drawn_from_the_seed(sandbox):
    sandbox["gives"] = run_with(whole_covariance)
    graded()
    drawn = find("fit-3").inputs(11)
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(sandbox["inputs"]["fit-3"], drawn, strict=True))


def test_right_function_earns_its_points_on_hidden_inputs(sandbox):
    sandbox["gives"] = run_with(whole_covariance)
    result, _ = graded()
    assert (result.status, result.points, result.flags) == ("ok", 6, [])


def test_results_that_were_learnt_by_heart_fail(sandbox):
    published = [np.asarray(whole_covariance(*arguments)) for arguments in find("fit-3").inputs(0)]
    sandbox["gives"] = run_with(lambda weights, means, covariances: published[0])
    result, _ = graded()
    assert result.exercises["fit-3"].points == 0
    assert result.flags == ["saved and re-run answers differ: fit-3 (2 saved, 0 re-run)"]


def test_usual_mistake_is_recognised_on_hidden_inputs(sandbox):
    sandbox["gives"] = run_with(within_only)
    result, _ = graded()
    assert "within-only" in dict(result.exercises["fit-3"].mistakes)


def test_what_the_new_run_gives_counts_and_the_difference_is_flagged(sandbox):
    sandbox["gives"] = run_with(whole_covariance, fit_2="a")
    result, _ = graded()
    assert result.points == 4
    assert result.flags == ["saved and re-run answers differ: fit-2 (2 saved, 0 re-run)"]


def test_the_worked_cells_of_the_lab_need_not_run_again_unless_all_shall(sandbox, monkeypatch):
    sandbox["gives"] = run_with(whole_covariance)
    graded()
    assert sandbox["worked"] == worked_cells("03_fit_mixture")
    assert 5 < len(sandbox["worked"]) < len([c for c in lab_notebook()["cells"] if c["cell_type"] == "code"])
    monkeypatch.setitem(globals(), "MODE", replace(MODE, full=True))
    graded()
    assert sandbox["worked"] == ()
    assert str(MODE) != str(replace(MODE, full=False))


def test_notebook_that_was_never_run_earns_what_running_it_gives(sandbox):
    sandbox["gives"] = run_with(whole_covariance)
    notebook = lab_notebook()
    cell_of(notebook, "fit-1-check")["outputs"] = []
    result, _ = graded(notebook)
    assert result.points == 6
    assert "saved and re-run answers differ: fit-1 (only re-run)" in result.flags


def test_death_of_the_kernel_is_the_status_and_the_other_answers_count(sandbox):
    sandbox["gives"] = run_with(whole_covariance, status="kernel died at cell 7")
    result, page = graded()
    assert (result.status, result.points) == ("kernel died at cell 7", 6)
    assert b"when it was run again: kernel died at cell 7" in page


def test_run_without_a_notebook_has_no_points(sandbox):
    sandbox["gives"] = lambda inputs: {"status": "timed out", "notebook": None}
    result, page = graded()
    assert (result.status, result.points, page) == ("timed out", None, None)


def moved():
    """Return a notebook whose check cells stand at the top and were run last."""
    notebook = lab_notebook()
    notebook["cells"].sort(key=lambda cell: not cell["id"].endswith("-check"))
    return notebook


def test_where_the_order_of_the_file_earns_less_that_of_the_counts_is_tried(sandbox):
    sandbox["gives"] = run_with(within_only, fit_2="a")
    sandbox["by counts"] = run_with(whole_covariance)
    result, _ = graded(moved())
    assert (result.status, result.points, result.flags) == ("ok", 6, ["cells run out of order"])
    result, _ = graded()
    assert (result.status, result.points) == ("ok", 3)


def test_what_earns_less_than_saved_in_either_order_is_not_ok(sandbox):
    sandbox["gives"] = run_with(whole_covariance, fit_2="a")
    sandbox["by counts"] = run_with(within_only, fit_2="a")
    result, page = graded(moved())
    assert (result.status, result.points) == ("order", 4)
    assert b"in another order than they stand in" in page


def test_flags_look_at_both_files_and_tries_are_those_of_the_saved_one(sandbox):
    def gives(inputs):
        came = run_with(whole_covariance)(inputs)
        cell_of(came["notebook"], "fit-2-check")["outputs"][0]["data"][ANSWER_MIME]["source"] = "0"
        return came

    sandbox["gives"] = gives
    saved = lab_notebook()
    cell_of(saved, "fit-1-check")["outputs"][0]["data"][ANSWER_MIME].update(lab="0.0", tries=7)
    result, _ = graded(saved)
    assert result.flags == [
        "answers by another version of the lab: fit-1",
        "when it was run again: made by code that is not in the notebook: fit-2",
    ]
    assert result.exercises["fit-1"].tries == 7


def test_what_the_notebook_says_of_its_points_is_not_on_the_page(sandbox):
    sandbox["gives"] = run_with(whole_covariance)
    saved = lab_notebook()
    shown = cell_of(saved, "progress")["outputs"][0]["data"]["text/plain"]
    assert "6 of 6 points; 3 of 3 exercises answered" in "".join(shown)
    assert b"exercises answered" not in graded()[1]


def test_results_of_other_seeds_are_not_mixed_up():
    assert len({str(Mode()), str(MODE), str(Mode(rerun=True, seed=12)), str(Mode(True, 11, "none"))}) == 4


def command(tmp_path, *options):
    (tmp_path / "work" / "ann").mkdir(parents=True)
    (tmp_path / "work" / "ann" / "nb.ipynb").write_bytes(b"")
    return main(["grade", str(tmp_path / "work"), "-o", str(tmp_path / "out"), "--rerun", "--jobs", "1", *options])


@pytest.fixture
def nowhere(sandbox, monkeypatch):
    module = sys.modules["gmmlab.course.sandbox"]
    missing = "The sandbox needs bubblewrap: `apt-get install bubblewrap`."
    module.available = lambda sandbox: missing if sandbox == "bubblewrap" else None
    module.Limits = SimpleNamespace


def test_without_a_sandbox_the_command_refuses_and_says_how_to_get_one(nowhere, tmp_path, capsys):
    assert command(tmp_path) == 2
    assert "apt-get install bubblewrap`. Or run them without: --sandbox none." in capsys.readouterr().err
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.slow
def test_without_a_sandbox_the_risk_is_taken_only_by_request_and_with_a_warning(nowhere, tmp_path, capsys):
    assert command(tmp_path, "--sandbox", "none") == 1
    assert "students' code runs with your rights" in capsys.readouterr().err
    assert (tmp_path / "out" / "grades.csv").exists()


def test_seed_that_nobody_gave_stays_that_of_the_folder(tmp_path):
    assert seed_of(tmp_path, 7) == 7
    drawn = seed_of(tmp_path, None)
    assert drawn > 0
    assert seed_of(tmp_path, None) == drawn


def test_after_pages_were_handed_out_inputs_are_new_and_what_is_graded_stays(tmp_path):
    drawn = seed_of(tmp_path, None)
    Store(tmp_path).hand_out([], tmp_path / "feedback")
    assert seed_of(tmp_path, None) != drawn
    assert str(Mode(True, 1, asked=False)) == str(Mode(True, 2, asked=False)) != str(Mode(True, 2))


@pytest.mark.slow
def test_the_real_sandbox_gives_a_right_function_its_points_and_a_learnt_one_none(tmp_path):
    from gmmlab.course import sandbox

    if missing := sandbox.available():
        pytest.skip(missing)
    for name, source in (
        ("honest", None),
        ("learnt", "whole_covariance = lambda *given: [[0.26, 0.25], [0.25, 0.26]]"),
    ):
        notebook = lab_notebook()
        kept = ("fit-3-answer", "fit-3-check", "fit-2-answer", "fit-2-check")
        imports = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        notebook["cells"] = [imports, *(cell_of(notebook, id) for id in kept)]
        if source:
            cell_of(notebook, "fit-3-answer")["source"] = source
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / "nb.ipynb").write_bytes(to_bytes(notebook))
    grade_class(tmp_path / "work", tmp_path / "out", Mode(True, 3, "bubblewrap", sandbox.Limits(), full=True))
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        honest, learnt = csv.DictReader(file)
    assert (honest["status"], honest["fit-3"], honest["fit-2"]) == ("ok", "2", "2")
    assert (learnt["status"], learnt["fit-3"], learnt["fit-2"]) == ("ok", "0", "2")
    assert "saved and re-run answers differ: fit-3 (2 saved, 0 re-run)" in learnt["flags"]
