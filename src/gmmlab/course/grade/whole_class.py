"""``gmm-lab grade``: from submissions to tables, pages and a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.files import atomic_write
from gmmlab.course.grade import tables
from gmmlab.course.grade.class_list import read_class_list
from gmmlab.course.grade.collect import collect
from gmmlab.course.grade.course_file import NAME, beside, read_course
from gmmlab.course.grade.gradebook import Gradebook
from gmmlab.course.grade.overrides import NAME as OVERRIDES
from gmmlab.course.grade.overrides import read_overrides
from gmmlab.course.grade.roster import LMS
from gmmlab.course.grade.store import Store
from gmmlab.course.grade.workers import Mode


@dataclass(frozen=True)
class Summary:
    """What a run came to: students, files, lines of ``problems.csv``, what to ask, and how many grades changed."""

    students: int
    files: int
    problems: int
    question: str = ""
    changes: int = 0


def grade_class(
    submissions: Path,
    out: Path,
    mode: Mode = Mode(),  # noqa: B008  (frozen)
    *,
    jobs: int = 1,
    dask: str | None = None,
    class_list: Path | None = None,
    lms: str | None = None,
    notebooks: Sequence[str] | None = None,
) -> Summary:
    """Grade what a class handed in, and write what instructor and students get.

    Parameters
    ----------
    submissions : Path
        A folder or an archive; nothing in it is changed.
    out : Path
        Where to write. What an earlier run left there is used again where nothing has changed.
    mode : Mode
        By the stored answers, or by running the notebooks again.
    jobs : int
        Number of worker processes.
    dask : str, optional
        Address of a Dask scheduler whose workers grade instead.
    class_list : Path, optional
        A .csv file of all students: those who handed in nothing get a row too.
    lms : str, optional
        ``"canvas"`` or ``"moodle"``: also write a table that it takes.
    notebooks : sequence of str, optional
        Those that count; others are listed. Default: those of at least half of all who handed in.

    Returns
    -------
    Summary

    Raises
    ------
    LabError
        If the submissions, the class list or the course file cannot be read, or nothing can be written to ``out``.
    """
    if out.exists() and not out.is_dir():
        raise LabError(f"{out} is a file. Give the name of a folder for the results.")
    if out.exists() and submissions.is_dir() and out.samefile(submissions):
        raise LabError(f"{out} holds the submissions. Give another folder for the results, with -o.")
    course = read_course(beside(submissions, NAME))
    class_list = class_list or course.class_list
    listed = read_class_list(class_list) if class_list else []
    found = collect(submissions, out)
    overrides = read_overrides(beside(submissions, OVERRIDES))
    book = Gradebook(found, Store(out), listed, notebooks, course, overrides)
    book.run(mode, jobs, dask)
    return write_all(book, out, lms or course.lms)


def write_all(book: Gradebook, out: Path, lms: str | None) -> Summary:
    """Write the tables, the students' pages and the report."""
    from gmmlab.course.grade.changes import Changes
    from gmmlab.course.grade.report import Class, grade_of, report

    book.look()
    seen, zone = Class(book.notebooks), book.course.zone or UTC
    changes = Changes(out, book.mode, zone)
    pages: list[tuple[Path, str, bytes]] = []
    lines, for_lms = [tables.head(book.notebooks)], []
    for row in book.rows():
        seen.add(row)
        changes.add(row, book.notebooks)
        lines.append(tables.line(row, book.notebooks, zone))
        for_lms += [row] if lms else []
        for name, attempt in row.counted.items():
            if attempt.result.points is not None:
                page = out / "feedback" / row.folder / f"{name}.html"
                pages.append((page, book.keys[attempt.number], grade_of(row, name)))
    before = book.store.handed_out()
    if before and pages and not before & {path.stem for path, *_ in pages}:
        raise LabError(
            f"{out} holds the grades of {', '.join(sorted(before))}, which these would replace. "
            "Give another folder for the results, with -o."
        )
    problems = tables.problems_of(book)
    book.store.hand_out(pages, out / "feedback")
    book.finish()
    changes.write()
    tables.write(out / "grades.csv", lines)
    tables.write(out / "problems.csv", problems)
    for other in LMS.keys() - {lms}:  # of an earlier run, with other grades
        (out / f"{other}.csv").unlink(missing_ok=True)
    if lms:
        tables.write(out / f"{lms}.csv", tables.for_lms(for_lms, book.notebooks, lms))
    atomic_write(out / "report.html", report(seen, list(book.orphans())))
    return Summary(seen.students, len(book.found), len(problems) - 1, book.question, len(changes.lines))
