"""What does a model search cost, and what does it find? The lab's `search` against scikit-learn with ten starts.

    python benchmarks/search.py            every cell, about ten minutes
    python benchmarks/search.py --quick    two data sets, fewer components, half a minute

A cell is a data set, a number of components from 1 to 9 and a covariance type. scikit-learn fits with ``n_init=10``
and then polishes the best with ``warm_start`` to 1e-6 per row; the lab's search runs as a user gets it by default. CPU
time on one thread. Cells in which scikit-learn's best fit has collapsed (as `best_fit` defines it) are counted apart:
its likelihood there is an artefact.
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

import argparse
import time
import warnings
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_image
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

from gmmlab.engine.spaces import fault, space_of
from gmmlab.mixture import COVARIANCE_TYPES, as_parameters, search

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


def by_sklearn(X: np.ndarray, numbers: Iterable[int]) -> dict[tuple[int, str], GaussianMixture]:
    fits = {}
    for k, t in tqdm([*product(numbers, COVARIANCE_TYPES)], desc="scikit-learn", leave=False):
        gmm = GaussianMixture(k, covariance_type=t, n_init=10, random_state=0).fit(X)
        fits[k, t] = gmm.set_params(warm_start=True, tol=1e-6, max_iter=1000).fit(X)
    return fits


def timed(fit: Callable, X: np.ndarray, numbers: Iterable[int]) -> tuple:
    began = time.process_time()
    return fit(X, numbers), time.process_time() - began


def collapsed(gmm: GaussianMixture, X: np.ndarray) -> bool:
    fitted = as_parameters(gmm)
    space = space_of(X, fitted.type.invariance)
    return fault(space.of_rows(X), space.of_mixture(fitted)) != ""


def measure(name: str, n: int, numbers: Iterable[int]) -> pd.DataFrame:
    X = DATA[name](n)
    (theirs, their_seconds), (table, our_seconds) = timed(by_sklearn, X, numbers), timed(search, X, numbers)
    cells = [*zip(table["n_components"], table["covariance_type"], strict=True)]
    found = table[["n_components", "covariance_type", "bic", "degenerate"]]
    table = pd.DataFrame({"data": name, "n": n, "d": X.shape[1], **found})
    table["bic_sklearn"] = [theirs[cell].bic(X) for cell in cells]
    table["bic_higher_by"] = table["bic"] - table["bic_sklearn"]
    table["sklearn_collapsed"] = [collapsed(theirs[cell], X) for cell in cells]
    # The fits share starts and learn from one another, so the seconds are those of the whole search.
    return table.assign(seconds=our_seconds, sklearn_seconds=their_seconds).sort_values(
        ["n_components", "covariance_type"]
    )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a data set and size: how many times cheaper, and how many cells are better, equal or worse."""
    rows = []
    for (n, name), of in [*table.groupby(["n", "data"]), *[((n, "all"), of) for n, of in table.groupby("n")]]:
        sound = of[~of["sklearn_collapsed"]]
        worse, better = sound["bic_higher_by"] > TOLERANCE, sound["bic_higher_by"] < -TOLERANCE
        seconds = of.groupby("data")[["seconds", "sklearn_seconds"]].first().sum()
        cheaper = seconds["sklearn_seconds"] / seconds["seconds"]
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
    parser.add_argument("--quick", action="store_true", help="two data sets, two numbers of components")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder of search.csv")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # loose first runs, by design
    numbers = [2, 3] if given.quick else range(1, 10)
    jobs = [(name, n) for n in (3_000, 20_000) for name in list(DATA)[: 2 if given.quick else None]]
    measure(*jobs[0], [2])  # first calls load; not counted
    table = pd.concat([measure(*job, numbers) for job in tqdm(jobs, unit="search")], ignore_index=True)
    given.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(given.out / "search.csv", index=False, float_format="%.8g")
    print(summary(table).to_string(index=False))


if __name__ == "__main__":
    main()
