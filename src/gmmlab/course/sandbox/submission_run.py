"""Run a submission's cells, and run them again without those that kill; read what comes out, and keep the time."""

import json
import os
import select
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import gmmlab
from gmmlab.course.sandbox.flow import plan
from gmmlab.course.sandbox.isolation import WORK
from gmmlab.course.sandbox.template import Limits, Template, template
from gmmlab.paths import lab_folder

GRACE = 1.0
"""Seconds that a cell which is late has to end by itself, before its process is killed."""

TROUBLES = ("timed out", "out of memory", "too much output")
"""What the program inside says of a cell that went wrong and was survived."""


@dataclass
class SubmissionRun:
    """The tries at one submission.

    Attributes
    ----------
    sources : dict of int to str
        The code cells, by their place among all cells.
    inputs : dict
        Coded arguments for the functions of exercises.
    limits, sandbox, worked
        As for `gmmlab.course.sandbox.rerun`.
    results : dict of int to dict
        What came of each cell: ``"count"``, ``"outputs"``, ``"trouble"``.
    """

    sources: dict[int, str]
    inputs: dict[str, list]
    limits: Limits
    sandbox: str
    worked: Sequence[str] = ()
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    killers: dict[int, str] = field(default_factory=dict)
    late: bool = False
    started: bool = True

    def go(self) -> None:
        """Try until every cell that does not kill has run, or the time is over."""
        inside = template(self.sandbox, self.limits)
        self.deadline = time.monotonic() + self.limits.submission
        while self.left and self.started and not self.late:
            inside = template(self.sandbox, self.limits)
            ended = Try(self, inside).go()
            if not inside.reusable:
                inside.stop()
            if ended:
                break

    @property
    def left(self) -> dict[int, str]:
        """The cells that have not killed."""
        return {index: source for index, source in self.sources.items() if index not in self.killers}

    @property
    def troubles(self) -> list[str]:
        """What happened, in words."""
        number = {index: k for k, index in enumerate(self.sources, 1)}
        troubles = [(number[i], result["trouble"]) for i, result in self.results.items() if result["trouble"]]
        said = [f"{words} at cell {k}" for k, words in sorted(troubles)]
        if self.late:
            said.append(f"timed out: it took more than {self.limits.submission:g} s")
        return said if self.started else ["did not start"]


class Try:
    """One run of the cells that have not killed, from the first to the end, or to one that kills."""

    def __init__(self, run: SubmissionRun, inside: Template):
        self.run, self.inside = run, inside
        self.current: int | None = None
        self.ended = False
        self.cell_deadline = run.deadline
        self.read = 0
        self.line = bytearray()

    def go(self) -> bool:
        """Return whether the last cell was reached; blame the running cell if not."""
        why = self._follow()
        if not self.ended and not self.run.late:
            if self.current is None:
                self.run.started = False
            else:
                self._blame("kernel died" if why == "ended" else why)
        return self.ended

    def _blame(self, words: str) -> None:
        self.run.killers[self.current] = words
        left_out = {"ename": "CellLeftOut", "evalue": f"This cell was left out: {words}.", "traceback": []}
        outputs = [{"output_type": "error"} | left_out]
        self.run.results[self.current] = {"count": None, "outputs": outputs, "trouble": words}

    def _follow(self) -> str:
        """Read what comes until every process of the try is gone; return why it ended."""
        none = self.run.sandbox == "none"
        with tempfile.TemporaryDirectory() if none else nullcontext(WORK) as folder:
            steps = plan(self.run.worked, list(self.run.left.values())) if self.run.worked else None
            worked = list(self.run.worked) if steps else []
            out = self.inside.begin(self._job(folder, steps), self.run.limits, worked)
            try:
                return self._read_to_the_end(out)
            finally:
                os.close(out)

    def _job(self, folder: str, steps: list[int | None] | None) -> bytes:
        limits = self.run.limits
        job = {"cells": list(self.run.left.items()), "inputs": self.run.inputs, "folder": folder, "steps": steps}
        return json.dumps(job | {"cell_seconds": limits.cell, "cell_bytes": limits.output // 4}).encode()

    def _read_to_the_end(self, out: int) -> str:
        open_ends = [out, self.inside.control]
        while True:
            wait = min(self.cell_deadline, self.run.deadline) - time.monotonic()
            ready = select.select(open_ends, [], [], wait)[0] if wait > 0 else []
            if not ready:
                self.run.late = time.monotonic() >= self.run.deadline
                return self._kill("timed out")
            if out in ready:
                piece = os.read(out, 2**16)
                if not piece:
                    open_ends.remove(out)
                elif not self._take(piece):
                    return self._kill("too much output")
            elif self.inside.control in ready:
                return self.inside.end() or "ended"

    def _kill(self, words: str) -> str:
        self.inside.kill()
        return words

    def _take(self, piece: bytes) -> bool:
        """Read lines; return whether the submission may say more."""
        self.read += len(piece)
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._hear(bytes(self.line + line))
            self.line.clear()
        self.line += rest
        return self.read <= self.run.limits.output

    def _hear(self, line: bytes) -> None:
        """Take one message; what the lab's own program would not say is not heard."""
        for path in _graders_paths():
            line = line.replace(path, b"...")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        index = message.get("start", message.get("cell"))
        if message.get("end") is True:
            self.ended = True
        elif type(index) is not int or index not in self.run.left:
            return
        elif "start" in message:
            self.current = index
            self.cell_deadline = time.monotonic() + self.run.limits.cell + GRACE
        else:
            self.run.results[index] = _result(message)


@cache
def _graders_paths() -> list[bytes]:
    """Return where this Python and this package are, as JSON writes it, the longest first: nobody else's business."""
    paths = {str(path) for path in (Path(gmmlab.__file__).parents[1], sys.prefix, sys.base_prefix, lab_folder())}
    paths |= {path for path in sys.path if path.endswith("site-packages")}
    return sorted((json.dumps(path)[1:-1].encode() for path in paths - {"/", "/usr"}), key=len, reverse=True)


def _result(message: dict[str, Any]) -> dict[str, Any]:
    count, outputs, trouble = (message.get(key) for key in ("count", "outputs", "trouble"))
    outputs = outputs if isinstance(outputs, list) else []
    return {
        "count": count if type(count) is int else None,
        "outputs": [output for output in outputs if isinstance(output, dict)],
        "trouble": trouble if trouble in TROUBLES else "",
    }
