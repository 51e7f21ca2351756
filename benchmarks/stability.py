"""How firm is the number of components that a criterion picks for the penguins? The choice again on many draws.

    python benchmarks/stability.py            forty draws of each kind, some minutes
    python benchmarks/stability.py --quick    two draws, up to four components, some seconds, to a temporary folder

``results/stability.csv``, which notebook 07 reads, has a row for each draw and each number of ``tied`` components:
BIC and ICL on the birds drawn, and the mean log-likelihood of the birds that were left out. The kinds of draw:

``80% subsample``                   four fifths of the birds, without replacement
``bootstrap``                       as many birds as there are, with replacement: many come twice or more
``bootstrap, each bird once``       the same birds as in the bootstrap draw of the same number, without their repeats
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from gmmlab.data import MEASURES, load_penguins
from gmmlab.mixture import search

RESULTS = Path(__file__).parent / "results"


def draws(n: int, number: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield for the draw of this number each kind and the rows drawn."""
    rng = np.random.default_rng(number)
    yield "80% subsample", rng.choice(n, round(0.8 * n), replace=False)
    rows = rng.integers(n, size=n)
    yield "bootstrap", rows
    yield "bootstrap, each bird once", np.unique(rows)


def compare(repeats: int, components: Sequence[int]) -> pd.DataFrame:
    """Return the table: a row for each kind, draw and number of components."""
    X = StandardScaler().fit_transform(load_penguins()[MEASURES].dropna())
    tables = []
    for number in tqdm(range(repeats), file=sys.stderr):
        for kind, rows in draws(len(X), number):
            left_out = np.delete(X, rows, axis=0)
            table = search(X[rows], components, ["tied"], held_out=left_out, random_state=number, progress=False)
            assert not table["degenerate"].any(), f"a component collapsed: {kind}, draw {number}"
            tables.append(table.assign(draw=kind, number=number, birds=len(rows)))
    columns = ["draw", "number", "birds", "n_components", "bic", "icl", "held_out"]
    return pd.concat(tables)[columns].sort_values(columns[:4]).round({"bic": 2, "icl": 2, "held_out": 4})


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small size, written to a temporary folder")
    parser.add_argument("--to", type=Path, help="where to write the table")
    options = parser.parse_args(arguments)
    table = compare(2, range(2, 5)) if options.quick else compare(40, range(1, 8))
    folder = options.to or (Path(tempfile.mkdtemp()) if options.quick else RESULTS)
    table.to_csv(folder / "stability.csv", index=False)
    for criterion, best in {"bic": "idxmin", "icl": "idxmin", "held_out": "idxmax"}.items():
        by = table.pivot(index=["draw", "number"], columns="n_components", values=criterion)
        picks = by.agg(best, axis=1).rename(criterion).reset_index()
        print(pd.crosstab(picks["draw"], picks[criterion]), end="\n\n")


if __name__ == "__main__":
    main()
