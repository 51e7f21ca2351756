"""Exercises that are judged at once: ``check("fit-2", gmm)`` in a notebook."""

from gmmlab.exercises.feedback import ANSWER_MIME, Feedback
from gmmlab.exercises.form import Exercise
from gmmlab.exercises.judging import check, judge
from gmmlab.exercises.memory import progress
from gmmlab.exercises.registry import exercises
from gmmlab.exercises.variants import my_data

__all__ = ["ANSWER_MIME", "Exercise", "Feedback", "check", "exercises", "judge", "my_data", "progress"]
