"""Run a submission again in a sandbox: a stranger's code in, its outputs out as plain data.

There is no kernel and no socket: an IPython shell that speaks over a pipe gives ipykernel's outputs in less time. A
program (`server`) runs in bubblewrap: no network, a read-only view of the system, of this Python and of this package,
nothing of the grader's. It imports the libraries once, and runs the lab's own worked cells once: what comes of them
stands for a submission's cells that say the same and read nothing that others changed (`flow`). For each submission it
forks a process, which enters namespaces of its own (`isolation`), drops all privileges and runs the other cells
(`shell`); each cell's outputs go out as a line of JSON. Nothing that a submission could write outlives it or is shared
with another. Where the kernel refuses namespaces inside bubblewrap's, each submission
gets a bubblewrap, and a start from cold, of its own. Where there is no bubblewrap, each may have a `container`.

This side (`template`, `submission_run`) reads with caps, keeps the time, and has everything killed when it is over. A
cell that ends its process, or does not end itself, is left out of another run, so that the answers before and after it
count.

What remains possible for a submission: to forge what comes out of its own pipe, as it could have saved forged outputs
(so that is judged outside, with functions called inside on inputs drawn outside); to read the checks, which students
have anyway, and the paths of this Python and this package; to use all of its limits, and processor time of its
neighbours; and whatever a hole in the kernel gives.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gmmlab.course.reading import Unreadable, cells_of, data_of
from gmmlab.course.sandbox import bubblewrap, container
from gmmlab.course.sandbox.submission_run import SubmissionRun
from gmmlab.course.sandbox.template import Limits

__all__ = ["Limits", "Rerun", "available", "rerun"]


@dataclass(frozen=True)
class Rerun:
    """What came of a submission.

    Attributes
    ----------
    status : str
        ``"ok"``, or what happened in words, such as ``"kernel died at cell 7"``; cells are code cells from 1.
    notebook : dict, optional
        The notebook as given, with the outputs of this run, as far as there are any. Judge it like any stranger's
        notebook. None if the notebook could not be read.
    """

    status: str
    notebook: dict[str, Any] | None


def available(sandbox: str = "bubblewrap") -> str | None:
    """Try the sandbox.

    Parameters
    ----------
    sandbox : {"bubblewrap", "container", "none"}
        As for `rerun`.

    Returns
    -------
    str or None
        None if it works here, else a sentence that says why not and how to get it.
    """
    if sandbox != "bubblewrap":
        return container.available() if sandbox == "container" else None
    if not sys.platform.startswith("linux"):
        return (
            f"This sandbox needs Linux, and this is {sys.platform}. Take Podman's or Docker's: --sandbox container. Or "
            "grade what is saved."
        )
    bwrap = bubblewrap.find_bwrap()
    if bwrap is None:
        return f"The sandbox needs bubblewrap, and there is no `bwrap` on the PATH. {bubblewrap.HOW_TO_GET_IT}"
    try:
        command = bubblewrap.command(bwrap, 1_000_000, ["-I", "-c", "import gmmlab"])
        tried = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The sandbox does not start: {error}. {bubblewrap.HOW_TO_GET_IT}"
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or [f"status {tried.returncode}"])[-1]
        return (
            f"The sandbox does not start here ({said}). This system may forbid user namespaces: an administrator can "
            "allow them (`sysctl kernel.unprivileged_userns_clone=1`, or an AppArmor profile for bwrap). Podman's or "
            "Docker's sandbox does without: --sandbox container."
        )
    return None


def rerun(
    notebook: bytes,
    *,
    inputs: Mapping[str, list[tuple]],
    limits: Limits = Limits(),  # noqa: B008 - frozen
    sandbox: str = "bubblewrap",
    worked: Sequence[str] = (),
    by_counts: bool = False,
) -> Rerun:
    """Execute a stranger's notebook.

    Parameters
    ----------
    notebook : bytes
        The file's content; only the sources of its code cells go inside.
    inputs : mapping of str to list of tuple
        For an exercise that asks for a function, the arguments to call it with, instead of the usual ones; its
        recorded calls then name no seed.
    limits : Limits
        What it may take.
    sandbox : {"bubblewrap", "container", "none"}
        With "container" each submission has one of Podman's or Docker's. With "none" the code runs with the rights of
        this process; only the limits hold.
    worked : sequence of str
        Sources of the code cells with which the lab's own notebook begins. They are run once for submissions one after
        the other. In each, only what differs is run, and what comes after it in the flow of names; where that is in
        doubt, it runs whole.
    by_counts : bool
        Run the cells in the order of their execution counts, one without a count after the cell above it, instead of
        the order in which they stand.

    Returns
    -------
    Rerun

    Raises
    ------
    LabError
        If the sandbox cannot be started; `available` says why.
    """
    # Not at the top: inside, pandas shall be imported after the shell, since it asks whether there is one.
    from gmmlab.exercises.answers import encode

    if by_counts:
        return _by_counts(notebook, partial(rerun, inputs=inputs, limits=limits, sandbox=sandbox, worked=worked))
    coded = {exercise: [[encode(a) for a in call] for call in calls] for exercise, calls in inputs.items()}
    if sandbox == "container":
        return Rerun(*container.run(notebook, coded, limits, worked))
    return run_coded(notebook, coded, limits, sandbox, worked)


def run_coded(notebook: bytes, coded: Mapping[str, list], limits: Limits, sandbox: str, worked: Sequence[str]) -> Rerun:
    """Execute a stranger's notebook on inputs that are coded already, on this machine; else as `rerun`."""
    try:
        content = _read(notebook)
    except Unreadable as problem:
        return Rerun(f"unreadable: {problem}", None)
    run = SubmissionRun(_sources(content), dict(coded), limits, sandbox, worked)
    run.go()
    return Rerun("; ".join(run.troubles) or "ok", _executed(content, run.results))


def _by_counts(notebook: bytes, run: Callable[[bytes], Rerun]) -> Rerun:
    """Run a notebook whose cells are put into the order of their counts, and put them back."""
    try:
        content = _read(notebook)
    except Unreadable as problem:
        return Rerun(f"unreadable: {problem}", None)
    last, places, cells = 0, [], content["cells"]
    for cell in cells:
        count = cell.get("execution_count")
        last = count if type(count) is int else last
        places.append(last)
    order = sorted(range(len(cells)), key=places.__getitem__)
    came = run(json.dumps({"cells": [cells[place] | {"outputs": []} for place in order]}).encode())
    if came.notebook is None:
        return came
    back = dict(zip(order, came.notebook["cells"], strict=True))
    return Rerun(came.status, content | {"cells": [back[place] for place in range(len(cells))]})


def _read(notebook: bytes) -> dict[str, Any]:
    content, _ = data_of(notebook)
    return content | {"cells": cells_of(content)}


def _sources(content: dict[str, Any]) -> dict[int, str]:
    """Return the source of each code cell, by its place among all cells."""
    sources = {}
    for index, cell in enumerate(content["cells"]):
        source = cell.get("source", "")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if cell.get("cell_type") == "code" and isinstance(source, str) and source.strip():
            sources[index] = source
    return sources


def _executed(content: dict[str, Any], results: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    cells = []
    for index, cell in enumerate(content["cells"]):
        if cell.get("cell_type") == "code":
            result = results.get(index, {"count": None, "outputs": []})
            cell = cell | {"execution_count": result["count"], "outputs": result["outputs"]}
        cells.append(cell)
    return content | {"cells": cells}
