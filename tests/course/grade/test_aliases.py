"""Who is meant is asked where it is in doubt, with the line that settles it; nothing is guessed from unknown names."""

import csv

import pytest

from course.grade.classroom import lab_notebook
from course.grade.test_course import small
from gmmlab.course import LabError
from gmmlab.course.grade.aliases import question, read_aliases
from gmmlab.course.grade.class_list import read_class_list
from gmmlab.course.grade.whole_class import grade_class

CLASS = 'name,id\n"Lee, Ann",003\nBob Smith,00777\nJane Doe,12\n'


@pytest.fixture
def listed(tmp_path):
    (tmp_path / "class.csv").write_text(CLASS)
    return read_class_list(tmp_path / "class.csv")


def read(tmp_path, listed, text):
    (tmp_path / "aliases.csv").write_text(text)
    return read_aliases(tmp_path / "aliases.csv", listed)


def test_names_are_read_as_a_spreadsheet_writes_them(tmp_path, listed):
    found = read(tmp_path, listed, "\ufeffname;id\nAnn Lee_4712;003\n\n'=odd;'00777\n")
    assert {name: student.id for name, student in found.items()} == {"Ann Lee_4712": "003", "=odd": "00777"}
    assert read_aliases(None, listed) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,who\nann,3\n", "no column id. Its first line is: name,id"),
        ("name,id\nann,003\nbob,77\n", "line 3: the class list has no id '77'"),
        ("name,id\nann,003\nann,12\n", "line 3: 'ann' has two lines with different ids"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path, listed, text, words):
    with pytest.raises(LabError, match=words):
        read(tmp_path, listed, text)


def test_a_question_has_the_line_that_settles_it(listed):
    assert question("roe, zoe_5", "roe, zoe", listed).endswith('the number of the class list: "roe, zoe_5",ID')
    assert question("bobsmth", "bobsmth", listed).startswith("if it is Bob Smith's, write into aliases.csv")
    assert question("bobsmth", "bobsmth", listed).endswith(": bobsmth,00777")


@pytest.fixture
def root(tmp_path, listed):
    notebook = small(lab_notebook())
    for name in (
        "Ann Lee_4711_assignsubmission_file_a.ipynb",
        "Ann Lee_4712_assignsubmission_file_a.ipynb",
        "Portal-9981-jdoe-final.ipynb",
        "Portal_bob_final.ipynb",
        "Portal_jane_final.ipynb",
        "Zed_03_fit_mixture.ipynb",
    ):
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / name).write_bytes(notebook)
    return tmp_path


def graded(root):
    grade_class(root / "work", root / "out", class_list=root / "class.csv")
    texts = [(root / "out" / f"{name}.csv").read_text(encoding="utf-8-sig") for name in ("grades", "problems")]
    return [list(csv.DictReader(text.splitlines())) for text in texts]


@pytest.mark.slow
def test_all_that_is_doubtful_is_asked_about_and_settled_by_the_lines(root):
    grades, problems = graded(root)
    points = {row["student"]: row["points"] for row in grades}
    assert (points["Lee, Ann"], points["Bob Smith"], points["Jane Doe"]) == ("", "", "")
    assert "Portal" not in points
    asked = {row["student"]: row["reason"] for row in problems if row["status"] == "whose"}
    assert asked.keys() == {"Ann Lee_4711", "Ann Lee_4712", "Zed"}
    assert "2 people of this name" in asked["Ann Lee_4711"]
    assert asked["Ann Lee_4711"].endswith(": Ann Lee_4711,003")
    unknown = {row["file"]: row["reason"] for row in problems if not row["student"]}
    assert unknown.keys() == {"Portal-9981-jdoe-final.ipynb", "Portal_bob_final.ipynb", "Portal_jane_final.ipynb"}
    assert unknown["Portal_bob_final.ipynb"].endswith("the number of the class list: Portal_bob_final.ipynb,ID")

    (root / "aliases.csv").write_text(
        "name,id\nAnn Lee_4711,003\nPortal-9981-jdoe-final.ipynb,12\nPortal_bob_final.ipynb,00777\n"
    )
    grades, problems = graded(root)
    counted = {row["student"]: bool(row["points"]) for row in grades}
    assert counted["Lee, Ann"] and counted["Bob Smith"] and counted["Jane Doe"]
    assert [row["file"] for row in problems if not row["student"]] == ["Portal_jane_final.ipynb"]
    assert len([row for row in grades if row["id"] in {"003", "00777", "12"}]) == 3


@pytest.mark.slow
def test_an_archive_of_an_unknown_name_is_opened_once_it_is_known_whose(tmp_path, listed):
    import zipfile

    (tmp_path / "work").mkdir()
    with zipfile.ZipFile(tmp_path / "work" / "Portal_1.zip", "w") as archive:
        archive.writestr("a.ipynb", small(lab_notebook()))
    (tmp_path / "work" / "Bob Smith_03_fit_mixture.ipynb").write_bytes(small(lab_notebook()))
    assert [row["file"] for row in graded(tmp_path)[1]] == ["Portal_1.zip"]
    (tmp_path / "work" / "aliases.csv").write_text("name,id\nPortal_1.zip,12\n")
    grades, problems = graded(tmp_path)
    assert {row["student"]: bool(row["points"]) for row in grades}["Jane Doe"]
    assert problems == []
