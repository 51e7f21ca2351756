"""The outside's hold on the program inside: start it, give it a submission, end it."""

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.sandbox import bubblewrap

START = 120.0
"""Seconds in which the program inside has to be ready."""

SHARED = True
"""Whether one program inside may serve many submissions, if the kernel lets it keep them from each other."""

FAREWELL = 10.0
"""Seconds in which everything has to be gone after the order to end."""


@dataclass(frozen=True)
class Limits:
    """What one submission may take.

    Attributes
    ----------
    cell : float
        Seconds for one cell.
    submission : float
        Seconds for the whole submission, tries without its killing cells included.
    memory : int
        Bytes of memory, on top of the loaded libraries, of all its processes together.
    output : int
        Bytes of all its outputs, coded; one cell may use a quarter of them.
    processes : int
        Processes and threads at a time.
    files : int
        Bytes of all its files together.
    """

    cell: float = 60.0
    submission: float = 300.0
    memory: int = 2 * 2**30
    output: int = 20_000_000
    processes: int = 64
    files: int = 256 * 2**20


class Template:
    """The program inside, with the libraries loaded; it runs one submission at a time.

    Parameters
    ----------
    sandbox : {"bubblewrap", "none"}
        Where it runs.
    files : int
        Bytes that a submission's files may take, where it has no folder of its own inside.

    Attributes
    ----------
    reusable : bool
        Whether submissions are kept from each other inside, so that it may run another one.

    Raises
    ------
    LabError
        If it does not start.
    """

    def __init__(self, sandbox: str, files: int):
        if not sys.platform.startswith("linux"):
            raise LabError(f"Submissions can be run again on Linux only, and this is {sys.platform}.")
        self.files = files
        self.control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._home = tempfile.TemporaryDirectory() if sandbox == "none" else None
        with other, tempfile.TemporaryFile() as errors:
            # A session of its own: Ctrl-C is for the grader, which may want to finish what it has begun.
            self._process = subprocess.Popen(
                self._command(sandbox), stdin=other, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                env=bubblewrap.environment(Path(self._home.name)) if self._home else None,
            )  # fmt: skip
            other.close()
            hello = self._hear(START)
            if hello is None:
                self.stop()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines()
                raise LabError(f"The sandbox does not start: {(said or ['it says nothing'])[-1]}")
        self.reusable = SHARED and (sandbox == "none" or hello["isolated"])

    def _command(self, sandbox: str) -> list[str]:
        program = ["-I", "-m", "gmmlab.course.sandbox.server", sandbox, "shared" if SHARED else "single"]
        if sandbox == "none":
            return [sys.executable, *program]
        bwrap = bubblewrap.find_bwrap()
        if bwrap is None:
            raise LabError(f"The sandbox needs bubblewrap. {bubblewrap.HOW_TO_GET_IT}")
        return bubblewrap.command(bwrap, self.files, program)

    @property
    def dead(self) -> bool:
        """Whether it can run nothing more."""
        return self._process.poll() is not None

    def begin(self, job: bytes, limits: Limits, worked: list[str]) -> int:
        """Start a submission and return the descriptor from which to read what it says.

        Parameters
        ----------
        job : bytes
            For `gmmlab.course.sandbox.shell.run_cells`, in JSON.
        limits : Limits
        worked : list of str
            Sources of first cells that the program inside may run once for many submissions, since they are the lab's.
        """
        out, writer = os.pipe()
        with tempfile.TemporaryFile() as file:
            file.write(job)
            file.seek(0)
            order = json.dumps({"limits": asdict(limits), "worked": worked}).encode()
            try:
                socket.send_fds(self.control, [order], [file.fileno(), writer])
            finally:
                os.close(writer)
        return out

    def kill(self) -> None:
        """Have every process of the submission killed; return when they are gone."""
        with contextlib.suppress(OSError):
            self.control.send(json.dumps({"limits": None}).encode())
        self.end()

    def end(self) -> str | None:
        """Return why the submission ended, once all of it is gone; None if the program inside is gone too."""
        said = self._hear(FAREWELL)
        if said is None:
            self.stop()
        return said and said["end"]

    def stop(self) -> None:
        """End the program inside, and with it all that runs there."""
        self._process.kill()
        self._process.wait()
        self.control.close()
        if self._home:
            self._home.cleanup()

    def _hear(self, seconds: float) -> dict | None:
        if not select.select([self.control], [], [], seconds)[0]:
            return None
        try:
            data = self.control.recv(65536)
        except OSError:
            return None
        return json.loads(data) if data else None


_KEPT = threading.local()


def template(sandbox: str, limits: Limits) -> Template:
    """Return this thread's program inside, started if there is none that can be used.

    One for each thread, since the kernel ends it with the thread that started it; none for forked processes.
    """
    key = (os.getpid(), sandbox, SHARED)
    kept = getattr(_KEPT, "template", None)
    if kept is None or _KEPT.key != key or kept.dead:
        _stop_kept()
        _KEPT.template, _KEPT.key = Template(sandbox, limits.files), key
    return _KEPT.template


@atexit.register
def _stop_kept() -> None:
    kept = getattr(_KEPT, "template", None)
    if kept is not None and _KEPT.key[0] == os.getpid():
        kept.stop()
