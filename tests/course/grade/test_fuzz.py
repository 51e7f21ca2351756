"""No mutation of a notebook crashes the grader; `fuzz.py` tries thousands."""

import random

import pytest

from course.grade.mutants import mutant, small
from gmmlab.course.grade.workers import Mode, Work, grade_one
from gmmlab.exercises import exercises
from gmmlab.exercises.registry import notebooks

pytestmark = pytest.mark.slow

CASES = 20
"""For each notebook of the lab."""


@pytest.mark.parametrize("name", notebooks())
def test_mutated_notebook_gets_a_result(name):
    notebook, rng = small(name), random.Random(name)
    possible = {ex.id: ex.points for ex in exercises()}
    for _ in range(CASES):
        result, page = grade_one(Work("key", mutant(notebook, rng), Mode()), hard=False)
        assert result.status in ("ok", "unreadable")
        assert all(0 <= judged.points <= possible[id] for id, judged in result.exercises.items())
        assert (page is not None) == (result.status == "ok")
        assert result == type(result).from_json(result.to_json())
