"""What runs a student's cells inside the sandbox: an IPython shell that speaks over a pipe.

It gives the outputs that ipykernel gives (streams, displays, results, errors; inline figures; magics; top-level
``await``), without its sockets. One line of JSON goes out before each cell and one after it. Student code shares the
process, so it may write such lines itself: it forges its own notebook, which it could as well have saved by hand.
"""

import base64
import builtins
import getpass
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

LEFT_OUT = "\n... the rest of this cell's output was left out: it was too long.\n"


class CellTimeout(KeyboardInterrupt):
    """A cell took longer than it may."""


class Outputs:
    """The outputs of one cell in the notebook format, up to a number of bytes."""

    def __init__(self) -> None:
        self.restart(0)

    def restart(self, most: int) -> None:
        """Begin a new cell."""
        self.items: list[dict[str, Any]] = []
        self.left = most
        self.full = False

    def add(self, item: dict[str, Any]) -> None:
        """Append an output, if there is room for it."""
        if self._spend(len(json.dumps(item, default=str))):
            self.items.append(item)

    def write(self, name: str, text: str) -> None:
        """Append to a stream; adjacent pieces of one stream are one output."""
        room = max(self.left, 0)
        if self._spend(len(text)):
            room = len(text)
        piece = text[:room] + ("" if room >= len(text) else LEFT_OUT)
        last = self.items[-1] if self.items else {}
        if last.get("name") == name:
            last["text"].append(piece)
        elif piece:
            self.items.append({"output_type": "stream", "name": name, "text": [piece]})

    def _spend(self, size: int) -> bool:
        if self.full:
            return False
        self.left -= size
        self.full = self.left < 0
        return not self.full


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a cell."""

    encoding = "utf-8"

    def __init__(self, name: str, outputs: Outputs):
        self.name, self._outputs = name, outputs

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor that subprocesses inherit; what they write to it is not kept."""
        return {"stdout": 1, "stderr": 2}[self.name]

    def write(self, text: str) -> int:
        """Append text to the cell's outputs."""
        if not isinstance(text, str):
            raise TypeError(f"a text was expected, not {type(text).__name__}")
        if text and not (self._outputs.full and self._outputs.items):
            self._outputs.write(self.name, text)
        return len(text)


class Publisher(DisplayPublisher):
    """Takes what is displayed."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_) -> None:
        """Append a display, or replace one that has the same id."""
        name = (transient or {}).get("display_id")
        item = {"output_type": "display_data", "data": _plain(data), "metadata": metadata or {}}
        if update:
            for old in self.shell.outputs.items:
                if name is not None and old.get("display_id") == name:
                    old.update(data=item["data"], metadata=item["metadata"])
            return
        self.shell.outputs.add(item | ({} if name is None else {"display_id": name}))

    def clear_output(self, wait: bool = False) -> None:
        """Forget what the cell has shown so far."""
        self.shell.outputs.items.clear()


class Hook(DisplayHook):
    """Takes a cell's result."""

    def write_output_prompt(self) -> None:
        """Write nothing: the result has a number of its own."""

    def write_format_data(self, format_dict, md_dict=None) -> None:
        """Append the result."""
        self.shell.outputs.add({
            "output_type": "execute_result",
            "data": _plain(format_dict),
            "metadata": md_dict or {},
            "execution_count": self.prompt_count,
        })  # fmt: skip

    def finish_displayhook(self) -> None:
        """Print no line after the result."""
        self._is_active = False


class Shell(InteractiveShell):
    """IPython as in a notebook, with its outputs kept as data."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    kernel = None
    """That there is a kernel tells pandas and others that this is a notebook, not a terminal."""

    def __init__(self, **options: Any):
        self.outputs = Outputs()
        super().__init__(**options)

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: figures are inline."""

    def ask_exit(self) -> None:
        """Go on: ``exit`` ends a session, not a grading."""

    def _showtraceback(self, etype, evalue, stb) -> None:
        self.memory_error = self.memory_error or issubclass(etype, MemoryError)
        self.outputs.add(error(str(etype.__name__), _text(evalue), stb))


def error(name: str, value: str, traceback: Iterable[str] = ()) -> dict[str, Any]:
    """Return an error as an output of a cell."""
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": list(traceback)}


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return "an error that cannot be shown"


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Code bytes, such as a PNG, in base64, as the notebook format has it."""
    return {
        str(mime): base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for mime, value in data.items()
    }


def new_shell() -> Shell:
    """Return the shell, with inline figures and without history or anything of a user's own."""
    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.name = "gmmlab"  # tqdm looks whether there is such an application
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.enable_tip = False
    return Shell.instance(config=config)


def run_cells(
    shell: Shell,
    job: dict[str, Any],
    send: Callable[[dict[str, Any]], None],
    done: Sequence[tuple[dict[str, Any], dict[str, Any], set[str]]] = (),
) -> None:
    """Run the cells of a job and send what happens.

    Parameters
    ----------
    shell : Shell
        From `new_shell`.
    job : dict
        ``"cells"``: pairs of an index and a source; ``"inputs"``: coded arguments for the functions of exercises;
        ``"cell_seconds"`` and ``"cell_bytes"``: limits; ``"steps"``: for each cell which of ``done`` stands for it, or
        None; nothing where every cell runs.
    send : callable
        Takes one message: ``{"start": index}``, or ``{"cell": index, "count", "outputs", "trouble"}``.
    done : sequence of (dict, dict, set of str)
        What came of cells that this process has run already, the names that each of them set, and those that it took
        away.
    """
    from gmmlab.exercises import judging
    from gmmlab.exercises.answers import decode
    from gmmlab.exercises.failed_cells import WATCHED, FailedCells

    judging.GIVEN.update({
        exercise: [tuple(decode(argument) for argument in arguments) for arguments in calls]
        for exercise, calls in job["inputs"].items()
    })  # fmt: skip
    _forbid_input()
    me = os.getpid()
    sys.stdout, sys.stderr = Stream("stdout", shell.outputs), Stream("stderr", shell.outputs)
    steps = (job.get("steps") if done else None) or [None] * len(job["cells"])
    if done:
        for name in {name for _, names, _ in done for name in names}:
            shell.user_ns.pop(name, None)
        vars(WATCHED).update(vars(FailedCells(shell.user_ns)))
    for count, ((index, source), step) in enumerate(zip(job["cells"], steps, strict=True), 1):
        send({"start": index})
        if step is None:
            shell.execution_count = count
            result = _run_cell(shell, source, job["cell_seconds"], job["cell_bytes"])
        else:
            result = _as_if_run(shell, source, count, *done[step])
        if os.getpid() != me:
            # A process that the cell has forked goes no further than the cell.
            os._exit(0)
        send(result | {"cell": index})


def _as_if_run(
    shell: Shell, source: str, count: int, result: dict[str, Any], names: dict[str, Any], gone: set[str]
) -> dict[str, Any]:
    """Set the names that a cell has set that says the same, and return what came of it, under this count."""
    from gmmlab.exercises.failed_cells import WATCHED

    WATCHED.before(SimpleNamespace(raw_cell=source))
    shell.user_ns.update(names)
    for name in gone:
        shell.user_ns.pop(name, None)
    WATCHED.after(None)
    outputs = [o | {"execution_count": count} if "execution_count" in o else o for o in result["outputs"]]
    return result | {"count": count, "outputs": outputs}


def _run_cell(shell: Shell, source: str, seconds: float, most: int) -> dict[str, Any]:
    shell.outputs.restart(most)
    shell.memory_error = late = False
    count = shell.execution_count

    def ring(*_: Any) -> None:
        nonlocal late
        late = True
        raise CellTimeout(f"This cell took longer than the {seconds:g} s that it may take.")

    try:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        shell.run_cell(source, store_history=True)
    except BaseException as problem:
        shell.outputs.add(error(type(problem).__name__, _text(problem)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    outputs = [_joined(item) for item in shell.outputs.items]
    full = "too much output" if shell.outputs.full else ""
    trouble = "timed out" if late else "out of memory" if shell.memory_error else full
    return {"count": count, "outputs": outputs, "trouble": trouble}


def _joined(item: dict[str, Any]) -> dict[str, Any]:
    item.pop("display_id", None)
    return item | {"text": "".join(item["text"])} if item["output_type"] == "stream" else item


def _forbid_input() -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise RuntimeError("This cell asks for input, but when notebooks are graded nobody is there to answer.")

    builtins.input = getpass.getpass = refuse


def sender(descriptor: int) -> Callable[[dict[str, Any]], None]:
    """Return a function that writes messages to a pipe, one a line."""
    dumps, write = json.dumps, os.write

    def send(message: dict[str, Any]) -> None:
        data = memoryview((dumps(message, default=str) + "\n").encode("utf-8", "backslashreplace"))
        while data:
            data = data[write(descriptor, data) :]

    return send
