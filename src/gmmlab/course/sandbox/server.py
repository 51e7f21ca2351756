"""The program inside the sandbox: imports the libraries once, then forks a fresh process for each submission.

It is started by `gmmlab.course.sandbox` (in bubblewrap, unless told otherwise) and takes orders from its standard
input, a socket. An order may name worked cells: the lab's own, which stand for cells of the submission. A fork of this
program, its heir, runs them once and takes such orders until one names others; it leaves to this program what names
none. Neither reads a submission: that goes straight to the forked process, which first shuts itself into namespaces of
its own (processes, mounts, network, IPC, users) with empty scratch folders of limited size, gives up every privilege
and sets its limits. When it ends, or when the order comes, every process but these programs is killed, and only then is
the end reported.
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
import threading
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
    "sklearn.datasets", "sklearn.metrics", "sklearn.mixture", "sklearn.model_selection", "sklearn.pipeline",
    "sklearn.preprocessing", "gmmlab.data", "gmmlab.figure", "gmmlab.mixture", "gmmlab.plot", "gmmlab.preprocess",
)  # fmt: skip
"""What is loaded once, for all submissions."""

ORDER = 2**18
"""Most bytes of an order."""

_SUBREAPER = 36


def main() -> None:
    """Serve orders until the other end of standard input is closed."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sandboxed = sys.argv[1] == "bubblewrap"
    shell = _load()
    isolated = sandboxed and sys.argv[2] == "shared" and isolation.works()
    control.send(json.dumps({"isolated": isolated}).encode())
    Server(control, shell, sandboxed, isolated).serve()


class Server:
    """Takes orders, one after the other."""

    def __init__(self, control: socket.socket, shell: Any, sandboxed: bool, isolated: bool):
        self.control, self.shell = control, shell
        self.sandboxed, self.isolated = sandboxed, isolated
        self.base: int | None = None
        """The program that a fork comes from, which waits for its end."""
        self.heir: int | None = None
        """The fork that waits until this program has run what names no worked cells."""
        self.turn: socket.socket | None = None
        """Through which a fork and the program that it comes from pass each other the next order."""
        self.worked: list[str] = []
        self.done: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = []
        self.refused: list[list[str]] = []

    def serve(self) -> None:
        """Serve until the other end is closed, or an order is another's; as a fork, until it names other cells."""
        while data := self.control.recv(ORDER, socket.MSG_PEEK):
            order = json.loads(data)
            worked = order.get("worked", [])
            if order["limits"] is None:
                self.control.recv(ORDER)
            elif self.base is not None and worked != self.worked:
                if worked:
                    return
                self.turn.send(b".")
                self.turn.recv(1)
            elif self.base is None and worked and worked not in self.refused:
                if self.heir is not None:
                    return
                if not self._hand_over(worked, order["limits"]):
                    self.refused.append(worked)
            else:
                _, descriptors, _, _ = socket.recv_fds(self.control, ORDER, 2)
                report = Submission(self, order["limits"]).run(*descriptors)
                self.control.send(json.dumps({"end": report}).encode())

    def _hand_over(self, worked: list[str], limits: dict) -> bool:
        """Let a fork run the worked cells and serve; return, when it has ended, whether it could."""
        mine, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                mine.close()
                self.base, self.turn = os.getppid(), theirs
                if self._work(worked, limits):
                    self.serve()
                    os._exit(0)
            finally:
                os._exit(1)
        theirs.close()
        with mine:
            while mine.recv(1):
                self.heir = child
                self.serve()
                self.heir = None
                mine.send(b".")
        return os.waitpid(child, 0)[1] == 0

    def _work(self, worked: list[str], limits: dict) -> bool:
        """Run the worked cells; return whether a process can be forked after them, as if it had run them itself."""
        from gmmlab.course.sandbox.flow import HISTORY
        from gmmlab.course.sandbox.shell import run_cells
        from gmmlab.course.student.unknown_names import names_bound

        adopt_orphans()
        folder = Path(isolation.WORK) if self.sandboxed else Path.home()
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        before = dict(self.shell.user_ns)

        def keep(message: dict[str, Any]) -> None:
            nonlocal before
            if "cell" in message:
                now, sets = dict(self.shell.user_ns), names_bound(worked[message["cell"]])
                new = {n: v for n, v in now.items() if n in sets or before.get(n, before) is not v}
                new = {n: v for n, v in new.items() if n.rstrip("0123456789") not in HISTORY}
                self.done.append((message, new, before.keys() - now.keys()))
                before = now

        seconds, most = limits["cell"], limits["output"] // 4
        job = {"cells": list(enumerate(worked)), "inputs": {}, "cell_seconds": seconds, "cell_bytes": most}
        run_cells(self.shell, job, keep)
        self.worked = worked
        failed = any(r["trouble"] or any(o["output_type"] == "error" for o in r["outputs"]) for r, *_ in self.done)
        return not failed and threading.active_count() == 1 and not self.others()

    def others(self) -> list[int]:
        """Return every process of the sandbox but its first one and this program; else all that descend from it."""
        if self.sandboxed:
            ours = {1, os.getpid(), self.base, self.heir}
            return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in ours]
        import psutil

        return [process.pid for process in psutil.Process().children(recursive=True) if process.pid != self.heir]


def _load() -> Any:
    """Import what the lab's notebooks import, so that forked processes have it, and return the shell."""
    from gmmlab.course.sandbox.shell import new_shell

    # pandas and matplotlib ask, when they are imported, whether they are in a notebook.
    shell = new_shell()
    with shell.builtin_trap:
        for module in MODULES:
            import_module(module)
        import_module("gmmlab.exercises").exercises()
    adopt_orphans()
    return shell


def adopt_orphans() -> None:
    """Have orphans of a submission come to this process, so that it finds them."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)


class Submission:
    """One submission: a forked process, all that descends from it, and its limits."""

    def __init__(self, server: Server, limits: dict):
        self.server, self.limits = server, limits

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
            if select.select([self.server.control], [], [], LOOK_EVERY)[0]:
                return "told"
            if os.waitpid(child, os.WNOHANG)[0]:
                return "ended"
            if time.monotonic() < look:
                continue
            look = time.monotonic() + MEASURE_EVERY
            others = self.server.others()
            if sum(map(_own_memory, others)) > self.limits["memory"]:
                return "out of memory"
            if len(others) > self.limits["processes"] + OVERHEAD:
                return "too many processes"

    def _clear(self) -> None:
        while others := self.server.others():
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
        if self.server.sandboxed:
            isolation.enter(self.limits["files"], self.server.isolated)
        with os.fdopen(job, "rb") as file:
            content = json.loads(file.read())
        os.chdir(content["folder"])
        self._limit()
        np.random.seed()  # noqa: NPY002 - the state was copied with the process
        send = sender(out)
        run_cells(self.server.shell, content, send, self.server.done)
        send({"end": True})
        os._exit(0)

    def _keep_only(self, *kept: int) -> None:
        self.server.control.close()
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
        if self.server.sandboxed and isolation.counts_own_processes():
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
