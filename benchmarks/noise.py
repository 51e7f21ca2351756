"""What a uniform noise component gains, over twenty draws of noise, for notebook 10.

    python benchmarks/noise.py            twenty draws, about two minutes
    python benchmarks/noise.py --quick    two draws, a few seconds; writes nothing

``noise_group.csv``: is a dense group of 50 rows found among 950 uniform ones? Gaussians have ten k-means starts; two of
them also start at the densest rows, and may then be likelier than from k-means. ``noise_eruptions.csv``: weights, means
and standard deviations of two kinds of eruption, with 60 uniform rows among the 272 eruptions.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from tqdm import trange

from gmmlab.data import load_faithful
from gmmlab.engine.noise import densest
from gmmlab.mixture import best_fit, fit_with_noise

FOLDER = Path(__file__).parent / "results"
CENTRE, SD = np.array([4, 3]), 0.3
PATIENT = {"n_init": 10, "tol": 1e-6, "max_iter": 1000}


def group_in_noise(seed: int) -> np.ndarray:
    """Return 950 rows that are uniform on a square, and 50 around a point in it."""
    rng = np.random.default_rng(seed)
    return np.vstack([rng.uniform(-10, 10, size=(950, 2)), rng.normal(CENTRE, SD, size=(50, 2))])


def is_found(gmm: GaussianMixture) -> bool:
    """Say whether a component sits on the group and is less than twice as wide."""
    near = np.linalg.norm(gmm.means_ - CENTRE, axis=1) < 1
    return bool((near & (np.linalg.eigvalsh(gmm.covariances_)[:, -1] < (2 * SD) ** 2)).any())


def from_densest(X: np.ndarray) -> GaussianMixture:
    """Fit two Gaussians, of which one starts at the densest rows and the other at all rows."""
    parts = [densest(X, 0.05), X]
    start = {"means_init": [part.mean(axis=0) for part in parts], "weights_init": [0.05, 0.95]}
    start["precisions_init"] = [np.linalg.inv(np.cov(part.T)) for part in parts]
    return GaussianMixture(2, **start, tol=PATIENT["tol"], max_iter=PATIENT["max_iter"]).fit(X)


def group(seed: int) -> dict:
    """Say for one draw which mixtures find the group."""
    X = group_in_noise(seed)
    fits = {k: GaussianMixture(k, random_state=seed, **PATIENT).fit(X) for k in (2, 3, 5)}
    started = from_densest(X)
    likelier = started.score(X) > fits[2].score(X)
    row = {"seed": seed, **{f"{k} Gaussians": is_found(fit) for k, fit in fits.items()}}
    row |= {"2 from the densest rows": is_found(started), "and likelier": bool(is_found(started) and likelier)}
    return row | {"1 Gaussian + noise": is_found(fit_with_noise(X, 1, random_state=seed).mixture)}


def eruptions(seed: int) -> list[dict]:
    """Return for one draw what each mixture says of the two kinds of eruption."""
    clean = load_faithful().to_numpy()
    rng = np.random.default_rng(seed)
    X = np.vstack([clean, rng.uniform([1, 30], [6, 110], size=(60, 2))])
    noisy = fit_with_noise(X, 2, random_state=seed)
    fits = {
        "no noise added": (best_fit(clean, 2), 1.0),
        "2 Gaussians": (GaussianMixture(2, random_state=seed, **PATIENT).fit(X), 1.0),
        "3 Gaussians": (GaussianMixture(3, random_state=seed, **PATIENT).fit(X), 1.0),
        "2 Gaussians + noise": (noisy.mixture, 1 - noisy.noise_weight),
    }
    return [{"seed": seed, "mixture": name, **described(*fit)} for name, fit in fits.items()]


def described(gmm: GaussianMixture, share: float) -> dict[str, float]:
    """Return weight, mean and standard deviations of the two tightest components, short eruptions first."""
    two = np.argsort(np.linalg.det(gmm.covariances_))[:2]
    short, long = two[np.argsort(gmm.means_[two, 0])]
    row = {}
    for name, k in {"short": short, "long": long}.items():
        sd = np.sqrt(np.diag(gmm.covariances_[k]))
        row |= {f"{name} weight": gmm.weights_[k] * share, f"{name} mean waiting": gmm.means_[k, 1]}
        row |= {f"{name} sd eruptions": sd[0], f"{name} sd waiting": sd[1]}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two draws, nothing written")
    quick = parser.parse_args().quick
    seeds = range(2) if quick else trange(20)
    groups, rows = [], []
    for seed in seeds:
        groups.append(group(seed))
        rows += eruptions(seed)
    tables = {"noise_group": pd.DataFrame(groups), "noise_eruptions": pd.DataFrame(rows).round(3)}
    for name, table in tables.items():
        if quick:
            print(table)
        else:
            table.to_csv(FOLDER / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
