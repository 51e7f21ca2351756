import csv
import io

import pytest

from gmmlab.course import LabError
from gmmlab.course.grade.class_list import read_class_list
from gmmlab.course.grade.collect import Student
from gmmlab.course.grade.roster import LMS, match, one_line_one_person

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Old assignment (17)
    Points Possible,,,,,10
"Doe, Jane",123,u1,jdoe,One,7
"Ünal, Åsa",124,u2,aunal,One,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade)
Participant 98,Jane Doe,jane@example.org,Submitted,,100,-
Participant 99,Rick Roe,rick@example.org,No submission,,100,-
"""


@pytest.fixture
def class_list(tmp_path):
    def read(text, encoding="utf-8-sig"):
        (tmp_path / "class.csv").write_bytes(text.encode(encoding))
        return read_class_list(tmp_path / "class.csv")

    return read


def test_canvas_gradebook_is_a_class_list(class_list):
    assert [one.student for one in class_list(CANVAS)] == [Student("Doe, Jane", "123"), Student("Ünal, Åsa", "124")]


def test_moodle_worksheet_is_a_class_list(class_list):
    assert [one.student for one in class_list(MOODLE)] == [Student("Jane Doe", "98"), Student("Rick Roe", "99")]


def test_list_of_names_saved_by_a_spreadsheet_is_a_class_list(class_list):
    assert [one.student.name for one in class_list("name\nJosé\n", encoding="cp1252")] == ["José"]


def test_list_without_names_is_a_sentence(class_list):
    with pytest.raises(LabError, match="names no students"):
        class_list("mark\n7\n")


@pytest.mark.parametrize(
    ("text", "student", "name"),
    [
        (CANVAS, Student("doejane", "123"), "Doe, Jane"),
        (CANVAS, Student("whoever", "124"), "Ünal, Åsa"),
        (CANVAS, Student("unalasa", ""), "Ünal, Åsa"),
        (CANVAS, Student("jdoe", ""), "Doe, Jane"),
        (MOODLE, Student("Jane Doe", "98"), "Jane Doe"),
        (MOODLE, Student("Doe, Jane", ""), "Jane Doe"),
        (MOODLE, Student("rick", ""), "Rick Roe"),
    ],
)
def test_who_handed_in_is_found_on_the_list(class_list, text, student, name):
    assert match([student], class_list(text)).lines[student].student.name == name


def test_name_that_two_students_share_matches_neither(class_list):
    listed = class_list("name,id\nJane Doe,1\nJane Doe,2\n")
    assert match([Student("Jane Doe")], listed).lines == {}
    assert match([Student("Jane Doe", "2")], listed).lines[Student("Jane Doe", "2")].student.id == "2"


def lines(lms, listed):
    rows = [(listed[0].student, listed[0], {"03": "7", "total": "7"}), (Student("x"), None, {"03": "", "total": ""})]
    text = io.StringIO()
    csv.writer(text).writerows(LMS[lms](rows, {"03": 9.0}))
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_canvas_gets_its_own_columns_and_the_points_possible(class_list):
    possible, jane = lines("canvas", class_list(CANVAS))
    assert possible["Student"].strip() == "Points Possible"
    assert possible["03"] == "9"
    assert [jane[c] for c in ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "03")] == [
        "Doe, Jane", "123", "u1", "jdoe", "One", "7",
    ]  # fmt: skip


def test_moodle_gets_identifier_grade_and_maximum(class_list):
    (jane,) = lines("moodle", class_list(MOODLE))
    assert [jane[c] for c in ("Identifier", "Full name", "Grade", "Maximum Grade", "03")] == [
        "Participant 98", "Jane Doe", "7", "9", "7",
    ]  # fmt: skip
    assert jane["Last modified (grade)"] == "-"


def persons_of(students, listed):
    return one_line_one_person(match(students, listed).lines)


def test_two_spellings_of_a_name_are_one_person_with_one_line(class_list):
    students = [Student("Jane Doe"), Student("jane doe"), Student("Rick Roe")]
    persons = persons_of(students, class_list("name,id\nJane Doe,1\nRick Roe,2\n"))
    assert persons.alias == {Student("jane doe"): Student("Jane Doe")}
    assert persons.same == {Student("Jane Doe"): ["Jane Doe", "jane doe"]}
    assert {s.name: one.student.id for s, one in persons.matched.items()} == {"Jane Doe": "1", "Rick Roe": "2"}
    assert persons.doubtful == {}


def test_names_on_no_list_that_differ_in_capitals_and_blanks_are_one_person():
    students = [Student("Bob"), Student("bob "), Student("Bo b"), Student("Bob", "7"), Student("BOB", "7")]
    persons = one_line_one_person({}, students)
    assert persons.alias == {Student("bob "): Student("Bob"), Student("BOB", "7"): Student("Bob", "7")}
    assert persons.same[Student("Bob")] == ["Bob", "bob "]


def test_two_numbers_are_two_people_and_neither_gets_the_line_of_their_name(class_list):
    students = [Student("Ann Lee", "4711"), Student("Ann Lee", "4712")]
    persons = persons_of(students, class_list("name,id\nAnn Lee,003\n"))
    assert persons.matched == {}
    assert set(persons.doubtful) == set(students)
    assert "4711, 4712" in persons.doubtful[students[0]]


def test_a_number_on_the_list_goes_before_a_name(class_list):
    students = [Student("Ann Lee", "4712"), Student("Ann Lee", "4711"), Student("ann lee")]
    persons = persons_of(students, class_list("name,id\nAnn Lee,4711\n"))
    assert list(persons.matched) == [Student("Ann Lee", "4711")]
    assert list(persons.doubtful) == [Student("Ann Lee", "4712")]
    assert persons.alias == {Student("ann lee"): Student("Ann Lee", "4711")}


def test_score_that_canvas_has_stays_where_nothing_was_judged(class_list):
    (one, _) = class_list(
        "Student,ID,03_fit_mixture (17),04_predict_clusters (18)\nJane Doe,123,5,6\nRick Roe,124,1,2\n"
    )
    rows = [(Student("doejane", "123"), one, {"03_fit_mixture": "7", "04_predict_clusters": "", "total": ""})]
    head, _, jane = LMS["canvas"](rows, {"03_fit_mixture": 9.0, "04_predict_clusters": 9.0})
    assert head[5:] == ["03_fit_mixture (17)", "04_predict_clusters (18)"]
    assert jane[5:] == ["7", "6"]


def test_who_has_no_number_is_not_in_canvas_table(class_list):
    (listed,) = class_list("name,Matrikelnummer\nJane Doe,00777\n")
    points = {"03": "7", "total": "7"}
    assert len(LMS["canvas"]([(Student("jane"), listed, points), (Student("x"), None, points)], {"03": 9.0})) == 2


def test_number_of_the_file_stands_and_the_lists_other_number_is_said(class_list):
    bob = Student("smithbob", "102")
    found = match([bob], class_list("name,id\nBob Smith,00777\n"))
    assert found.lines[bob].student == Student("Bob Smith", "00777")
    assert found.flags[bob] == "the file has the number 102, the class list 00777; the file's is kept"
    table = LMS["canvas"]([(bob, found.lines[bob], {"03": "7", "total": "7"})], {"03": 9.0})
    assert table[2][:2] == ["Bob Smith", "102"]


@pytest.mark.parametrize("names", ["Ann Lee,102\nBob Smith,777", "Ann Lee,102"])
def test_number_of_one_and_name_of_another_is_a_question(class_list, names):
    found = match([Student("smithbob", "102")], class_list(f"name,id\n{names}\n"))
    assert found.lines == {}
    assert "number 102, but the class list has this number for Ann Lee" in found.doubtful[Student("smithbob", "102")]


def test_lms_own_number_is_believed_and_the_other_name_is_said(class_list):
    found = match([Student("whoever", "124")], class_list(CANVAS))
    assert found.flags == {Student("whoever", "124"): "the class list calls number 124 Ünal, Åsa"}
