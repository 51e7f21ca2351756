"""One BLAS thread before numpy loads, no window, and examples that are the same in every run."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
from hypothesis import settings

# Not by the variable MPLBACKEND: kernels would inherit it, and show no figures.
matplotlib.use("Agg")
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")
