"""All that judging imports and makes once, loaded in the process from which the workers are forked."""

# ruff: noqa: F401 - lessons import what they need where they judge
import sklearn.datasets
import sklearn.pipeline

import gmmlab.mixture
from gmmlab.course.grade import workers
from gmmlab.course.grade.page import make_ready
from gmmlab.engine.threads import on_one_thread
from gmmlab.exercises import exercises
from gmmlab.preprocess import split_penguins

exercises()
# What comes first takes long: scikit-learn looks through all packages, and threads are held where a BLAS was found.
split_penguins()
on_one_thread(lambda: None)()
make_ready()
