"""The contest on small dense groups: the script at a small size, and the table that it wrote."""

import numpy as np
import pytest

import dense_groups
from gmmlab.data import load_results

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("family", dense_groups.FAMILIES)
def test_a_draw_starts_with_the_broad_rows_and_has_every_group(family):
    draw, covariance_type = dense_groups.FAMILIES[family]
    X, of = draw(np.random.default_rng(0))
    counts = np.bincount(of)
    assert len(X) == len(of) and (np.diff(of) >= 0).all()
    assert counts[0] == counts.max() and counts.min() >= 40 - 10 * ("space" in family)
    truth = dense_groups.truth(X, of, covariance_type)
    np.testing.assert_allclose(truth.weights, counts / len(X))
    np.testing.assert_allclose(truth.means[0], X[: counts[0]].mean(axis=0))


def test_how_far_a_fit_ends_below_the_truth(monkeypatch):
    def few(rng):
        return dense_groups.among([10 * rng.normal(size=(300, 1))], dense_groups.clumps(rng, [40], [0.5], 1, 10))

    monkeypatch.setitem(dense_groups.FAMILIES, "few", (few, "full"))
    row = dense_groups.measure("few", 0)
    assert row["best_fit"] <= dense_groups.NEAR
    assert row["best_fit"] <= row["sklearn"] + dense_groups.NEAR


def test_the_stored_table_has_twenty_draws_of_each_family():
    table = load_results("dense_groups")
    assert table.groupby("family", sort=False).size().to_dict() == dict.fromkeys(dense_groups.FAMILIES, 20)
    near = dense_groups.summary(table)
    assert near["best_fit"].to_list() == [20, 20, 19, 20, 20, 20, 19]
    assert near["sklearn"].max() == 1
