"""The runs behind notebook 10, on a draw or two: the tables that it reads have what the scripts compute."""

import numpy as np
import pytest

import likelihood_ratio
import noise
from gmmlab.data import load_faithful, load_results
from gmmlab.mixture import best_fit

pytestmark = pytest.mark.slow


def test_a_mixture_that_sits_on_the_group_finds_it_and_a_wide_one_does_not():
    group = noise.group_in_noise(0)[950:]
    assert noise.is_found(best_fit(group, 1))
    assert not noise.is_found(best_fit(np.vstack([group, group + 4, group - 4]), 1))


def test_started_at_the_densest_rows_the_group_is_found_at_a_lower_likelihood():
    table = load_results("noise_group")
    started = noise.from_densest(noise.group_in_noise(2))
    assert noise.is_found(started)
    assert started.score(noise.group_in_noise(2)) * 1000 < -6229.1  # of ten k-means starts: -6229.02
    assert table.loc[2, ["2 from the densest rows", "and likelier"]].tolist() == [True, False]
    assert (table["2 from the densest rows"] >= table["and likelier"]).all()


def test_the_table_of_eruptions_is_that_of_its_script():
    table = load_results("noise_eruptions")
    assert len(table) == 80
    for row in noise.eruptions(0)[:2]:
        stored = table[(table["seed"] == 0) & (table["mixture"] == row["mixture"])].iloc[0]
        assert stored["long sd waiting"] == pytest.approx(row["long sd waiting"], abs=0.01)


def test_without_noise_the_table_holds_the_fit_of_two_components():
    row = load_results("noise_eruptions").query("mixture == 'no noise added'").iloc[0]
    fit = best_fit(load_faithful(), 2)
    assert sorted([row["short weight"], row["long weight"]]) == pytest.approx(sorted(fit.weights_), abs=1e-3)


def test_the_tables_of_ratios_are_those_of_their_script(monkeypatch):
    monkeypatch.setattr(likelihood_ratio, "TESTS", {"faithful": [("tied", 1)]})
    tests, few = likelihood_ratio.tested("faithful", 3, progress=False)
    table, stored = load_results("likelihood_ratios"), load_results("likelihood_ratio_tests").iloc[0]
    assert len(table) == 999
    np.testing.assert_allclose(few["tied_1"], table["tied_1"][:3], atol=0.01)
    assert tests.loc[0, "statistic"] == pytest.approx(stored["statistic"], abs=0.01)


def test_the_penguins_are_standardised_before_they_are_tested():
    np.testing.assert_allclose(likelihood_ratio.rows_of("penguins").std(axis=0), 1)
