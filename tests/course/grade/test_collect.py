import io
import os
import zipfile

import pytest

from gmmlab.course import LabError
from gmmlab.course.grade.collect import MAX_BYTES, Reader, Student, collect, student_of

BOOK = b'{"cells": []}'


def put(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BOOK)


def packed(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def listed(path, **options):
    return [(each.student.key if each.student else None, each.where) for each in collect(path, **options)]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("doejane_123_4567_03_fit_mixture.ipynb", Student("doejane", "123")),
        ("doejane_LATE_123_4567_03_fit_mixture-2.ipynb", Student("doejane", "123")),
        ("Jane Doe_98_assignsubmission_file_nb.ipynb", Student("Jane Doe", "98")),
        ("Jane_van_Doe_98_assignsubmission_file_a_b.ipynb", Student("Jane_van_Doe", "98")),
        ("jane_van_doe_03_fit_mixture.ipynb", Student("jane_van_doe")),
        ("jane-03_fit_mixture.ipynb", Student("jane")),
        ("jane_homework.ipynb", Student("jane")),
        ("jane.ipynb", Student("jane")),
        ("03_fit_mixture.ipynb", None),
        ("_.ipynb", None),
    ],
)
def test_flat_name_says_whose_it_is(name, student):
    assert student_of(name) == student


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("jane", Student("jane")),
        ("jane_doe_3", Student("jane_doe_3")),
        ("Jane Doe_98_assignsubmission_file_", Student("Jane Doe", "98")),
        ("Jane Doe_98_assignsubmission_file", Student("Jane Doe", "98")),
    ],
)
def test_folder_says_whose_it_is(name, student):
    assert student_of(name, folder=True) == student


def test_folder_for_each_student_at_any_depth(tmp_path):
    put(tmp_path, "ann/a.ipynb", "bob/gmm-lab/b.ipynb", "bob/gmm-lab/.ipynb_checkpoints/b.ipynb", "ann/data.csv")
    assert listed(tmp_path) == [("ann", "ann/a.ipynb"), ("bob", "bob/gmm-lab/b.ipynb")]


def test_zip_of_a_flat_download(tmp_path):
    names = ["doejane_1_2_nb.ipynb", "roerick_3_4_nb.ipynb"]
    (tmp_path / "all.zip").write_bytes(packed(**dict.fromkeys(names, BOOK)))
    assert [student for student, _ in listed(tmp_path / "all.zip")] == ["doejane_1", "roerick_3"]


def test_zip_of_folders_below_one_that_is_called_like_it(tmp_path):
    (tmp_path / "week3.zip").write_bytes(packed(**{"week3/ann/a.ipynb": BOOK, "week3/bob/b.ipynb": BOOK}))
    assert [student for student, _ in listed(tmp_path / "week3.zip")] == ["ann", "bob"]


def test_zip_of_one_student_inside_the_download(tmp_path):
    mine = packed(**{"lab/a.ipynb": BOOK, "__MACOSX/a.ipynb": BOOK})
    (tmp_path / "all.zip").write_bytes(packed(**{"Jane Doe_98_assignsubmission_file_/mine.zip": mine}))
    ((student, where),) = listed(tmp_path / "all.zip")
    assert (student, where.rpartition(": ")[2]) == ("Jane Doe_98", "lab/a.ipynb")


@pytest.mark.parametrize("name", ["ann/work.zip", "ann_work.zip"])
def test_zip_of_one_student_in_a_folder(tmp_path, name):
    put(tmp_path, name)
    (tmp_path / name).write_bytes(packed(**{"x_1_2_a.ipynb": BOOK, "b.ipynb": BOOK}))
    assert {student for student, _ in listed(tmp_path)} == {"ann"}


def test_whole_download_lying_in_the_folder(tmp_path):
    (tmp_path / "submissions.zip").write_bytes(packed(**{"doejane_1_2_a.ipynb": BOOK, "roe_3_4_a.ipynb": BOOK}))
    assert [student for student, _ in listed(tmp_path)] == ["doejane_1", "roe_3"]


@pytest.mark.parametrize("inner", [False, True])
def test_reader_returns_what_was_packed(tmp_path, inner):
    content = packed(**{"a.ipynb": b"one", "b.ipynb": b"two"})
    (tmp_path / "ann.zip").write_bytes(packed(**{"ann/work.zip": content}) if inner else content)
    reader = Reader()
    assert [reader.read(each) for each in collect(tmp_path / "ann.zip" if inner else tmp_path)] == [b"one", b"two"]
    reader.close()


def test_later_attempt_sorts_last(tmp_path):
    put(tmp_path, "ann/new.ipynb", "ann/old.ipynb")
    os.utime(tmp_path / "ann" / "old.ipynb", (1, 1))
    assert max(collect(tmp_path), key=lambda each: each.attempt).where == "ann/new.ipynb"


def test_number_that_canvas_adds_says_which_attempt_is_later(tmp_path):
    put(tmp_path, "doe_1_7_nb.ipynb", "doe_1_8_nb-1.ipynb")
    os.utime(tmp_path / "doe_1_8_nb-1.ipynb", (1, 1))
    assert max(collect(tmp_path), key=lambda each: each.attempt).where == "doe_1_8_nb-1.ipynb"


def test_results_inside_the_submissions_are_passed_over(tmp_path):
    put(tmp_path, "ann/a.ipynb", "grades/feedback/a.ipynb")
    assert listed(tmp_path, out=tmp_path / "grades") == [("ann", "ann/a.ipynb")]


def test_file_of_nobody_is_a_problem(tmp_path):
    put(tmp_path, "03_fit_mixture.ipynb")
    (found,) = collect(tmp_path)
    assert found.problem == "its name does not say whose it is: put it into a folder named after the student"


def test_folder_that_cannot_hold_submissions_is_a_sentence(tmp_path):
    with pytest.raises(LabError, match="There is no notebook in"):
        collect(tmp_path)
    with pytest.raises(LabError, match="neither a folder nor a"):
        collect(tmp_path / "nothing")


def test_file_that_grew_too_large_is_not_read(tmp_path):
    put(tmp_path, "ann/a.ipynb")
    (found,) = collect(tmp_path)
    with (tmp_path / "ann" / "a.ipynb").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(LabError, match="more than 25 MB"):
        Reader().read(found)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system cannot refuse to follow a link")
def test_link_put_in_place_of_a_file_is_not_followed(tmp_path):
    put(tmp_path, "ann/a.ipynb")
    (found,) = collect(tmp_path)
    found.path.unlink()
    found.path.symlink_to("/etc/passwd")
    with pytest.raises(LabError, match="it cannot be read"):
        Reader().read(found)
