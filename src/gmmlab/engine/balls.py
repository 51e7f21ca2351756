"""Balls about rows, each just large enough for a number of rows: how dense the data are, at several scales."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln
from sklearn.neighbors import NearestNeighbors

CENTRES, PART = 500, 20  # every twentieth row is the centre of balls, or so many rows at least
SIZES = 8 * 2 ** np.arange(5)  # rows in a ball
APART = 1e-5  # rows closer than this, in standard deviations of the data, count as repeated


class Balls(NamedTuple):
    """Balls about the first rows of a sample, in whitened units.

    ``rows`` has the numbers of the rows in the largest ball about each centre, the nearest first, shape (c, m);
    ``sizes`` the numbers of rows in the balls, shape (s,); ``log_volumes`` their volumes, shape (c, s).
    """

    rows: np.ndarray
    sizes: np.ndarray
    log_volumes: np.ndarray


def balls_of(V: np.ndarray) -> Balls:
    """Return balls about some of the rows, in whitened units.

    A ball reaches at least as far as the nearest row that is not a repetition of its centre.
    """
    n, d = V.shape
    sizes = SIZES[(2 * d + 1 < SIZES) & (n // 4 >= SIZES)]
    if len(sizes) == 0:
        return Balls(np.empty((0, 0), int), sizes, np.empty((0, 0)))
    distances, rows = NearestNeighbors(n_neighbors=int(sizes[-1])).fit(V).kneighbors(V[: max(CENTRES, n // PART)])
    nearest = np.where(distances > APART, distances, np.inf).min(axis=1, keepdims=True)
    unit_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    return Balls(rows, sizes, unit_ball + d * np.log(np.maximum(distances[:, sizes - 1], nearest)))
