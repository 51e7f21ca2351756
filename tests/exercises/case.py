"""Cases that prove the checks: right answers written differently, and wrong ones with the mistake meant for them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gmmlab.exercises.registry import MODULES


@dataclass(frozen=True)
class Case:
    """One answer to an exercise; ``mistake`` is None for a right one."""

    exercise: str
    mistake: str | None
    make: Callable[[], Any]

    @property
    def name(self) -> str:
        return f"{self.exercise}-{self.mistake or 'right'}-{self.make.__name__}"

    def answers(self) -> tuple:
        made = self.make()
        return made if isinstance(made, tuple) else (made,)


CASES: list[Case] = []


def right(exercise: str) -> Callable:
    """Register a function that makes a right answer (a tuple of answers where the exercise asks for several)."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(Case(exercise, None, make))
        return make

    return register


def wrong(exercise: str, mistake: str) -> Callable:
    """Register a function that makes a wrong answer, and the name of the mistake that must be recognised."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(Case(exercise, mistake, make))
        return make

    return register


def all_cases() -> list[Case]:
    """Return the cases of all notebooks."""
    for module in MODULES:
        import_module(f"exercises.cases.{module}")
    return CASES
