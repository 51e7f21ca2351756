"""Where the lab's own notebooks and data are: in the checkout, or inside the installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent

RESULTS = "benchmarks/results"
"""Beside ``data``: tables that benchmarks computed and notebooks read."""


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
