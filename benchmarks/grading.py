"""Grade the same class in every way: by saved answers, by running again in the sandbox, by nbgrader's autograde.

    python benchmarks/grading.py [STUDENTS] [FEW]

STUDENTS (default 500) are graded by their saved answers, also ten at a time as a check that memory does not grow with
the class; the first FEW of them (default 8) also by what runs their notebooks. Each line is one whole command, start
and all. Memory is the largest sum of the resident memory of the command's processes, seen every tenth of a second.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from course.grading.classroom import FIT, student, to_bytes
from gmmlab.paths import lab_folder

DISTINCT = 100
"""Notebooks that differ; a larger class hands each in again under other names."""

PROGRAM = str(Path(sys.executable).with_name("gmm-lab"))


class Measured(NamedTuple):
    """One command: seconds of wall time, and peak memory in MB."""

    seconds: float
    memory: float


def measured(command: list[str], cwd: Path, **environment: str) -> Measured:
    settings = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watch.start()
    _, said = process.communicate()
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} failed:\n{said[-3000:]}")
    return Measured(time.monotonic() - start, peak[0])


def _watch(process: subprocess.Popen, peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _memory(process.pid))
        time.sleep(0.1)


def _memory(root: int) -> float:
    """Return the resident memory of a process and its descendants in MB, shared pages counted once."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    total = 0
    for pid in family:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1000


def make_class(root: Path, students: int) -> None:
    """Hand in a notebook for each student; beyond `DISTINCT` they are other names of the same files."""
    rng = random.Random(0)
    root.mkdir()
    for number in range(students):
        (root / f"s{number:05}").mkdir()
        path = root / f"s{number:05}" / f"{FIT}.ipynb"
        if number < DISTINCT:
            path.write_bytes(to_bytes(student(FIT, rng, rng.betavariate(4, 2))))
        else:
            os.link(root / f"s{number % DISTINCT:05}" / f"{FIT}.ipynb", path)


def take(source: Path, target: Path, few: int) -> Path:
    for folder in sorted(source.iterdir())[:few]:
        shutil.copytree(folder, target / folder.name)
    return target


def nbgrader(root: Path, submissions: Path) -> tuple[Measured, dict[str, float]]:
    """Grade with nbgrader; only autograde is measured."""
    course = root / "course"
    (course / "source" / "gmm-lab").mkdir(parents=True)
    shutil.copy(lab_folder() / "notebooks" / f"{FIT}.ipynb", course / "source" / "gmm-lab")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {"JUPYTER_CONFIG_DIR": str(course / "config"), "HOME": str(course), "PATH": path}

    def run(*arguments: str) -> Measured:
        command = [sys.executable, "-m", "nbgrader", *arguments, f"--CourseDirectory.root={course}"]
        return measured(command, course, **settings)

    run("generate_assignment", "gmm-lab")
    for folder in submissions.iterdir():
        shutil.copytree(folder, course / "submitted" / folder.name / "gmm-lab")
    seen = run("autograde", "gmm-lab")
    run("export", f"--CsvExportPlugin.to={course / 'grades.csv'}")
    with (course / "grades.csv").open(newline="") as file:
        return seen, {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def totals(out: Path) -> dict[str, float]:
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: float(row["total"] or "nan") for row in csv.DictReader(file)}


def line(words: str, students: int, seen: Measured, base: float) -> float:
    rate = students / seen.seconds
    ratio = f"{rate / base:8.1f}" if base else " " * 8
    print(f"{words:34} {students:9} {seen.seconds:9.1f} {rate:9.2f} {ratio} {seen.memory:9.0f}", flush=True)
    return rate


def main(students: int = 500, few: int = 8) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_class(root / "class", students)
        some = take(root / "class", root / "some", few)
        print(f"{'way':34} {'students':>9} {'seconds':>9} {'per s':>9} {'x nbgr.':>8} {'MB':>9}")
        seen, theirs = nbgrader(root, some)
        base = line("nbgrader autograde", few, seen, 0)
        for jobs in ("1", "2"):
            _saved(root, root / "class", jobs, students, base)
        again = _saved(root, some, "1", few, base)
        same = sum(again[name] == theirs[name] for name in again)
        print(f"saved answers and nbgrader give the same points to {same} of {few} students")
        for jobs in ("1", "2"):
            command = [PROGRAM, "grade", str(some), "-o", f"again{jobs}", "--rerun", "--seed", "1", "--jobs", jobs]
            line(f"run again in the sandbox, {jobs} jobs", few, measured(command, root), base)
            print("  ", json.dumps({name: total for name, total in totals(root / f"again{jobs}").items()}))


def _saved(root: Path, submissions: Path, jobs: str, students: int, base: float) -> dict[str, float]:
    out = root / f"saved-{submissions.name}-{jobs}"
    command = [PROGRAM, "grade", str(submissions), "-o", str(out), "--jobs", jobs]
    line(f"saved answers, {jobs} jobs", students, measured(command, root), base)
    found = totals(out)
    shutil.rmtree(out)
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
