"""Which starts find the best maximum: twelve of one kind, or three of each of scikit-learn's four kinds?

    python benchmarks/starts.py     two photographs, twenty samples of 2,000 pixels each, about two minutes

Every way gets twelve starts and the same settings. A start is one fit of scikit-learn's ``GaussianMixture`` with its
own seed. The table has a row for each photograph, sample and way: the highest log-likelihood a pixel of the twelve
fits, and at how many different maxima they ended (to three digits after the point).
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_sample_image
from sklearn.mixture import GaussianMixture

RESULT = Path(__file__).parent / "results" / "starts.csv"
KINDS = ("kmeans", "k-means++", "random_from_data", "random")
SETTINGS = {"tol": 1e-6, "max_iter": 2000}


def photographs() -> dict[str, np.ndarray]:
    """Return the pixels of two photographs, with the noise that undoes their rounding, as notebook 15 has them."""
    noise, photos = np.random.default_rng(0), {}
    for name in ("china", "flower"):
        pixels = load_sample_image(f"{name}.jpg").astype(float).reshape(-1, 3)
        photos[name] = pixels + noise.uniform(-0.5, 0.5, size=pixels.shape)
    return photos


def compare(pixels: np.ndarray, *, components: int, rows: int, samples: int, starts: int) -> pd.DataFrame:
    """Return for each sample and way the highest log-likelihood and the number of different maxima."""
    found = []
    for sample in range(samples):
        drawn = pixels[np.random.default_rng(sample).choice(len(pixels), rows, replace=False)]
        reached = {kind: [fit(drawn, components, kind, seed) for seed in range(starts)] for kind in KINDS}
        reached["each kind"] = [score for kind in KINDS for score in reached[kind][: starts // len(KINDS)]]
        for way, scores in reached.items():
            maxima = len(set(np.round(scores, 3)))
            found.append({"sample": sample, "way": way, "log_likelihood": round(max(scores), 5), "maxima": maxima})
    return pd.DataFrame(found)


def fit(drawn: np.ndarray, components: int, kind: str, seed: int) -> float:
    gmm = GaussianMixture(components, init_params=kind, random_state=seed, **SETTINGS).fit(drawn)
    return float(gmm.score(drawn))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--components", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--starts", type=int, default=12)
    given = vars(parser.parse_args())
    tables = {name: compare(pixels, **given) for name, pixels in photographs().items()}
    table = pd.concat(tables, names=["photo"]).reset_index("photo").reset_index(drop=True)
    table.to_csv(RESULT, index=False)
    print(table.groupby(["photo", "way"], sort=False)[["log_likelihood", "maxima"]].median())


if __name__ == "__main__":
    main()
