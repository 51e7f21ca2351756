"""Helpers of the GMM lab: load, preprocess, fit, show and judge Gaussian mixture models.

Importing the package loads none of its modules, so that ``import gmmlab`` stays cheap.
"""

__version__ = "0.1.0"


def __getattr__(name: str):
    """Load ``gmmlab.check`` and ``gmmlab.progress`` when they are first used."""
    if name in ("check", "progress"):
        from gmmlab import exercises

        return getattr(exercises, name)
    raise AttributeError(f"module 'gmmlab' has no attribute {name!r}")
