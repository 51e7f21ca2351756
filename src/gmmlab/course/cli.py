"""The command ``gmm-lab``: reads the command line and hands over to `gmmlab.course`."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gmmlab import __version__
from gmmlab.course import ONE_THREAD, LabError

# What a command needs is imported when it runs, so that --help and the other commands do not wait for it.
if TYPE_CHECKING:
    from gmmlab.course.author.execute import Outcome
    from gmmlab.course.student.working_copy import Step


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; that of this process by default.

    Returns
    -------
    int
        0 if all went well, 1 if a notebook or the environment has a problem, 2 if the command could
        not do its work, 130 if the user stopped it.
    """
    _open_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    names = [row.name for row in COMMANDS]
    if not given:
        _parser().print_help()
        return 0
    if not given[0].startswith("-") and given[0] not in names:
        near = get_close_matches(given[0], names, n=1)
        hint = f"Did you mean `gmm-lab {near[0]}`? " if near else ""
        return _complain(f"there is no command {given[0]!r}. {hint}The commands are: {', '.join(names)}.")
    options = _parser().parse_args(given)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        return _complain("stopped, as you asked. The files that were finished are complete.", status=130)
    except LabError as error:
        return _complain(str(error))
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "gmmlab":
            raise  # a fault of ours, which no installation mends
        return _complain(f"{error}. `gmm-lab doctor` says which package is missing and how to install it.")
    except BrokenPipeError:
        # Whoever read our output has closed it; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        from gmmlab.course.files import in_words

        return _complain(in_words(error))
    except UnicodeEncodeError as error:
        return _complain(f"{error.object!r} cannot be written in {error.encoding}. Set PYTHONUTF8=1 and try again.")
    except MemoryError:
        return _complain("there is not enough memory. Close other programs, and give the command again.")


def _open_streams() -> None:
    """Let every stream be there and take every character: a service has none of them, and some know no Greek."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = getattr(sys, name)
        if stream is None:
            # Else the next file that is opened would get the number, and whatever the children print.
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, number) if nothing != number else os.set_inheritable(nothing, True)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif mode == "w" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _complain(sentence: str, status: int = 2) -> int:
    print(f"gmm-lab: {sentence}", file=sys.stderr)
    return status


def _start(options: argparse.Namespace) -> int:
    from gmmlab.course.student import launch, working_copy
    from gmmlab.exercises import memory

    if not options.files_only:
        launch.check_jupyterlab()
    folder = Path(options.folder) if options.folder else working_copy.folder_to_start()
    working_copy.check_folder(folder)
    files = working_copy.files_to_work_with()
    _print_steps(working_copy.synchronise(folder, files))
    _print_steps(working_copy.waiting(folder))
    memory.write_page(folder)
    notebook = working_copy.left_off(folder, files)
    if options.files_only:
        print(f"Your working copy is {folder}. Open {notebook} in it.")
        return 0
    print(f"Your working copy is {folder}. JupyterLab opens {notebook}.")
    print("To stop JupyterLab, press Ctrl-C here.", flush=True)
    launch.open_lab(folder, notebook, options.browser, options.port)
    return 0


def _progress(options: argparse.Namespace) -> int:
    from gmmlab.course.student import working_copy
    from gmmlab.exercises import memory

    folder = working_copy.folder_at_hand()
    try:
        shown = memory.progress_in(folder, options.notebook)
    except ValueError as error:
        raise LabError(str(error)) from error
    memory.write_page(folder)
    print("\n".join([*shown.lines(), f"{shown}.", f"The same, to be read in a browser: {folder / memory.PAGE}"]))
    return 0


def _reset(options: argparse.Namespace) -> int:
    from gmmlab.course.student import working_copy

    folder = working_copy.folder_at_hand()
    files = working_copy.files_to_work_with()
    _print_steps([working_copy.reset(folder, files, options.notebook, options.exercise)])
    print("If the notebook is open in JupyterLab, choose there, in the menu File: Reload Notebook from Disk.")
    return 0


def _print_steps(steps: "Iterable[Step]") -> None:
    for step in steps:
        print(f"{step.action:10}  {step.path}" + (f" ({step.note})" if step.note else ""))


def _run(options: argparse.Namespace) -> int:
    from gmmlab.course import notebooks
    from gmmlab.course.author import execute

    return _report(execute.run(notebooks.find_notebooks(options.notebooks), Path(options.output), options.timeout))


def _book(options: argparse.Namespace) -> int:
    from gmmlab.course import notebooks
    from gmmlab.course.kernel import writable_places

    with writable_places():
        from gmmlab.course.author import book

        complaints = book.build(notebooks.find_notebooks(options.notebooks), Path(options.output))
    for complaint in complaints:
        _complain(complaint)
    print(f"Open {Path(options.output) / 'index.html'} in a browser.")
    return 1 if complaints else 0


def _refresh(options: argparse.Namespace) -> int:
    from gmmlab.course import notebooks
    from gmmlab.course.author import execute

    return _report(execute.refresh(notebooks.find_notebooks(options.notebooks), options.check, options.timeout))


def _new(options: argparse.Namespace) -> int:
    from gmmlab.course.author import new

    if options.kind == "course":
        path = new.new_course(Path(options.name or "."))
        print(f"{'written':10}  {path}")
        print("Take the mark # from the entries that you use. `gmm-lab grade` reads the file beside the submissions.")
        return 0
    if not options.name:
        raise LabError(f"give a name: gmm-lab new {options.kind} NAME")
    if options.kind == "exercise":
        written = new.new_exercise(options.name)
    else:
        written = new.new_notebook_of(options.name, options.lesson)
    for path in written:
        print(f"{'written':10}  {path}")
    print("Write yours where they say TODO (`gmmlab.exercises.form` tells how), then: gmm-lab refresh, pytest.")
    return 0


def _report(outcomes: "Sequence[Outcome]") -> int:
    from gmmlab.course.author.execute import table

    print(table(outcomes), flush=True)
    problems = [f"{outcome.notebook}: {outcome.problem}" for outcome in outcomes if outcome.problem]
    for problem in problems:
        _complain(problem)
    return 1 if problems else 0


def _release(options: argparse.Namespace) -> int:
    from gmmlab.course.author.release import release

    _print_steps(release(Path(options.target)))
    return 0


def _grade(options: argparse.Namespace) -> int:
    os.environ.update(ONE_THREAD)  # before numpy loads, here and in the workers
    from gmmlab.course.grade import command

    out = Path(options.output)
    done = command.grade_from_options(options)
    print(f"Students: {done.students}. Files: {done.files}. Problems: {done.problems}", end="")
    print(f", see {out / 'problems.csv'}." if done.problems else ".")
    print(f"Points: {out / 'grades.csv'}. Report: {out / 'report.html'}. Pages for students: {out / 'feedback'}")
    if done.changes:
        print(f"Grades that differ from the last run's: {done.changes}, see {out / 'changes.csv'}.")
    if done.question:
        print(f"gmm-lab: {done.question}", file=sys.stderr)
    return 1 if done.problems else 0


def _doctor(options: argparse.Namespace) -> int:
    from gmmlab.course.student.doctor import examine

    problems = 0
    for finding in examine():
        problems += not finding.good
        print(f"{'ok' if finding.good else 'problem':7}  {finding.words}", flush=True)
    print(f"Problems found: {problems}." if problems else "This environment can run the lab.")
    return 1 if problems else 0


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number within limits."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


class _Argument:
    """One argument of a command: what `argparse` takes."""

    def __init__(self, *flags: str, **settings: Any) -> None:
        self.flags, self.settings = flags, settings


class _Command(NamedTuple):
    """One row of the table of commands."""

    name: str
    function: Callable[[argparse.Namespace], int]
    purpose: str
    example: str
    arguments: tuple[_Argument, ...] = ()


def _output(default: str) -> _Argument:
    return _Argument("-o", "--output", metavar="FOLDER", default=default, help="where to write (default: %(default)s)")


_NOTEBOOKS = _Argument(
    "notebooks",
    metavar="NOTEBOOK",
    nargs="*",
    help="a name such as 03_fit_mixture, a number such as 03, or a path (default: all, in order)",
)
_TIMEOUT = _Argument(
    "--timeout",
    type=_whole_number(1, 10**6),
    metavar="SECONDS",
    default=600,
    help="the longest that one cell may take (default: %(default)s)",
)

COMMANDS = (
    _Command(
        "start",
        _start,
        "Make or update a working copy of the lab, and open it in JupyterLab.",
        "gmm-lab start my-gmm-lab --no-browser --port 8899",
        (
            _Argument(
                "folder",
                metavar="FOLDER",
                nargs="?",
                help="where the copy is or shall be; nothing that you wrote in it is lost (default: the working copy "
                "around you, or else my-gmm-lab)",
            ),
            _Argument("--no-browser", dest="browser", action="store_false", help="only print the address to open"),
            _Argument(
                "--files-only",
                action="store_true",
                help="make or update the copy and start nothing, for those who open it in VS Code or elsewhere",
            ),
            _Argument(
                "--port",
                type=_whole_number(1, 65535),
                metavar="N",
                help="the port to listen on, from 1 to 65535; the next free one is taken if it is in use",
            ),
        ),
    ),
    _Command(
        "progress",
        _progress,
        "Show your points in the whole lab, or in one notebook, and what is still open.",
        "gmm-lab progress 03",
        (_Argument("notebook", metavar="NOTEBOOK", nargs="?", help="a name or a number such as 03 (default: all)"),),
    ),
    _Command(
        "reset",
        _reset,
        "Set a notebook of your working copy, or one exercise in it, back; your old file is kept.",
        "gmm-lab reset 03 fit-2",
        (
            _Argument("notebook", metavar="NOTEBOOK", help="a name such as 03_fit_mixture, or a number such as 03"),
            _Argument("exercise", metavar="EXERCISE", nargs="?", help="such as fit-2 (default: the whole notebook)"),
        ),
    ),
    _Command(
        "run",
        _run,
        "Execute notebooks in fresh kernels, and write the executed ones into a folder.",
        "gmm-lab run 03 04 -o build",
        (_NOTEBOOKS, _TIMEOUT, _output("build")),
    ),
    _Command(
        "book",
        _book,
        "Make of saved notebooks, without executing them, a site to read in a browser.",
        "gmm-lab book -o build/book",
        (_NOTEBOOKS, _output("build/book")),
    ),
    _Command(
        "refresh",
        _refresh,
        "For authors: execute the checkout's notebooks and save them, in their normal form, in place.",
        "gmm-lab refresh 03_fit_mixture",
        (
            _NOTEBOOKS,
            _TIMEOUT,
            _Argument("--check", action="store_true", help="change nothing; status 1 if a notebook would change"),
        ),
    ),
    _Command(
        "new",
        _new,
        "Lay what you then fill: an exercise or a whole notebook for authors, the rules of a course for instructors.",
        "gmm-lab new exercise fit-6",
        (
            _Argument("kind", choices=["exercise", "notebook", "course"], help="what to lay"),
            _Argument(
                "name",
                metavar="NAME",
                nargs="?",
                help="such as fit-6 for an exercise, or 16_my_lesson for a notebook; for a course, the folder in which "
                "the submissions lie (default: this one)",
            ),
            _Argument(
                "--lesson",
                metavar="WORD",
                help="for a notebook: what the ids of its exercises begin with (default: the first word of its name)",
            ),
        ),
    ),
    _Command(
        "release",
        _release,
        "For instructors: write the lab without its solutions, to be handed to students.",
        "gmm-lab release gmm-lab-students.zip",
        (_Argument("target", metavar="FOLDER|FILE.zip", help="the folder or the .zip file to write"),),
    ),
    _Command(
        "grade",
        _grade,
        "For instructors: grade what a class handed in, without running any of it unless told to. Due dates and other "
        "rules stand in course.toml beside the submissions: see `gmm-lab new course`.",
        "gmm-lab grade submissions.zip -o grades --class-list class.csv",
        (
            _Argument(
                "submissions",
                metavar="SUBMISSIONS",
                help="a folder with a folder for each student, a flat folder as Canvas or Moodle give it, or an "
                "archive (.zip, .tar, .tar.gz, .tgz) of either",
            ),
            _output("grades"),
            _Argument("--class-list", metavar="FILE.csv", help="all students: who handed in nothing gets a row too"),
            _Argument(
                "--notebooks",
                metavar="03,04",
                help="what counts (default: what the course file names, else what half of all handed in)",
            ),
            _Argument(
                "--lms",
                choices=["canvas", "moodle", "gradescope"],
                help="also write what it takes: a table of grades, and the pages in one archive; for Gradescope the "
                "results of an autograder",
            ),
            _Argument(
                "--jobs",
                type=_whole_number(1, 1000),
                metavar="N",
                help="processes at work (default: one for each core)",
            ),
            _Argument(
                "--anonymous", action="store_true", help="write codes for names, and into names.csv whose they are"
            ),
            _Argument("--dask", metavar="ADDRESS", help="let the workers of this Dask scheduler do the work"),
            _Argument(
                "--rerun", action="store_true", help="run each notebook again, in a sandbox, and judge what comes out"
            ),
            _Argument(
                "--seed",
                type=_whole_number(0, 2**31 - 1),
                metavar="N",
                help="with --rerun: draw the inputs for students' functions from it (default: one that nobody knows)",
            ),
            _Argument(
                "--sandbox",
                choices=["bubblewrap", "container", "none"],
                default="bubblewrap",
                help="with --rerun: what keeps the notebooks from your files and network (default: %(default)s)",
            ),
            _Argument(
                "--full",
                action="store_true",
                help="with --rerun: run each notebook whole, also those of the lab's cells that no change can reach",
            ),
        ),
    ),
    _Command(
        "doctor",
        _doctor,
        "Say whether this environment can run the lab, and how to mend what is wrong.",
        "gmm-lab doctor",
    ),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gmm-lab", description="A lab on Gaussian mixture models, in notebooks on real data."
    )
    parser.add_argument("--version", action="version", version=f"gmm-lab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for row in COMMANDS:
        one = commands.add_parser(row.name, help=row.purpose, description=row.purpose, epilog=f"Example: {row.example}")
        one.set_defaults(command=row.function)
        for argument in row.arguments:
            one.add_argument(*argument.flags, **argument.settings)
    return parser
