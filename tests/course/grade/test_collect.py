import io
import os
import tarfile
import zipfile
from contextlib import suppress

import pytest

from gmmlab.course import LabError
from gmmlab.course.grade.collect import Student, collect, student_of
from gmmlab.course.grade.tree import Archives
from gmmlab.course.reading import MAX_BYTES

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


def tarred(mode="w:gz", **members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as made:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def listed(path, **options):
    return [(each.student.key if each.student else None, each.where) for each in collect(path, **options)]


def contents(path):
    with Archives() as archives:
        return [archives.read(each.way, MAX_BYTES) for each in collect(path)]


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
    assert contents(tmp_path / "ann.zip" if inner else tmp_path) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("name", "mode"), [("work.tar.gz", "w:gz"), ("work.tgz", "w:gz"), ("work.tar", "w:"), ("work.tar-1.gz", "w:gz")]
)
def test_tar_files_are_read_like_zip_files(tmp_path, name, mode):
    members = {"./lab/a.ipynb": b"one", "lab/._a.ipynb": b"", "data.csv": b"1"}
    put(tmp_path, f"ann/{name}")
    (tmp_path / "ann" / name).write_bytes(tarred(mode, **members))
    (tmp_path / "all.zip").write_bytes(packed(**{f"bob_1_2_{name}": tarred(mode, **members)}))
    (tmp_path / f"class{name[4:]}").write_bytes(tarred(mode, **{"eve/a.ipynb": b"one", "joe/b.zip": packed(b=b"")}))
    assert listed(tmp_path / "all.zip") == [("bob_1", f"all.zip: bob_1_2_{name}: ./lab/a.ipynb")]
    assert contents(tmp_path / "all.zip") == [b"one"]
    assert [student for student, _ in listed(tmp_path / f"class{name[4:]}")] == ["eve", "joe"]
    (tmp_path / f"class{name[4:]}").unlink()
    (tmp_path / "all.zip").unlink()
    assert listed(tmp_path) == [("ann", f"ann/{name}: ./lab/a.ipynb")]
    assert contents(tmp_path) == [b"one"]


def test_archives_of_students_lie_in_one_another_but_not_without_end(tmp_path):
    content = packed(**{"a.ipynb": BOOK})
    for name in ("1.zip", "2.tar.gz", "3.zip"):
        content = tarred(**{name: content}) if name.endswith("gz") else packed(**{name: content})
    (tmp_path / "ann.zip").write_bytes(content)
    (found,) = collect(tmp_path)
    assert found.problem == "more than 3 archives lie in one another"
    (tmp_path / "ann.zip").write_bytes(packed(**{"2.tgz": tarred(**{"1.zip": packed(**{"a.ipynb": BOOK})})}))
    assert contents(tmp_path) == [BOOK]


def test_only_so_many_archives_of_a_student_are_opened(tmp_path):
    members = {f"{number}.zip": packed(**{"a.ipynb": BOOK}) for number in range(30)}
    (tmp_path / "ann.zip").write_bytes(packed(**members))
    said = [each.problem for each in collect(tmp_path)]
    assert said == [""] * 19 + ["more than 20 archives were handed in; this one was not opened"] * 11


def test_nothing_in_an_archive_is_handed_in_for_another_student(tmp_path):
    for name in ("doe_1_2_work.zip", "ann.zip"):
        put(tmp_path, name)
        (tmp_path / name).write_bytes(packed(**{"victim_3_4_a.ipynb": BOOK}))
    assert {student for student, _ in listed(tmp_path)} == {"doe_1", "ann"}


def test_archive_without_a_notebook_is_a_problem_of_its_student(tmp_path):
    (tmp_path / "ann_work.zip").write_bytes(packed(**{"report.pdf": b""}))
    (found,) = collect(tmp_path)
    assert (found.student, found.status) == (Student("ann"), "missing")
    assert found.problem == "no notebook was handed in, but ann_work.zip"


@pytest.mark.parametrize("cut", range(0, 1_000, 50))
@pytest.mark.parametrize("mode", ["w:", "w:gz"])
def test_damaged_tar_files_are_met_in_words(tmp_path, mode, cut):
    whole = tarred(mode, **{"a" * 120 + ".ipynb": os.urandom(2_000), "b.ipynb": BOOK})
    (tmp_path / "ann.tgz").write_bytes(whole[:cut])
    (tmp_path / "bob.tgz").write_bytes(whole[:cut] + b"\xff\0" * 100 + whole[cut + 200 :])
    for found in collect(tmp_path):
        if not found.problem:
            with suppress(LabError), Archives() as archives:
                archives.read(found.way, MAX_BYTES)


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
        Archives().read(found.way, MAX_BYTES)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system cannot refuse to follow a link")
def test_link_put_in_place_of_a_file_is_not_followed(tmp_path):
    put(tmp_path, "ann/a.ipynb")
    (found,) = collect(tmp_path)
    (tmp_path / found.where).unlink()
    (tmp_path / found.where).symlink_to("/etc/passwd")
    with pytest.raises(LabError, match="it cannot be read"):
        Archives().read(found.way, MAX_BYTES)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("anon_AbC12_90034_work.ipynb", Student("anon_AbC12")),
        ("anon_LATE_AbC12_90035_work.ipynb", Student("anon_AbC12")),
        ("Lab 3_jdoe_attempt_2026-11-20-10-30-00_work.ipynb", Student("jdoe")),
        ("Lab_3_a_jdoe_attempt_2026-11-20-10-30-00.txt", Student("jdoe")),
        ("Jane Doe - 03_fit_mixture.ipynb", Student("Jane Doe")),
        ("Jane Doe - Copy of 03_fit_mixture.ipynb", Student("Jane Doe")),
        ("Copy of 03_fit_mixture.ipynb", None),
        ("Copy of work.ipynb", None),
        ("submission_12345678.ipynb", Student("submission_12345678")),
        ("submission_12345678.zip", Student("submission_12345678")),
    ],
)
def test_names_of_four_systems(name, student):
    assert student_of(name) == student


@pytest.mark.parametrize("archive", ["submissions (1).zip", "submissions-2.zip", "all.zip", "submissions.zip"])
@pytest.mark.parametrize("inner", ["submissions/", "submissions/submissions/"])
@pytest.mark.parametrize("people", [("ann/a.ipynb", "bob/lab/b.ipynb"), ("ann_1_2_a.ipynb", "bob_3_4_a.ipynb")])
def test_folder_around_the_class_is_no_student(tmp_path, archive, inner, people):
    (tmp_path / archive).write_bytes(packed(**{inner + name: BOOK for name in people}))
    assert [who.partition("_")[0] for who, _ in listed(tmp_path / archive)] == ["ann", "bob"]
    put(tmp_path / "unpacked", *(inner + name for name in people))
    assert [who.partition("_")[0] for who, _ in listed(tmp_path / "unpacked")] == ["ann", "bob"]


@pytest.mark.parametrize("folders", [("notebooks", "earlier"), ("03", "04"), ("week 1", "week 2")])
def test_only_student_with_several_folders_is_one_student(tmp_path, folders):
    put(tmp_path, *(f"ann/{folder}/a.ipynb" for folder in folders))
    assert {who for who, _ in listed(tmp_path)} == {"ann"}


@pytest.mark.parametrize("what", ["work.pdf", "work.html", "work.7z", "onlinetext.txt"])
@pytest.mark.parametrize("packing", [False, True])
def test_who_handed_in_something_else_is_missing_in_words(tmp_path, what, packing):
    names = ["doejane_1_2_nb.ipynb", f"roerick_3_4_{what}"]
    put(tmp_path / "work", *names)
    (tmp_path / "all.zip").write_bytes(packed(**dict.fromkeys(names, BOOK)))
    _, rick = collect(tmp_path / ("all.zip" if packing else "work"))
    assert (rick.student, rick.status) == (Student("roerick", "3"), "missing")
    assert rick.problem == f"no notebook was handed in, but roerick_3_4_{what}"


def test_document_of_nobody_is_listed(tmp_path):
    put(tmp_path, "ann_a.ipynb", "essay.pdf")
    assert [(each.student, bool(each.problem)) for each in collect(tmp_path)] == [(None, True), (Student("ann"), False)]


def test_gradescope_says_whose_its_folders_are(tmp_path):
    put(tmp_path / "x", "submission_1/a.ipynb", "submission_2/a.ipynb", "submission_3/a.ipynb")
    (tmp_path / "x" / "submission_metadata.yml").write_text(
        "---\nsubmission_1:\n  :submitters:\n  - :name: Jane Doe\n    :sid: '007'\n    :email: j@x.org\n"
        "submission_2:\n  :submitters:\n  - :name: Rick Roe\n    :sid:\n"
        "submission_3:\n  :submitters:\n  - :name: Ann\n    :sid: '1'\n  - :name: Bob\n    :sid: '2'\n"
    )
    assert [each.student for each in collect(tmp_path / "x")] == [
        Student("Jane Doe", "007"), Student("Rick Roe"), Student("submission_3"),
    ]  # fmt: skip


def test_folder_around_the_class_may_be_named_last(tmp_path):
    names = {"submissions/ann/a.ipynb": BOOK, "submissions/bob/b.ipynb": BOOK, "submissions/": b""}
    (tmp_path / "all.zip").write_bytes(packed(**names))
    assert [who for who, _ in listed(tmp_path / "all.zip")] == ["ann", "bob"]
