"""What a detector of anomalies does at each threshold.

A detector gives one score a sample; a low one means strange. Its threshold comes from scores of normal samples that
the model has not seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import precision_score, recall_score


def alarm_threshold(normal_scores: ArrayLike, rate: float) -> float:
    """Return the score at or below which the alarm is raised.

    The k-th lowest of n scores, with the largest k for which k / (n + 1) <= rate: a new normal sample is at or below it
    with a probability of at most the rate. Minus infinity if even the lowest score is too high. (The shares are
    compared, since the product would miss whole numbers: ``int(0.29 * 100)`` is 28.)

    Parameters
    ----------
    normal_scores : array-like of shape (n,)
        Scores of normal samples that the model has not seen.
    rate : float
        The false-alarm rate that is allowed, as a share.
    """
    rising = np.sort(np.asarray(normal_scores, dtype=float))
    shares = np.arange(1, len(rising) + 1) / (len(rising) + 1)
    k = int(np.sum(shares <= rate))
    return float(rising[k - 1]) if k else -np.inf


def threshold_outcomes(
    scores: ArrayLike, anomalous: ArrayLike, normal_scores: ArrayLike, rates: ArrayLike
) -> pd.DataFrame:
    """Return what happens at each false-alarm rate that is allowed.

    The threshold is that of `alarm_threshold`.

    Returns
    -------
    DataFrame
        Columns ``rate`` (allowed), ``threshold`` (minus infinity if there is none), and, counted on ``scores``:
        ``flagged`` (a number), ``false_alarms`` (share of the normal flagged), ``recall``, ``precision`` (NaN if
        nothing is flagged).

    Raises
    ------
    ValueError
        If the lengths disagree, only one kind is there, or a rate is no share.
    """
    scores, truth = np.asarray(scores, dtype=float), np.asarray(anomalous).astype(bool)
    rates = np.asarray(rates, dtype=float)
    if scores.shape != truth.shape or scores.ndim != 1:
        raise ValueError(f"Scores and truth go sample by sample, but got shapes {scores.shape} and {truth.shape}.")
    if truth.all() or not truth.any():
        raise ValueError("A detector is judged on both kinds, but got only one kind. Check `anomalous`.")
    if rates.min() < 0 or rates.max() > 1:
        raise ValueError(f"A false-alarm rate is a share from 0 to 1, but got {rates.min()} to {rates.max()}.")
    rows = []
    for rate in rates.tolist():
        threshold = alarm_threshold(normal_scores, rate)
        flagged = scores <= threshold
        rows.append(
            {
                "rate": rate,
                "threshold": threshold,
                "flagged": int(flagged.sum()),
                "false_alarms": float(flagged[~truth].mean()),
                "recall": float(recall_score(truth, flagged)),
                "precision": float(precision_score(truth, flagged, zero_division=np.nan)),
            }
        )
    return pd.DataFrame(rows)
