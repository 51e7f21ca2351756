"""Answers, and answer cells, that two students share more often than chance allows.

The model of chance: of the students who earned the same in an exercise, each is as likely as any other to have given
one of the answers that they gave, independently of what they did elsewhere. So a weak student shares the usual mistakes
with weak students, and it means nothing. In an exercise that ``N`` students ended with the same points, two of them are
both among the ``n`` who gave a certain answer with the probability ``p = n (n - 1) / (N (N - 1))``. A pair's score is
the sum of ``-log2(p)`` over the *rare* answers that they share. How likely chance brings a score as high, over all
exercises that both were judged in, is bounded by Chernoff's inequality. A pair is flagged where that bound is lower
than one in `ODDS` for all pairs of the class together. Answers that many give, such as the right one to a question with
choices, say nothing and do not count.

In 1550 classes of 20, 60 and 300 honest students, made from the case files of `tests/exercises/cases`, no pair was
flagged (`tests/course/grade/simulated_class.py`). Students are not dice: who shares a tutorial, a habit or a book
shares answers, too. So a flag says where to look.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from gmmlab.exercises.answers import AnswerError, Calls, decode

ODDS = 1_000
"""Classes of which at most one has a false alarm, as far as the model holds."""

RARE = 12
"""Most students who may share an answer that still counts as rare; at most one in ten, too."""

_TILTS = [k / 20 for k in range(4, 24)]
"""Where Chernoff's bound is computed; the best one holds."""

Given = Mapping[int, tuple[float, Hashable]]
"""From the number of a student to the points of an answer, and what is compared of it."""


def alike(answers: Mapping[str, Given], students: int) -> dict[tuple[int, int], list[str]]:
    """Find pairs of students who share more rare answers than chance allows.

    Parameters
    ----------
    answers : mapping of str to Given
        For each exercise what was given.
    students : int
        How many there are in the class.

    Returns
    -------
    dict of (int, int) to list of str
        For each pair to be looked at, the exercises in which their answers are the same.
    """
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    score: dict[tuple[int, int], float] = defaultdict(float)
    chances: dict[tuple[str, float], list[float]] = defaultdict(list)
    for exercise, given in answers.items():
        groups: dict[tuple[float, Hashable], list[int]] = defaultdict(list)
        sizes: dict[float, int] = defaultdict(int)
        for student, (points, answer) in given.items():
            groups[points, answer].append(student)
            sizes[points] += 1
        most = max(2, min(RARE, len(given) // 10))
        for (points, _), group in groups.items():
            if 1 < len(group) <= most:
                p = len(group) * (len(group) - 1) / (sizes[points] * (sizes[points] - 1))
                chances[exercise, points].append(p)
                for pair in combinations(sorted(group), 2):
                    shared[pair].append(exercise)
                    score[pair] -= math.log2(p)
    needed = math.log2(max(students * (students - 1) / 2, 1) * ODDS)
    tilted = {where: [_log_mean(ps, tilt) for tilt in _TILTS] for where, ps in chances.items()}
    found = {}
    for (one, other), exercises in shared.items():
        if score[one, other] > needed / max(_TILTS):
            common = [tilted.get((ex, points)) for ex, points in _same_points(answers, one, other)]
            losses = [sum(each) for each in zip(*filter(None, common), strict=True)]
            bits = max(tilt * score[one, other] - loss for tilt, loss in zip(_TILTS, losses, strict=True))
            if bits > needed:
                found[one, other] = exercises
    return found


def _log_mean(ps: list[float], tilt: float) -> float:
    """Return ``log2`` of the expectation of ``2 ** (tilt * score)`` in one exercise."""
    return math.log2(1 + sum(p ** (1 - tilt) - p for p in ps))


def _same_points(answers: Mapping[str, Given], one: int, other: int) -> list[tuple[str, float]]:
    both = ((ex, given[one][0], given[other][0]) for ex, given in answers.items() if one in given and other in given)
    return [(ex, points) for ex, points, others in both if points == others]


def gist(coded: Any) -> str:
    """Return a fingerprint of coded answers: those that say the same have equal ones, as a list, a Series or float32.

    It is empty where they cannot be read. Who likes lists gives lists everywhere: a habit is no sign of copying.
    """
    try:
        words = list(_words([decode(each) for each in coded]))
    except (AnswerError, TypeError, ValueError):
        return ""
    return hashlib.sha256(repr(words).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _words(value: Any) -> Iterator[Any]:
    match value:
        case Calls():
            yield from _words(value.results)
        case str():
            yield value.strip(" ().'\"").casefold()
        case list() | tuple():
            for each in value:
                yield from _words(each)
        case dict():
            for key, each in sorted(value.items(), key=str):
                yield from _words([key, each])
        case _ if hasattr(value, "to_numpy"):
            yield from _words(value.to_numpy())
        case int() | float() | np.ndarray():
            array = np.asarray(value)
            if array.dtype.kind in "biuf":
                parts, powers = np.frexp(array.astype(float))  # about five digits
                yield from zip(np.round(parts.ravel(), 5).tolist(), powers.ravel().tolist(), strict=True)
            else:
                yield from _words(array.ravel().tolist()) if array.dtype == object else array.ravel().tolist()
        case _ if hasattr(value, "get_params"):
            yield type(value).__name__
            yield from _words({name: each for name, each in vars(value).items() if name.endswith("_")})
        case _:
            yield repr(value)
