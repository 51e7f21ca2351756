"""Workers: what dies marks only its submission, what is stopped loses only what is in flight."""

import csv
import json
import multiprocessing
import multiprocessing.synchronize
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from course.ctrl_c import started
from course.grade import tasks
from course.grade.classroom import cell_of, lab_notebook, to_bytes
from gmmlab.course import LabError
from gmmlab.course.grade import time_and_memory
from gmmlab.course.grade.assess import Result
from gmmlab.course.grade.whole_class import grade_class
from gmmlab.course.grade.workers import Mode, Work, grade_all

N_STUDENTS = 60
GMM_LAB = str(Path(sys.executable).with_name("gmm-lab"))


def statuses(students, task):
    works = iter([Work(student, b"", Mode()) for student in students])
    return {work.key: result for work, (result, _) in grade_all(works, 2, task=task)}


@pytest.mark.slow
def test_worker_that_dies_marks_only_its_submission():
    results = statuses(["a", "b", "killer", "c", "exit", "d", "raises", "e"], tasks.die_for_some)
    died = {student for student, result in results.items() if result.status == "grader died"}
    assert died == {"killer", "exit", "raises"}
    assert {results[student].status for student in "abcde"} == {"ok"}


@pytest.mark.slow
def test_workers_have_one_blas_thread():
    assert statuses(["a"], tasks.die_for_some)["a"].reason == "a in 1 thread"


@pytest.mark.slow
def test_worker_that_hears_no_alarm_is_ended():
    results = statuses(["a", "deaf", "b"], tasks.deaf_to_alarms)
    assert {student: result.status for student, result in results.items()} == {
        "a": "ok",
        "deaf": "grader died",
        "b": "ok",
    }


def test_time_limit_is_no_exception_that_a_check_could_catch():
    with pytest.raises(time_and_memory.OutOfTime), time_and_memory.limits(0.05):
        try:
            while True:
                time.sleep(0.01)
        except Exception:
            raise AssertionError from None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the memory of a running process")
def test_memory_limit_is_a_memory_error_and_is_lifted_again():
    with pytest.raises(MemoryError), time_and_memory.limits():
        bytearray(2 * time_and_memory.MEMORY)
    with time_and_memory.limits():
        pass
    assert len(bytearray(10)) == 10


def small_notebook():
    """Return the lab's notebook without the figures, which a pipe full of notebooks would wait for."""
    notebook = lab_notebook()
    keep = {f"fit-{j}-check" for j in range(1, 6)}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and cell["id"] not in keep:
            cell["outputs"] = []
    return notebook


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    root = tmp_path_factory.mktemp("crowd")
    content = to_bytes(small_notebook())
    for number in range(N_STUDENTS):
        (root / f"student{number}_03_fit_mixture.ipynb").write_bytes(content + b" " * number)  # else judged once
    return root


def begin(crowd, out, stop_after):
    """Start grading, and return the process as soon as some more results are there."""
    command = [GMM_LAB, "grade", str(crowd), "-o", str(out), "--jobs", "1"]
    process = started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 600
    while len(whole(out)) < stop_after and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    return process


def whole(out):
    return {path: path.stat().st_mtime_ns for path in (out / ".results").glob("*.json")}


def gone(processes):
    end = time.monotonic() + 300
    while any(map(lives, processes)):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # dead, but not buried yet
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tried on Linux only")
def test_what_is_stopped_or_killed_goes_on_where_it_was(crowd, tmp_path):
    process = begin(crowd, tmp_path, 5)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=600)
    assert (process.returncode, children != [], gone(children)) == (130, True, True)
    assert "stopped, as you asked" in said
    first = whole(tmp_path)
    assert 5 <= len(first) < N_STUDENTS

    process = begin(crowd, tmp_path, len(first) + 5)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=600)
    assert gone(children)
    second = whole(tmp_path)
    assert len(second) - len(first) >= 5
    assert len(second) < N_STUDENTS
    assert all(json.loads(path.read_bytes())["status"] == "ok" for path in second)

    grade_class(crowd, tmp_path)
    third = whole(tmp_path)
    assert len(third) == N_STUDENTS
    assert second.items() <= third.items()
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["total"] for row in csv.DictReader(file)} == {"6"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same(tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    wrong = small_notebook()
    cell_of(wrong, "fit-2-check")["outputs"] = []
    works = [Work(name, to_bytes(nb), Mode()) for name, nb in (("a", small_notebook()), ("b", wrong))]
    works.append(Work("c", b"{", Mode()))
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        there = {work.key: done for work, done in grade_all(iter(works), 1, cluster.scheduler_address)}
    here = {work.key: done for work, done in grade_all(iter(works), 1)}
    assert there == here
    assert [here[key][0].points for key in "abc"] == [6, 4, None]


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_is_not_there_is_a_sentence(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(LabError, match="No Dask scheduler answers at tcp://nowhere:1"):
        list(grade_all(iter([]), 1, "tcp://nowhere:1"))


def refuse(*arguments, **options):
    raise OSError("Timed out")


def test_cpu_count_is_positive():
    from gmmlab.course.grade.workers import cores

    assert 1 <= cores() <= os.cpu_count()


@pytest.mark.slow
def test_a_temporary_folder_with_a_long_name_is_no_hindrance(tmp_path, monkeypatch):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert statuses(["a"], tasks.die_for_some)["a"].reason == "a in 1 thread"


def test_without_shared_memory_files_are_judged_one_by_one_here(monkeypatch, capsys):
    def refuse(*_):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(multiprocessing.synchronize._multiprocessing, "SemLock", refuse)
    assert statuses(["a"], lambda work: (Result("ok", "here"), None))["a"].reason == "here"
    assert "no shared memory" in capsys.readouterr().err
