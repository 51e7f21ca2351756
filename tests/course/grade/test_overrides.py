"""Points and comments by hand: applied last, shown as such, kept, and flagged when the work under them changes."""

import os
import re

import pytest

from course.grade.classroom import FIT, answer, lab_notebook
from course.grade.test_course import DUE, small, table
from exercises.cases.labels import ZOOLOGIST
from gmmlab.course import LabError
from gmmlab.course.grade.assess import Judged
from gmmlab.course.grade.collect import collect
from gmmlab.course.grade.gradebook import Gradebook, Row
from gmmlab.course.grade.overrides import Override, read_overrides
from gmmlab.course.grade.store import Store
from gmmlab.course.grade.whole_class import grade_class

HEAD = "student,exercise,points,reason,comment\n"


def read(tmp_path, text):
    (tmp_path / "overrides.csv").write_text(text, encoding="utf-8")
    return read_overrides(tmp_path / "overrides.csv")


@pytest.mark.parametrize("line", ["ann;fit-2;+0,5;kind;", "\nann;FIT-2;'+0.5;kind;\n"])
def test_a_spreadsheet_s_forms_are_read(tmp_path, line):
    assert [tuple(one) for one in read(tmp_path, HEAD.replace(",", ";") + line)] == [
        ("ann", "fit-2", 0.5, True, "kind", "")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "ann,fit-9,1,,\n", r"line 2: there is no exercise 'fit-9'; exercises are called fit-1, fit-2"),
        (HEAD + "ann,fit-1,1,,\n,fit-1,1,,\n", "line 3: it names no student"),
        (HEAD + "ann,fit-1,many,,\n", "line 2: points are a number"),
        (HEAD + "ann,fit-1,20,,\n", r"line 2: fit-1 has 2 points, not 20; to give more, write \+18"),
        ("student,points\nann,1\n", "no column exercise"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path, text, words):
    with pytest.raises(LabError, match=words):
        read(tmp_path, text)


RULES = "time_zone = 'UTC'\n[late]\npercent_per_day = 10\n[notebooks.03]\npoints = 60\ndue = '2026-11-20 22:00'\n"


@pytest.fixture
def root(tmp_path):
    for name, notebook in (("ann", lab_notebook()), ("bob", answer(lab_notebook(), "fit-2", 1))):
        hand_in(tmp_path, name, notebook, DUE - 10)
    (tmp_path / "class.csv").write_text("name,id\nann,1\nbob,2\ncia,3\n")
    (tmp_path / "course.toml").write_text("class_list = 'class.csv'\n" + RULES)
    return tmp_path


def hand_in(root, name, notebook, when):
    path = root / "work" / name / "a.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small(notebook))
    os.utime(path, (when, when))


def graded(root, lines):
    (root / "overrides.csv").write_text(HEAD + lines, encoding="utf-8")
    grade_class(root / "work", root / "out")
    return table(root / "out" / "grades.csv")


@pytest.mark.slow
def test_points_by_hand_from_first_to_last(root):
    hand_in(root, "bob", answer(lab_notebook(), "fit-2", 1), DUE + 10)
    rows = graded(
        root, "2,fit-2,1,misread,Look at the plot.\nbob,fit-1,+0.5,kind,\ncia,fit-1,2,oral exam,\nzoe,fit-1,1,,\n"
    )
    parts = {name: [row[part] for part in ("points", "penalty", "change", "total")] for name, row in rows.items()}
    assert parts["ann"] == ["60", "0", "0", "60"]
    assert parts["bob"] == ["50", "5", "5", "50"]
    assert parts["cia"] == ["20", "0", "0", "20"]
    assert (rows["bob"]["fit-1"], rows["bob"]["fit-2"]) == ("2.5", "1")
    assert rows["bob"][f"{FIT} note"] == "1 day late: 10% off; fit-1 +0.5 (kind); fit-2 set to 1 (misread)"
    problems = table(root / "out" / "problems.csv")
    assert (problems["zoe"]["file"], problems["zoe"]["reason"]) == ("overrides.csv", "no student is called zoe")
    page = (root / "out" / "feedback" / "bob" / f"{FIT}.html").read_text(encoding="utf-8")
    assert "Handed in by bob: <strong>50 of 60 points</strong>" in page
    steps = re.findall(r"<tr><th scope=row>([^<]*)</th><td class=n>([^<]*)</td></tr>", page)
    assert steps == [
        ("by the checks", "40"),
        ("fit-2 set to 1 (misread)", "+10"),
        ("1 day late: 10% off", "-5"),
        ("fit-1 +0.5 (kind)", "+5"),
        ("what counts", "50"),
    ]
    assert "On fit-2: Look at the plot." in page
    untouched = (root / "out" / "feedback" / "ann" / f"{FIT}.html").read_text(encoding="utf-8")
    assert "Handed in by ann: <strong>60 of 60 points</strong>" in untouched
    assert "How the points came about" not in untouched


@pytest.mark.slow
def test_points_by_hand_are_kept_and_flagged_when_the_work_changes(root):
    line = "bob,fit-2,1,misread,\n"
    assert "set by hand" not in graded(root, line)["bob"]["flags"]
    hand_in(root, "bob", answer(lab_notebook(), "fit-2", 2), DUE - 5)
    for _ in range(2):
        row = graded(root, line)["bob"]
        assert row["fit-2"] == "1"
        assert "the answer has changed since it was set by hand: fit-2 set to 1 (misread)" in row["flags"]
    assert "set by hand" not in graded(root, "bob,fit-2,1,misread again,\n")["bob"]["flags"]


@pytest.mark.slow
def test_two_lines_about_one_exercise_are_refused(root):
    with pytest.raises(LabError, match="sets fit-2 of bob twice"):
        graded(root, "2,fit-2,1,,\nbob,fit-2,2,,\n")


@pytest.mark.slow
def test_a_text_is_shown_beside_its_criteria_and_graded_by_hand(tmp_path):
    notebook = answer(
        lab_notebook("11_use_labels"), "labels-5", ZOOLOGIST.replace("the computer", "<b>the computer</b>")
    )
    hand_in(tmp_path, "ann", notebook, DUE)
    hand_in(tmp_path, "bob", answer(lab_notebook("11_use_labels"), "labels-5", "Too short."), DUE)
    rows = graded(tmp_path, "")
    assert [rows[name]["labels-5"] for name in ("ann", "bob")] == ["3", "0"]
    assert ["texts to be read: labels-5" in rows[name]["flags"] for name in ("ann", "bob")] == [True, False]
    page = (tmp_path / "out" / "texts.html").read_text(encoding="utf-8")
    assert "it says what a component is, in her words" in page
    assert "&lt;b&gt;the computer&lt;/b&gt; the kind" in page
    assert table(tmp_path / "out" / "texts.csv")["ann"]["exercise"] == "labels-5"
    rows = graded(tmp_path, "ann,labels-5,2,the ring is missing,Well told.\nbob,labels-5,,,\n")
    assert rows["ann"]["labels-5"] == "2"
    assert "texts to be read" not in rows["ann"]["flags"]
    assert "ann" not in table(tmp_path / "out" / "texts.csv")
    assert "set to 2 (the ring is missing)" in (tmp_path / "out" / "texts.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_new_inputs_of_a_rerun_are_no_other_work(tmp_path):
    hand_in(tmp_path, "ann", lab_notebook(), DUE)
    flags = []
    for answer_now, code in (("one", "same"), ("two", "same"), ("two", "other")):
        line = Override("ann", "fit-1", 1, False)
        book = Gradebook(collect(tmp_path / "work"), Store(tmp_path / "out"), [], overrides=[line])
        book.mode = "rerun seed=1"
        row = Row(book.students[0], "ann", None, overrides={"fit-1": [line]})
        book._compare(row, FIT, {"fit-1": Judged(2, "right", answer=answer_now, code=code)})
        book.finish()
        flags.append(len(row.flags[FIT]))
    assert flags == [0, 0, 1]
