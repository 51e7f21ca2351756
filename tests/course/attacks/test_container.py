"""The container that a submission may run in: what the engine is told, and what comes of it.

There is no engine here: a program of its name notes what it is told, and runs what would run inside.
"""

import io
import json
import sys
import tarfile
from dataclasses import replace
from itertools import pairwise

import pytest

from course.attacks.test_rerun import AFTER, BEFORE, PATIENT, SEED, notebook, points
from gmmlab.course import LabError
from gmmlab.course.sandbox import available, container, rerun
from gmmlab.exercises.registry import find

pytestmark = pytest.mark.slow

ENGINE = """#!{python}
import os, pathlib, sys
home = pathlib.Path({home!r})
with open(home / "told", "a") as file:
    print(repr(sys.argv[1:]), file=file)
order = sys.argv[1]
if order == "image" and not (home / "image.tar").exists():
    sys.exit(1)
if order == "build":
    (home / "image.tar").write_bytes(sys.stdin.buffer.read())
if order == "run" and (home / "broken").exists():
    sys.exit("no such image")
if order == "run":
    os.execv(sys.executable, [sys.executable, *sys.argv[sys.argv.index({image!r}) + 2:]])
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Put an engine in place; return its folder."""
    program = tmp_path / "docker"
    program.write_text(ENGINE.format(python=sys.executable, home=str(tmp_path), image=container.IMAGE))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def told(folder):
    return [eval(line) for line in (folder / "told").read_text().splitlines()]


def test_where_no_engine_answers_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Neither Podman nor Docker answers" in available("container")
    with pytest.raises(LabError, match="Start it, and grade again"):
        rerun(notebook(BEFORE), inputs={}, sandbox="container")


def test_the_image_is_made_once_of_a_lab_without_solutions(engine, capfd):
    assert available("container") is None
    assert "is made once" in capfd.readouterr().err
    assert available("container") is None
    assert [line[0] for line in told(engine)].count("build") == 1
    with tarfile.open(fileobj=io.BytesIO((engine / "image.tar").read_bytes())) as tar:
        names = set(tar.getnames())
        assert {"Dockerfile", "constraints.txt", "pyproject.toml"} <= names
        notebooks = [name for name in names if name.endswith(".ipynb")]
        assert notebooks
        assert not [name for name in notebooks if b"BEGIN SOLUTION" in tar.extractfile(name).read()]


def test_a_submission_gets_its_points_without_the_cell_that_kills_and_no_rights(engine):
    inputs = {"fit-3": find("fit-3").inputs(SEED)}
    deadly = notebook(BEFORE, "import os\nos._exit(0)", AFTER)
    result = rerun(deadly, inputs=inputs, limits=PATIENT, sandbox="container")
    assert result.status == "kernel died at cell 2"
    assert points(result.notebook) == {"fit-2": 2, "fit-3": 2}
    *_, command = told(engine)
    assert command[0] == "run"
    pairs = list(pairwise(command))
    for pair in (
        ("--network", "none"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"),
        ("--user", "65534:65534"), ("--pids-limit", str(PATIENT.processes + 20)),
    ):  # fmt: skip
        assert pair in pairs
    assert {"--rm", "--read-only", "--interactive"} <= set(command)
    assert not {"--volume", "-v", "--mount", "--privileged"} & set(command)


def test_a_container_that_does_not_end_is_killed_by_its_name(engine, monkeypatch):
    monkeypatch.setattr(container, "MARGIN", 0.0)
    limits = replace(PATIENT, submission=0.2)
    result = rerun(notebook("while True: pass"), inputs={}, limits=limits, sandbox="container")
    assert (result.status, result.notebook) == ("timed out: it took more than 0.2 s", None)
    kill, name = told(engine)[-1]
    assert kill == "kill"
    assert name in told(engine)[-2]


def test_an_engine_that_fails_is_quoted(engine):
    (engine / "broken").touch()
    with pytest.raises(LabError, match="The container did not run: no such image"):
        rerun(notebook(BEFORE), inputs={}, limits=PATIENT, sandbox="container")


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{", b'{"status": 3, "notebook": {}}', b'{"status": "ok", "notebook": 7}']
)
def test_what_the_lab_would_not_say_is_not_heard(said):
    assert container._heard(said, PATIENT) == ("kernel died", None)
    assert container._heard(json.dumps({"status": "ok", "notebook": {}}).encode(), PATIENT) == ("ok", {})
