"""Execute notebooks in fresh kernels: to look at (`run`), or to save in their normal form (`refresh`)."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.files import atomic_write, in_words
from gmmlab.course.kernel import lab_environment, new_manager, own_profile, writable_places
from gmmlab.course.notebooks import normalise, read_notebook, to_bytes
from gmmlab.course.shadows import shadows
from gmmlab.engine.progress_bars import progress_bar


class Outcome(NamedTuple):
    """How the execution of one notebook went; `problem` is a sentence, empty if there was none."""

    notebook: str
    cells: int
    seconds: float
    result: str
    problem: str


def execute(notebook: NotebookNode, folder: Path, timeout: int, tick: Callable[[], object]) -> str:
    """Execute a notebook in a fresh kernel, in place, as far as it goes.

    Parameters
    ----------
    notebook : NotebookNode
        Its outputs are replaced; those of cells that were not reached are empty.
    folder : Path
        The kernel's working directory.
    timeout : int
        The longest that a cell may take, in seconds.
    tick : callable
        Called after each code cell.

    Returns
    -------
    str
        What went wrong, in a sentence, or an empty string.
    """
    problem = _execute(notebook, folder, timeout, tick)
    return " ".join(filter(None, (problem, shadows(folder)))) if problem else ""


def _execute(notebook: NotebookNode, folder: Path, timeout: int, tick: Callable[[], object]) -> str:
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    # Nor must a progress bar, which comes and goes with the speed of the machine, change what a notebook shows.
    # What the kernel itself logs is of interest only if it does not start.
    with (
        writable_places(),
        own_profile() as profile,
        Path(profile, "kernel.log").open("w+", encoding="utf-8", errors="replace") as log,
    ):
        environment = lab_environment() | {"IPYTHONDIR": profile, "TQDM_DISABLE": "1"}
        client = NotebookClient(notebook, km=new_manager(), timeout=timeout, startup_timeout=300)
        # By itself the client waits 4 s for the outputs of a cell that has ended, and drops what comes later.
        client.iopub_timeout, client.raise_on_iopub_timeout = timeout, True
        client.shutdown_kernel = "immediate"  # a request to end is now and then lost, and then waited for, 3 s
        try:
            with client.setup_kernel(cleanup_kc=True, cwd=str(folder), env=environment, stderr=log):
                return _execute_cells(client, tick)
        except KeyboardInterrupt:
            # The cell was cut off; asyncio would tell at exit that nobody asked what became of it.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            raise
        except NoSuchKernel:
            return "The kernel did not start: ipykernel is not installed. `gmm-lab doctor` says how to mend that."
        except RuntimeError as error:
            log.seek(0)
            last = (log.read().split("\n")[:-1] or [str(error)])[-1]
            return f"The kernel did not start: {last} `gmm-lab doctor` looks for the cause."


def _execute_cells(client: NotebookClient, tick: Callable[[], object]) -> str:
    number = 0
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        number += 1
        where = f"Cell {cell.get('id', index)!r} (code cell {number})"
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            return f"{where} raised {error.ename}: {error.evalue.partition(chr(10))[0][:300]}"
        except CellTimeoutError:
            return f"{where} took longer than {client.timeout} s. Allow it more with --timeout."
        except DeadKernelError:
            return f"{where} ended its kernel: it may have run out of memory."
        tick()
    return ""


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(notebooks: Sequence[Path], build: Path, timeout: int) -> list[Outcome]:
    """Execute notebooks and write the executed ones into a folder.

    Parameters
    ----------
    notebooks : sequence of Path
        Executed in this order; the files themselves are not changed.
    build : Path
        Where to write; made if it is not there.
    timeout : int
        The longest that a cell may take, in seconds.

    Returns
    -------
    list of Outcome
        One for each notebook. One that fails is written as far as it got, and the others still run.

    Raises
    ------
    LabError
        If the executed notebooks would be written over those that are executed.
    """
    if any(path.resolve().parent == build.resolve() for path in notebooks):
        raise LabError(f"{build} holds the notebooks themselves. Give another folder for the executed ones.")
    build.mkdir(parents=True, exist_ok=True)
    return [_judged(path, timeout, lambda *done: _write_build(build, *done)) for path in notebooks]


def refresh(notebooks: Iterable[Path], check: bool, timeout: int) -> list[Outcome]:
    """Execute notebooks and save them, in their normal form, in their own files.

    Parameters
    ----------
    notebooks : iterable of Path
        One that fails is left as it was.
    check : bool
        Write nothing; a notebook that would change has a problem.
    timeout : int
        The longest that a cell may take, in seconds.

    Returns
    -------
    list of Outcome
        One for each notebook.

    Raises
    ------
    LabError
        If the lab is installed from a wheel, so that there is nothing to refresh, or in a working copy.
    """
    if paths.working_copy():
        raise LabError("`gmm-lab refresh` is for authors of the lab. Here, in a working copy, use `gmm-lab run`.")
    if not (paths.lab_folder() / "pyproject.toml").is_file():
        raise LabError("The lab's notebooks are refreshed in a checkout of its repository; this is a wheel.")
    return [_judged(path, timeout, lambda *done: _write_back(check, *done)) for path in notebooks]


_Finish = Callable[[Path, NotebookNode, str], tuple[str, str]]


def _judged(path: Path, timeout: int, finish: _Finish) -> Outcome:
    """Execute one notebook under a progress bar and let `finish` write it and name the result."""
    start = time.perf_counter()
    try:
        notebook = read_notebook(path)
        cells = len(code_cells(notebook))
        with progress_bar(total=cells, desc=path.stem, unit="cell") as cells_done:
            problem = execute(notebook, path.parent, timeout, cells_done.update)
        result, problem = finish(path, notebook, problem)
    except (LabError, OSError, ValueError) as error:
        words = in_words(error) if isinstance(error, OSError) else str(error)
        return Outcome(path.stem, 0, time.perf_counter() - start, "not run", words)
    seconds = time.perf_counter() - start
    return Outcome(path.stem, cells, seconds, result, problem)


def _write_build(build: Path, path: Path, notebook: NotebookNode, problem: str) -> tuple[str, str]:
    atomic_write(build / path.name, to_bytes(notebook))
    return ("failed" if problem else "ok"), problem


def _write_back(check: bool, path: Path, notebook: NotebookNode, problem: str) -> tuple[str, str]:
    if problem:
        return "failed", problem
    normalise(notebook, path.stem)
    content = to_bytes(notebook)
    if content == path.read_bytes():
        return "unchanged", ""
    if check:
        return (
            "differs",
            f"What is saved is not what a run gives: `gmm-lab refresh {path.stem}` saves it anew.",
        )
    atomic_write(path, content)
    return "saved", ""


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the table of notebooks, cells, seconds and results, as text."""
    rows = [("notebook", "cells", "seconds", "result")]
    rows += [(o.notebook, str(o.cells), f"{o.seconds:.1f}", o.result) for o in outcomes]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{name:{width}}  {cells:>5}  {s:>7}  {result}" for name, cells, s, result in rows)
