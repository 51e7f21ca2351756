"""Are bootstrap standard errors right? Tables simulated from a known mixture, for notebook 10.

    python benchmarks/standard_errors.py            500 tables, about three minutes; writes results/standard_errors.csv
    python benchmarks/standard_errors.py --quick    3 tables, a few seconds; writes nothing

The truth is the fit of three tied components to Old Faithful. For each table the csv file has, a row each component,
the estimates of the weight and of the mean waiting time: their standard deviation over the tables is the true standard
error. For the first hundred tables it has the standard errors from resamples of that table, which start from its fit
and run to convergence or stop early as R's mclust does (``early``), and the ends of two intervals for the mean.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.mixture import GaussianMixture
from tqdm import trange

from gmmlab.data import load_faithful
from gmmlab.mixture import Parameters, as_mixture, as_parameters, best_fit, bootstrap, em, sort_components

TABLE = Path(__file__).parent / "results" / "standard_errors.csv"
COMPONENTS = ["short", "middle", "long"]
EARLY = 4e-5
"""Gain per row at which mclust stops: a relative gain of 1e-5 in a log-likelihood of -1126, over 272 rows."""


def truth() -> GaussianMixture:
    """Return the fit of three tied components to Old Faithful, in the order of the waiting time."""
    return sort_components(best_fit(load_faithful().to_numpy(), 3, covariance_type="tied"), by=1)


def matched(found: Parameters, original: GaussianMixture) -> Parameters:
    """Return a mixture with its components in the order of those that share most of the eruptions with them."""
    X = load_faithful().to_numpy()
    shared = original.predict_proba(X).T @ as_mixture(found).predict_proba(X)
    return found.ordered(linear_sum_assignment(shared, maximize=True)[1])


def early_errors(fit: GaussianMixture, X: np.ndarray, n_resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the standard errors of weights and mean waiting times from resamples whose fits stop early."""
    rng, start = np.random.default_rng(seed), as_parameters(fit)
    draws = (X[rng.integers(len(X), size=len(X))] for _ in range(n_resamples))
    found = [matched(em(Y, start, max_iter=1000, tol=EARLY).parameters, fit) for Y in draws]
    weights, means = np.array([p.weights for p in found]), np.array([p.means[:, 1] for p in found])
    return weights.std(axis=0, ddof=1), means.std(axis=0, ddof=1)


def rows(b: int, true: GaussianMixture, n_resamples: int) -> pd.DataFrame:
    """Return the estimates from table b, and their standard errors if there are resamples."""
    X = as_mixture(as_parameters(true)).set_params(random_state=b).sample(len(load_faithful()))[0]
    fit = as_mixture(matched(as_parameters(best_fit(X, 3, covariance_type="tied")), true))
    found = {"table": b, "component": COMPONENTS, "weight": fit.weights_, "waiting": fit.means_[:, 1]}
    if n_resamples:
        boot = bootstrap(fit, X, n_resamples=n_resamples, random_state=b, progress=False)
        waiting = boot.means[:, :, 1]
        early = early_errors(fit, X, n_resamples, b)
        found |= {"weight_error": boot.weights.std(axis=0, ddof=1), "weight_error_early": early[0]}
        found |= {"waiting_error": waiting.std(axis=0, ddof=1), "waiting_error_early": early[1]}
        low, high = np.percentile(waiting, [2.5, 97.5], axis=0)
        found |= {"waiting_low": low, "waiting_high": high}
    return pd.DataFrame(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few tables, nothing written")
    quick, true = parser.parse_args().quick, truth()
    tables = [
        rows(b, true, (20 if quick else 200) if b < 100 else 0) for b in trange(3 if quick else 500, disable=None)
    ]
    study = pd.concat(tables).round(4)
    if quick:
        print(study)
    else:
        study.to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
