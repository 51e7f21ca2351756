"""All that judging imports, loaded once in the process from which the workers are forked."""

# ruff: noqa: F401 - lessons import what they need where they judge
import sklearn.datasets
import sklearn.pipeline

import gmmlab.mixture
import gmmlab.preprocess
from gmmlab.course.grade import workers
from gmmlab.exercises import exercises

exercises()
