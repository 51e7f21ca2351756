"""The command ``gmm-lab``: reads the command line and hands over to `gmmlab.course`."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gmmlab import __version__
from gmmlab.course import LabError

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
    options = _parser().parse_args(arguments)
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
        return _complain(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _complain(sentence: str, status: int = 2) -> int:
    print(f"gmm-lab: {sentence}", file=sys.stderr)
    return status


def _start(options: argparse.Namespace) -> int:
    from gmmlab.course.student import launch, working_copy

    launch.check_jupyterlab()
    folder = Path(options.folder)
    working_copy.check_folder(folder)
    files = working_copy.course_files()
    _print_steps(working_copy.synchronise(folder, files, made_by="gmm-lab start"))
    print(f"Your working copy is {folder}. To stop JupyterLab, press Ctrl-C here.", flush=True)
    first = min(name for name in files if name.endswith(".ipynb"))
    launch.open_lab(folder, first, options.browser, options.port)
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
    # Before numpy loads, here and in the workers: parallel work comes from many files at once.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from gmmlab.course.grade import command

    out = Path(options.output)
    done = command.grade_from_options(options)
    print(f"Students: {done.students}. Files: {done.files}. Not graded, or not counted: {done.problems}", end="")
    print(f", see {out / 'problems.csv'}." if done.problems else ".")
    print(f"Points: {out / 'grades.csv'}. Report: {out / 'report.html'}. Pages for students: {out / 'feedback'}")
    return 1 if done.problems else 0


def _doctor(options: argparse.Namespace) -> int:
    from gmmlab.course.student.doctor import examine

    problems = 0
    for finding in examine():
        problems += not finding.good
        print(f"{'ok' if finding.good else 'problem':7}  {finding.words}", flush=True)
    print(f"Problems found: {problems}." if problems else "This environment can run the lab.")
    return 1 if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gmm-lab", description="A lab on Gaussian mixture models, in notebooks on real data."
    )
    parser.add_argument("--version", action="version", version=f"gmm-lab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_start(commands)
    _add_run(commands)
    _add_book(commands)
    _add_refresh(commands)
    _add_new(commands)
    _add_release(commands)
    _add_grade(commands)
    _add_doctor(commands)
    return parser


def _add(commands, name: str, function, purpose: str, example: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose, description=purpose, epilog=f"Example: {example}")
    parser.set_defaults(command=function)
    return parser


def _add_start(commands) -> None:
    purpose = "Make or update a working copy of the lab, and open it in JupyterLab."
    parser = _add(commands, "start", _start, purpose, "gmm-lab start my-gmm-lab --no-browser --port 8899")
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        default="my-gmm-lab",
        help="where the copy is or shall be; what you changed in it is never touched (default: %(default)s)",
    )
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="only print the address to open")
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="the port to listen on, from 1 to 65535; the next free one is taken if it is in use",
    )


def _add_run(commands) -> None:
    purpose = "Execute notebooks in fresh kernels, and write the executed ones into a folder."
    parser = _add(commands, "run", _run, purpose, "gmm-lab run 03 04 -o build")
    _add_notebooks(parser)
    _add_timeout(parser)
    _add_output(parser, "build")


def _add_book(commands) -> None:
    purpose = "Make of saved notebooks, without executing them, a site to read in a browser."
    parser = _add(commands, "book", _book, purpose, "gmm-lab book -o build/book")
    _add_notebooks(parser)
    _add_output(parser, "build/book")


def _add_refresh(commands) -> None:
    purpose = "For authors: execute the checkout's notebooks and save them, in their normal form, in place."
    parser = _add(commands, "refresh", _refresh, purpose, "gmm-lab refresh 03_fit_mixture")
    _add_notebooks(parser)
    _add_timeout(parser)
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 if a notebook would change")


def _add_new(commands) -> None:
    purpose = (
        "For authors: lay the cells, the record and the cases of an exercise, or of a whole notebook, to be filled."
    )
    parser = _add(commands, "new", _new, purpose, "gmm-lab new exercise fit-6")
    parser.add_argument("kind", choices=["exercise", "notebook"], help="what to lay")
    parser.add_argument("name", metavar="NAME", help="such as fit-6 for an exercise, or 16_check_model for a notebook")
    parser.add_argument(
        "--lesson",
        metavar="WORD",
        help="for a notebook: what the ids of its exercises begin with (default: the first word of its name)",
    )


def _add_release(commands) -> None:
    purpose = "For instructors: write the lab without its solutions, to be handed to students."
    parser = _add(commands, "release", _release, purpose, "gmm-lab release gmm-lab-students.zip")
    parser.add_argument("target", metavar="FOLDER|FILE.zip", help="the folder or the .zip file to write")


def _add_grade(commands) -> None:
    purpose = "For instructors: grade what a class handed in, without running any of it unless told to."
    parser = _add(commands, "grade", _grade, purpose, "gmm-lab grade submissions.zip -o grades --class-list class.csv")
    parser.add_argument(
        "submissions",
        metavar="SUBMISSIONS",
        help="a folder with a folder for each student, a flat folder as Canvas or Moodle give it, or a .zip of either",
    )
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", default="grades", help="where to write (default: %(default)s)"
    )
    parser.add_argument("--class-list", metavar="FILE.csv", help="all students: who handed in nothing gets a row too")
    parser.add_argument("--lms", choices=["canvas", "moodle"], help="also write a table that this LMS imports")
    parser.add_argument("--jobs", type=_count, metavar="N", help="processes at work (default: one for each core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="let the workers of this Dask scheduler do the work")
    parser.add_argument(
        "--rerun", action="store_true", help="run each notebook again, in a sandbox, and judge what comes out"
    )
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="with --rerun: draw the inputs for students' functions from it (default: one that nobody knows)",
    )
    parser.add_argument(
        "--sandbox",
        choices=["bubblewrap", "none"],
        default="bubblewrap",
        help="with --rerun: what keeps the notebooks from your files and network (default: %(default)s)",
    )


def _add_doctor(commands) -> None:
    purpose = "Say whether this environment can run the lab, and how to mend what is wrong."
    _add(commands, "doctor", _doctor, purpose, "gmm-lab doctor")


def _add_notebooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks",
        metavar="NOTEBOOK",
        nargs="*",
        help="a name such as 03_fit_mixture, a number such as 03, or a path (default: all, in order)",
    )


def _add_output(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", default=default, help="where to write (default: %(default)s)"
    )


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        default=600,
        help="the longest that one cell may take (default: %(default)s)",
    )


def _port(text: str) -> int:
    return _whole_number(text, 1, 65535)


def _seconds(text: str) -> int:
    return _whole_number(text, 1, 10**6)


def _count(text: str) -> int:
    return _whole_number(text, 1, 1000)


def _seed(text: str) -> int:
    return _whole_number(text, 0, 2**31 - 1)


def _whole_number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)
