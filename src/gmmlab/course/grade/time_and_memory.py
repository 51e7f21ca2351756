"""Limits on the grader's own work, since what it judges may be made to be slow or large."""

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows
    resource = None

SECONDS = 30
"""The longest that judging one notebook may take."""

MEMORY = 2_000_000_000
"""What judging one notebook may take in memory, in bytes, beyond what the process has."""

_GRACE = 10


class OutOfTime(BaseException):
    """The time is over. Not an `Exception`, so that no check can mistake it for a wrong answer."""


@contextmanager
def limits(seconds: float = SECONDS, hard: bool = False) -> Iterator[None]:
    """Limit the time and the memory of a block.

    Parameters
    ----------
    seconds : float
        After these, `OutOfTime` is raised in the block; where the platform has no alarm, or the block is not in the
        main thread, nothing is.
    hard : bool
        End the whole process some seconds later if the block still runs: for workers, which can be replaced.

    Raises
    ------
    OutOfTime
        If the time is over.
    MemoryError
        From within the block, if it asks for more than `MEMORY`.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main:
        # The limits are those of the process, so that its threads (of a Dask worker) judge one after the other.
        with _ONE, _limits(seconds, hard, alarm=False):
            yield
        return
    with _limits(seconds, hard, alarm=hasattr(signal, "setitimer")):
        yield


_ONE = threading.RLock()
_DEVNULL = os.open(os.devnull, os.O_WRONLY)


@contextmanager
def _limits(seconds: float, hard: bool, alarm: bool) -> Iterator[None]:
    old_handler = signal.signal(signal.SIGALRM, _raise) if alarm else None
    old_memory = _limit_memory()
    if hard:
        # A thread in C that needs neither the interpreter nor its lock: nothing that Python runs can hold it up.
        faulthandler.dump_traceback_later(seconds + _GRACE, exit=True, file=_DEVNULL)
    if alarm:
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old_handler)
        if hard:
            faulthandler.cancel_dump_traceback_later()
        if old_memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, old_memory)


def _raise(*_) -> None:
    raise OutOfTime


def _limit_memory() -> tuple[int, int] | None:
    """Lower the soft limit on address space; return what it was, or None where there is no such limit."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft not in (-1, resource.RLIM_INFINITY) and soft < taken + MEMORY:
            return None
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, hard))
        return soft, hard
    except (OSError, ValueError, AttributeError):
        return None
