"""A check that was mended changes grades, and the table of changes says whose, by how much, and why."""

import csv
from dataclasses import replace

import pytest

from course.grade.classroom import FIT, answer, lab_notebook
from course.grade.test_course import DUE, table
from course.grade.test_overrides import HEAD, RULES, hand_in
from course.grade.test_whole_class import TOO_FEW
from gmmlab.course.grade import assess, store, workers
from gmmlab.course.grade.tables import cell
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.judging import judge

pytestmark = pytest.mark.slow


def graded(root):
    done = grade_class(root / "work", root / "out")
    path = root / "out" / "changes.csv"
    if not path.is_file():
        return done.changes, []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return done.changes, [list(row.values())[1:] for row in csv.DictReader(file)]


def test_who_gains_and_loses_by_a_mended_check(tmp_path, monkeypatch):
    hand_in(tmp_path, "ann", lab_notebook(), DUE)
    hand_in(tmp_path, "bob", answer(lab_notebook(), "fit-2", TOO_FEW), DUE)
    assert graded(tmp_path) == (0, [])
    assert graded(tmp_path) == (0, [])

    def mended(payload):
        """Find the answers to fit-2 right that were wrong, and the other way round."""
        feedback = judge(payload)
        lines = [replace(line, met=not line.met, mistake=None) for line in feedback.lines]
        return Feedback(feedback.exercise, lines, payload) if feedback.exercise.id == "fit-2" else feedback

    monkeypatch.setattr(assess, "judge", mended)
    monkeypatch.setattr(store, "lab_version", lambda: "a later one")
    monkeypatch.setattr(
        "gmmlab.course.grade.gradebook.grade_all",
        lambda works, *_: ((w, workers.grade_one(w, hard=False)) for w in works),
    )
    changes, lines = graded(tmp_path)
    assert changes == 2
    assert [line[:7] for line in lines] == [
        ["ann", "", FIT, "fit-2", "2", "0", "-2"],
        ["bob", "", FIT, "fit-2", "0", "2", "2"],
    ]
    assert all(line[7].startswith("the check has changed; before: ") for line in lines)
    assert lines[1][7].endswith("now: right")
    assert graded(tmp_path) == (0, lines)  # they stay


def test_other_work_rules_and_overrides_are_told_apart(tmp_path):
    hand_in(tmp_path, "ann", lab_notebook(), DUE + 10)
    hand_in(tmp_path, "bob", answer(lab_notebook(), "fit-2", 1), DUE)
    graded(tmp_path)
    (tmp_path / "course.toml").write_text(RULES.replace("points = 60\n", ""))
    assert graded(tmp_path)[1][-1] == [
        "ann",
        "",
        FIT,
        "",
        "6",
        "5.4",
        "-0.6",
        "lateness: 1 day late: 10% off, before: none",
    ]
    (tmp_path / "overrides.csv").write_text(HEAD + "ann,fit-1,1,copied,\n")
    assert graded(tmp_path)[1][-1] == ["ann", "", FIT, "fit-1", "2", "1", "-1", "by hand: fit-1 set to 1 (copied)"]
    hand_in(tmp_path, "bob", lab_notebook(), DUE)
    assert graded(tmp_path)[1][-1] == ["bob", "", FIT, "fit-2", "0", "2", "2", "another answer counts"]
    assert len(table(tmp_path / "out" / "changes.csv", "change")) == 3


@pytest.mark.parametrize("text", ["-1", "-0.5", "3e-05", "12"])
def test_a_number_stays_a_number(text):
    assert cell(text) == text


@pytest.mark.parametrize("text", ["-1+2", "=1", "-a", "+1", "- 1"])
def test_what_begins_like_a_formula_becomes_a_text(text):
    assert cell(text) == f"'{text}"
