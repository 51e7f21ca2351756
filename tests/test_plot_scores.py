import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from gmmlab import plot

SCORES = {"normal": np.array([-1.0, -2.0, -1.5]), "strange": np.array([-9.0, -7.0])}


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield plot.plot_scores(SCORES, threshold=-5, ax=ax)
    plt.close(fig)


def groups(ax):
    return [line for line in ax.lines if line.get_linestyle() == "None"]


def test_each_group_shows_its_scores(ax):
    for line, values in zip(groups(ax), SCORES.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), values)


def test_groups_keep_apart_and_the_first_is_on_top(ax):
    first, second = groups(ax)
    assert first.get_ydata().min() > second.get_ydata().max()


def test_rows_carry_the_names_of_their_groups(ax):
    assert [label.get_text() for label in ax.get_yticklabels()] == list(SCORES)


def test_a_tick_stands_in_the_middle_of_its_row(ax):
    for tick, line in zip(ax.get_yticks(), groups(ax), strict=True):
        assert np.abs(line.get_ydata() - tick).max() < 0.5


def test_groups_have_the_colours_and_markers_of_the_lab(ax):
    assert [to_hex(line.get_color()) for line in groups(ax)] == [plot.colour_of(0), plot.colour_of(1)]
    assert [line.get_marker() for line in groups(ax)] == [plot.marker_of(0), plot.marker_of(1)]


def test_the_threshold_is_drawn_where_the_alarm_begins(ax):
    (line,) = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert list(line.get_xdata()) == [-5, -5]


def test_without_a_threshold_none_is_drawn():
    fig, ax = plt.subplots()
    assert len(plot.plot_scores(SCORES, ax=ax).lines) == 2
    plt.close(fig)


def test_the_axis_says_which_end_is_strange(ax):
    assert "low: strange" in ax.get_xlabel()
