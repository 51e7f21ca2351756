"""Helpers of the GMM lab: load, preprocess, fit, show and judge Gaussian mixture models.

Importing the package loads none of its modules, so that ``import gmmlab`` stays cheap.
"""

__version__ = "0.1.0"
