"""Kernels that are the same for everyone: this very Python, one BLAS thread, nothing of the user's own."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from gmmlab.course import ONE_THREAD


class OwnKernelSpecManager(KernelSpecManager):
    """Knows one kernel, ``python3``: the Python that runs this program.

    A ``python3`` that the user once installed from another environment would otherwise win, and the
    notebooks would run without this package. Nor do the user's settings of a server hide it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ensure_native_kernel, self.allowed_kernelspecs = True, set()

    def _kernel_dirs_default(self) -> list[str]:
        return []


def lab_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables that the lab's kernels, and the servers that start them, run with.

    Parameters
    ----------
    base : mapping of str to str, optional
        The variables to begin with; those of this process by default.

    Returns
    -------
    dict of str to str
        One BLAS thread, matplotlib's own settings instead of the user's, no path or start-up file that could put
        other code in front of the installed packages, and no matplotlib backend in place of the one that draws into
        notebooks.
    """
    environment = dict(os.environ if base is None else base)
    environment |= ONE_THREAD
    for name in ("MPLBACKEND", "PYTHONPATH", "PYTHONSTARTUP"):
        environment.pop(name, None)
    if (matplotlib := find_spec("matplotlib")) and matplotlib.origin:
        environment["MATPLOTLIBRC"] = str(Path(matplotlib.origin).with_name("mpl-data") / "matplotlibrc")
    return environment


def new_manager() -> AsyncKernelManager:
    """Return a manager that has yet to start its kernel."""
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=OwnKernelSpecManager())
