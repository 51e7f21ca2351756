import numpy as np
import pandas as pd
import pytest

from gmmlab.data import MEASURES, load_penguins
from gmmlab.preprocess import punch_holes, split_penguins

SPECIES_COUNTS = {"Adelie": 151, "Chinstrap": 68, "Gentoo": 123}


def whole() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(5000, 3)), columns=["a", "b", "c"])


def test_no_bird_is_in_both_parts():
    X_train, X_test, _, _ = split_penguins()
    assert set(X_train.index).isdisjoint(X_test.index)


def test_every_measured_bird_is_in_one_part():
    X_train, X_test, _, _ = split_penguins()
    measured = load_penguins()[MEASURES].dropna()
    pd.testing.assert_frame_equal(pd.concat([X_train, X_test]).sort_index(), measured)


def test_the_split_keeps_each_bird_with_its_species():
    _, _, y_train, y_test = split_penguins()
    species = load_penguins()["species"]
    for part in (y_train, y_test):
        pd.testing.assert_series_equal(part, species[part.index])


@pytest.mark.parametrize("test_size", [0.2, 0.3, 0.5])
def test_each_species_is_held_out_in_the_same_proportion(test_size):
    held_out = split_penguins(test_size=test_size)[3].value_counts()
    for species, count in SPECIES_COUNTS.items():
        assert held_out[species] == pytest.approx(test_size * count, abs=1)


def test_the_split_is_the_same_each_time():
    pd.testing.assert_frame_equal(split_penguins()[0], split_penguins()[0])


def test_another_seed_gives_another_split():
    assert set(split_penguins()[1].index) != set(split_penguins(random_state=1)[1].index)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_expected_share_of_entries_is_missing(share):
    X = whole()
    # A row that would be empty keeps one of its three entries.
    expected = share - share**3 / 3
    spread = np.sqrt(share * (1 - share) / X.size)
    assert punch_holes(X, share).isna().to_numpy().mean() == pytest.approx(expected, abs=4 * spread)


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_every_row_keeps_a_value(share):
    assert punch_holes(whole(), share).notna().any(axis=1).all()


def test_no_feature_is_favoured_among_the_entries_that_empty_rows_keep():
    kept = punch_holes(whole(), 0.999).notna().mean()
    np.testing.assert_allclose(kept, 1 / 3, atol=0.03)


def test_entries_outside_the_holes_are_unchanged():
    X = whole()
    holed = punch_holes(X, 0.3)
    pd.testing.assert_frame_equal(holed.fillna(X), X)


def test_no_holes_are_punched_for_a_share_of_zero():
    pd.testing.assert_frame_equal(punch_holes(whole(), 0), whole())


def test_punching_leaves_the_input_whole():
    X = whole()
    punch_holes(X, 0.5)
    assert X.notna().all(axis=None)


@pytest.mark.parametrize("share", [-0.1, 1, 30])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match=f"at least 0 and below 1, but got {share}"):
        punch_holes(whole(), share)
