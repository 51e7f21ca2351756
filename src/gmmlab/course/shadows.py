"""Files beside a notebook that Python imports in place of a module: a ``numpy.py`` ends every notebook there."""

import sys
from importlib.machinery import PathFinder
from pathlib import Path

_HARMLESS = {"conftest", "docs", "examples", "scripts", "setup", "test", "tests", "this", "utils"}
"""Names that a folder may well have, and that no notebook imports."""


def shadows(folder: Path) -> str:
    """Say which files in a folder hide a module from the notebooks there, and what to do; nothing if none does."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return ""
    return " ".join(
        f"{entry} is imported in place of Python's module {entry.stem}: rename it, and restart the kernel."
        for entry in entries
        if (entry.suffix == ".py" or (entry / "__init__.py").is_file()) and _is_elsewhere(entry.stem, folder)
    )


def _is_elsewhere(name: str, folder: Path) -> bool:
    elsewhere = [place for place in sys.path if place and Path(place).resolve() != folder.resolve()]
    known = name == "gmmlab" or name in sys.stdlib_module_names or PathFinder.find_spec(name, elsewhere) is not None
    return known and name not in _HARMLESS
