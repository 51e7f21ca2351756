"""The contest of starts that notebook 15 reads: the script at a small size, and the table that it wrote."""

import numpy as np
import pytest

import starts
from gmmlab.data import load_results

pytestmark = pytest.mark.slow

WAYS = ["kmeans", "k-means++", "random_from_data", "random", "each kind"]


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(0)
    pixels = np.concatenate([rng.normal(mean, 1, size=(100, 3)) for mean in (0, 6)])
    return starts.compare(pixels, components=2, rows=80, samples=2, starts=4)


def test_there_is_a_row_for_each_sample_and_way(small):
    assert small.groupby("sample")["way"].apply(list).tolist() == [WAYS, WAYS]


def test_two_clumps_far_apart_have_one_maximum_for_k_means(small):
    assert (small.loc[small["way"] == "kmeans", "maxima"] == 1).all()


def test_each_kind_takes_its_share_of_the_starts(small):
    best = small.pivot(index="sample", columns="way", values="log_likelihood")
    assert (best["each kind"] <= best.drop(columns="each kind").max(axis=1)).all()


def test_the_stored_table_has_twenty_samples_of_two_photographs():
    table = load_results("starts")
    assert table.groupby(["photo", "way"]).size().tolist() == [20] * 10
    assert sorted(set(table["way"])) == sorted(WAYS)
