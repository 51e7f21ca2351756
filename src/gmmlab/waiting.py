"""Progress bars for whatever takes longer than two seconds, in a terminal and in a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

PATIENCE = 2
"""Seconds without a bar: what is over by then needs none."""


def bar(iterable: Iterable | None = None, *, shown: bool | None = None, **options: Any) -> tqdm:
    """Return a progress bar that appears after two seconds and vanishes at the end.

    Parameters
    ----------
    iterable : iterable, optional
        What to go through; without it, call ``update`` on the bar.
    shown : bool, optional
        True: at once, and it stays; False: never. Default: after two seconds, in a terminal and in a notebook, but
        not where outputs are saved or compared: there the variable ``TQDM_DISABLE`` is set.
    **options
        Passed on to tqdm.
    """
    notebook = _in_notebook()
    if notebook:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    asked = shown is True
    if shown is None:
        shown = not os.environ.get("TQDM_DISABLE") and (notebook or sys.stderr.isatty())
    return tqdm(iterable, disable=not shown, delay=0 if asked else PATIENCE, leave=asked, **options)


def _in_notebook() -> bool:
    """Say whether this is a kernel, without loading IPython where it is not."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == "ZMQInteractiveShell"
