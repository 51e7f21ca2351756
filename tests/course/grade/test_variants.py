"""Whose data an answer is for: the id stored with it against the class list."""

import csv

import pytest

from course.grade.classroom import answer, lab_notebook, to_bytes
from exercises.cases.predict import by_position
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.exercises import my_data

pytestmark = pytest.mark.slow

PREDICT = "04_predict_clusters"
CLASS = "name,id,email\nJane Roe,0041,roe@uni.edu\nBob Lee,42,lee@uni.edu\nCia Ode,43,\nDan Fox,44,\nEve Noe,45,\n"


def notebook(me, data_of=None):
    data = my_data("predict-3", data_of or me)
    return to_bytes(answer(lab_notebook(PREDICT), "predict-3", me, *by_position(data)))


def graded(root, handed_in, **how):
    (root / "class.csv").write_text(CLASS)
    for who, content in handed_in.items():
        (root / "work" / who).mkdir(parents=True)
        (root / "work" / who / f"{PREDICT}.ipynb").write_bytes(content)
    grade_class(root / "work", root / "out", class_list=root / "class.csv", notebooks=[PREDICT], **how)
    with (root / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_own_id_by_number_name_or_address_is_no_flag(tmp_path):
    own = {"Jane Roe": 41, "Bob Lee": "lee@uni.edu", "Cia Ode": "Ode, Cia", "Dan Fox": "44", "Eve Noe": "eve noe"}
    rows = graded(tmp_path, {who: notebook(me) for who, me in own.items()})
    assert {row["predict-3"] for row in rows.values()} == {"2"}
    assert not any("answered with" in row["flags"] for row in rows.values())


def test_data_of_another_are_flagged_for_both_and_cost_nothing(tmp_path):
    own = {"Jane Roe": "Jane Roe", "Bob Lee": "jane roe", "Cia Ode": "Dan Fox", "Dan Fox": 44, "Eve Noe": "a friend"}
    rows = graded(tmp_path, {who: notebook(me) for who, me in own.items()})
    assert {row["predict-3"] for row in rows.values()} == {"2"}
    flags = {who: row["flags"] for who, row in rows.items()}
    assert "answered with the same id as Bob Lee (predict-3)" in flags["Jane Roe"]
    assert "the data of another" not in flags["Jane Roe"]
    assert "answered with the data of another: Jane Roe" in flags["Bob Lee"]
    assert "answered with the data of another: Dan Fox" in flags["Cia Ode"]
    assert "answered with" not in flags["Dan Fox"]
    assert "an id that names no one student of the class list: a friend" in flags["Eve Noe"]


def test_answer_of_another_under_ones_own_id_earns_less(tmp_path):
    rows = graded(tmp_path, {"Jane Roe": notebook("Jane Roe"), "Bob Lee": notebook("Bob Lee", data_of="Jane Roe")})
    assert (rows["Jane Roe"]["predict-3"], rows["Bob Lee"]["predict-3"]) == ("2", "0")
    assert not any("answered with" in row["flags"] for row in rows.values())


def test_without_names_no_id_is_told(tmp_path):
    own = {"Jane Roe": "Jane Roe", "Bob Lee": "Jane Roe", "Cia Ode": "Ciaran", "Dan Fox": "44"}
    rows = graded(tmp_path, {who: notebook(me) for who, me in own.items()}, anonymous=True)
    told = " ".join(row["flags"] for row in rows.values())
    assert "answered with the data of another: student-" in told
    assert "names no one student of the class list (predict-3)" in told
    assert not [name for name in ("Jane", "Ciaran", "44 ") if name in told]
