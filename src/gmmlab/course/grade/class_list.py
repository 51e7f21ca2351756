"""The class list: who is in the class, from a table as an LMS, a registry or a spreadsheet writes it."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.grade.collect import Student
from gmmlab.course.reading import decoded

# Headers as `plain` leaves them: small letters and digits alone.
_NAME = [
    "student", "fullname", "name", "studentname", "displayname", "namevorname", "nachnamevorname",
    "vollstandigername", "teilnehmer", "studierende", "nomcomplet", "nomprenom", "etudiant", "nombrecompleto",
    "apellidosynombre", "estudiante", "alumno", "nomecompleto", "cognomeenome", "studente", "volledigenaam", "naam",
    "aluno", "estudante",
]  # fmt: skip
_GIVEN = ["firstname", "givenname", "forename", "vorname", "prenom", "nombre", "nome", "voornaam"]
_FAMILY = [
    "lastname", "surname", "familyname", "nachname", "familienname", "nom", "nomdefamille", "apellidos", "apellido",
    "cognome", "achternaam", "sobrenome", "apelido",
]  # fmt: skip
_ID = [
    "id", "identifier", "studentid", "userid", "sid", "studentnumber", "participantid", "matrikelnummer",
    "matrikelnr", "matrnr", "matriculationnumber", "identifikation", "identifiant", "numeroetudiant", "matricola",
    "matricula", "identificador", "studentnummer",
]  # fmt: skip
_OTHER = [
    "sisloginid", "sisuserid", "username", "login", "loginid", "emailaddress", "email", "mail", "idnumber",
    "idnummer", "anmeldename", "nutzername", "benutzername", "emailadresse", "adressedecourriel",
    "direcciondecorreo", "indirizzoemail",
]  # fmt: skip
_LMS_OWN = ("identifier", "identifikation", "identifiant", "sisloginid", "sisuserid")
_MARKS = re.compile(r"^(participant[ei]?|teilnehmer(/in)?|partecipante|deelnemer)\s*(?=\d)", re.I)
_LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_HEADER_WITHIN = 10
"""Most lines that may stand above the names of the columns."""


_PARTS = 8
"""Most parts of a name at which it is turned."""


@dataclass
class Listed:
    """One line of the class list.

    Attributes
    ----------
    student : Student
        Name and number.
    columns : dict of str to str
        All columns as they came.
    words : frozenset of str
        By which the student is known.
    is_of_lms : bool
        Whether the number is the LMS's own, the one that stands in the names of files.
    """

    student: Student
    columns: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    is_of_lms: bool = False


def read_class_list(path: Path) -> list[Listed]:
    """Read a class list: a .csv file, such as the gradebook that Canvas exports or Moodle's grading worksheet.

    Parameters
    ----------
    path : Path
        Columns are divided by commas, semicolons, tabs or bars; any encoding that spreadsheets write will do.

    Raises
    ------
    LabError
        If it has no column with the students' names or numbers.
    """
    header, rows = table_of(path)
    names = {plain(name): name for name in reversed(header)}
    found = [_listed(dict(zip(header, [*row, *[""] * len(header)], strict=False)), names) for _, row in rows]
    # A line that is there twice is one student; of two lines without a number nobody knows.
    listed = list({one.student if one.student.id else id(one): one for one in found if one is not None}.values())
    if not listed:
        raise LabError(
            f"{path} names no students. One of its first lines must name the columns, one of them student, full name, "
            "name, or first name and last name."
        )
    return listed


Rows = list[tuple[int, list[str]]]


def table_of(path: Path) -> tuple[list[str], Rows]:
    """Return the names of the columns of a .csv file, and the lines below with their numbers.

    Raises
    ------
    LabError
        If it is a workbook.
    """
    content = path.read_bytes()
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise LabError(f"{path} is a workbook of a spreadsheet program. Save the sheet as a .csv file and give that.")
    return _table(decoded(content)[0])


def records_of(path: Path, columns: Sequence[str], needed: int) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a .csv file that an instructor writes: the number of each, and its cells by column.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        The columns that count; one that the file lacks is empty in every line.
    needed : int
        How many of the columns, from the first on, the file must have.

    Raises
    ------
    LabError
        If it lacks one of these.
    """
    header, rows = table_of(path)
    names = [plain(name) for name in header]
    if missing := [name for name in columns[:needed] if name not in names]:
        raise LabError(f"{path} has no column {missing[0]}. Its first line is: {','.join(columns)}")
    every = ((number, dict(zip(names, [*row, *[""] * len(names)], strict=False))) for number, row in rows)
    return [(number, {name: cells.get(name, "").strip() for name in columns}) for number, cells in every]


def _table(text: str) -> tuple[list[str], Rows]:
    """Return the names of the columns and the lines below, as the separator with most known names divides them."""
    text = text.replace("\0", "").lstrip("\r\n")
    if said := re.match(r'"?sep=(.)"?[^\r\n]*', text, re.I):
        text = text[said.end() :]
    tables = [_divided(text, mark) for mark in ([said[1]] if said else ",;\t|")]
    return max(tables, key=lambda table: (_known(table[0]), len(table[0])))


def _divided(text: str, mark: str) -> tuple[list[str], Rows]:
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        rows = [(lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except csv.Error:
        return [], []
    first = max(range(min(len(rows), _HEADER_WITHIN)), key=lambda number: _known(rows[number][1]), default=0)
    return (rows[first][1], rows[first + 1 :]) if rows else ([], [])


def _known(header: list[str]) -> int:
    return sum(plain(name) in (*_NAME, *_GIVEN, *_FAMILY, *_ID, *_OTHER) for name in header)


def _listed(row: dict[str, str], names: dict[str, str]) -> Listed | None:
    def first(wanted: list[str]) -> str:
        values = (_text(row[names[each]]) for each in wanted if each in names)
        return next(filter(None, values), "")

    name = _full_name(first(_NAME), first(_GIVEN), first(_FAMILY)) or first(_OTHER) or first(_ID)
    if not name or re.match(r"points possible", name, re.I):  # the second line of Canvas's gradebook
        return None
    number = _MARKS.sub("", first(_ID))
    other = [_text(row[names[each]]) for each in _OTHER if each in names]
    words = words_of(name).union(*map(words_of, other), *(words_of(o.partition("@")[0]) for o in other))
    return Listed(Student(name, number), row, words, any(each in names for each in _LMS_OWN))


def _full_name(name: str, given: str, family: str) -> str:
    """Return the name; "Name" beside "Vorname" is the family name alone."""
    if given and name and plain(given) not in plain(name):
        family = family or name
    return name if name and family != name else " ".join(filter(None, (given, family)))


def _text(value: str) -> str:
    """Return what a cell says, without the marks by which spreadsheets keep it a text."""
    value = value.strip()
    return re.sub(r'^(?:="(.*)"|\'(.*))$', lambda found: found[1] or found[2] or "", value)


def plain(text: str) -> str:
    """Return a name without case, accents, blanks and marks, as the LMS write it into file names."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LATIN)
    return "".join(c for c in folded if c.isalnum())


def words_of(name: str) -> frozenset[str]:
    """Return how a name may be written: whichever part comes first, umlauts plain or written out."""
    written_out = unicodedata.normalize("NFC", name).casefold().translate(_WRITTEN_OUT)
    return frozenset(plain(each) for form in (name, written_out) for each in _turned(form)) - {""}


def _turned(name: str) -> list[str]:
    """Turn "Doe, Jane" into "Jane Doe", and "Jane van Doe" into "van Doe Jane" and "Doe Jane van"."""
    last, comma, first = name.partition(",")
    parts = f"{first} {last}".split() if comma else name.split()
    return [" ".join(parts[k:] + parts[:k]) for k in range(min(len(parts), _PARTS))]
