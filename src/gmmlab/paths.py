"""Where things are: the lab's own notebooks and data (in the checkout, or inside the wheel), and a working copy."""

from pathlib import Path

_PACKAGE = Path(__file__).parent

RESULTS = "benchmarks/results"
"""Beside ``data``: tables that benchmarks computed and notebooks read."""

MANIFEST = ".gmm-lab/manifest.json"
"""What ``gmm-lab start`` writes into a working copy, by which it is known."""


def working_copy() -> Path | None:
    """Return the working copy around the current directory, or None where there is none."""
    try:
        here = Path.cwd()
        return next((folder for folder in (here, *here.parents) if (folder / MANIFEST).is_file()), None)
    except OSError:
        return None  # the current directory is gone, or one above it may not be looked into


def lab_folder() -> Path:
    """Return the folder that holds ``notebooks/`` and ``data/``.

    Returns
    -------
    Path
        The root of the checkout for an editable install, else the copy that the wheel carries.

    Raises
    ------
    FileNotFoundError
        If neither is there: the installation is incomplete.
    """
    candidates = [_PACKAGE.parents[1], _PACKAGE / "lab"]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir():
            return folder
    raise FileNotFoundError(
        f"The lab's notebooks and data were looked for in {candidates[0]} and in {candidates[1]} and found "
        "in neither. The installation is incomplete: install the package again."
    )
