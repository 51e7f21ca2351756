"""The search and polish that notebook 15 reads: the script at a small size, and the table that it wrote."""

import numpy as np
import pytest

import polish
from gmmlab.data import load_landsat, load_results

pytestmark = pytest.mark.slow


def test_polishing_climbs_from_the_search_and_two_clumps_leave_no_doubt():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(mean, 1, size=(300, 3)) for mean in (0, 6)])
    row = polish.compare(X, components=2, rows=80, seed=1)
    assert row["searched"] < row["polished"] == pytest.approx(row["one start"], abs=1e-4)


def test_the_stored_table_is_that_of_its_script():
    table = load_results("polish")
    assert table.groupby("data").size().to_dict() == {"china": 20, "flower": 20, "landsat": 20}
    X = load_landsat().drop(columns="landcover").to_numpy()
    stored = table[table["data"] == "landsat"].iloc[0].drop("data").to_dict()
    assert polish.compare(X, components=6, rows=2_000, seed=0) == pytest.approx(stored)
