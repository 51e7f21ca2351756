import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.explore import try_covariances
from gmmlab.mixture import COVARIANCE_TYPES, n_parameters, search

FAITHFUL = load_faithful()


@pytest.fixture
def frames(shown) -> dict:
    """Return a frame for each pair of covariance type and number of components."""
    try_covariances(FAITHFUL, [1, 2], held_out=2)
    names = [(kind, k) for kind in COVARIANCE_TYPES for k in (1, 2)]
    return dict(zip(names, shown[0]["scene"]["frames"], strict=True))


def test_the_number_of_parameters_is_counted_as_everywhere(frames):
    for (kind, k), frame in frames.items():
        assert f"{kind} with {k} components: {n_parameters(kind, k, 2)} free parameters" in frame["text"]


@pytest.mark.slow
def test_the_costs_are_those_of_the_search(frames):
    table = search(FAITHFUL, [1, 2], held_out=2).set_index(["covariance_type", "n_components"])
    for name, frame in frames.items():
        assert [mark[2] for mark in frame["marks"]] == table.loc[name, ["bic", "held_out"]].tolist()


def test_components_are_sorted_so_that_their_colours_stay(frames):
    assert all((np.diff(np.array(frame["mixture"]["means"])[:, 0]) >= 0).all() for frame in frames.values())


def test_without_a_number_of_components_there_is_nothing_to_try():
    with pytest.raises(ValueError, match="at least one number of components"):
        try_covariances(FAITHFUL, [])
