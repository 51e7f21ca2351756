"""Preparing data before a fit: the lab's one train/test split, and holes punched for comparisons."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from gmmlab.data import MEASURES, load_penguins


def split_penguins(
    *, test_size: float = 0.3, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Split the complete penguins into the training and the test set that notebooks share.

    Parameters
    ----------
    test_size : float
        Share of the birds that is held out.
    random_state : int
        Seed of the shuffle.

    Returns
    -------
    X_train, X_test : DataFrame of shape (n, 4)
        The four measures in mm and g, in raw units, without missing values.
    y_train, y_test : Series of shape (n,)
        The species, in the same proportions in both parts. For judging only: no fit may see it.
    """
    complete = load_penguins().dropna(subset=MEASURES)
    parts = train_test_split(
        complete[MEASURES],
        complete["species"],
        test_size=test_size,
        stratify=complete["species"],
        random_state=random_state,
    )
    X_train, X_test, y_train, y_test = parts
    return X_train, X_test, y_train, y_test


def punch_holes(X: pd.DataFrame, share: float, *, random_state: int = 0) -> pd.DataFrame:
    """Return a copy of ``X`` in which a share of the entries, chosen at random, is missing.

    Each row keeps at least one entry, so that every row still says something.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        Complete data.
    share : float
        Expected share of entries to remove, from 0 to below 1.
    random_state : int
        Seed of the draw.

    Returns
    -------
    DataFrame of shape (n, d)
        Missing completely at random, apart from the entry that a row keeps.

    Raises
    ------
    ValueError
        If ``share`` is outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"The share of holes must be at least 0 and below 1, but got {share!r}.")
    rng = np.random.default_rng(random_state)
    holes = rng.random(X.shape) < share
    kept = rng.integers(X.shape[1], size=len(X))
    empty = holes.all(axis=1)
    holes[empty, kept[empty]] = False
    return X.mask(holes)
