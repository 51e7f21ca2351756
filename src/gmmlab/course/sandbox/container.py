"""Run a submission again in a container, where there is no bubblewrap: on macOS, on Windows, on closed Linux machines.

Podman or Docker runs one container for each submission: no network, nothing of this machine, no privileges. Inside,
this module reads the submission from standard input, runs it without another sandbox, and writes what came of it. The
image is made of a release of the lab, without solutions, under the lab's constraints.
"""

import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gmmlab import __version__
from gmmlab.course import LabError
from gmmlab.course.sandbox.template import Limits

ENGINES = ("podman", "docker")
IMAGE = f"gmm-lab-sandbox:{__version__}"
MARGIN = 120.0
"""Seconds for the engine and for the start of Python, besides those of the submission."""

_DOCKERFILE = """\
FROM python:3.13-slim
COPY . /lab
RUN python -m pip install --no-cache-dir -c /lab/constraints.txt "/lab[lab]"
"""
_NO_PRIVILEGES = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
_NOBODY = "65534:65534"


def engine() -> str | None:
    """Return the first of `ENGINES` that answers."""
    for name in ENGINES:
        program = shutil.which(name)
        if program and _quiet([program, "info"]).returncode == 0:
            return program
    return None


def available() -> str | None:
    """Return None if a container can be had, else a sentence that says why not; make the image if there is none."""
    program = engine()
    if program is None:
        return "Neither Podman nor Docker answers: install one of them, and start it."
    if _quiet([program, "image", "inspect", IMAGE]).returncode == 0:
        return None
    print(f"gmm-lab: {IMAGE} is made once, which takes some minutes.", file=sys.stderr)
    try:
        made = subprocess.run(build_command(program), input=context(), stdout=subprocess.DEVNULL)
    except OSError as error:
        return f"The image {IMAGE} could not be made: {error}"
    return f"The image {IMAGE} could not be made: see above." if made.returncode else None


def build_command(program: str) -> list[str]:
    """Return the command that makes the image of the archive at its standard input."""
    return [program, "build", "--tag", IMAGE, "-"]


def run_command(program: str, name: str, limits: Limits) -> list[str]:
    """Return the command that runs one submission in a container of this name."""
    scratch = f"/tmp:rw,mode=1777,size={limits.files}"
    most = limits.memory + 2**30
    return [
        program, "run", "--rm", "--interactive", "--name", name, *_NO_PRIVILEGES, "--user", _NOBODY,
        "--tmpfs", scratch, "--env", "HOME=/tmp", "--workdir", "/tmp",
        "--pids-limit", str(limits.processes + 20), "--memory", str(most), "--memory-swap", str(most),
        IMAGE, "python", "-I", "-m", __name__,
    ]  # fmt: skip


def context() -> bytes:
    """Return what the image is made of, as an archive.

    Raises
    ------
    LabError
        If this is no checkout of the lab.
    """
    from gmmlab.course.author.release import release_files

    files = release_files() | {"Dockerfile": _DOCKERFILE.encode()}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def run(
    notebook: bytes, inputs: Mapping[str, list], limits: Limits, worked: Sequence[str]
) -> tuple[str, dict[str, Any] | None]:
    """Execute a stranger's notebook in a container of its own; parameters and results are those of `rerun`.

    Raises
    ------
    LabError
        If no engine answers, or it does not run the container.
    """
    program = engine()
    if program is None:
        raise LabError("Neither Podman nor Docker answers any more. Start it, and grade again.")
    name = f"gmm-lab-{secrets.token_hex(8)}"
    order = {"notebook": notebook.decode("latin-1"), "inputs": inputs, "limits": asdict(limits), "worked": list(worked)}
    ends = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(run_command(program, name, limits), **ends) as process:
        try:
            said, complaints = process.communicate(json.dumps(order).encode(), timeout=limits.submission + MARGIN)
        except subprocess.TimeoutExpired:
            return f"timed out: it took more than {limits.submission:g} s", None
        finally:
            if process.poll() is None:
                _quiet([program, "kill", name])
                process.kill()
    if process.returncode:
        words = complaints.decode(errors="replace").strip().splitlines() or [f"status {process.returncode}"]
        raise LabError(f"The container did not run: {words[-1]}")
    return _heard(said, limits)


def _heard(said: bytes, limits: Limits) -> tuple[str, dict[str, Any] | None]:
    """Read what a container wrote, which a submission may have written instead."""
    try:
        answer = json.loads(said) if len(said) <= 2 * limits.output + 25_000_000 else None
        status, notebook = answer["status"], answer["notebook"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "kernel died", None
    right = isinstance(status, str) and (notebook is None or isinstance(notebook, dict))
    return (status[:200], notebook) if right else ("kernel died", None)


def _quiet(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Run the submission at standard input, inside the container."""
    from gmmlab.course.sandbox import run_coded

    order = json.load(sys.stdin.buffer)
    # Only what is said here goes out: the cells write elsewhere.
    out = os.dup(1)
    os.dup2(2, 1)
    result = run_coded(
        order["notebook"].encode("latin-1"), order["inputs"], Limits(**order["limits"]), "none", order["worked"]
    )
    with os.fdopen(out, "w", encoding="utf-8") as file:
        json.dump({"status": result.status, "notebook": result.notebook}, file)


if __name__ == "__main__":
    main()
