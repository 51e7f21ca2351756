"""Is a search on a sample, polished on all rows, as good as one fit to all rows? For notebook 15.

    python benchmarks/polish.py     two photographs and a satellite scene, twenty seeds each, about four minutes

Of the photographs every fourth pixel is taken. For each seed: one k-means start on all rows; and the best of twelve
starts (three of each kind) on 2,000 rows, from which a fit to all rows starts. Both run with the same settings. The
table has the log-likelihood a row over all rows and the iterations on all rows.
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

from gmmlab.data import load_landsat
from starts import KINDS, SETTINGS, photographs

RESULT = Path(__file__).parent / "results" / "polish.csv"


def compare(X: np.ndarray, *, components: int, rows: int, seed: int) -> dict[str, float]:
    """Return what one start on all rows and what the search reach, and their iterations on all rows."""
    one = GaussianMixture(components, random_state=seed, **SETTINGS).fit(X)
    drawn = X[np.random.default_rng(seed).choice(len(X), rows, replace=False)]
    fits = [GaussianMixture(components, init_params=kind, n_init=3, random_state=seed, **SETTINGS) for kind in KINDS]
    found = max((gmm.fit(drawn) for gmm in fits), key=lambda gmm: gmm.score(drawn))
    start = {"weights_init": found.weights_, "means_init": found.means_, "precisions_init": found.precisions_}
    polished = GaussianMixture(components, **start, **SETTINGS).fit(X)
    scores = {"one start": one.score(X), "searched": found.score(X), "polished": polished.score(X)}
    iterations = {"iterations of one start": one.n_iter_, "iterations of polishing": polished.n_iter_}
    return {"seed": seed} | {name: round(score, 5) for name, score in scores.items()} | iterations


def main() -> None:
    tables = {name: (pixels[::4], 3) for name, pixels in photographs().items()}
    tables["landsat"] = load_landsat().drop(columns="landcover").to_numpy(), 6
    found = []
    for name, (X, components) in tables.items():
        for seed in tqdm(range(20), name):
            found.append({"data": name, **compare(X, components=components, rows=2_000, seed=seed)})
    pd.DataFrame(found).to_csv(RESULT, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
