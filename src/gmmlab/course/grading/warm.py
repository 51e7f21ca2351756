"""All that judging imports, loaded once in the process from which the workers are forked."""

import sklearn.mixture
import sklearn.pipeline  # noqa: F401

from gmmlab.checks import exercises
from gmmlab.course.grading import run  # noqa: F401

exercises()
