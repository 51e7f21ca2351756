"""Novelty detectors side by side: the same data, the same number of settings, and one rule of choice for all.

A detector is fitted to normal samples only. Its ``score_samples`` gives one number a sample; a low one means strange.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.covariance import EllipticEnvelope
from sklearn.ensemble import IsolationForest
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM


class NeighbourDistance(BaseEstimator):
    """Score a sample by minus its mean distance to the nearest training samples.

    Parameters
    ----------
    n_neighbors : int
        How many of them.
    """

    def __init__(self, n_neighbors=5):
        self.n_neighbors = n_neighbors

    def fit(self, X: ArrayLike, y: None = None) -> NeighbourDistance:
        """Remember the training samples X of shape (n, d); y is ignored."""
        self.neighbours_ = NearestNeighbors(n_neighbors=self.n_neighbors).fit(X)
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return one score a row of X, in minus the unit of the features."""
        distances, _ = self.neighbours_.kneighbors(X)
        return -distances.mean(axis=1)


DETECTORS: dict[str, list[BaseEstimator]] = {
    "one Gaussian": [GaussianMixture(1)],
    "EllipticEnvelope": [EllipticEnvelope(support_fraction=share, random_state=0) for share in (0.6, 0.75, 0.9)],
    "IsolationForest": [IsolationForest(max_samples=share, random_state=0) for share in (0.25, 0.5, 1.0)],
    "LOF": [LocalOutlierFactor(k, novelty=True) for k in (5, 10, 20)],
    "OneClassSVM": [OneClassSVM(nu=0.05, gamma=gamma) for gamma in (0.1, 0.5, 2.5)],
    "kNN distance": [NeighbourDistance(k) for k in (2, 5, 10)],
    "KDE": [KernelDensity(bandwidth=width) for width in (0.25, 0.5, 1.0)],
}
"""Rivals of a mixture, each with three settings for data whose features have variance 1 on average; a single Gaussian
has nothing to choose."""

_LIKELIHOODS = (GaussianMixture, KernelDensity)


def mixtures(n_components: Sequence[int]) -> list[GaussianMixture]:
    """Return mixtures to choose from, for data whose features have variance 1 on average.

    ``reg_covar`` keeps components wide in every direction: a density that is right far from the samples matters more
    here than the last bit of likelihood at them.
    """
    return [GaussianMixture(k, reg_covar=0.05, random_state=0) for k in n_components]


class Parts(NamedTuple):
    """Normal samples to fit to, and both kinds to choose settings with and to judge by; arrays of shape (n, d)."""

    train: NDArray
    valid: NDArray
    valid_strange: NDArray
    test: NDArray
    test_strange: NDArray

    def mapped(self, transform: Callable[[NDArray], NDArray]) -> Parts:
        """Return the parts after a transformation, which should have been fitted to ``train``."""
        return Parts(*(transform(part) for part in self))


def split_normal(normal: ArrayLike, strange: ArrayLike, train_size: float | int, random_state: int) -> Parts:
    """Draw the training samples from the normal ones; halve the rest, and the strange ones, to choose and to judge."""
    train, rest = train_test_split(np.asarray(normal), train_size=train_size, random_state=random_state)
    halves = [train_test_split(part, test_size=0.5, random_state=random_state) for part in (rest, np.asarray(strange))]
    return Parts(train, halves[0][0], halves[1][0], halves[0][1], halves[1][1])


def auc(detector: BaseEstimator, normal: ArrayLike, strange: ArrayLike) -> float:
    """Return the share of pairs of a normal and a strange sample in which the strange one scores lower."""
    scores = np.concatenate([detector.score_samples(normal), detector.score_samples(strange)])
    return float(roc_auc_score(np.repeat([0, 1], [len(normal), len(strange)]), -scores))


def contest(parts: Parts, n_components: Sequence[int]) -> pd.DataFrame:
    """Fit every detector with each of its settings, choose one on the validation data, and judge it on the test data.

    Parameters
    ----------
    parts : Parts
        All are divided by one number, so that the features of ``train`` have variance 1 on average.
    n_components : sequence of int
        Numbers of components of the mixture to choose from.

    Returns
    -------
    DataFrame
        A row for each method with the area under the ROC curve on the test data, if its setting is chosen

        - ``auc`` : by the area under the ROC curve on the validation data, which takes strange samples;
        - ``auc_normals_only`` : by the log-likelihood of the validation normals; NaN for methods that have none.
    """
    spread = np.sqrt(parts.train.var(axis=0).mean())
    parts = parts.mapped(lambda X: X / spread)
    methods = DETECTORS | {"mixture": mixtures(n_components)}
    return pd.DataFrame({name: _judged(parts, settings) for name, settings in methods.items()}).T


def contests(
    normal: ArrayLike, strange: ArrayLike, *, train_size: float | int, n_components: Sequence[int], n_splits: int = 5
) -> pd.DataFrame:
    """Repeat `contest` on random splits of the same samples, each standardised by its own training samples.

    Returns
    -------
    DataFrame
        A row for each method: over the splits the mean and the lowest ``auc``, and the mean ``auc_normals_only``.
    """
    runs = []
    for seed in range(n_splits):
        parts = split_normal(normal, strange, train_size, random_state=seed)
        runs.append(contest(parts.mapped(StandardScaler().fit(parts.train).transform), n_components))
    of = pd.concat(runs).groupby(level=0, sort=False)
    return pd.DataFrame(
        {
            "mean AUC": of["auc"].mean(),
            "lowest AUC": of["auc"].min(),
            "mean AUC, tuned on normals only": of["auc_normals_only"].mean(),
        }
    )


def _judged(parts: Parts, settings: list[BaseEstimator]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an EM that stops at its last iteration is judged like any other
        for detector in settings:
            detector.fit(parts.train)
    by_auc = max(settings, key=lambda detector: auc(detector, parts.valid, parts.valid_strange))
    judged = {"auc": auc(by_auc, parts.test, parts.test_strange), "auc_normals_only": np.nan}
    if isinstance(by_auc, _LIKELIHOODS):
        by_likelihood = max(settings, key=lambda detector: detector.score_samples(parts.valid).mean())
        judged["auc_normals_only"] = auc(by_likelihood, parts.test, parts.test_strange)
    return judged


def threshold_outcomes(
    scores: ArrayLike, anomalous: ArrayLike, normal_scores: ArrayLike, rates: ArrayLike
) -> pd.DataFrame:
    """Return what happens at each false-alarm rate that is allowed.

    The threshold is the k-th lowest of the n normal scores, with k the whole part of rate (n + 1): a new normal sample
    is at or below it with a probability of at most the rate. With k = 0 there is no such threshold.

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
    rising = np.concatenate([[-np.inf], np.sort(np.asarray(normal_scores, dtype=float)), [np.inf]])
    rows = []
    for rate in rates.tolist():
        threshold = float(rising[int(rate * (len(rising) - 1) + 1e-9)])  # 0.29 * 100 is 28.999999999999996
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
