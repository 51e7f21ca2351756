"""Data as they come in, read as rows of floats or refused in a sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.utils import check_array


def read_rows(X: ArrayLike, least_rows: int = 1) -> np.ndarray:
    """Return data as an array of float64, shape (n, d).

    Raises
    ------
    ValueError
        If X is sparse, masked, complex, text, Boolean, not a table, or not finite, or two columns have one name.
    """
    if issparse(X):
        raise ValueError("X is sparse, and a Gaussian mixture needs all entries. Use X.toarray(), or fewer columns.")
    if np.ma.is_masked(X):
        raise ValueError(
            "X has masked entries. Drop those rows, or use X.astype(float).filled(np.nan) "
            "with gmmlab.mixture.em_with_missing."
        )
    names = [str(name) for name in getattr(X, "columns", ())]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Two columns have the name {twice!r}. Rename or drop one of them.")
    types = list(getattr(X, "dtypes", ())) if np.ndim(X) == 2 else []
    kinds = {getattr(kind, "kind", "O") for kind in types or [np.asarray(X).dtype]}
    if "c" in kinds:
        raise ValueError("X has complex numbers. Use their real and imaginary parts as two columns.")
    if kinds & set("USO") and not _numbers(X):
        raise ValueError("X has text or other objects. Choose the columns of numbers.")
    if kinds == {"b"}:
        raise ValueError("X is Boolean, and Gaussians are no model of yes and no. If you mean it, use X.astype(float).")
    if np.ndim(X) == 1:
        raise ValueError(
            f"X has one dimension, of {len(np.asarray(X))} numbers. For one column use np.reshape(X, (-1, 1)), for one "
            "row np.reshape(X, (1, -1))."
        )
    return np.asarray(check_array(X, dtype=np.float64, ensure_min_samples=least_rows))


def _numbers(X: ArrayLike) -> bool:
    """Say whether objects are numbers throughout; text that could be read as a number is none."""
    return all(isinstance(entry, int | float | np.number) for entry in np.asarray(X, dtype=object).ravel())
