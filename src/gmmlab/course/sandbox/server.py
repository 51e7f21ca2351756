"""The program inside the sandbox: imports the libraries once, then forks a fresh process for each submission.

It is started by `gmmlab.course.sandbox` (in bubblewrap, unless told otherwise) and takes orders from its standard
input, a socket. It never reads a submission: that goes straight to the forked process, which first shuts itself into
namespaces of its own (processes, mounts, network, IPC, users) with empty scratch folders of limited size,
gives up every privilege and sets its limits. When it ends, or when the order comes, every process but this program is
killed, and only then is the end reported.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from gmmlab.course.sandbox import isolation

LOOK_EVERY = 0.02
"""Seconds between two looks whether a submission has ended."""

MEASURE_EVERY = 0.2
"""Seconds between two looks at its memory and at the number of its processes."""

FILES_OPEN = 256
"""Files, pipes and sockets that one process may have open: what the kernel keeps for them counts as nobody's memory."""

OVERHEAD = 3
"""Processes that are not the submission's own: those that wait for it."""

MODULES = (
    "ipywidgets", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "pandas", "scipy.stats", "sklearn.cluster",
    "sklearn.metrics", "sklearn.mixture", "sklearn.model_selection", "sklearn.pipeline", "sklearn.preprocessing",
    "gmmlab.data", "gmmlab.figure", "gmmlab.mixture", "gmmlab.plot", "gmmlab.preprocess",
)  # fmt: skip
"""What is loaded once, for all submissions."""

_SUBREAPER = 36


def main() -> None:
    """Serve orders until the other end of standard input is closed."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sandboxed = sys.argv[1] == "bubblewrap"
    shell = _load()
    isolated = sandboxed and sys.argv[2] == "shared" and isolation.works()
    control.send(json.dumps({"isolated": isolated}).encode())
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
        if not data:
            return
        order = json.loads(data)
        if order["limits"] is not None:
            report = Submission(control, shell, order["limits"], sandboxed, isolated).run(*descriptors)
            control.send(json.dumps({"end": report}).encode())


def _load() -> Any:
    """Import what the lab's notebooks import, so that forked processes have it, and return the shell."""
    from gmmlab.course.sandbox.shell import new_shell

    # pandas and matplotlib ask, when they are imported, whether they are in a notebook.
    shell = new_shell()
    with shell.builtin_trap:
        for module in MODULES:
            import_module(module)
        import_module("gmmlab.exercises").exercises()
    # Orphans of a submission come to this program, so that it finds them.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    return shell


class Submission:
    """One submission: a forked process, all that descends from it, and its limits."""

    def __init__(self, control: socket.socket, shell: Any, limits: dict, sandboxed: bool, isolated: bool):
        self.control, self.shell, self.limits = control, shell, limits
        self.sandboxed, self.isolated = sandboxed, isolated

    def run(self, job: int, out: int) -> str:
        """Run it to its end and clear away whatever is left of it; return why it ended."""
        child = os.fork()
        if child == 0:
            try:
                self._live(job, out)
            finally:
                os._exit(1)
        os.close(job)
        os.close(out)
        why = self._watch(child)
        self._clear()
        return why

    def _watch(self, child: int) -> str:
        look = 0.0
        while True:
            if select.select([self.control], [], [], LOOK_EVERY)[0]:
                return "told"
            if os.waitpid(child, os.WNOHANG)[0]:
                return "ended"
            if time.monotonic() < look:
                continue
            look = time.monotonic() + MEASURE_EVERY
            others = self._others()
            if sum(map(_own_memory, others)) > self.limits["memory"]:
                return "out of memory"
            if len(others) > self.limits["processes"] + OVERHEAD:
                return "too many processes"

    def _others(self) -> list[int]:
        """Return every process of the sandbox but its first one and this program; else all that descend from it."""
        me = os.getpid()
        if self.sandboxed:
            return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, me)]
        import psutil

        return [process.pid for process in psutil.Process(me).children(recursive=True)]

    def _clear(self) -> None:
        while others := self._others():
            for pid in others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            time.sleep(0.001)

    def _live(self, job: int, out: int) -> None:
        """Be the submission: shut in, run the cells, end without the interpreter's farewell."""
        import numpy as np

        from gmmlab.course.sandbox.shell import run_cells, sender

        self._keep_only(job, out)
        if self.sandboxed:
            isolation.enter(self.limits["files"], self.isolated)
        with os.fdopen(job, "rb") as file:
            content = json.loads(file.read())
        os.chdir(content["folder"])
        self._limit()
        np.random.seed()  # noqa: NPY002 - the state was copied with the process
        send = sender(out)
        run_cells(self.shell, content, send)
        send({"end": True})
        os._exit(0)

    def _keep_only(self, *kept: int) -> None:
        self.control.close()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        for name in os.listdir("/dev/fd"):
            if int(name) > 2 and int(name) not in kept:
                with contextlib.suppress(OSError):
                    os.close(int(name))

    def _limit(self) -> None:
        """Set the limits that the kernel keeps; memory comes on top of the libraries that are loaded."""
        space = _address_space() + self.limits["memory"]
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NOFILE: FILES_OPEN,
            resource.RLIMIT_FSIZE: self.limits["files"],
            resource.RLIMIT_AS: space,
        }
        if self.sandboxed and isolation.counts_own_processes():
            limits[resource.RLIMIT_NPROC] = self.limits["processes"] + OVERHEAD
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))


def _address_space() -> int:
    """Return the bytes of address space of this process: the libraries, mostly."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _own_memory(pid: int) -> int:
    """Return the bytes of memory that a process does not share with this program; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Pss_Shmem:")))


if __name__ == "__main__":
    main()
