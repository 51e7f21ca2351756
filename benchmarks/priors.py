"""What empties the spare components of a Bayesian mixture of the eruptions, over twenty seeds, for notebook 9.

    python benchmarks/priors.py            twenty seeds, about two minutes
    python benchmarks/priors.py --quick    two seeds, a few seconds; writes nothing

``concentrations.csv``: components alive of six, for both priors of the weights and five concentrations.
``discounts.csv``: components alive of ten, when the discount of the weights or of the densities is taken out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.mixture import BayesianGaussianMixture
from sklearn.mixture._gaussian_mixture import _estimate_log_gaussian_prob
from tqdm import tqdm

from gmmlab.data import load_faithful

FOLDER = Path(__file__).parent / "results"
PRIORS = ("dirichlet_process", "dirichlet_distribution")
PATIENT = {"tol": 1e-6, "max_iter": 5000}


class MeanWeights(BayesianGaussianMixture):
    """Take the mean weight in the place of exp(E[log weight])."""

    def _estimate_log_weights(self, **options: object) -> np.ndarray:
        if self.weight_concentration_prior_type == "dirichlet_distribution":
            return np.log(self.weight_concentration_ / self.weight_concentration_.sum())
        a, b = self.weight_concentration_
        fractions = a / (a + b)
        return np.log(fractions) + np.append(0, np.log1p(-fractions)[:-1].cumsum())


class PlainDensities(BayesianGaussianMixture):
    """Take the density at the mean parameters in the place of exp(E[log density])."""

    def _estimate_log_prob(self, X: np.ndarray, **options: object) -> np.ndarray:
        return _estimate_log_gaussian_prob(X, self.means_, self.precisions_cholesky_, self.covariance_type)


class NoDiscounts(MeanWeights, PlainDensities):
    """Take the mean weight and the density at the mean parameters."""


KINDS = {
    ("yes", "yes"): BayesianGaussianMixture,
    ("no", "yes"): MeanWeights,
    ("yes", "no"): PlainDensities,
    ("no", "no"): NoDiscounts,
}


def alive(model: BayesianGaussianMixture, X: np.ndarray) -> int:
    """Return how many components have a row assigned to them."""
    return len(np.unique(model.fit(X).predict(X)))


def concentrations(X: np.ndarray, seed: int) -> list[dict]:
    """Return how many of six components are alive for each prior and concentration."""
    return [
        {"prior": prior, "concentration": gamma, "seed": seed, "alive": alive(BayesianGaussianMixture(
            n_components=6, weight_concentration_prior_type=prior, weight_concentration_prior=gamma,
            random_state=seed, **PATIENT), X)}
        for prior in PRIORS for gamma in (0.001, 0.1, 1, 10, 100)
    ]  # fmt: skip


def discounts(X: np.ndarray, seed: int) -> list[dict]:
    """Return how many of ten components are alive with both discounts, with one and with none."""
    return [
        {"prior": prior, "weight discount": weight, "density discount": density, "seed": seed, "alive": alive(kind(
            n_components=10, weight_concentration_prior_type=prior, random_state=seed, **PATIENT), X)}
        for prior in PRIORS for (weight, density), kind in KINDS.items()
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds, nothing written")
    quick = parser.parse_args().quick
    X = load_faithful().to_numpy()
    for name, run in {"concentrations": concentrations, "discounts": discounts}.items():
        rows = [row for seed in tqdm(range(2 if quick else 20), name) for row in run(X, seed)]
        table = pd.DataFrame(rows)
        if quick:
            print(table)
        else:
            table.to_csv(FOLDER / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
