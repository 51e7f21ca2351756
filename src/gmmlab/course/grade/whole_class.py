"""``gmm-lab grade``: from submissions to tables, pages and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.files import atomic_write
from gmmlab.course.grade import tables
from gmmlab.course.grade.aliases import NAME as ALIASES
from gmmlab.course.grade.aliases import read_aliases
from gmmlab.course.grade.anonymous import NAMES, has_codes, nameless
from gmmlab.course.grade.class_list import read_class_list
from gmmlab.course.grade.collect import Student, collect
from gmmlab.course.grade.course_file import NAME, beside, read_course
from gmmlab.course.grade.gradebook import Gradebook
from gmmlab.course.grade.overrides import COLUMNS as COLUMNS_BY_HAND
from gmmlab.course.grade.overrides import NAME as OVERRIDES
from gmmlab.course.grade.overrides import read_overrides
from gmmlab.course.grade.roster import GRADESCOPE, LMS, match
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
    anonymous: bool = False,
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
        ``"canvas"`` or ``"moodle"``: also write a table and an archive of pages that it takes; ``"gradescope"``: write
        its results of an autograder.
    notebooks : sequence of str, optional
        Those that count; others are listed. Default: those of at least half of all who handed in.
    anonymous : bool
        Whether to write codes for names; ``names.csv`` says whose they are.

    Returns
    -------
    Summary

    Raises
    ------
    LabError
        If the submissions, the class list or the course file cannot be read, or nothing can be written to ``out``.
    """
    if anonymous and lms:
        raise LabError("What an LMS takes needs names: grade without --anonymous for --lms.")
    if out.exists() and not out.is_dir():
        raise LabError(f"{out} is a file. Give the name of a folder for the results.")
    if out.exists() and submissions.is_dir() and out.samefile(submissions):
        raise LabError(f"{out} holds the submissions. Give another folder for the results, with -o.")
    course = read_course(beside(submissions, NAME))
    class_list = class_list or course.class_list
    listed = read_class_list(class_list) if class_list else []
    aliases = read_aliases(beside(submissions, ALIASES), listed)
    found = collect(submissions, out, aliases, (lambda who: bool(match([who], listed).lines)) if listed else None)
    overrides = read_overrides(beside(submissions, OVERRIDES))
    names: Mapping[Student, list[Student]] = {}
    if anonymous:
        found, listed, names = nameless(found, listed, out)
    elif has_codes(out):
        raise LabError(f"{out} holds grades without names. Give another folder for those with names, with -o.")
    book = Gradebook(found, Store(out), listed, notebooks, course, overrides, names)
    book.run(mode, jobs, dask)
    done = write_all(book, out, None if anonymous else lms or course.lms)
    if anonymous:
        lines = [[code.name, names[code][0].name, names[code][0].id] for code in book.students]
        tables.write(out / NAMES, [["code", "student", "id"], *lines])
    return done


def write_all(book: Gradebook, out: Path, lms: str | None) -> Summary:
    """Write the tables, the students' pages and the report."""
    from gmmlab.course.grade.changes import Changes
    from gmmlab.course.grade.hand_back import ARCHIVE, write_archive, write_results
    from gmmlab.course.grade.report import (
        COLUMNS,
        WRONG,
        Class,
        grade_of,
        report,
        statistics,
        texts_page,
        texts_to_grade,
        wrong_answers,
    )

    book.look()
    seen, zone = Class(book.notebooks), book.course.zone or UTC
    changes = Changes(out, book.mode, zone)
    pages: list[tuple[Path, str, bytes]] = []
    sources: dict[Path, str] = {}
    lines, for_lms, long = [tables.head(book.notebooks)], [], [list(tables.LONG)]
    for row in book.rows():
        seen.add(row)
        changes.add(row, book.notebooks)
        lines.append(tables.line(row, book.notebooks, zone))
        for_lms += [row] if lms else []
        long += tables.in_long_form(row, book.notebooks)
        for name, attempt in row.counted.items():
            if attempt.result.points is not None:
                page = out / "feedback" / row.folder / f"{name}.html"
                sources[page] = attempt.found.where
                pages.append((page, book.keys[attempt.number], grade_of(row, name)))
    before = book.store.handed_out()
    if before and pages and not before & {path.stem for path, *_ in pages}:
        raise LabError(
            f"{out} holds the grades of {', '.join(sorted(before))}, which these would replace. "
            "Give another folder for the results, with -o."
        )
    problems = tables.problems_of(book)
    book.store.hand_out(pages, out / "feedback")
    (out / ARCHIVE).unlink(missing_ok=True)
    if lms in LMS:
        write_archive(out, [(page, sources[page]) for page, *_ in pages])
    if lms == GRADESCOPE:
        write_results(out, for_lms, book.notebooks)
    book.finish()
    changes.write()
    tables.write(out / "grades.csv", lines)
    tables.write(out / "problems.csv", problems)
    tables.write(out / "lines.csv", long)
    tables.write(out / "statistics.csv", [COLUMNS, *statistics(seen)])
    tables.write(out / "wrong_answers.csv", [WRONG, *wrong_answers(seen)])
    if seen.texts:
        atomic_write(out / "texts.html", texts_page(seen))
        tables.write(out / "texts.csv", [COLUMNS_BY_HAND, *texts_to_grade(seen)])
    for other in LMS.keys() - {lms}:  # of an earlier run, with other grades
        (out / f"{other}.csv").unlink(missing_ok=True)
    if lms in LMS:
        tables.write(out / f"{lms}.csv", tables.for_lms(for_lms, book.notebooks, lms))
    atomic_write(out / "report.html", report(seen, list(book.orphans())))
    return Summary(seen.students, len(book.found), len(problems) - 1, book.question, len(changes.lines))
