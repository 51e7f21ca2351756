"""Grade many files at once: by processes of this machine, or on a Dask cluster, through the same interface."""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait as wait_for_one
from typing import Any, NamedTuple

from gmmlab import __version__
from gmmlab.course import ONE_THREAD, LabError
from gmmlab.course.grade.assess import (
    Answered,
    Result,
    flags_of,
    judge_notebook,
    out_of_order,
    results_of,
    worked_cells,
)
from gmmlab.course.grade.page import feedback_page
from gmmlab.course.grade.read import Notebook, Unreadable, from_data, read, recognise
from gmmlab.course.grade.time_and_memory import OutOfTime, limits
from gmmlab.exercises.registry import exercises

GRADER_DIED = "grader died"
PAGE_SECONDS = 10


@dataclass(frozen=True)
class Mode:
    """How to grade: by the stored answers, or by running each notebook again, with inputs drawn from ``seed``.

    The lab's own worked cells are run once for many notebooks, as far as these leave them as they are; with ``full``
    they are not.
    Where nobody asked for the seed, what was graded with an earlier one stays.
    """

    rerun: bool = False
    seed: int = 0
    sandbox: str = "bubblewrap"
    limits: Any = None
    full: bool = False
    asked: bool = True

    def __str__(self) -> str:
        """Return all that a result depends on."""
        if not self.rerun:
            return "stored"
        seed = f"seed={self.seed} " if self.asked else ""
        return f"rerun {seed}{self.sandbox} {self.limits}{' full' if self.full else ''}"


class Work(NamedTuple):
    """One file to grade: a key to know it by, what it holds, and how to grade it."""

    key: str
    content: bytes
    mode: Mode


Done = tuple[Result, bytes | None]


NOT_RUN = "not run"
"""The status of a notebook whose check cells have no outputs."""

ORDER = "order"
"""The status of a notebook that earns less than its saved answers in any order in which its cells can be run again."""

_IN_WORDS = {
    ORDER: "its cells had been run in another order than they stand in, and earn less in either order than is saved"
}


def grade_one(work: Work, hard: bool = True) -> Done:
    """Grade one file; this is what a worker does.

    Parameters
    ----------
    work : Work
        The file.
    hard : bool
        Whether this process may be ended if judging does not end: it is a worker, and will be replaced.

    Returns
    -------
    Result, bytes or None
        The result, and the student's page where there is one.
    """
    try:
        with limits(hard=hard):
            notebook = read(work.content)
            name = recognise(notebook)
        if name is None:
            return Result(
                "unreadable", "it is a notebook, but none of the lab's: it names no exercise of the lab"
            ), None
        return _graded(work, notebook, name, hard)
    except Unreadable as problem:
        return Result("unreadable", str(problem)), None
    except MemoryError:
        return Result("unreadable", "judging it needs more memory than a notebook may"), None
    except RecursionError:
        return Result("unreadable", "it is nested deeper than a notebook can be"), None
    except OutOfTime:
        return Result("timed out", "judging it took longer than a notebook may", _named(work.content)), None


def _named(content: bytes) -> str:
    """Say which notebook a file is that took too long to judge."""
    try:
        with limits(5):
            return recognise(read(content)) or ""
    except (Unreadable, OutOfTime, MemoryError, RecursionError):
        return ""


def _graded(work: Work, notebook: Notebook, name: str, hard: bool) -> Done:
    with limits(hard=hard):
        saved = judge_notebook(notebook, name)
        flags = flags_of(notebook, name, saved)
    status, reason, seen, answered = "ok", "", notebook, saved
    if work.mode.rerun:
        status, seen, answered = _best_run(work, notebook, name, saved, hard)
        reason = "" if status == "ok" else f"when it was run again: {_IN_WORDS.get(status, status)}"
    elif not answered:
        status = NOT_RUN
        reason = "it holds no result of any check cell: it was handed in without being run and saved"
    if seen is None:
        return Result(status, reason, name, {}, flags), None
    with limits(hard=hard):
        judged = results_of(answered, name) if status != NOT_RUN else {}
        if work.mode.rerun:
            tries = {id: one.tries for id, one in results_of(saved, name).items()}
            judged = {id: replace(one, tries=max(one.tries, tries[id])) for id, one in judged.items()}
            again = [flag for flag in flags_of(seen, name, answered, rerun=True) if flag not in flags]
            flags += _differences(saved, answered) + [f"when it was run again: {flag}" for flag in again]
    return Result(status, reason, name, judged, flags), _page(work, name, seen, answered, reason, hard)


Run = tuple[str, Notebook | None, dict[str, Answered]]


def _best_run(work: Work, notebook: Notebook, name: str, saved: dict[str, Answered], hard: bool) -> Run:
    """Run a notebook again as its cells stand; if that earns less than saved, in the order that their counts tell."""

    def run(by_counts: bool) -> Run:
        status, seen = _again(work, name, by_counts)
        with limits(hard=hard):
            return status, seen, judge_notebook(seen, name, work.mode.seed) if seen else {}

    best = run(by_counts=False)
    if best[1] is None or _worth(best[2]) >= _worth(saved) or not out_of_order(notebook):
        return best
    best = max(best, run(by_counts=True), key=lambda each: _worth(each[2]))
    return (ORDER, *best[1:]) if best[0] == "ok" and _known(best[2]) < _known(saved) else best


def _worth(answered: dict[str, Answered]) -> float:
    return sum(one.feedback.points for one in answered.values())


def _known(answered: dict[str, Answered]) -> float:
    """Return what the answers are worth that hidden inputs do not change."""
    return _worth({id: one for id, one in answered.items() if one.feedback.exercise.inputs is None})


def _again(work: Work, name: str, by_counts: bool) -> tuple[str, Notebook | None]:
    """Run a notebook again in the sandbox."""
    from gmmlab.course.sandbox import rerun

    inputs = {ex.id: ex.inputs(work.mode.seed) for ex in exercises(name) if ex.inputs is not None}
    worked = () if work.mode.full else worked_cells(name)
    came = rerun(
        work.content,
        inputs=inputs,
        limits=work.mode.limits,
        sandbox=work.mode.sandbox,
        worked=worked,
        by_counts=by_counts,
    )
    try:
        return came.status, from_data(came.notebook) if came.notebook is not None else None
    except Unreadable:
        return came.status, None


def _differences(saved: dict[str, Answered], again: dict[str, Answered]) -> list[str]:
    """Compare what the saved answers earn with what the answers of the new run earn."""
    pairs = {id: (saved[id].feedback.points, again[id].feedback.points) for id in saved if id in again}
    found = [f"{id} ({a:g} saved, {b:g} re-run)" for id, (a, b) in pairs.items() if abs(a - b) > 1e-9]
    found += [f"{id} (only saved)" for id in saved if id not in again and saved[id].feedback.lines]
    found += [f"{id} (only re-run)" for id in again if id not in saved and again[id].feedback.lines]
    return [f"saved and re-run answers differ: {', '.join(found)}"] if found else []


def _page(work: Work, name: str, notebook: Notebook, answered: dict[str, Answered], reason: str, hard: bool) -> bytes:
    """Return the student's page; Markdown that takes too long to render is shown as it was typed."""
    feedback = {id: one.feedback for id, one in answered.items()}
    for plain in (False, True):
        try:
            with limits(PAGE_SECONDS, hard=hard):
                return feedback_page(name, notebook, feedback, reason, plain=plain)
        except (OutOfTime, MemoryError, RecursionError):
            continue
    return feedback_page(name, Notebook(name, []), feedback, "The notebook itself cannot be shown.")


def grade_all(
    works: Iterator[Work], jobs: int, dask: str | None = None, task: Callable[[Work], Done] = grade_one
) -> Iterator[tuple[Work, Done]]:
    """Grade files as they come, and yield each when it is done, in any order.

    Parameters
    ----------
    works : iterator of Work
        Read no faster than they are graded, so that few are in memory.
    jobs : int
        Number of worker processes.
    dask : str, optional
        Address of a Dask scheduler whose workers do the work instead.
    task : callable
        What a worker does with each.

    Raises
    ------
    LabError
        If the cluster cannot be used.
    """
    if dask is not None:
        with _cluster(dask) as (executor, width):
            for work, future in _in_flight(works, executor, 2 * width, task, {}):
                yield work, _outcome(future)
        return
    try:
        multiprocessing.get_context("spawn").Lock()
    except OSError:
        said = "This machine has no shared memory (/dev/shm): files are judged one by one, which is slower."
        print(said, file=sys.stderr)
        yield from ((work, task(work)) for work in works)
        return
    while True:
        # When one process dies, the pool is lost with all that was in work: that is then graded alone, one by one.
        running: dict[Future, Work] = {}
        try:
            with _pool(jobs) as executor:
                for work, future in _in_flight(works, executor, 2 * jobs, task, running):
                    if isinstance(future.exception(), BrokenProcessPool):
                        raise BrokenProcessPool
                    yield work, _outcome(future)
            return
        except BrokenProcessPool:
            for work in running.values():
                with _pool(1) as executor:
                    yield work, _outcome(executor.submit(task, work))


def _in_flight(
    works: Iterator[Work], executor: Executor, width: int, task: Callable[[Work], Done], running: dict[Future, Work]
) -> Iterator[tuple[Work, Future]]:
    """Keep at most ``width`` files in work, noted in ``running``, and yield each future when it is done."""
    more = True
    while more or running:
        while more and len(running) < width:
            work = next(works, None)
            more = work is not None
            if work is not None:
                running[_submit(executor, task, work)] = work
        if running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running[future], future
                del running[future]


def _submit(executor: Executor, task: Callable[[Work], Done], work: Work) -> Future:
    try:
        return executor.submit(task, work)
    except BrokenProcessPool as error:
        lost: Future = Future()
        lost.set_exception(error)
        return lost


def _outcome(future: Future) -> Done:
    try:
        return future.result()
    except (Exception, OutOfTime, CancelledError) as error:
        return Result(GRADER_DIED, f"the process that judged it ended or failed ({type(error).__name__})"), None


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of worker processes with one BLAS thread each; whatever happens, they end with the block."""
    os.environ.update(ONE_THREAD)
    # The fork server listens at a socket in the folder for temporary files, whose address has at most 107 bytes.
    short = len(os.fsencode(tempfile.gettempdir())) < 70
    method = "forkserver" if short and "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        # Imported once; workers are forked from there, and a lost one is replaced in a moment.
        context.set_forkserver_preload(["gmmlab.course.grade.preload"])
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, which keeps what is done and ends its workers; end with it when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A pool's worker would wait for work for ever: it holds both ends of its own queue.
    wait_for_one([multiprocessing.parent_process().sentinel])
    os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """Give the executor of a Dask cluster, and how many tasks it does at once."""
    try:
        from distributed import Client
    except ImportError as error:
        raise LabError("Dask is not installed: `pip install distributed`, or grade without --dask.") from error
    try:
        client = Client(address, timeout=20)
    except (OSError, ValueError) as error:
        raise LabError(f"No Dask scheduler answers at {address}: {error}") from error
    with client:
        versions = client.run(_version)
        if not versions:
            raise LabError(f"The Dask cluster at {address} has no workers.")
        if set(versions.values()) != {__version__}:
            theirs = ", ".join(sorted(set(versions.values())))
            raise LabError(
                f"The workers have version {theirs} of the lab, but this is {__version__}: install the same."
            )
        with client.get_executor(retries=0) as executor:
            yield executor, sum(client.nthreads().values())


def _version() -> str:
    return __version__


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
