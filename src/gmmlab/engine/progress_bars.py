"""Progress bars for whatever takes longer than two seconds, in a terminal and in a notebook."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joblib import Parallel

PATIENCE = 2
"""Seconds without a bar: what is over by then needs none."""


class progress_bar:
    """A progress bar that appears after two seconds, and vanishes at the end.

    tqdm draws it, and is loaded, and makes a notebook's widgets, only then: a quick fit costs nothing more.

    Parameters
    ----------
    iterable : iterable, optional
        What to go through; without it, use ``with`` and call ``update`` after each step.
    shown : bool, optional
        True: at once, and it stays; False: never. Default: after two seconds, in a terminal and in a notebook, but
        not where outputs are saved or compared: there the variable ``TQDM_DISABLE`` is set.
    total : int, optional
        Number of steps. Default: the length of the iterable, if it has one.
    **options
        Passed on to tqdm.
    """

    def __init__(
        self, iterable: Iterable[Any] = (), *, shown: bool | None = None, total: int | None = None, **options: Any
    ) -> None:
        self._iterable = iterable
        known = len(iterable) if total is None and isinstance(iterable, Sized) else total
        self._options = {"total": known or None, "leave": shown is True, **options}
        self._wanted = _someone_watches() if shown is None else shown
        self._begins = time.monotonic() + (0 if shown else PATIENCE)
        self._done, self._drawn = 0, None

    def __enter__(self) -> progress_bar:
        """Begin; the bar is gone when the block is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            self._drawn.close()

    def __iter__(self) -> Iterator[Any]:
        """Go through the iterable, a step for each element."""
        with self:
            for element in self._iterable:
                yield element
                self.update()

    def update(self, steps: int = 1) -> None:
        """Count steps that are done, and draw the bar if it is time."""
        self._done += steps
        if self._drawn is not None:
            self._drawn.update(steps)
        elif self._wanted and time.monotonic() >= self._begins:
            self._drawn = _tqdm()(initial=self._done, disable=False, **self._options)


def _someone_watches() -> bool:
    return not os.environ.get("TQDM_DISABLE") and (_in_notebook() or sys.stderr.isatty())


def _in_notebook() -> bool:
    """Say whether this is a kernel, without loading IPython where it is not."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == "ZMQInteractiveShell"


def _tqdm() -> Any:
    if _in_notebook():
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return tqdm


def run_all(parallel: Parallel, tasks: Sequence[Any], **options: Any) -> list[Any]:
    """Run delayed tasks under a bar that counts those that are finished, not those that were handed out.

    Parameters
    ----------
    parallel : Parallel
        Of joblib, with ``return_as="generator"``.
    tasks : sequence
        Of ``delayed`` calls.
    **options
        As for `progress_bar`.

    Returns
    -------
    list
        What each task returned, in order.
    """
    return list(progress_bar(parallel(tasks), total=len(tasks), **options))
