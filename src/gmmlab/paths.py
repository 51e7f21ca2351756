"""Where things are: the lab's own notebooks and data (in the checkout, or inside the wheel), and a working copy."""

from collections.abc import Sequence
from difflib import get_close_matches
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


def notebook_called(name: str, stems: Sequence[str]) -> str:
    """Return the notebook that somebody means by a name, its beginning or a number.

    Parameters
    ----------
    name : str
        Such as ``"03_fit_mixture"``, ``"03_fit"``, ``"fit"``, ``"03"`` or ``"3"``, with or without ``.ipynb``.
    stems : sequence of str
        The names of the notebooks that there are.

    Raises
    ------
    ValueError
        If none or several are meant; the message says what there is.
    """
    asked = name.removesuffix(".ipynb").lower()
    known = {part.lower(): stem for stem in stems for part in (stem.partition("_")[2], stem)}
    numbers = {stem.partition("_")[0]: stem for stem in reversed(stems)}
    begins = list(dict.fromkeys(stem for part, stem in known.items() if asked and part.startswith(asked)))
    meant = known.get(asked) or numbers.get(asked.zfill(2)) or (begins[0] if len(begins) == 1 else None)
    if meant is not None:
        return meant
    near = begins or [known[part] for part in get_close_matches(asked, known, n=1)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"There is no notebook {name!r}.{hint} The notebooks are: {', '.join(stems)}.")


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
