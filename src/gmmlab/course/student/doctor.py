"""Say in plain words whether this environment can run the lab, and how to mend what is wrong."""

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gmmlab import paths
from gmmlab.course.files import in_words
from gmmlab.course.shadows import shadows

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

ROOM = 50_000_000
"""What a working copy takes with all its notebooks executed, in bytes, and some more."""

REINSTALL = 'Install the lab again, in a new environment, with its extra: python -m pip install -e ".[lab]"'


class Finding(NamedTuple):
    """One line of the report: whether all is well, and what was seen, with the remedy if it is not."""

    good: bool
    words: str


def examine() -> Iterator[Finding]:
    """Look at everything that the lab needs.

    Yields
    ------
    Finding
        One for each thing looked at. No examination raises.
    """
    for examination in (_python, _packages, _disk, _shadows, _data, _kernel, _figure):
        try:
            yield from examination()
        except OSError as error:
            yield Finding(False, in_words(error))
        # Whatever a broken environment does, the doctor reports it and goes on.
        except Exception as error:
            subject = examination.__name__.strip("_")
            yield Finding(False, f"{subject}: {type(error).__name__}: {error}. {REINSTALL}")


def _python() -> Iterator[Finding]:
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(metadata.metadata("gmmlab")["Requires-Python"])
    remedy = f"Make a new environment with Python {wanted}, and install the lab there, with its extra `lab`."
    yield _version("Python", platform.python_version(), wanted, remedy)


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    for text in metadata.requires("gmmlab") or []:
        requirement = Requirement(text)
        for extra, where in (("", ""), ("lab", ", for its extra `lab`")):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                yield _package(requirement.name, requirement.specifier, where)
                break


def _package(name: str, wanted: "SpecifierSet", where: str) -> Finding:
    remedy = f'Run: "{sys.executable}" -m pip install --upgrade "{name}{wanted}"'
    try:
        return _version(name, metadata.version(name), wanted, remedy)
    except metadata.PackageNotFoundError:
        return Finding(False, f"{name} is not installed, and the lab asks for {wanted}{where}. {remedy}")


def _version(name: str, version: str, wanted: "SpecifierSet", remedy: str) -> Finding:
    if wanted.contains(version, prereleases=True):
        return Finding(True, f"{name} {version}")
    return Finding(False, f"{name} is {version}, and the lab asks for {wanted}. {remedy}")


def _disk() -> Iterator[Finding]:
    from gmmlab.course import kernel

    closed = filter(None, map(kernel.why_not_writable, kernel.places().values()))
    problems = [
        f"{error.strerror}: {error.filename}. Jupyter keeps its own files there. Until it can, the lab keeps them in a "
        "temporary folder, and what you set in JupyterLab is lost. Make that folder yours, or make room on the disk."
        for error in list(closed)[:1]
    ]
    if error := kernel.why_not_writable(Path.cwd()):
        problems.append(f"No working copy can be made here. {in_words(error)}")
    elif (free := shutil.disk_usage(Path.cwd()).free) < ROOM:
        problems.append(
            f"{free // 10**6} MB are free on this disk, and the lab asks for {ROOM // 10**6} MB. Make room."
        )
    yield from (Finding(False, problem) for problem in problems)
    if not problems:
        yield Finding(True, "Files can be written, here and where Jupyter keeps its own")


def _shadows() -> Iterator[Finding]:
    found = " ".join(filter(None, map(shadows, _folders())))
    yield Finding(not found, found or "No file here hides a module")


def _folders() -> set[Path]:
    """Return where notebooks may lie: here, and in the working copy around."""
    copy = paths.working_copy()
    return {Path.cwd(), *([copy / "notebooks"] if copy else [])}


def _data() -> Iterator[Finding]:
    from gmmlab import data

    problems = data.verify_all()
    yield from (Finding(False, problem) for problem in problems)
    if not problems:
        tables = [data.data_file(name) for name in data.SHA256 if name.endswith(".csv")]
        changed = sum(b"\r\n" in table.read_bytes() for table in tables)
        have = "table has" if changed == 1 else "tables have"
        words = f"; {changed} {have} the line ends of Windows, from git, which changes no value" if changed else ""
        yield Finding(True, f"The data are there and unaltered{words}")


def _kernel() -> Iterator[Finding]:
    from nbformat.v4 import new_code_cell, new_notebook

    from gmmlab.course.author.execute import execute

    notebook = new_notebook(cells=[new_code_cell("import gmmlab.paths\nprint(6 * 7)", id="doctor")])
    problem = execute(notebook, Path.cwd(), timeout=60, tick=lambda: None)
    answer = "".join(output.get("text", "") for output in notebook.cells[0].outputs).strip()
    if problem or answer != "42":
        remedy = "" if shadows(Path.cwd()) else f" {REINSTALL}"
        yield Finding(False, f"A kernel does not work. {problem or f'It answered {answer!r}.'}{remedy}")
    else:
        yield Finding(True, "A kernel starts, finds the package and answers")


def _figure() -> Iterator[Finding]:
    from io import BytesIO

    from gmmlab.course.kernel import writable_places

    with writable_places():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure()
        figure.add_subplot().plot([0, 1], [0, 1], label="a line")
        FigureCanvasAgg(figure).print_png(BytesIO())
    yield Finding(True, "A figure draws")
