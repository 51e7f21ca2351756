"""Exercises that are judged at once: ``check("fit-2", gmm)`` in a notebook."""

from gmmlab.checks.feedback import ANSWER_MIME, Feedback
from gmmlab.checks.judging import check, judge
from gmmlab.checks.memory import progress
from gmmlab.checks.registry import Exercise, exercises

__all__ = ["ANSWER_MIME", "Exercise", "Feedback", "check", "exercises", "judge", "progress"]
