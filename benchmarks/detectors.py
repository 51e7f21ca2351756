"""Which anomaly detector ranks best, if all are tuned alike? Eight methods on banknotes, penguins and digits.

    python benchmarks/detectors.py            20 splits of each data set, about ten minutes
    python benchmarks/detectors.py --splits 2 less

A split draws training rows from the normal ones and halves what is left, and the anomalies, into validation and test.
Features are standardised by the training rows (digits: reduced to ten principal components of them and divided by one
number). Every method has the same budget of 16 settings and is fitted to the training rows alone. The setting with
the highest AUC on the validation data (the first of the list in a tie) is judged on the test data. Methods that have
a likelihood are judged a second time, with the setting of the highest log-likelihood of the validation *normals*,
which takes no anomaly.

Writes results/detectors.csv: one row for each data set, split and method.
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

import argparse
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM
from tqdm import tqdm

from gmmlab.data import load_banknotes, load_penguins


class NeighbourDistance(BaseEstimator):
    """Score a row by minus its mean distance to the nearest training rows."""

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def fit(self, X: np.ndarray, y: None = None) -> "NeighbourDistance":
        self.neighbours_ = NearestNeighbors(n_neighbors=self.n_neighbors).fit(X)
        return self

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        return -self.neighbours_.kneighbors(X)[0].mean(axis=1)


def grid(method: Callable[..., BaseEstimator], **settings: tuple) -> list[BaseEstimator]:
    """Return a detector for each combination of settings."""
    return [method(**dict(zip(settings, values, strict=True))) for values in product(*settings.values())]


def mixture(n_components: int, covariance_type: str, reg_covar: float) -> GaussianMixture:
    same = {"n_init": 3, "tol": 1e-5, "max_iter": 1000, "random_state": 0}
    return GaussianMixture(n_components, covariance_type=covariance_type, reg_covar=reg_covar, **same)


NEIGHBOURS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30, 35)
METHODS: dict[str, list[BaseEstimator]] = {
    "one Gaussian": grid(
        mixture,
        n_components=(1,),
        covariance_type=("full", "diag"),
        reg_covar=(1e-6, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    ),
    "robust Gaussian": grid(
        EllipticEnvelope, support_fraction=tuple(np.linspace(0.6, 0.975, 16).round(3)), random_state=(0,)
    ),
    "mixture": grid(mixture, n_components=(1, 2, 5, 20), covariance_type=("full", "tied"), reg_covar=(1e-6, 0.05)),
    "KDE": grid(KernelDensity, bandwidth=tuple(np.geomspace(0.05, 2, 16).round(3))),
    "kNN distance": grid(NeighbourDistance, n_neighbors=NEIGHBOURS),
    "LOF": grid(LocalOutlierFactor, n_neighbors=NEIGHBOURS, novelty=(True,)),
    "one-class SVM": grid(OneClassSVM, nu=(0.01, 0.1), gamma=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)),
    "isolation forest": grid(
        IsolationForest,
        max_samples=(0.1, 0.25, 0.5, 1.0),
        max_features=(0.25, 0.5, 0.75, 1.0),
        random_state=(0,),
    ),
}
WITH_LIKELIHOOD = ("one Gaussian", "mixture", "KDE")
"""Methods whose score is a log density that can be compared over settings."""

Sample = tuple[np.ndarray, np.ndarray]


def banknotes(seed: int) -> Sample:
    """Return genuine notes and forged ones."""
    notes = load_banknotes()
    genuine = (notes["Status"] == "genuine").to_numpy()
    X = notes.drop(columns="Status").to_numpy()
    return X[genuine], X[~genuine]


def bills(seed: int) -> Sample:
    """Return bills of Adelies and Gentoos, and of Chinstraps."""
    birds = load_penguins()[["species", "bill_length_mm", "bill_depth_mm"]].dropna()
    novel = (birds["species"] == "Chinstrap").to_numpy()
    X = birds.drop(columns="species").to_numpy()
    return X[~novel], X[novel]


def digits(seed: int) -> Sample:
    """Return nine digits, and the tenth: that of the seed."""
    X, digit = load_digits(return_X_y=True)
    return X[digit != seed % 10], X[digit == seed % 10]


DATA: dict[str, tuple[Callable[[int], Sample], float | int]] = {
    "banknotes": (banknotes, 60),
    "bills": (bills, 0.6),
    "digits": (digits, 500),
}
"""For each data set its normal and anomalous rows, and how many normal rows (or which share) train."""


def split(name: str, seed: int) -> list[np.ndarray]:
    """Return scaled training normals, validation normals and anomalies, test normals and anomalies."""
    rows, size = DATA[name]
    normal, strange = rows(seed)
    train, rest = train_test_split(normal, train_size=size, random_state=seed)
    halves = [train_test_split(part, test_size=0.5, random_state=seed) for part in (rest, strange)]
    scaler = StandardScaler() if name != "digits" else PCA(10, random_state=0)
    scaler.fit(train)
    parts = [scaler.transform(part) for part in (train, halves[0][0], halves[1][0], halves[0][1], halves[1][1])]
    spread = np.sqrt(parts[0].var(axis=0).mean())
    return [part / spread for part in parts]


def auc(detector: BaseEstimator, normal: np.ndarray, strange: np.ndarray) -> float:
    """Return the share of pairs of a normal and a strange row in which the strange one scores lower."""
    scores = np.concatenate([detector.score_samples(normal), detector.score_samples(strange)])
    return float(roc_auc_score(np.repeat([0, 1], [len(normal), len(strange)]), -scores))


def contest(parts: list[np.ndarray], methods: dict[str, list[BaseEstimator]] = METHODS) -> Iterator[dict]:
    """Yield for each method the AUC on the test data, its setting chosen with anomalies and without."""
    train, valid, valid_strange, test, test_strange = parts
    for name, settings in methods.items():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Determinant has increased")  # of the robust covariance: a known message
            fitted = [clone(detector).fit(train) for detector in settings]
        best = max(fitted, key=lambda detector: auc(detector, valid, valid_strange))
        row = {"method": name, "auc": auc(best, test, test_strange), "setting": said(best)}
        if name in WITH_LIKELIHOOD:
            best = max(fitted, key=lambda detector: detector.score(valid))
            row |= {"auc_normals_only": auc(best, test, test_strange), "setting_normals_only": said(best)}
        yield row


def said(detector: BaseEstimator) -> str:
    """Return what was chosen, in a few words."""
    names = ("n_components", "covariance_type", "reg_covar", "support_fraction", "bandwidth", "n_neighbors", "nu",
             "gamma", "max_samples", "max_features")  # fmt: skip
    settings = detector.get_params()
    return " ".join(f"{name}={settings[name]}" for name in names if name in settings)


def main(n_splits: int) -> pd.DataFrame:
    """Run all splits of all data sets."""
    cells = list(product(DATA, range(n_splits)))
    return pd.DataFrame(
        {"data": name, "split": seed, **row} for name, seed in tqdm(cells) for row in contest(split(name, seed))
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=20)
    table = main(parser.parse_args().splits)
    table.to_csv(Path(__file__).parent / "results" / "detectors.csv", index=False, float_format="%.5f")
    print(table.groupby(["data", "method"], sort=False)[["auc", "auc_normals_only"]].agg(["mean", "std"]).round(3))
