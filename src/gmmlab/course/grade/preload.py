"""All that judging imports, loaded once in the process from which the workers are forked."""

import sklearn.mixture
import sklearn.pipeline  # noqa: F401

from gmmlab.course.grade import workers  # noqa: F401
from gmmlab.exercises import exercises

exercises()
