"""Class lists as spreadsheets, registries and LMS write them."""

import pytest

from gmmlab.course import LabError
from gmmlab.course.grade.class_list import read_class_list
from gmmlab.course.grade.collect import Student
from gmmlab.course.grade.roster import match

JANE = [Student("Jane Doe", "007"), Student("Jörg Müller", "008")]


@pytest.fixture
def class_list(tmp_path):
    def read(content):
        (tmp_path / "class.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_class_list(tmp_path / "class.csv")

    return read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("above", ["", "\n", ";;\n\n", "Class of 2026\n", "sep={mark}\n", '"sep={mark}"\n'])
def test_table_of_any_spreadsheet(class_list, encoding, end, mark, above):
    text = above.format(mark=mark) + f"name{mark}id\nJane Doe{mark}007\n\nJörg Müller{mark}008\n"
    assert [one.student for one in class_list(text.replace("\n", end).encode(encoding))] == JANE


@pytest.mark.parametrize(
    "text",
    [
        "First name,Surname,ID number\nJane,Doe,7",
        "Last Name;First Name;SID\nDoe;Jane;7",
        "Vorname;Nachname;E-Mail-Adresse;Matrikelnummer\nJane;Doe;j@x.org;7",
        "Name;Vorname;Matrikelnr.\nDoe;Jane;7",
        "ID,Vollständiger Name\nTeilnehmer/in7,Jane Doe",
        "Nom;Prénom;Identifiant\nDoe;Jane;Participant 7",
        "Nom complet,Adresse de courriel\nJane Doe,j@x.org",
        "Nombre;Apellidos;Matrícula\nJane;Doe;7",
        "Cognome;Nome;Matricola\nDoe;Jane;7",
        'Student;ID\n"Doe, Jane";="7"',
    ],
)
def test_headers_of_other_programs_and_languages(class_list, text):
    (one,) = class_list(text)
    assert one.student.name in ("Jane Doe", "Doe, Jane")
    assert one.student.id in ("7", "")
    assert match([Student("doejane")], [one]).lines


@pytest.mark.parametrize(
    ("listed", "handed_in"),
    [
        ("Jörg Müller", "muellerjoerg"),
        ("Jörg Müller", "mullerjorg"),
        ("Joerg Mueller", "Müller, Jörg"),
        ("Mu\u0308ller", "mueller"),
        ("Groß, Ina", "Ina Gross"),
        ("Søren Ågård", "aagaardsoeren"),
        ("Łukasz Wójcik", "wojciklukasz"),
        ("Jan van der Berg", "vanderbergjan"),
        ("Doe, Jane Mary", "Jane Mary Doe"),
    ],
)
def test_names_are_one_however_they_are_written(class_list, listed, handed_in):
    assert match([Student(handed_in)], class_list(f'name\n"{listed}"\n')).lines


@pytest.mark.parametrize(("listed", "handed_in"), [("007", "7"), ("7", "007"), ("7.0", "7")])
def test_leading_zeros_that_a_spreadsheet_took_are_no_other_number(class_list, listed, handed_in):
    assert match([Student(handed_in)], class_list(f"name,id\nJane Doe,{listed}\n")).lines


def test_numbers_that_differ_in_zeros_alone_stay_two(class_list):
    listed = class_list("name,id\nAnn,7\nBob,007\n")
    found = match([Student("7"), Student("007")], listed).lines
    assert [one.student.name for one in found.values()] == ["Ann", "Bob"]


def test_line_that_is_there_twice_is_one_student(class_list):
    assert len(class_list("name,id\nAnn,7\nAnn,7\n")) == 1


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\x03\x04", "Save the sheet as a .csv file"), (b"", "names no stud")]
)
def test_other_file_is_a_sentence(class_list, content, words):
    with pytest.raises(LabError, match=words):
        class_list(content)
