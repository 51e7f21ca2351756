"""Null distributions of the likelihood-ratio statistic on Old Faithful, for notebook 10.

    python benchmarks/likelihood_ratio.py            999 data sets for each test, about five minutes
    python benchmarks/likelihood_ratio.py --quick    9 data sets, a few seconds; writes nothing

Column ``tied_3`` holds the statistics of 3 against 4 tied components, of data sets simulated from the fit of 3.
"""

import argparse
from pathlib import Path

import pandas as pd

from gmmlab.data import load_faithful
from gmmlab.mixture import likelihood_ratio_test

TABLE = Path(__file__).parent / "results" / "likelihood_ratios.csv"
TESTS = [("tied", 1), ("tied", 2), ("tied", 3), ("full", 1), ("full", 2)]


def simulate(n_simulations: int, progress: bool | None = None) -> pd.DataFrame:
    """Return the simulated statistics of each test, a column each."""
    table = {}
    for covariance_type, k in TESTS:
        test = likelihood_ratio_test(
            load_faithful(), k, covariance_type=covariance_type, n_simulations=n_simulations, progress=progress
        )
        print(f"{covariance_type} {k} against {k + 1}: {test.statistic:.2f}, p {test.p_value:.3f}", flush=True)
        table[f"{covariance_type}_{k}"] = test.simulated
    return pd.DataFrame(table).round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few data sets, nothing written")
    if parser.parse_args().quick:
        print(simulate(9).describe())
    else:
        simulate(999).to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
