"""Answers that are the same to the last bit, in more exercises than chance allows.

The model of chance: students answer each exercise independently of one another, and each answer comes up as often as
the rest of the class gives it. Two students' score is the sum, over the exercises in which they gave the same *rare*
answer, of ``-log2(share of the class that gave it)``. Under that model the expectation of ``2 ** score`` is at most
``2 ** m``, where ``m`` is the number of exercises in which one of them gave a rare answer at all; so, by Markov's
inequality, a score of ``m + b`` has a probability of at most ``2 ** -b``. A pair is flagged where ``b`` exceeds the
logarithm of the number of pairs by `MARGIN`: in a class of honest students, one class in a thousand has such a pair.
Answers that many give, such as the right one to a question with choices, say nothing and do not count.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

MARGIN = 10
"""Bits beyond the number of pairs: a false alarm in one of 2**10 classes."""

RARE = 12
"""Most students who may share an answer that still counts as rare; at most one in ten, too."""


def alike(answers: Mapping[str, Mapping[int, str]], students: int) -> dict[tuple[int, int], list[str]]:
    """Find pairs of students who share more rare answers than chance allows.

    Parameters
    ----------
    answers : mapping of str to (mapping of int to str)
        For each exercise, from the number of a student to the fingerprint of the answer.
    students : int
        How many there are in the class.

    Returns
    -------
    dict of (int, int) to list of str
        For each pair to be looked at, the exercises in which their answers are the same.
    """
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    score: dict[tuple[int, int], float] = defaultdict(float)
    rare: Counter[int] = Counter()
    for exercise, given in answers.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for student, fingerprint in given.items():
            groups[fingerprint].append(student)
        most = max(2, min(RARE, len(given) // 10))
        for group in groups.values():
            if len(group) > most:
                continue
            rare.update(group)
            # The share of the class that gave it, as one of them sees it.
            bits = -math.log2((len(group) - 1) / len(given)) if len(group) > 1 else 0
            for pair in combinations(sorted(group), 2):
                shared[pair].append(exercise)
                score[pair] += bits
    threshold = math.log2(max(students * (students - 1) / 2, 1)) + MARGIN
    return {pair: shared[pair] for pair in shared if score[pair] - max(rare[s] for s in pair) > threshold}
