"""Helpers of the GMM lab: load, preprocess, fit, show and judge Gaussian mixture models.

Importing the package loads none of its modules, so that ``import gmmlab`` stays cheap. After it, ``gmmlab.mixture``
loads that module where it is first used, as ``scipy.stats`` does after ``import scipy``.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULES = ("data", "explore", "figure", "image", "mixture", "novelty", "plot", "preprocess")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"gmmlab.{name}")
    raise AttributeError(f"module 'gmmlab' has no attribute {name!r}")
