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


def read_weights(X: np.ndarray, sample_weight: ArrayLike | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows that have a weight and their weights, which are None where all rows are the same.

    Raises
    ------
    ValueError
        If the weights are not one number a row, negative or not finite, or all 0.
    """
    if sample_weight is None:
        return X, None
    weights: np.ndarray = np.ma.filled(np.ma.asarray(sample_weight, dtype=float), np.nan)
    if weights.shape != (len(X),):
        raise ValueError(f"sample_weight has shape {weights.shape}; expected one number for each row: ({len(X)},).")
    wrong = np.flatnonzero(~((weights >= 0) & np.isfinite(weights)))
    if len(wrong):
        raise ValueError(
            f"The weight of row {wrong[0]} is {weights[wrong[0]]}; expected a number from 0 on. A row that shall not "
            "count has the weight 0."
        )
    if not weights.any():
        raise ValueError("All weights are 0, so no row counts. Give at least one row a weight above 0.")
    return X[weights > 0], weights[weights > 0]
