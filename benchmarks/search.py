"""What does a model search cost, and what does it find? The lab's fits against scikit-learn's with ten starts.

    python benchmarks/search.py            every cell, about 15 minutes
    python benchmarks/search.py --quick    two data sets, fewer components, about a minute

A cell is a data set, a number of components and a covariance type. scikit-learn fits with ``n_init=10`` and then
polishes the best with ``warm_start`` to 1e-6 per row; the lab's search runs as a user gets it by default. CPU time on
one thread. Both log-likelihoods are computed by scikit-learn. Cells in which scikit-learn's best fit has collapsed
(as `best_fit` defines it) are counted apart: its likelihood there is an artefact.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # read when numpy loads

# ruff: noqa: E402 (the lines above have to come first)
import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_image
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

from gmmlab.mixture import COVARIANCE_TYPES, n_parameters
from gmmlab.mixture.em import Parameters
from gmmlab.mixture.fitting import Fit, as_mixture, degenerate, fit_types, space_of
from gmmlab.mixture.search import TOL, effort

TOLERANCE = 0.1  # in BIC


def mixture(n: int, d: int, k: int, apart: float, seed: int) -> np.ndarray:
    """Draw rows from k Gaussians of random shapes and weights; `apart` scales the distances of their means."""
    rng = np.random.default_rng(seed)
    means, maps = apart * rng.normal(size=(k, d)), 0.6 * rng.normal(size=(k, d, d)) + 0.5 * np.eye(d)
    of = rng.choice(k, size=n, p=rng.dirichlet(np.full(k, 5)))
    return means[of] + np.einsum("nij,nj->ni", maps[of], rng.normal(size=(n, d)))


def pixels(n: int, name: str) -> np.ndarray:
    """Draw pixels from a photograph, as red, green and blue from 0 to 255."""
    colours = load_sample_image(name).reshape(-1, 3).astype(float)
    return colours[np.random.default_rng(0).choice(len(colours), n, replace=False)]


DATA: dict[str, Callable[[int], np.ndarray]] = {
    "6 apart, d = 2": lambda n: mixture(n, 2, 6, 3, 1),
    "5 apart, d = 4": lambda n: mixture(n, 4, 5, 3, 0),
    "6 close, d = 4": lambda n: mixture(n, 4, 6, 1, 2),
    "5 half apart, d = 8": lambda n: mixture(n, 8, 5, 2, 3),
    "5 close, d = 3": lambda n: mixture(n, 3, 5, 1, 4),
    "pixels of china": lambda n: pixels(n, "china.jpg"),
    "pixels of flower": lambda n: pixels(n, "flower.jpg"),
}


def by_sklearn(X: np.ndarray, k: int) -> list[GaussianMixture]:
    fits = [GaussianMixture(k, covariance_type=t, n_init=10, random_state=0).fit(X) for t in COVARIANCE_TYPES]
    return [gmm.set_params(warm_start=True, tol=1e-6, max_iter=1000).fit(X) for gmm in fits]


def by_gmmlab(X: np.ndarray, k: int) -> list[Fit]:
    return fit_types(X, k, COVARIANCE_TYPES, n_init=effort(len(X)), tol=TOL)


def timed(fit: Callable, X: np.ndarray, k: int) -> tuple[list, float]:
    began = time.process_time()
    return fit(X, k), time.process_time() - began


def collapsed(gmm: GaussianMixture, X: np.ndarray) -> bool:
    space = space_of(X, gmm.covariance_type)
    fitted = Parameters(gmm.weights_, gmm.means_, gmm.covariances_, gmm.covariance_type)
    return degenerate(space.of_rows(X), space.of_mixture(fitted))


def measure(name: str, n: int, k: int) -> list[dict]:
    X = DATA[name](n)
    (theirs, their_seconds), (ours, our_seconds) = timed(by_sklearn, X, k), timed(by_gmmlab, X, k)
    rows = []
    for t, gmm, fit in zip(COVARIANCE_TYPES, theirs, ours, strict=True):
        free = n_parameters(t, k, X.shape[1]) * np.log(n)
        bic = [free - 2 * n * model.score(X) for model in (as_mixture(fit), gmm)]
        cell = {"data": name, "n": n, "d": X.shape[1], "n_components": k, "covariance_type": t}
        found = {"bic": bic[0], "bic_sklearn": bic[1], "bic_higher_by": bic[0] - bic[1]}
        flags = {"collapsed": fit.degenerate, "sklearn_collapsed": collapsed(gmm, X)}
        # The four types share their starts, so their seconds are those of the number of components.
        rows.append(cell | found | flags | {"seconds_of_four": our_seconds, "sklearn_seconds_of_four": their_seconds})
    return rows


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a data set and size: how many times cheaper, and how many cells are better, equal or worse."""
    rows = []
    for (n, name), of in [*table.groupby(["n", "data"]), *[((n, "all"), of) for n, of in table.groupby("n")]]:
        sound = of[~of["sklearn_collapsed"]]
        worse, better = sound["bic_higher_by"] > TOLERANCE, sound["bic_higher_by"] < -TOLERANCE
        cheaper = of["sklearn_seconds_of_four"].sum() / of["seconds_of_four"].sum()
        rows.append(
            {
                "n": n,
                "data": name,
                "times cheaper": round(cheaper, 1),
                "cells": len(sound),
                "better": better.sum(),
                "equal": len(sound) - better.sum() - worse.sum(),
                "worse": worse.sum(),
                "worst by": round(max(sound["bic_higher_by"].max(), 0), 1),
                "best by": round(max(-sound["bic_higher_by"].min(), 0), 1),
                "sklearn collapsed": of["sklearn_collapsed"].sum(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two data sets, few numbers of components")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder of search.csv")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # loose first runs, by design
    numbers = {3_000: [2, 5] if given.quick else range(1, 10), 20_000: [3] if given.quick else range(2, 10, 2)}
    names = list(DATA)[:2] if given.quick else list(DATA)
    jobs = [(name, n, k) for n, ks in numbers.items() for name in names for k in ks]
    measure(names[0], 3_000, 2)  # first calls load; not counted
    rows = [row for job in tqdm(jobs, unit="fit") for row in measure(*job)]
    table = pd.DataFrame(rows)
    given.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(given.out / "search.csv", index=False, float_format="%.8g")
    print(summary(table).to_string(index=False))


if __name__ == "__main__":
    main()
