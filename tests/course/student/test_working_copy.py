import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course.small_lab import Lab
from gmmlab import paths
from gmmlab.course import LabError, cli
from gmmlab.course.author import release
from gmmlab.course.files import atomic_write
from gmmlab.course.student.working_copy import OURS, check_folder, files_to_work_with, folder_to_start, synchronise

NAME = "data/birds.csv"


def content(version, size=2000):
    return json.dumps({"version": version, "padding": "x" * size}).encode()


def sync(folder, version, name=NAME):
    return [tuple(step)[:2] for step in synchronise(folder, {name: content(version)})]


def test_empty_folder_receives_everything(lab, tmp_path):
    files = files_to_work_with()
    synchronise(tmp_path / "copy", files)
    written = {name: (tmp_path / "copy" / name).read_bytes() for name in files}
    assert written == files
    assert set(files) == {"README.md", "data/README.md", "notebooks/01_look.ipynb", "notebooks/02_fit.ipynb"}


def test_notebooks_of_a_working_copy_are_student_copies(lab, tmp_path):
    synchronise(tmp_path, files_to_work_with())
    notebook = nbformat.read(tmp_path / "notebooks" / "02_fit.ipynb", as_version=4)
    assert "SOLUTION" not in str(notebook)


def test_readme_of_a_working_copy_names_what_is_there_and_commands_that_exist():
    readme = files_to_work_with()["README.md"].decode()
    places = {place.rstrip("/").split("/")[0] for place in re.findall(r"^\| `([\w./]+)` \|", readme, re.M)}
    assert places | {"README.md"} == OURS
    named = re.findall(r"^\| `gmm-lab (\w+)", readme, re.M)
    assert set(named) == {row.name for row in cli.COMMANDS} - {"book", "refresh", "new", "release", "grade"}


def test_file_that_the_lab_has_no_longer_is_removed_and_so_is_the_empty_folder(tmp_path):
    sync(tmp_path, 1, "data/movielens/movies.csv")
    assert sync(tmp_path, 1) == [("removed", "data/movielens/movies.csv"), ("new", NAME)]
    assert not (tmp_path / "data" / "movielens").exists()
    assert sync(tmp_path, 1) == []


def test_file_that_the_lab_has_no_longer_stays_if_its_owner_wrote_in_it(tmp_path):
    sync(tmp_path, 1, "data/old.csv")
    (tmp_path / "data/old.csv").write_bytes(b"mine")
    assert sync(tmp_path, 1) == [("new", NAME)]
    assert (tmp_path / "data/old.csv").read_bytes() == b"mine"


def test_offer_stays(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    sync(tmp_path, 2)
    sync(tmp_path, 2)
    assert (tmp_path / "data/birds.new.csv").read_bytes() == content(2)


def test_second_copy_of_the_same_course_does_nothing(tmp_path):
    sync(tmp_path, 1)
    assert sync(tmp_path, 1) == []


def test_untouched_file_is_updated(tmp_path):
    sync(tmp_path, 1)
    assert sync(tmp_path, 2) == [("updated", NAME)]
    assert (tmp_path / NAME).read_bytes() == content(2)


def test_changed_file_is_left_alone(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    assert sync(tmp_path, 1) == [("kept", NAME)]
    assert (tmp_path / NAME).read_bytes() == b"mine"


def test_newer_version_of_a_changed_file_is_put_beside_it(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    assert sync(tmp_path, 2) == [("put beside", "data/birds.new.csv")]
    assert (tmp_path / NAME).read_bytes() == b"mine"
    assert (tmp_path / "data/birds.new.csv").read_bytes() == content(2)


def test_newer_version_is_offered_once(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    sync(tmp_path, 2)
    (tmp_path / "data/birds.new.csv").unlink()
    assert sync(tmp_path, 2) == [("kept", NAME)]


def test_untouched_offer_is_replaced_by_a_newer_one(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    sync(tmp_path, 2)
    assert sync(tmp_path, 3) == [("put beside", "data/birds.new.csv")]
    assert (tmp_path / "data/birds.new.csv").read_bytes() == content(3)


def test_changed_offer_is_not_overwritten_by_a_newer_one(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    sync(tmp_path, 2)
    (tmp_path / "data/birds.new.csv").write_bytes(b"also mine")
    assert sync(tmp_path, 3) == [("put beside", "data/birds.new-2.csv")]
    assert (tmp_path / "data/birds.new.csv").read_bytes() == b"also mine"


def test_offer_that_replaced_the_students_file_is_updated_again(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    sync(tmp_path, 2)
    (tmp_path / "data/birds.new.csv").replace(tmp_path / NAME)
    assert sync(tmp_path, 3) == [("updated", NAME)]


def test_deleted_file_is_restored(tmp_path):
    sync(tmp_path, 1)
    (tmp_path / NAME).unlink()
    assert sync(tmp_path, 1) == [("new", NAME)]


def test_file_that_was_there_before_the_course_is_not_overwritten(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_bytes(b"mine")
    assert sync(tmp_path, 1, "data/README.md") == [("put beside", "data/README.new.md")]
    assert (tmp_path / "data" / "README.md").read_bytes() == b"mine"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"data/birds.csv": [1]}}', "\x00"])
def test_spoilt_manifest_loses_no_work(tmp_path, text):
    sync(tmp_path, 1)
    (tmp_path / NAME).write_bytes(b"mine")
    (tmp_path / paths.MANIFEST).write_text(text)
    sync(tmp_path, 2)
    assert (tmp_path / NAME).read_bytes() == b"mine"


@pytest.mark.parametrize("inside", [".", "notebooks", "data", "notebooks/deeper"])
def test_copy_into_the_labs_own_folders_is_refused(lab, inside):
    with pytest.raises(LabError, match="another folder"):
        check_folder(lab.root / inside)


def test_copy_through_a_link_into_the_labs_own_folders_is_refused(lab, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "notebooks").symlink_to(lab.root / "notebooks")
    with pytest.raises(LabError, match="another folder"):
        check_folder(tmp_path / "copy")


def test_copy_beside_the_labs_own_folders_is_allowed(lab):
    check_folder(lab.root / "my-gmm-lab")


def test_folder_of_a_working_copy_is_one(lab, tmp_path):
    sync(tmp_path / "copy", 1)
    (tmp_path / "copy" / "my notes.txt").write_text("")
    check_folder(tmp_path / "copy")


def test_copy_that_lost_its_manifest_is_still_one(lab, tmp_path):
    sync(tmp_path / "copy", 1, "notebooks/01_look.ipynb")
    (tmp_path / "copy" / paths.MANIFEST).unlink()
    check_folder(tmp_path / "copy")


def test_folder_with_hidden_files_alone_is_empty(lab, tmp_path):
    (tmp_path / "copy" / ".venv").mkdir(parents=True)
    check_folder(tmp_path / "copy")


def test_folder_with_something_else_is_refused(lab, tmp_path):
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(LabError, match=r"new, empty or your working copy, but it holds other things: lab, thesis\.txt"):
        check_folder(tmp_path)


def test_another_checkout_of_the_lab_is_refused(lab, tmp_path):
    other = Lab(tmp_path / "other")
    with pytest.raises(LabError, match="holds other things"):
        check_folder(other.root)


def test_release_is_no_working_copy(lab, tmp_path, monkeypatch):
    synchronise(tmp_path / "release", {NAME: content(1), "README.md": b""}, release.MANIFEST)
    monkeypatch.chdir(tmp_path / "release")
    assert paths.working_copy() is None
    with pytest.raises(LabError, match="holds other things"):
        check_folder(tmp_path / "release")


@pytest.mark.parametrize("inside", ["", "notebooks"])
def test_start_inside_a_working_copy_means_that_one(tmp_path, monkeypatch, inside):
    sync(tmp_path, 1, "notebooks/01_look.ipynb")
    monkeypatch.chdir(tmp_path / inside)
    assert folder_to_start() == tmp_path


def test_start_elsewhere_makes_a_new_copy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folder_to_start() == Path("my-gmm-lab")


def test_file_in_place_of_the_folder_is_refused(lab, tmp_path):
    (tmp_path / "copy").write_text("")
    with pytest.raises(LabError, match="is a file"):
        check_folder(tmp_path / "copy")


TOGETHER = """
import sys
from pathlib import Path
from gmmlab.course.student.working_copy import synchronise

sys.stdin.read()
synchronise(Path(sys.argv[1]), {f"data/{n}.csv": b"x" * 10_000 for n in range(100)})
"""


@pytest.mark.slow
def test_two_copies_at_once_do_not_disturb_each_other(tmp_path):
    command = [sys.executable, "-c", TOGETHER, tmp_path / "copy"]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        process.stdin.close()
        process.stdin = None
    assert [process.communicate()[1] for process in both] == [b"", b""]
    assert len(list((tmp_path / "copy" / "data").iterdir())) == 100
    assert synchronise(tmp_path / "copy", {f"data/{n}.csv": b"x" * 10_000 for n in range(100)}) == []


def test_disk_that_takes_nothing_not_even_a_removal_names_the_file(tmp_path, monkeypatch):
    def refused(self, *arguments, **options):
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OSError) as error:
        atomic_write(tmp_path / "x.ipynb", b"")
    assert error.value.filename == str(tmp_path / "x.ipynb")


def test_file_that_cannot_be_written_is_named_as_its_owner_knows_it(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(OSError) as error:
        sync(tmp_path, 1)
    assert str(tmp_path / "data") in str(error.value.filename)


# The child dies by SIGKILL at its n-th step towards the disk: with half a file written, or just before
# a finished file takes its place.
DYING = """
import os, signal, sys
from pathlib import Path
from gmmlab.course.student.working_copy import synchronise

steps = int(sys.argv[2])

def dying(function, last_words):
    def call(*arguments):
        global steps
        if steps == 0:
            last_words(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        steps -= 1
        return function(*arguments)
    return call

os.fsync = dying(os.fsync, lambda file: os.ftruncate(file, 1000))
os.replace = dying(os.replace, lambda source, target: None)
files = {f"notebooks/{n}.ipynb": Path(sys.argv[3]).read_bytes() for n in "abc"}
synchronise(Path(sys.argv[1]), files)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(
    ("before", "steps"), [(None, steps) for steps in range(14)] + [("update", steps) for steps in range(12)]
)
def test_killed_copy_leaves_whole_files_and_is_completed_by_the_next(tmp_path, before, steps):
    folder, names = tmp_path / "copy", [f"notebooks/{n}.ipynb" for n in "abc"]
    if before:
        synchronise(folder, dict.fromkeys(names, content(before)))
    (tmp_path / "new").write_bytes(content(2))
    command = [sys.executable, "-c", DYING, folder, str(steps), tmp_path / "new"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    whole = {content(before), content(2)}
    assert {(folder / name).read_bytes() for name in names if (folder / name).exists()} <= whole
    synchronise(folder, dict.fromkeys(names, content(2)))
    assert [(folder / name).read_bytes() for name in names] == [content(2)] * 3
    assert sorted(path.name for path in (folder / "notebooks").iterdir()) == ["a.ipynb", "b.ipynb", "c.ipynb"]
