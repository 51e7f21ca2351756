"""The exercises of all lessons, found by their ids.

The id of an exercise begins with the name of its lesson: ``fit-2`` is in ``gmmlab.exercises.lessons.fit``. Each module
there exposes ``NOTEBOOK`` and ``EXERCISES`` (see `gmmlab.exercises.form`); a new one is found by being there. Finding
one exercise imports its lesson alone.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from gmmlab.exercises import lessons
from gmmlab.exercises.form import Exercise


@cache
def lesson_names() -> tuple[str, ...]:
    """Return the names of the lesson modules, such as ``"fit"``, without importing them."""
    return tuple(sorted(module.name for module in iter_modules(lessons.__path__)))


@cache
def lesson(name: str) -> tuple[Exercise, ...]:
    """Return the exercises of one lesson, in the order of its notebook."""
    module: Any = import_module(f"gmmlab.exercises.lessons.{name}")
    return tuple(ex.of(module.NOTEBOOK) for ex in sorted(module.EXERCISES, key=lambda ex: ex.number))


def find(id: str) -> Exercise:
    """Return an exercise by its id.

    Raises
    ------
    KeyError
        If there is none; the message lists the known ids.
    """
    name = id.rpartition("-")[0] if isinstance(id, str) else ""
    found = [ex for ex in lesson(name) if ex.id == id] if name in lesson_names() else []
    if not found:
        known = ", ".join(ex.id for ex in exercises())
        raise KeyError(f"There is no exercise {id!r}. Known are: {known}.")
    return found[0]


@cache
def notebooks() -> tuple[str, ...]:
    """Return the names of the notebooks that have exercises, in their order."""
    return tuple(dict.fromkeys(ex.notebook for ex in exercises()))


def exercises(notebook: str | None = None) -> list[Exercise]:
    """Return all exercises in the order of the notebooks, or those of one notebook."""
    every = sorted((ex for name in lesson_names() for ex in lesson(name)), key=lambda ex: ex.notebook)
    return [ex for ex in every if notebook in (None, ex.notebook)]
