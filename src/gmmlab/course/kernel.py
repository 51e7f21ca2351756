"""Kernels that are the same for everyone: this very Python, one BLAS thread, nothing of the user's own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
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


PLACES = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")


def places() -> dict[str, Path]:
    """Return where Jupyter, IPython and matplotlib keep their own files, by the variable that says so."""
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

    home = Path("~").expanduser()
    ipython = os.environ.get("IPYTHONDIR", home / ".ipython")
    matplotlib = os.environ.get("MPLCONFIGDIR", home / ".config" / "matplotlib")
    found = (jupyter_config_dir(), jupyter_data_dir(), jupyter_runtime_dir(), ipython, matplotlib)
    return dict(zip(PLACES, map(Path, found), strict=True))


def why_not_writable(place: Path) -> OSError | None:
    """Return what happens to who writes into a folder, which may have to be made; None if all is well."""
    try:
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        with TemporaryFile(dir=there) as file:
            file.write(bytes(10_000))
    except OSError as error:
        error.filename = str(place)
        return error
    return None


@contextmanager
def writable_places() -> Iterator[None]:
    """Let this process and its kernels keep their own files in a temporary folder where the usual one takes none.

    A home directory may be read-only, full, or in part another user's; the lab works all the same.
    """
    closed = [name for name, place in places().items() if why_not_writable(place)]
    with TemporaryDirectory(prefix="gmm-lab-", ignore_cleanup_errors=True) as folder:
        before = {name: os.environ.get(name) for name in closed}
        os.environ.update({name: str(Path(folder, name)) for name in closed})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


@contextmanager
def own_profile(start_up: str = "") -> Iterator[str]:
    """Make a profile of IPython, for IPYTHONDIR: the user's own settings must not change what a cell shows.

    Parameters
    ----------
    start_up : str
        What each kernel runs at its start.

    Yields
    ------
    str
        A temporary folder.
    """
    with TemporaryDirectory(prefix="gmm-lab-", ignore_cleanup_errors=True) as folder:
        if start_up:
            file = Path(folder, "profile_default", "startup", "gmm_lab.py")
            file.parent.mkdir(parents=True)
            file.write_text(start_up, encoding="utf-8")
        yield folder


def new_manager() -> AsyncKernelManager:
    """Return a manager that has yet to start its kernel."""
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=OwnKernelSpecManager())
