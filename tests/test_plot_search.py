from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gmmlab.data import load_faithful
from gmmlab.mixture import COVARIANCE_TYPES, search
from gmmlab.plot import plot_search


@cache
def searched():
    return search(load_faithful(), range(1, 4))


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_each_covariance_type_has_its_curve(ax):
    plot_search(searched(), ax=ax)
    lines = {line.get_label(): line for line in ax.lines}
    for kind in COVARIANCE_TYPES:
        of_kind = searched()[searched()["covariance_type"] == kind].sort_values("n_components")
        np.testing.assert_array_equal(lines[kind].get_xydata(), of_kind[["n_components", "bic"]])


def test_types_differ_in_colour_marker_and_line(ax):
    lines = plot_search(searched(), ax=ax).lines[:4]
    for style in ("get_color", "get_marker", "get_linestyle"):
        assert len({getattr(line, style)() for line in lines}) == 4


@pytest.mark.parametrize("criterion", ["bic", "aic", "icl"])
def test_the_lowest_value_is_marked(ax, criterion):
    best = searched().loc[searched()[criterion].idxmin()]
    mark = plot_search(searched(), criterion, ax=ax).lines[-1]
    assert mark.get_label() == f"best: {best['covariance_type']}, {best['n_components']}"
    np.testing.assert_array_equal(mark.get_xydata()[0], best[["n_components", criterion]].astype(float))


def test_the_highest_held_out_log_likelihood_is_marked(ax):
    table = searched().assign(held_out=-searched()["bic"])
    assert plot_search(table, "held_out", ax=ax).lines[-1].get_ydata()[0] == -searched()["bic"].min()


def test_a_degenerate_model_is_crossed_out_and_not_the_best(ax):
    table = searched().assign(degenerate=[True] + [False] * (len(searched()) - 1))
    cross, mark = plot_search(table, ax=ax).lines[-2:]
    assert cross.get_ydata()[0] == table["bic"][0] and mark.get_ydata()[0] == table["bic"][1]


def test_the_axis_says_which_way_is_better(ax):
    assert plot_search(searched(), "icl", ax=ax).get_ylabel() == "ICL (lower is better)"


@pytest.mark.parametrize("criterion", ["seconds", "held_out"])
def test_a_criterion_without_values_is_refused(ax, criterion):
    with pytest.raises(ValueError, match="that the search measured"):
        plot_search(searched(), criterion, ax=ax)
