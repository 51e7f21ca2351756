"""From a folder to tables, pages and a report."""

import csv
import gc
import io
import os
import zipfile
from importlib.metadata import version

import pytest

from course.grade.classroom import FIT, answer, cell_of, lab_notebook, to_bytes
from gmmlab.course import LabError
from gmmlab.course.grade import command, store
from gmmlab.course.grade.collect import collect
from gmmlab.course.grade.gradebook import Gradebook
from gmmlab.course.grade.store import Store, key_of, lab_version
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.course.grade.workers import Mode
from gmmlab.exercises import exercises

pytestmark = pytest.mark.slow

PLOT = "05_plot_mixture"
OF_PLOT = round(sum(ex.points for ex in exercises(PLOT)))
BOTH = str(6 + OF_PLOT)
TOO_FEW = {"full": 2, "tied": 8, "diag": 5, "spherical": 9}
CLASS = "name,id\nann,1\nbob,2\ncia,3\ndan,4\neve,5\nfay,6\n"


def hand_in(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def without_figures(notebook):
    for cell in notebook["cells"]:
        cell["outputs"] = [o for o in cell.get("outputs", []) if "image/png" not in o.get("data", {})]
    return to_bytes(notebook)


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Grade a class in which all has happened that may happen."""
    root = tmp_path_factory.mktemp("class")
    full = without_figures(lab_notebook())
    (root / "class.csv").write_text(CLASS)
    work = root / "work"
    hand_in(work, "ann/work.ipynb", full)
    hand_in(work, "ann/plot.ipynb", without_figures(lab_notebook(PLOT)))
    hand_in(work, "bob/a.ipynb", without_figures(answer(lab_notebook(), "fit-2", TOO_FEW)))
    hand_in(work, "cia/03_fit_mixture.ipynb", b"{")
    hand_in(work, "cia/plot.ipynb", without_figures(lab_notebook(PLOT)))
    os.utime(hand_in(work, "dan/first.ipynb", without_figures(answer(lab_notebook(), "fit-2", 1))), (1, 1))
    os.utime(hand_in(work, "dan/second.ipynb", full), (2, 2))
    os.utime(hand_in(work, "eve/first.ipynb", full), (1, 1))
    os.utime(hand_in(work, f"eve/second_{FIT}.ipynb", b""), (2, 2))
    hand_in(work, "guest/a.ipynb", full)
    hand_in(work, f"{FIT}.ipynb", full)
    for _ in range(2):  # the second time nothing is graded, and all is the same
        grade_class(work, root / "out", class_list=root / "class.csv", lms="moodle", notebooks=[FIT, PLOT])
    return root / "out"


@pytest.fixture(scope="module")
def grades(out):
    return {row["student"]: row for row in rows_of(out / "grades.csv")}


def test_everyone_who_handed_in_or_is_listed_has_a_row(grades):
    assert list(grades) == ["ann", "bob", "cia", "dan", "eve", "fay", "guest"]


def test_columns_are_points_by_exercise_notebook_and_in_all(grades):
    assert [grades["ann"][c] for c in (FIT, "fit-1", PLOT, "total", "possible", "percent")] == [
        "6",
        "2",
        str(OF_PLOT),
        BOTH,
        BOTH,
        "100",
    ]


@pytest.mark.parametrize(
    ("student", "status"),
    [
        ("ann", "ok"),
        ("bob", f"{PLOT} missing"),
        ("cia", f"{FIT} unreadable"),
        ("fay", "missing"),
    ],
)
def test_every_row_has_a_status_in_words(grades, student, status):
    assert grades[student]["status"] == status


def test_a_number_never_stands_for_a_failure(grades):
    assert [grades["cia"][c] for c in (FIT, "fit-1", "total", "percent")] == [""] * 4
    assert [grades["fay"][c] for c in (FIT, "total", "percent")] == [""] * 3


def test_what_was_not_handed_in_counts_nothing(grades):
    assert grades["bob"]["total"] == "4"


def test_latest_attempt_counts_and_the_other_is_listed(grades, out):
    assert grades["dan"][FIT] == "6"
    assert "2 attempts" in grades["dan"]["flags"]
    (listed,) = [row for row in rows_of(out / "problems.csv") if row["student"] == "dan"]
    assert (listed["file"], listed["status"]) == ("dan/first.ipynb", "not counted")


def test_latest_attempt_that_cannot_be_read_leaves_the_earlier_one(grades):
    assert grades["eve"][FIT] == "6"
    assert "the latest attempt could not be graded" in grades["eve"]["flags"]


def test_same_file_from_two_students_is_flagged(grades):
    assert "the same file as ann, dan, eve" in grades["guest"]["flags"]


def test_student_who_is_not_listed_is_flagged(grades):
    assert [name for name, row in grades.items() if "not on the class list" in row["flags"]] == ["guest"]


def test_file_of_nobody_is_listed(out):
    (listed,) = [row for row in rows_of(out / "problems.csv") if row["student"] == ""]
    assert listed["file"] == f"{FIT}.ipynb"


def test_table_for_moodle(out):
    rows = {row["Full name"]: row for row in rows_of(out / "moodle.csv")}
    assert (rows["ann"]["Grade"], "fay" in rows, rows["ann"]["Maximum Grade"]) == (BOTH, False, BOTH)


def test_pages_are_there_for_what_was_judged(out):
    assert {p.relative_to(out / "feedback").as_posix() for p in (out / "feedback").rglob("*.html")} == {
        f"ann/{FIT}.html", f"ann/{PLOT}.html", f"bob/{FIT}.html", f"cia/{PLOT}.html",
        f"dan/{FIT}.html", f"eve/{FIT}.html", f"guest/{FIT}.html",
    }  # fmt: skip


def test_report_names_the_mistake_with_its_words_and_its_count(out):
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "<th scope=row>too-few</th><td>fit-2</td><td class=n>1</td><td>" in report
    assert "One component more" in report


def test_report_names_who_has_not_handed_in(out):
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "<ul><li>fay_6</li></ul>" in report


def test_pictures_of_the_report_have_alt_text(out):
    report = (out / "report.html").read_text(encoding="utf-8")
    assert report.count("<img") == report.count('<img alt="') == 2
    assert "students in each tenth" in report


def test_second_run_grades_only_what_is_new(tmp_path):
    work = tmp_path / "work"
    hand_in(work, "ann/a.ipynb", without_figures(lab_notebook()))
    grade_class(work, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / ".results").iterdir()}
    hand_in(work, "ann/a.ipynb", without_figures(answer(lab_notebook(), "fit-2", TOO_FEW)))
    hand_in(work, "bob/a.ipynb", without_figures(lab_notebook()))
    grade_class(work, tmp_path / "out")
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / ".results").iterdir()}
    assert before.items() <= after.items()
    assert len(after) == 2 * len(before)  # bob's file is one that was judged
    assert [row["total"] for row in rows_of(tmp_path / "out" / "grades.csv")] == ["4", "6"]


def test_page_that_no_longer_counts_is_taken_back(tmp_path):
    work = tmp_path / "work"
    hand_in(work, "ann/a.ipynb", without_figures(lab_notebook()))
    grade_class(work, tmp_path / "out")
    page = tmp_path / "out" / "feedback" / "ann" / f"{FIT}.html"
    assert page.is_file()
    hand_in(work, "ann/a.ipynb", b"")
    grade_class(work, tmp_path / "out")
    assert not page.exists()


def test_result_that_was_cut_off_is_graded_again(tmp_path):
    hand_in(tmp_path / "work", "ann/a.ipynb", without_figures(lab_notebook()))
    grade_class(tmp_path / "work", tmp_path / "out")
    (result,) = (tmp_path / "out" / ".results").glob("*.json")
    result.write_bytes(result.read_bytes()[:50])
    grade_class(tmp_path / "work", tmp_path / "out")
    assert [row["total"] for row in rows_of(tmp_path / "out" / "grades.csv")] == ["6"]


def test_answers_of_a_broken_notebook_still_count(tmp_path):
    """A cell that was copied, and a crash in another, cost nothing."""
    notebook = lab_notebook()
    notebook["cells"].append(cell_of(notebook, "fit-1-check"))
    cell_of(notebook, "fit-1-answer")["outputs"] = [
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": []}
    ]
    hand_in(tmp_path / "work", "ann/renamed.ipynb", without_figures(notebook))
    grade_class(tmp_path / "work", tmp_path / "out")
    assert [row["total"] for row in rows_of(tmp_path / "out" / "grades.csv")] == ["6"]


def test_folder_of_submissions_is_not_written_into(tmp_path):
    hand_in(tmp_path, "ann/a.ipynb", b"{}")
    with pytest.raises(LabError, match="Give another folder"):
        grade_class(tmp_path, tmp_path)


def test_a_note_on_a_page_stays_and_does_not_reach_the_results(tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    hand_in(work, "ann/a.ipynb", without_figures(lab_notebook()))
    grade_class(work, out)
    page = out / "feedback" / "ann" / f"{FIT}.html"
    (stored,) = (out / ".results").glob("*.html")
    before = stored.read_bytes()
    page.write_bytes(before + b"<p>See me.</p>")
    assert stored.read_bytes() == before
    hand_in(work, "bob/a.ipynb", without_figures(lab_notebook()))
    grade_class(work, out)
    assert page.read_bytes().endswith(b"<p>See me.</p>")
    assert (out / "feedback" / "bob" / f"{FIT}.html").is_file()


def test_two_spellings_of_one_name_are_one_row_with_all_points(tmp_path):
    work = tmp_path / "work"
    hand_in(work, "Jane Doe/a.ipynb", without_figures(lab_notebook()))
    hand_in(work, "jane doe/plot.ipynb", without_figures(lab_notebook(PLOT)))
    (tmp_path / "class.csv").write_text("Student,ID\nJane Doe,7\n")
    grade_class(work, tmp_path / "out", class_list=tmp_path / "class.csv", lms="canvas")
    (row,) = rows_of(tmp_path / "out" / "grades.csv")
    assert row["status"] == "ok"
    assert row[FIT] and row[PLOT]
    assert "handed in under 2 names: Jane Doe, jane doe" in row["flags"]
    assert [line["ID"] for line in rows_of(tmp_path / "out" / "canvas.csv")] == ["", "7"]


@pytest.mark.parametrize("package", ["numpy", "scikit-learn"])
def test_results_of_other_versions_are_not_used_again(package, monkeypatch):
    lab_version.cache_clear()  # another test may have asked in a lab of its own
    before = key_of(b"{}", "mode")
    lab_version.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(store, "version", lambda name: "0.0" if name == package else version(name))
        assert key_of(b"{}", "mode") != before
    lab_version.cache_clear()
    assert key_of(b"{}", "mode") == before


def test_an_archive_is_closed_when_grading_stops(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("ann/a.ipynb", "{}")
        archive.writestr("bob/a.ipynb", "{}")
    book = Gradebook(collect(tmp_path / "all.zip"), Store(tmp_path / "out"), [])
    works = book._works(Mode(), lambda: None)
    next(works)
    opened = [file for file in gc.get_objects() if isinstance(file, io.BufferedReader) and not file.closed]
    (ours,) = [file for file in opened if str(file.name).endswith("all.zip")]
    works.close()
    assert ours.closed


def cleared(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return to_bytes(notebook)


def untouched():
    notebook = lab_notebook()
    for number in (1, 2, 3):
        answer(notebook, f"fit-{number}")
    return without_figures(notebook)


@pytest.mark.parametrize(
    ("other", "content", "flag"),
    [
        (f"{FIT}.new.ipynb", "untouched", ""),
        (f"{FIT}.new-2.ipynb", "cleared", ""),
        (f"earlier/{FIT}-1.ipynb", "answered", ""),
        (f"{FIT}-1.ipynb", "cleared", "the latest attempt could not be graded"),
        (f"{FIT}-1.ipynb", "untouched", "the latest attempt has no answers"),
    ],
)
def test_file_without_answers_or_of_the_lab_never_beats_one_with_answers(tmp_path, other, content, flag):
    made = {"untouched": untouched(), "cleared": cleared(lab_notebook())}
    made["answered"] = without_figures(answer(lab_notebook(), "fit-2", TOO_FEW))
    os.utime(hand_in(tmp_path / "work", f"ann/{FIT}.ipynb", without_figures(lab_notebook())), (1, 1))
    os.utime(hand_in(tmp_path / "work", f"ann/{other}", made[content]), (2, 2))
    grade_class(tmp_path / "work", tmp_path / "out")
    (row,) = rows_of(tmp_path / "out" / "grades.csv")
    assert row["total"] == "6"
    assert flag in row["flags"]
    assert ("attempts" in row["flags"]) == bool(flag)
    assert [line["file"] for line in rows_of(tmp_path / "out" / "problems.csv")] == [f"ann/{other}"]


def test_cleared_outputs_are_not_run_and_blank(tmp_path):
    hand_in(tmp_path / "work", "ann/a.ipynb", cleared(lab_notebook()))
    grade_class(tmp_path / "work", tmp_path / "out", notebooks=[FIT])
    (row,) = rows_of(tmp_path / "out" / "grades.csv")
    assert (row["status"], row["total"], row[FIT]) == ("not run", "", "")
    assert "no answer stored" in row["flags"]
    (line,) = rows_of(tmp_path / "out" / "problems.csv")
    assert "handed in without being run" in line["reason"]


def test_one_stray_notebook_is_listed_and_on_nobodys_bill(tmp_path):
    for name in ("ann", "bob", "cia"):
        hand_in(tmp_path / "work", f"{name}/a.ipynb", without_figures(lab_notebook()))
    hand_in(tmp_path / "work", "cia/plot.ipynb", without_figures(lab_notebook(PLOT)))
    done = grade_class(tmp_path / "work", tmp_path / "out")
    assert [row["percent"] for row in rows_of(tmp_path / "out" / "grades.csv")] == ["100"] * 3
    (line,) = rows_of(tmp_path / "out" / "problems.csv")
    assert (line["student"], line["status"]) == ("cia", "not counted")
    assert f"{PLOT} (1 of 3 students)" in done.question
    assert not (tmp_path / "out" / "feedback" / "cia" / f"{PLOT}.html").exists()
    done = grade_class(tmp_path / "work", tmp_path / "out", notebooks=[FIT, PLOT])
    assert [row["total"] for row in rows_of(tmp_path / "out" / "grades.csv")] == ["6", "6", BOTH]
    assert done.question == ""


def test_table_of_an_earlier_run_for_another_lms_is_taken_back(tmp_path):
    hand_in(tmp_path / "work", "ann/a.ipynb", without_figures(lab_notebook()))
    grade_class(tmp_path / "work", tmp_path / "out", lms="canvas")
    grade_class(tmp_path / "work", tmp_path / "out")
    assert not (tmp_path / "out" / "canvas.csv").exists()


@pytest.mark.parametrize("words", ["3,05", "03_fit_mixture 5", "03; 05_plot_mixture.ipynb"])
def test_notebooks_that_count_are_named_by_number_or_name(words):
    assert command._named(words) == [FIT, PLOT]


def test_notebook_that_the_lab_does_not_have_is_a_sentence():
    with pytest.raises(LabError, match="no notebook 99"):
        command._named("99")


def test_second_assignment_does_not_replace_the_first(tmp_path):
    hand_in(tmp_path / "work", "ann/a.ipynb", without_figures(lab_notebook()))
    hand_in(tmp_path / "other", "ann/a.ipynb", without_figures(lab_notebook(PLOT)))
    grade_class(tmp_path / "work", tmp_path / "out")
    before = (tmp_path / "out" / "grades.csv").read_bytes()
    with pytest.raises(LabError, match="holds the grades of 03_fit_mixture"):
        grade_class(tmp_path / "other", tmp_path / "out")
    assert (tmp_path / "out" / "grades.csv").read_bytes() == before
