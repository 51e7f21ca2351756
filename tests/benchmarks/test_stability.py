"""The table that notebook 07 reads is made by a script, at a small size too, and what is stored has its form."""

import numpy as np
import pandas as pd
import pytest

import stability
from gmmlab.data import load_results

pytestmark = pytest.mark.slow


def test_a_small_table_has_the_form_of_the_stored_one(tmp_path):
    stability.main(["--quick", "--to", str(tmp_path)])
    small, stored = pd.read_csv(tmp_path / "stability.csv"), load_results("stability")
    assert list(small.columns) == list(stored.columns)
    assert len(small) == 3 * 2 * 3
    assert set(small["draw"]) == set(stored["draw"])
    both = small.merge(stored, on=["draw", "number", "n_components"], suffixes=("", "_stored"))
    assert len(both) == len(small)
    np.testing.assert_allclose(both["bic"], both["bic_stored"], atol=0.5)


def test_the_draws_are_what_they_are_called():
    kinds = dict(stability.draws(342, 3))
    assert len(np.unique(kinds["80% subsample"])) == len(kinds["80% subsample"]) == 274
    assert len(kinds["bootstrap"]) == 342
    assert set(kinds["bootstrap, each bird once"]) == set(kinds["bootstrap"])
    assert len(np.unique(kinds["bootstrap, each bird once"])) == len(kinds["bootstrap, each bird once"])
