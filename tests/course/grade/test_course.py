"""A class with rules: due dates, extensions, late days, weights. The rules change the grades, and judge nothing."""

import csv
import os
import zipfile
from datetime import UTC, datetime

import pytest

from course.grade.classroom import FIT, answer, cell_of, lab_notebook, to_bytes
from gmmlab.course import LabError, cli
from gmmlab.course.grade import gradebook
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.exercises import exercises
from gmmlab.exercises.feedback import ANSWER_MIME

pytestmark = pytest.mark.slow

PREPROCESS, PLOT = "02_preprocess_features", "05_plot_mixture"
DUE = datetime(2026, 11, 20, 22, 0, tzinfo=UTC).timestamp()
DAY = 86_400
RULES = """
time_zone = "Europe/Berlin"
class_list = "class.csv"
attempts = "{attempts}"
[late]
percent_per_day = 10
grace_minutes = 15
late_days = 1
[notebooks.03]
points = 60
due = "2026-11-20 23:00"
extensions = {{ 3 = "2026-11-22 23:00", "Nobody At All" = "2026-11-22" }}
excused = ["dan"]
"""
GUESSING = "[guessing]\npercent_per_try = 75\n[notebooks.02]\n"


def small(notebook):
    for cell in notebook["cells"]:
        cell["outputs"] = [o for o in cell.get("outputs", []) if "image/png" not in o.get("data", {})]
    return to_bytes(notebook)


def table(path, key="student"):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def full():
    return small(lab_notebook())


@pytest.fixture(scope="module")
def less():
    return small(answer(lab_notebook(), "fit-2", 1))


@pytest.fixture(scope="module")
def root(tmp_path_factory, full, less):
    """A class that was graded once, without rules."""
    root = tmp_path_factory.mktemp("course")
    (root / "class.csv").write_text("name,id\nann,1\nbob,2\ncia,3\ndan,4\neve,5\n")
    for name, content, late in (
        ("ann/a", full, -DAY), ("bob/a", full, 2.5 * DAY), ("cia/a", full, 2.5 * DAY), ("dan/a", full, 0),
        ("eve/a", less, -DAY), ("eve/b", full, 5 * DAY),
    ):  # fmt: skip
        path = root / "work" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (DUE + late, DUE + late))
    grade_class(root / "work", root / "out")
    return root


@pytest.fixture(scope="module")
def graded(root):
    def again(attempts="latest", text=RULES):
        (root / "course.toml").write_text(text.format(attempts=attempts))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gradebook, "grade_all", lambda works, *_: [pytest.fail("judged again") for _ in works])
            grade_class(root / "work", root / "out")
        return table(root / "out" / "grades.csv")

    return again


def test_new_rules_make_new_grades_and_judge_nothing(graded):
    rows = graded()
    parts = {name: [row[part] for part in ("points", "penalty", "total", "possible")] for name, row in rows.items()}
    assert parts == {
        "ann": ["60", "0", "60", "60"],
        "bob": ["60", "12", "48", "60"],
        "cia": ["60", "0", "60", "60"],
        "dan": ["", "", "", "0"],
        "eve": ["60", "24", "36", "60"],
    }
    assert rows["bob"][f"{FIT} note"] == "3 days late, 1 of them free: 20% off"
    assert rows["bob"][f"{FIT} handed in"] == "2026-11-23 11:00:00"
    assert rows["bob"][f"{FIT} time from"] == "the file's time"
    assert rows["dan"]["status"] == "excused"
    assert rows["bob"]["fit-2"] == "2"


@pytest.mark.parametrize(("attempts", "total"), [("latest", "36"), ("best", "40"), ("before the due date", "40")])
def test_the_attempt_that_counts_is_the_course_s(graded, attempts, total):
    assert graded(attempts)["eve"]["total"] == total


def test_a_student_who_is_not_there_is_a_line_of_problems(root, graded):
    graded()
    (line,) = [row for row in table(root / "out" / "problems.csv").values() if row["status"] == "not found"]
    assert (line["student"], line["file"]) == ("Nobody At All", "course.toml")


def test_what_the_file_names_counts(graded):
    text = RULES.replace("[notebooks.03]", "[notebooks.05]\n[notebooks.03]")
    assert graded(text=text)["ann"][f"{PLOT} status"] == "missing"
    assert graded(text=text)["ann"]["possible"] == f"{60 + sum(ex.points for ex in exercises(PLOT)):g}"


def test_a_mistake_in_the_file_stops_before_anything_is_written(root, graded):
    before = (root / "out" / "grades.csv").read_bytes()
    with pytest.raises(LabError, match=r"course\.toml, line 6, late\.percent_per_day"):
        graded(text=RULES.replace("= 10", "= -10"))
    assert (root / "out" / "grades.csv").read_bytes() == before


def test_what_canvas_marks_late_is_late_and_the_rest_is_not(tmp_path, full):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("doejane_LATE_1_2_a.ipynb", full)
        archive.writestr("roejoe_3_4_a.ipynb", full)
    late = "[late]\npercent_per_day = 10\n"
    (tmp_path / "course.toml").write_text(f'lms = "canvas"\n{late}[notebooks.03]\ndue = "2020-01-01 23:59Z"\n')
    grade_class(tmp_path / "all.zip", tmp_path / "out")
    rows = table(tmp_path / "out" / "grades.csv")
    assert {name: row["total"] for name, row in rows.items()} == {"doejane": "5.4", "roejoe": "6"}
    assert "as the LMS marks it" in rows["doejane"][f"{FIT} note"]
    assert rows["doejane"][f"{FIT} handed in"] == "late"
    assert (tmp_path / "out" / "canvas.csv").is_file()


def test_new_course_writes_a_file_that_changes_nothing_and_overwrites_none(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "course"]) == 0
    assert (tmp_path / "course.toml").is_file()
    assert cli.main(["new", "course"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.main(["new", "exercise"]) == 2
    assert "gmm-lab new exercise NAME" in capsys.readouterr().err


def test_trying_one_answer_after_the_other_costs_what_the_course_says(tmp_path):
    (tmp_path / "course.toml").write_text(GUESSING)
    (tmp_path / "overrides.csv").write_text("student,exercise,points,reason,comment\ncia,preprocess-3,1,we spoke,\n")
    for name, tries in (("ann", 2), ("bob", 3), ("cia", 4)):
        notebook = lab_notebook(PREPROCESS)
        cell_of(notebook, "preprocess-3-check")["outputs"][0]["data"][ANSWER_MIME]["tries"] = tries
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / "a.ipynb").write_bytes(small(notebook))
    grade_class(tmp_path / "work", tmp_path / "out")
    rows, worth = table(tmp_path / "out" / "grades.csv"), sum(ex.points for ex in exercises(PREPROCESS))
    assert {name: float(row["penalty"]) for name, row in rows.items()} == {"ann": 0, "bob": 0.75, "cia": 0}
    assert float(rows["bob"]["total"]) == worth - 0.75
    assert rows["bob"][f"{PREPROCESS} note"] == "preprocess-3 after 3 answers: 75% off"
    assert "preprocess-3 after 3 answers: 75% off" in (tmp_path / "out" / "feedback" / "bob").joinpath(
        f"{PREPROCESS}.html"
    ).read_text(encoding="utf-8")
