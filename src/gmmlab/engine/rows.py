"""Data as they come in, read as rows of floats or refused in a sentence."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import issparse

LARGEST = {np.dtype(np.float64): 1e150, np.dtype(np.float32): 1e17}
"""Squares of larger numbers, or of numbers below 1 over it, summed over many rows, are no numbers any more."""


def read_rows(
    X: ArrayLike, least_rows: int = 1, *, missing: bool = False, single: bool = False, name: str = "X"
) -> np.ndarray:
    """Return data as an array of floats, shape (n, d).

    Parameters
    ----------
    X : array-like of shape (n, d)
        An array, a nested list, or a frame of pandas, polars or any other library whose frames numpy understands.
    least_rows : int
    missing : bool
        Whether entries may be missing, which become NaN: NaN, None, NA, or masked.
    single : bool
        Whether float32 numbers stay in single precision. All others become float64.
    name : str
        What the data are called in sentences.

    Raises
    ------
    ValueError
        If X is sparse, complex, text, Boolean, dates, not a table, has infinite or missing entries or numbers whose
        squares are none, has too few rows, or two columns of one name.
    """
    if issparse(X):
        raise ValueError(
            f"{name} is sparse, and a Gaussian mixture needs all entries. Use {name}.toarray(), or fewer columns."
        )
    columns = getattr(X, "column_names", getattr(X, "columns", ()))
    names = [str(column) for column in columns]
    if len(set(names)) < len(names):
        twice = next(column for column in names if names.count(column) > 1)
        raise ValueError(f"Two columns of {name} have the name {twice!r}. Rename or drop one of them.")
    rows = _floats(X, name)
    if rows.ndim == 1:
        raise ValueError(
            f"Reshape your data: {name} has one dimension, of {len(rows)} numbers. For one column use "
            f"np.reshape({name}, (-1, 1)), for one row np.reshape({name}, (1, -1))."
        )
    if rows.shape[1:] == (0,):
        raise ValueError(f"{name} has 0 feature(s) (shape={rows.shape}) while a minimum of 1 is required.")
    if rows.ndim != 2:
        raise ValueError(f"{name} has shape {rows.shape}; expected a table, with a row for each sample: (n, d).")
    if len(rows) < least_rows:
        raise ValueError(f"{name} has {len(rows)} rows; at least {least_rows} are needed.")
    rows = rows if single and rows.dtype == np.float32 else rows.astype(np.float64, copy=False)
    _check_entries(rows, names or list(map(str, range(rows.shape[1]))), missing, name)
    return rows


def _floats(X: Any, name: str) -> np.ndarray:
    """Return the entries as floats, NaN where one is missing, or say what they are instead."""
    masked = np.ma.getmaskarray(X) if np.ma.isMaskedArray(X) else None
    try:
        array = np.asarray(X)
    except ValueError:
        raise ValueError(f"{name} is no table: its rows have different lengths.") from None
    frame = isinstance(X, pd.DataFrame | pd.Series)
    kinds = {getattr(kind, "kind", "O") for kind in (np.atleast_1d(X.dtypes) if frame else [array.dtype])}
    if kinds & set("Mm"):
        raise ValueError(f"{name} has dates or durations. Turn them into numbers, such as days since the first.")
    if "O" in kinds:
        kinds |= {_kind(entry) for entry in array.ravel()}
    if "c" in kinds:
        raise ValueError(f"Complex data not supported: use the real and imaginary parts of {name} as two columns.")
    if kinds & set("USTV"):
        raise ValueError(f"{name} has text or other objects. Choose the columns of numbers.")
    if kinds - {"O"} == {"b"}:
        raise ValueError(
            f"{name} is Boolean, and Gaussians are no model of yes and no. If you mean it, use {name}.astype(float)."
        )
    if array.dtype == object:
        array = np.where(pd.isna(array), np.nan, array)
    array = array if array.dtype in LARGEST else array.astype(np.float64)
    return array if masked is None else np.where(masked, array.dtype.type(np.nan), array)


def _kind(entry: Any) -> str:
    """Return numpy's letter for the kind of an object: a float for what is missing."""
    if isinstance(entry, bool | np.bool_):
        return "b"
    if isinstance(entry, Real | Decimal) or entry is None or entry is pd.NA:
        return "f"
    return "c" if isinstance(entry, complex | np.complexfloating) else "V"


def _check_entries(rows: np.ndarray, names: list[str], missing: bool, name: str) -> None:
    """Refuse infinite entries, missing ones where they may not be, and columns whose squares are no numbers."""
    limit = LARGEST[rows.dtype]
    with np.errstate(invalid="ignore"):
        small = rows.size > 0 and rows.max() <= limit and rows.min() >= -limit  # neither, where one is missing
    if small and (np.abs(rows[:100]).max(axis=0) * limit >= 1).all():
        return  # all is well, and columns need not be looked at, which takes as long as some iterations of EM
    for wrong, what, advice in (
        (np.isinf(rows), "infinite", "Put NaN where a value is missing, or drop those rows."),
        (
            np.isnan(rows) & (not missing),
            "missing",
            "Drop those rows, or fit with gmmlab.mixture.em_with_missing, which takes NaN as a missing entry.",
        ),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise ValueError(f"{name} has {what} entries, the first in row {i}, column {names[j]}. {advice}")
    top, bottom = np.fmax.reduce(rows, axis=0, initial=0), np.fmin.reduce(rows, axis=0, initial=0)
    largest = np.fmax(top, -bottom).astype(float)
    for j in np.flatnonzero((largest > limit) | ((largest > 0) & (largest < 1 / limit)))[:1]:
        raise ValueError(
            f"The numbers of column {names[j]} go up to {largest[j]:.0e}, too {'large' if largest[j] > 1 else 'small'} "
            f"to be squared. Give the column another unit: divide it by {largest[j]:.0e}, for example."
        )


def read_weights(X: np.ndarray, sample_weight: ArrayLike | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows that have a weight and their weights, which are None where all rows are the same.

    Raises
    ------
    ValueError
        If the weights are not one number a row, negative or not finite, or all 0.
    """
    if sample_weight is None:
        return X, None
    given = np.asarray(sample_weight)
    weights = _floats(given.astype(float) if given.dtype == bool else sample_weight, "sample_weight")
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
