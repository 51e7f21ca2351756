"""Starts where many collapse."""

import pytest
from sklearn.preprocessing import StandardScaler

from gmmlab.engine.spaces import Sample
from gmmlab.engine.starts import from_starts
from gmmlab.preprocess import split_penguins


@pytest.mark.parametrize("seed", [0, 3])
def test_where_the_fastest_starts_collapse_slower_ones_are_tried(seed):
    Z = StandardScaler().fit_transform(split_penguins()[0])
    # the quarter that leads ends on a few birds
    assert not from_starts(Sample(Z, 3, seed), 12, ["full"])["full"][0].degenerate
