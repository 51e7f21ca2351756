"""The exercises: their ids, titles, points, hints and checks.

The id of an exercise begins with the name of its lesson: ``fit-2`` is in ``gmmlab.exercises.lessons.fit``.
Each such module names its notebook in ``NOTEBOOK`` and registers its exercises with `exercise` or `choice`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gmmlab.exercises.rubric import Line, Mistake, as_text, rubric, wrong_kind

MODULES = (
    "load",
    "preprocess",
    "fit",
    "predict",
    "plot",
    "choose",
    "em",
    "bayesian",
    "segment",
    "detect",
    "recommend",
    "scale",
)
"""One module for each notebook, in the order of the notebooks."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    id, title, notebook : str
        Such as ``"fit-2"``, ``"Reach the published optimum"``, ``"03_fit_mixture"``.
    points : float
        What a full answer earns: the sum of the rubric's lines.
    hint : str
        What a student who is stuck may unfold.
    check : callable
        From the decoded answers to rubric lines. Pure: the student's kernel and a grader run the same code.
    inputs : callable, optional
        For an exercise that asks for a function: from a seed to the list of argument tuples that it is called with.
    """

    id: str
    title: str
    notebook: str
    points: float
    hint: str
    check: Callable[..., Iterable[Line]]
    inputs: Callable[[int], list[tuple[Any, ...]]] | None = None


_EXERCISES: dict[str, Exercise] = {}


def exercise(
    id: str,
    *,
    title: str,
    points: float,
    hint: str,
    inputs: Callable[[int], list[tuple[Any, ...]]] | None = None,
) -> Callable[[Callable[..., Iterable[Line]]], Callable[..., Iterable[Line]]]:
    """Register the decorated generator as the check of an exercise of its module's notebook.

    A check of a function exercise gets, besides the recorded calls, nothing else: it draws the same inputs again with
    ``inputs(calls.seed)``.
    """

    def register(check: Callable[..., Iterable[Line]]) -> Callable[..., Iterable[Line]]:
        notebook = import_module(check.__module__).NOTEBOOK
        _EXERCISES[id] = Exercise(id, title, notebook, points, hint, check, inputs)
        return check

    return register


def choice(
    id: str, *, module: str, title: str, points: float, hint: str, right: str, options: Mapping[str, str]
) -> None:
    """Register a question with choices.

    Parameters
    ----------
    id, title, points, hint
        As for `exercise`.
    module : str
        ``__name__`` of the calling module.
    right : str
        Letter of the right option.
    options : mapping of str to str
        For each letter what to tell a student who chose it: why it is right, or the misconception behind it.
    """

    def check(answer: Any) -> Iterable[Line]:
        letters = ", ".join(options)
        chosen = as_text(answer, f"one of the letters {letters} as a text").lower().strip(" ().'\"")
        if chosen not in options:
            wrong_kind(answer, f"one of the letters {letters} as a text, such as {right_form!r}")
        mistakes = [Mistake(f"chose-{letter}", chosen == letter, text) for letter, text in options.items()]
        yield rubric(points, chosen == right, options[right], *mistakes, otherwise="Choose one of the options.")

    right_form = next(iter(options))
    check.__module__ = module
    exercise(id, title=title, points=points, hint=hint)(check)


def find(id: str) -> Exercise:
    """Return an exercise by its id.

    Raises
    ------
    KeyError
        If there is none; the message lists the known ids.
    """
    module = id.rpartition("-")[0] if isinstance(id, str) else ""
    if module in MODULES:
        import_module(f"gmmlab.exercises.lessons.{module}")
    if not isinstance(id, str) or id not in _EXERCISES:
        known = ", ".join(ex.id for ex in exercises())
        raise KeyError(f"There is no exercise {id!r}. Known are: {known}.")
    return _EXERCISES[id]


def exercises(notebook: str | None = None) -> list[Exercise]:
    """Return all exercises in the order of the notebooks, or those of one notebook."""
    for module in MODULES:
        import_module(f"gmmlab.exercises.lessons.{module}")
    place = {module: k for k, module in enumerate(MODULES)}
    ordered = sorted(_EXERCISES.values(), key=lambda ex: (place[ex.id.rpartition("-")[0]], ex.id))
    return [ex for ex in ordered if notebook in (None, ex.notebook)]
