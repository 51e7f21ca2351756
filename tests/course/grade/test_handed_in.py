"""When something was handed in, and who says so."""

import os
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gmmlab.course.grade.collect import collect
from gmmlab.course.grade.handed_in import Handed, by_metadata, by_worksheet

BERLIN = ZoneInfo("Europe/Berlin")


def packed(path, *names, time=(2026, 11, 20, 23, 30, 0)):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, time), b'{"cells": []}')
    return path


@pytest.mark.parametrize(
    ("name", "when", "source", "is_late"),
    [
        ("Lab_jdoe_attempt_2026-11-20-10-30-05_a.ipynb", datetime(2026, 11, 20, 10, 30, 5), "Blackboard's name", None),
        ("doejane_123_4567_a.ipynb", None, "Canvas's name", False),
        ("doejane_LATE_123_4567_a.ipynb", None, "Canvas's name", True),
        ("anon_LATE_AbC12_456_a.ipynb", None, "Canvas's name", True),
        ("Jo_12_assignsubmission_file_a.ipynb", datetime(2026, 11, 20, 23, 30), "the file's time in the archive", None),
        ("jane/a.ipynb", datetime(2026, 11, 20, 23, 30), "the file's time in the archive", None),
    ],
)  # fmt: skip
def test_the_name_of_the_lms_says_it_before_the_time_in_the_archive(tmp_path, name, when, source, is_late):
    (found,) = collect(packed(tmp_path / "all.zip", name))
    assert found.handed == (when, source, is_late)


def test_gradescope_says_it_in_its_metadata(tmp_path):
    with zipfile.ZipFile(packed(tmp_path / "all.zip", "submission_7/a.ipynb"), "a") as archive:
        entry = "submission_7:\n  :submitters:\n  - :name: Jane Roe\n    :sid: '4'\n"
        archive.writestr("submission_metadata.yml", f"{entry}  :created_at: 2026-11-20 22:30:00.123456000 Z\n")
    (found,) = collect(tmp_path / "all.zip")
    assert found.handed == (datetime(2026, 11, 20, 22, 30, tzinfo=UTC), "Gradescope's metadata", None)


def test_metadata_with_another_zone_or_none():
    assert by_metadata("  :created_at: 2026-11-20 10:30:00 -08:00").when == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    assert by_metadata("  :created_at: yesterday") is None


def test_who_hands_in_an_archive_hands_in_when_the_archive_came(tmp_path):
    (tmp_path / "work" / "ann").mkdir(parents=True)
    archive = packed(tmp_path / "work" / "ann" / "mine.zip", "a.ipynb", time=(1999, 1, 1, 0, 0, 0))
    os.utime(archive, (1_800_000_000, 1_800_000_000))
    (found,) = collect(tmp_path / "work")
    assert found.handed == (datetime.fromtimestamp(1_800_000_000, UTC), "the file's time", None)


def test_moodles_worksheet():
    assert by_worksheet("Friday, 20 November 2026, 11:14 PM").when == datetime(2026, 11, 20, 23, 14)
    assert by_worksheet("-") is None


def test_a_time_without_a_zone_is_that_of_the_course():
    assert Handed(datetime(2026, 7, 1, 12)).at(BERLIN) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert Handed(datetime(2026, 7, 1, 12, tzinfo=UTC)).at(BERLIN).hour == 14
    assert Handed().at(BERLIN) is None
