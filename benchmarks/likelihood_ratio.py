"""Null distributions of the likelihood-ratio statistic, for notebook 10.

    python benchmarks/likelihood_ratio.py            999 data sets of Old Faithful and 199 of the penguins for each test
    python benchmarks/likelihood_ratio.py --quick    9 data sets, a few seconds; writes nothing

Column ``tied_3`` of ``likelihood_ratios.csv`` holds the statistics of 3 against 4 tied components on Old Faithful, of
data sets simulated from the fit of 3. ``likelihood_ratio_tests.csv`` has the tests themselves, on Old Faithful and on
the standardised penguins: these numbers stand beside those of R's mclust in ``tests/reference``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.mixture import likelihood_ratio_test

FOLDER = Path(__file__).parent / "results"
TESTS = {
    "faithful": [("tied", 1), ("tied", 2), ("tied", 3), ("full", 1), ("full", 2), ("full", 3)],
    "penguins": [("tied", k) for k in (1, 2, 3, 4, 5)],
}
SIMULATIONS = {"faithful": 999, "penguins": 199}  # as many as mclust was given


def rows_of(data: str) -> np.ndarray:
    """Return the eruptions, or the standardised measurements of the penguins."""
    if data == "faithful":
        return load_faithful().to_numpy()
    return StandardScaler().fit_transform(load_penguins()[MEASURES].dropna())


def tested(data: str, n_simulations: int, progress: bool | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tests of a data set, a row each, and the simulated statistics, a column each."""
    rows, simulated = [], {}
    for kind, k in TESTS[data]:
        test = likelihood_ratio_test(
            rows_of(data), k, covariance_type=kind, n_simulations=n_simulations, progress=progress
        )
        rows.append({"data": data, "covariance_type": kind, "n_components": k, "statistic": test.statistic})
        rows[-1] |= {"p": test.p_value, "simulations": n_simulations, "degenerate": test.degenerate}
        print(rows[-1], flush=True)
        simulated[f"{kind}_{k}"] = test.simulated
    return pd.DataFrame(rows).round(3), pd.DataFrame(simulated).round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few data sets, nothing written")
    quick = parser.parse_args().quick
    found = {data: tested(data, 9 if quick else n) for data, n in SIMULATIONS.items()}
    if not quick:
        tests = pd.concat([tests for tests, _ in found.values()])
        tests.to_csv(FOLDER / "likelihood_ratio_tests.csv", index=False, lineterminator="\n")
        found["faithful"][1].to_csv(FOLDER / "likelihood_ratios.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
