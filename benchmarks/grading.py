"""Grade the same class in every way: by saved answers, by running again in the sandbox, by nbgrader's autograde.

    python benchmarks/grading.py [STUDENTS] [FEW] [NOTEBOOK]

STUDENTS (default 500) are graded by their saved answers, and a tenth of them too, to see whether memory grows with the
class; the first FEW of them (default 8) also by what runs their notebooks: whole, or from where the lab's own cells
end. Each line is one whole command, start and all. Memory is the largest proportional set size of the command's
processes together, and CPU the time of all of them, seen every tenth of a second: on a busy machine, compare that.
"""

import csv
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

from course.grade.classroom import FIT, student, to_bytes
from gmmlab.course import ONE_THREAD
from gmmlab.paths import lab_folder

DISTINCT = 100
"""Notebooks that differ; a larger class hands each in again under other names."""

PROGRAM = str(Path(sys.executable).with_name("gmm-lab"))


class Measured(NamedTuple):
    """One command: seconds of wall time and of CPU, and peak memory in MB."""

    seconds: float
    cpu: float
    memory: float


def measured(command: list[str], cwd: Path, **environment: str) -> Measured:
    settings = os.environ | ONE_THREAD | environment
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak, ticks = [0.0], {}
    watch = threading.Thread(target=_watch, args=(process, peak, ticks), daemon=True)
    watch.start()
    _, said = process.communicate()
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} failed:\n{said[-3000:]}")
    return Measured(time.monotonic() - start, sum(ticks.values()) / os.sysconf("SC_CLK_TCK"), peak[0])


def _watch(process: subprocess.Popen, peak: list[float], ticks: dict[int, int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _memory(process.pid, ticks))
        time.sleep(0.1)


def _memory(root: int, ticks: dict[int, int]) -> float:
    """Return the memory of a process and its descendants in MB, shared pages counted once; note their CPU time."""
    parents: dict[int, int] = {}
    spent: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid], spent[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    ticks.update({pid: spent[pid] for pid in family if pid in spent})
    total = 0
    for pid in family:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1000


def make_class(root: Path, students: int, name: str) -> None:
    """Hand in a notebook for each student; beyond `DISTINCT` they are other names of the same files."""
    rng = random.Random(0)
    root.mkdir()
    for number in range(students):
        (root / f"s{number:05}").mkdir()
        path = root / f"s{number:05}" / f"{name}.ipynb"
        if number < DISTINCT:
            path.write_bytes(to_bytes(student(name, rng, rng.betavariate(4, 2))))
        else:
            os.link(root / f"s{number % DISTINCT:05}" / f"{name}.ipynb", path)


def take(source: Path, target: Path, few: int) -> Path:
    for folder in sorted(source.iterdir())[:few]:
        shutil.copytree(folder, target / folder.name)
    return target


def nbgrader(root: Path, submissions: Path, name: str) -> tuple[Measured, dict[str, float]]:
    """Grade with nbgrader; only autograde is measured."""
    course = root / "course"
    (course / "source" / "gmm-lab").mkdir(parents=True)
    shutil.copy(lab_folder() / "notebooks" / f"{name}.ipynb", course / "source" / "gmm-lab")
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


def line(words: str, students: int, seen: Measured, base: Measured | None = None) -> None:
    """Print one line; ``base`` is what nbgrader took for each student."""
    ratios = (
        f"{base.seconds * students / seen.seconds:9.1f} {base.cpu * students / seen.cpu:9.1f}" if base else " " * 19
    )
    rate = f"{students / seen.seconds:9.2f} {students / seen.cpu:9.2f}"
    print(f"{words:32} {students:8} {seen.seconds:8.1f} {seen.cpu:8.1f} {rate} {ratios} {seen.memory:7.0f}", flush=True)


def main(students: int = 500, few: int = 8, name: str = FIT) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_class(root / "class", students, name)
        some = take(root / "class", root / "some", few)
        names = ("students", "seconds", "CPU s")
        rates = ("per s", "per CPU s", "x nbgr.", "x in CPU")
        print("way".ljust(32), *(f"{name:>8}" for name in names), *(f"{name:>9}" for name in rates), f"{'MB':>7}")
        seen, theirs = nbgrader(root, some, name)
        line("nbgrader autograde", few, seen)
        base = Measured(seen.seconds / few, seen.cpu / few, 0)
        again = _saved(root, some, "1", few, base)
        _saved(root, take(root / "class", root / "tenth", students // 10), "1", students // 10, base)
        for jobs in ("1", "2"):
            _saved(root, root / "class", jobs, students, base)
        same = sum(again[name] == theirs[name] for name in again)
        print(f"saved answers and nbgrader give the same points to {same} of {few} students")
        for words, options in (
            ("run again whole, 1 job", ["--full", "--jobs", "1"]),
            ("run again, 1 job", ["--jobs", "1"]),
            ("run again, 2 jobs", ["--jobs", "2"]),
        ):
            out = f"again{len(list(root.iterdir()))}"
            command = [PROGRAM, "grade", str(some), "-o", out, "--rerun", "--seed", "1", *options]
            line(words, few, measured(command, root), base)


def _saved(root: Path, submissions: Path, jobs: str, students: int, base: Measured) -> dict[str, float]:
    out = root / f"saved-{submissions.name}-{jobs}"
    command = [PROGRAM, "grade", str(submissions), "-o", str(out), "--jobs", jobs]
    line(f"saved answers, {jobs} jobs", students, measured(command, root), base)
    found = totals(out)
    shutil.rmtree(out)
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
