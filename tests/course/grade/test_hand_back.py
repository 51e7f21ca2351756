"""What goes back: to Canvas, Moodle and Gradescope, to pandas, and without names."""

import csv
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from course.grade.classroom import FIT, answer, lab_notebook
from course.grade.test_course import small
from course.grade.test_overrides import HEAD, hand_in
from course.grade.test_whole_class import TOO_FEW
from gmmlab.course import LabError
from gmmlab.course.grade.collect import name_of_feedback
from gmmlab.course.grade.given import in_short
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.exercises.answers import encode, record_calls

FEW = "{full: 2, tied: 8, diag: 5, spherical: 9}"


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("all.zip: doejane_LATE_12_345_a_b-1.ipynb", "doejane_LATE_12_345_03.html"),
        ("doejane_12_345_work.zip: lab/a.ipynb", "doejane_12_345_03.html"),
        ("all.zip: anon_AbC12_345_a.ipynb", "anon_AbC12_345_03.html"),
        ("all.zip: Jane Doe_98_assignsubmission_file/a.ipynb", "Jane Doe_98_assignfeedback_file_03.html"),
        ("Jane_van_Doe_98_assignsubmission_file_a.ipynb", "Jane van Doe_98_assignfeedback_file_03.html"),
        ("jane/a.ipynb", ""),
    ],
)
def test_the_name_under_which_an_lms_takes_a_page_back(where, name):
    assert name_of_feedback(where, "03.html") == name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("a",), "'a'"),
        ((3, 0.123456), "3; 0.1235"),
        (([1, 2.5],), "[1, 2.5]"),
        (({"full": 2, "tied": 0.5},), "{full: 2, tied: 0.5}"),
        ((np.zeros((30, 2)), None), "an array of shape (30, 2); None"),
    ],
)
def test_an_answer_in_a_few_words(given, words):
    assert in_short({"answers": [encode(each) for each in given]}).startswith(words)


def test_what_a_function_returns_and_what_is_no_answer_in_a_few_words():
    calls = record_calls(lambda x: [x, 1 / 3], [(1.0,), (2.0,)], 0)
    assert in_short({"answers": [calls]}) == "returns [1, 0.3333], ..."
    assert in_short({"answers": [3]}) == in_short({"answers": 3}) == "malformed"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("back")
    work = root / "work"
    work.mkdir()
    wrong = small(answer(lab_notebook(), "fit-2", TOO_FEW))
    for name, content in (("annlee_1_11_a", small(lab_notebook())), ("boblo_2_12_a", wrong), ("cia_3_13_a", wrong)):
        (work / f"{name}.ipynb").write_bytes(content)
    (root / "overrides.csv").write_text(HEAD + "boblo,fit-2,+1,kind,Nearly.\n")
    (root / "class.csv").write_text("Student,ID\nAnnlee,1\nBoblo,2\nCia,3\nDan,4\n")
    return root


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_lines_are_a_table_for_pandas(root):
    grade_class(root / "work", root / "out", class_list=root / "class.csv", lms="canvas")
    lines = pd.read_csv(root / "out" / "lines.csv")
    assert lines.groupby("student").points.sum().to_dict() == {"Annlee": 6, "Boblo": 5, "Cia": 4, "Dan": 0}
    (own,) = lines[lines.mistake == "too-few"].query("student == 'Cia'").to_dict("records")
    assert (own["exercise"], own["answer"], own["status"]) == ("fit-2", FEW, "wrong")
    assert rows_of(root / "out" / "wrong_answers.csv") == [
        {"exercise": "fit-2", "answer": FEW, "students": "2", "mistakes": "weights-sum-to-one, too-few"}
    ]
    assert [row["share"] for row in rows_of(root / "out" / "statistics.csv")] == ["100%", "33%", "100%"]
    report = (root / "out" / "report.html").read_text(encoding="utf-8")
    assert f"<td>{FEW}</td>" in report


@pytest.mark.slow
def test_canvas_takes_all_pages_in_one_archive(root):
    for lms, there in (("canvas", True), (None, False)):
        grade_class(root / "work", root / "out", class_list=root / "class.csv", lms=lms)
        assert (root / "out" / "feedback.zip").is_file() == there
        if there:
            with zipfile.ZipFile(root / "out" / "feedback.zip") as archive:
                names = archive.namelist()
                page = archive.read(f"boblo_2_12_{FIT}.html").decode()
            assert names == [f"{name}_{FIT}.html" for name in ("annlee_1_11", "boblo_2_12", "cia_3_13")]
            assert "5 of 6 points" in page


@pytest.mark.slow
def test_gradescope_reads_the_results_of_an_autograder(root):
    grade_class(root / "work", root / "out", lms="gradescope")
    results = json.loads((root / "out" / "gradescope" / "boblo_2" / "results.json").read_bytes())
    assert results["score"] == 5
    assert [(test["score"], test["max_score"]) for test in results["tests"]] == [(2, 2), (1, 2), (2, 2)]
    assert "fit-2 +1 (kind)\nNearly." in results["tests"][1]["output"]


@pytest.mark.slow
def test_without_names_no_name_is_written_but_in_one_table(root):
    out = root / "nameless"
    done = [grade_class(root / "work", out, class_list=root / "class.csv", anonymous=True) for _ in range(2)]
    assert (done[0].students, done[1].changes) == (4, 0)
    names = {row["student"]: row["code"] for row in rows_of(out / "names.csv")}
    assert set(names) == {"Annlee", "Boblo", "Cia", "Dan"}
    grades = {row["student"]: row for row in rows_of(out / "grades.csv")}
    assert [grades[names[name]]["total"] for name in ("Annlee", "Boblo", "Cia", "Dan")] == ["6", "5", "4", ""]
    for path in out.rglob("*"):
        said = (path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else "") + path.name
        seen = [name for name in ("nnlee", "oblo", "Cia", "cia_", "Dan") if name in said]
        assert seen == [] or path.name == "names.csv", path
    with pytest.raises(LabError, match="without names"):
        grade_class(root / "work", out)


@pytest.mark.slow
def test_names_and_codes_do_not_share_a_folder(tmp_path):
    hand_in(tmp_path, "ann", lab_notebook(), 10)
    grade_class(tmp_path / "work", tmp_path / "out")
    with pytest.raises(LabError, match="grades with names"):
        grade_class(tmp_path / "work", tmp_path / "out", anonymous=True)
    with pytest.raises(LabError, match="needs names"):
        grade_class(tmp_path / "work", tmp_path / "out", anonymous=True, lms="canvas")
