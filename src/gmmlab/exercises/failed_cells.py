"""Which answers are older than they look, and which cell an answer comes from.

A cell that ended in an error leaves the value of an earlier run behind. Two events of IPython, before and after each
cell, tell which names a failed cell was to set and did not, and which cell has set a name last. Where there is no
IPython nothing is known, and nothing is said. In a run from the top no name has an earlier value.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from typing import Any

from gmmlab.exercises.answers import Failed

_SET = re.compile(
    r"^[ \t]*(?:(?:def|class)[ \t]+(\w+)|((?:[^=#\n(]|(?<!\w)\()*?)(?<![=!<>+*/%&|^@-])=(?!=))",
    re.MULTILINE,
)
"""A line that sets names: also in a cell that cannot be parsed."""


_PIECES = re.compile(
    r"""(?P<text>(?P<long>'''|\"\"\")(?:\\.|[^\\])*?(?P=long)|(?P<short>['"])(?:\\.|[^\\\n])*?(?P=short))"""
    r"|#[^\n]*|\s+|(?P<name>[^\W\d]\w*)",
    re.DOTALL,
)
"""Texts, comments, blanks and names in a cell's source."""

MAX_SOURCE = 20_000
"""Characters of a cell's source that are looked at."""


def digest_of(source: str, but_for: Iterable[str] = ()) -> str:
    """Return a digest of what a cell says, without comments, blanks outside texts, and the wording of some names."""
    numbers = dict.fromkeys(but_for, "")

    def said(match: re.Match[str]) -> str:
        name = match["name"]
        if name in numbers:
            numbers[name] = numbers[name] or f"_{sum(map(bool, numbers.values()))}"
            return numbers[name]
        return match["text"] or name or ""

    plain = _PIECES.sub(said, source[:MAX_SOURCE])
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class FailedCells:
    """Names that a failed cell was to set, and who set others: watches a shell, or a namespace through two calls."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.failed: dict[str, Failed] = {}
        self._before: dict[str, Any] = {}
        self._set_by: dict[str, str] = {}
        self._running = ""

    def before(self, info: Any) -> None:
        """Remember what the names hold that the cell sets."""
        self._running = getattr(info, "raw_cell", None) or ""
        names = names_set(self._running)
        self._before = {name: self.namespace[name] for name in names if name in self.namespace}

    def after(self, result: Any) -> None:
        """Note the names that a failed cell left as they were or at the stub; forget those with a new value."""
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        for name in names_set(self._running):
            self._set_by.pop(name, None)  # the latest comes last
            self._set_by[name] = self._running
            value = self.namespace.get(name)
            old = name in self._before and value is self._before[name]
            if error is not None and (old or value is ...):
                self.failed[name] = Failed(type(error).__name__, _first_line(error))
            else:
                self.failed.pop(name, None)
        self._before = {}

    def of(self, names: Iterable[str], answer: Any) -> Failed | None:
        """Return the error by which one of these names still holds this answer."""
        return next((self.failed[n] for n in names if n in self.failed and self.namespace.get(n) is answer), None)

    def source_of(self, names: Iterable[str]) -> str:
        """Return the source of the cell that set one of these names last; of the one that runs if none did."""
        return next((source for name, source in reversed(self._set_by.items()) if name in names), self._running)


def names_set(source: Any) -> set[str]:
    """Return the names that a cell's lines set, whether or not the cell can be parsed."""
    if not isinstance(source, str):
        return set()
    return {name for groups in _SET.findall(source) for name in re.findall(r"[^\W\d]\w*", " ".join(groups))}


def _first_line(error: BaseException) -> str:
    text = str(error.args[0] if isinstance(error, SyntaxError) and error.args else error)
    return text.strip().partition("\n")[0][:200]


def watch() -> FailedCells | None:
    """Watch the cells of the IPython that runs, if one does."""
    try:
        shell = sys.modules["IPython"].get_ipython()
        if shell is None:
            return None
        cells = FailedCells(shell.user_ns)
        shell.events.register("pre_run_cell", cells.before)
        shell.events.register("post_run_cell", cells.after)
    except Exception:
        return None
    return cells


WATCHED = watch()
