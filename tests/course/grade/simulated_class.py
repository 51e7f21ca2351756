"""Classes of honest students, made from the case files: how often are two of them found alike?

``PYTHONPATH=tests python -m course.grade.simulated_class`` counts. A student has a skill, which says how often an
answer is right, and draws one of the ways in which the case files answer, or go wrong; in each class other ways are the
common ones. Classes in which some go wrong in a way of their own are nearer to life, and share fewer answers.
"""

import random
import re
from functools import cache

from exercises.case import Case, all_cases
from gmmlab.course.grade.alike import alike

_HELD = re.compile(r"generated-(plain|lists|float32|Series)$")
"""Ways to hold the same numbers, which are no part of what is compared."""


@cache
def _ways() -> dict[tuple[str, bool], list[Case]]:
    ways: dict[tuple[str, bool], list[Case]] = {}
    for case in all_cases():
        ways.setdefault((case.exercise, case.mistake is None), []).append(case)
    return ways


def honest_class(students: int, rng: random.Random, own: float = 0) -> dict[str, dict[int, tuple[float, str]]]:
    """Return what `alike` compares; a share ``own`` of the wrong answers is nobody else's."""
    skills = [rng.betavariate(4, 2) for _ in range(students)]
    answers: dict[str, dict[int, tuple[float, str]]] = {}
    for exercise in dict.fromkeys(exercise for exercise, _ in _ways()):
        ways = {right: rng.sample(_ways()[exercise, right], len(_ways()[exercise, right])) for right in (True, False)}
        answers[exercise] = {}
        for student in range(students):
            right = rng.random() < skills[student]
            weights = [1 / (k + 1) for k in range(len(ways[right]))]
            way = rng.choices(ways[right], weights)[0].name
            given = f"own {student}" if not right and rng.random() < own else _HELD.sub("right", way)
            answers[exercise][student] = float(right), given
    return answers


if __name__ == "__main__":
    for students, classes in ((20, 1_000), (60, 500), (300, 50)):
        found = [bool(alike(honest_class(students, random.Random(seed)), students)) for seed in range(classes)]
        print(f"{students} students: {sum(found)} of {classes} classes have a pair")
