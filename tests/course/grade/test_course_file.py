"""The course file: what it says, and every mistake in it answered with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gmmlab.course import LabError
from gmmlab.course.grade.course_file import Course, beside, read_course, template
from gmmlab.course.grade.policy import Guessing, Late

GOOD = """
time_zone = "Europe/Berlin"
lms = "moodle"
attempts = "best"
[late]
percent_per_day = 12.5
grace_minutes = 5
most_percent = 50
late_days = 3
[guessing]
percent_per_try = 50
free_tries = 1
[notebooks.03]
points = 20
due = 2026-11-20T23:59:00
excused = ["Jane Roe"]
extensions = { "4711" = "2026-11-27", ann = "2026-11-21 08:00+00:00" }
[notebooks."05_plot_mixture"]
"""


def read(tmp_path, text):
    path = tmp_path / "course.toml"
    path.write_text(text, encoding="utf-8")
    return read_course(path)


def test_all_entries(tmp_path):
    course = read(tmp_path, GOOD)
    assert (course.lms, course.attempts) == ("moodle", "best")
    assert course.late == Late(12.5, timedelta(minutes=5), 50, 3)
    assert course.guessing == Guessing(50, 1)
    assert list(course.notebooks) == ["03_fit_mixture", "05_plot_mixture"]
    own = course.rules("03_fit_mixture")
    assert (own.points, own.due, own.excused) == (20, datetime(2026, 11, 20, 22, 59, tzinfo=UTC), ("Jane Roe",))
    assert own.extensions["4711"] == datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC)
    assert own.extensions["ann"] == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert course.named[0] == ("4711", "notebooks.03_fit_mixture.extensions")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"Europe/Berlin"', '"Europe/Bärlin"', 2, "no time zone 'Europe/Bärlin'"),
        ('time_zone = "Europe/Berlin"', "", 15, "which time zone"),
        ('"moodle"', '"slate"', 3, "one of canvas, moodle"),
        ('"best"', '"worst"', 4, "one of latest, best, before the due date"),
        ('"best"', "3", 4, "text in quotation marks, but 3"),
        ("percent_per_day", "percent_a_day", 6, "did you mean percent_per_day"),
        ("12.5", "120", 6, "a number from 0 to 100, but 120"),
        ("late_days = 3", "late_days = 1.5", 9, "a number from 0 to 1000, but 1.5"),
        ("free_tries = 1", "free_tries = -1", 12, "a number from 0 to 1000, but -1"),
        ("percent_per_try", "per_cent_per_try", 11, "did you mean percent_per_try"),
        ("[notebooks.03]", "[notebooks.99]", 13, "no notebook '99'"),
        ("points = 20", 'points = "many"', 14, "a number above 0"),
        ("2026-11-20T23:59:00", '"20.11.2026"', 15, "a date such as"),
        ("2026-11-20T23:59:00", "7", 15, "a date such as"),
        ('["Jane Roe"]', '"Jane Roe"', 16, "a list of students"),
        ("2026-11-27", "2026-11-17", 17, "later than the due date, but 2026-11-17 is not"),
        ("lms =", "class_list = 'c.csv'\nlms =", 3, "no file c.csv beside it"),
        (GOOD[GOOD.index("[late]") : GOOD.index("[guess")], "late = 5\n", 5, "it is a table"),
        ("[late]", "[lade]", 5, "did you mean late"),
        ("attempts = ", "attempts ", None, r"at line 4, column \d+"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path, old, new, line, words):
    assert GOOD.count(old) == 1
    with pytest.raises(LabError, match=words) as raised:
        read(tmp_path, GOOD.replace(old, new))
    assert line is None or f"course.toml, line {line}, " in str(raised.value)


def test_what_is_written_anew_changes_nothing_until_it_is_edited(tmp_path):
    course = read(tmp_path, template().decode())
    assert (course.notebooks, course.late.percent_per_day, course.attempts) == ({}, 0, Course().attempts)


def test_every_entry_of_the_file_can_be_used(tmp_path):
    lines = template().decode().splitlines()
    used = [line.removeprefix("# ") if " = " in line or line.startswith("# [") else line for line in lines]
    (tmp_path / "class.csv").write_text("name\n")
    course = read(tmp_path, "\n".join(used))
    assert course.rules("03_fit_mixture").extensions.keys() == {"Joe Doe", "4712"}
    assert course.lms == "canvas"


def test_the_file_lies_beside_the_submissions_or_in_their_folder(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    assert beside(tmp_path / "work", "course.toml") is None
    (tmp_path / "course.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert beside(Path("all.zip"), "course.toml") == beside(Path("work"), "course.toml") == tmp_path / "course.toml"
    (tmp_path / "work" / "course.toml").touch()
    assert beside(Path("work"), "course.toml") == Path("work/course.toml")
