"""A release for students: the lab without its solutions, ready to be installed and started.

It is the package's source with its environment, so that it needs no package index that knows the lab. Notebooks and
data lie inside the package, where the wheel has them: the only notebooks that a student meets are their own. Checks
judge in the student's kernel, so right answers are in a release too; they are sealed, which keeps them from whoever
reads, searches or leafs through its files, and from nobody who means to open them.
"""

import base64
import io
import re
import textwrap
import tomllib
import zipfile
import zlib
from pathlib import Path

import jinja2

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.files import atomic_write
from gmmlab.course.notebooks import lab_notebooks, read_notebook, title_of
from gmmlab.course.student.working_copy import Step, files_under, student_copies, synchronise

MADE_BY = "gmm-lab release"
MANIFEST = ".gmm-lab/release.json"
"""Not that of a working copy: a release is none."""
_AS_THEY_ARE = (".gitattributes", "constraints.txt", "LICENSE", "environment.yml")
_CARRIED = re.compile(r"\n(#[^\n]*\n)*\[tool\.hatch\.build\.targets\.wheel\.force-include\]\n[^\[]*")
"""What tells the wheel where to take these from in a checkout: in a release they are there already."""

_LESSON = re.compile(r"src/gmmlab/exercises/lessons/[a-z]\w*\.py")
_SEALED = '''"""Checks of a lesson, sealed: they judge your answers, and hold the right ones."""

import base64
import zlib

_TEXT = """
{}
"""
exec(compile(zlib.decompress(base64.b64decode(_TEXT)), __file__, "exec"))
'''


def release_files() -> dict[str, bytes]:
    """Return the files of a release.

    Returns
    -------
    dict of str to bytes
        From path, with forward slashes, to content.

    Raises
    ------
    LabError
        If the lab is installed from a wheel, or a notebook cannot be given to students.
    OSError
        If the checkout lacks a file of the environment.
    """
    root = paths.lab_folder()
    if not (root / "pyproject.toml").is_file():
        raise LabError("A release is made in a checkout of the lab's repository; this is a wheel.")
    as_they_are = {name: (root / name).read_bytes() for name in _AS_THEY_ARE}
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    rest = {"README.md": _readme(), "pyproject.toml": _CARRIED.sub("\n", project).encode()}
    package = files_under(root, "src/gmmlab")
    lessons = {name: sealed(content) for name, content in package.items() if _LESSON.fullmatch(name)}
    return _carried(root, project) | package | lessons | as_they_are | rest


def sealed(source: bytes) -> bytes:
    """Return a module that does what this one does, and whose text shows none of it."""
    lines = textwrap.wrap(base64.b64encode(zlib.compress(source, 9)).decode(), 100)
    return _SEALED.format("\n".join(lines)).encode()


def _carried(root: Path, project: str) -> dict[str, bytes]:
    """Return what the wheel carries besides the package, at its place in the wheel."""
    wheel = tomllib.loads(project)["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = {}
    for folder, place in wheel["force-include"].items():
        there = student_copies() if folder == "notebooks" else files_under(root, folder)
        files |= {f"src/{place}{name.removeprefix(folder)}": content for name, content in there.items()}
    return files


def _readme() -> bytes:
    notebooks = [(path.stem, title_of(read_notebook(path), path.stem)) for path in lab_notebooks()]
    template = Path(__file__).with_name("templates") / "readme.md"
    made = jinja2.Template(template.read_text(encoding="utf-8"), keep_trailing_newline=True)
    return made.render(notebooks=notebooks).encode()


def release(target: Path) -> list[Step]:
    """Write a release as a folder or, if the name ends in ``.zip``, as an archive.

    Parameters
    ----------
    target : Path
        New, empty, or written by an earlier release; what was changed in it since is kept.

    Returns
    -------
    list of Step
        What was done.

    Raises
    ------
    LabError
        If something else is there.
    """
    files = release_files()
    if target.suffix == ".zip":
        return _release_archive(target, files)
    if target.exists() and not target.is_dir():
        raise LabError(f"{target} is a file. Give the name of a folder, or of a .zip file.")
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise LabError(f"{target} holds something that no release made. Give a new or an empty folder.")
    return synchronise(target, files, MANIFEST)


def _release_archive(target: Path, files: dict[str, bytes]) -> list[Step]:
    if target.exists() and not _is_release(target):
        raise LabError(f"{target} is there and no release made it. Give another name, or remove it.")
    atomic_write(target, archive(files, folder=target.stem))
    return [Step("wrote", str(target), f"{len(files)} files")]


def _is_release(target: Path) -> bool:
    if not zipfile.is_zipfile(target):
        return False
    with zipfile.ZipFile(target) as found:
        return found.comment == MADE_BY.encode()


def archive(files: dict[str, bytes], folder: str) -> bytes:
    """Return a .zip archive: the same bytes for the same files.

    Parameters
    ----------
    files : dict of str to bytes
        From path, with forward slashes, to content.
    folder : str
        The folder into which the archive unpacks.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.comment = MADE_BY.encode()
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}")
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            made.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
