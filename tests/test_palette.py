"""The palette as others see it, and figures in which nothing depends on colour alone."""

import warnings
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import same_color, to_rgb

from gmmlab import plot
from gmmlab.figure import STYLE
from test_plot import DRAWINGS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold formulas with unescaped backslashes
    from colorspacious import cspace_convert

COLOURS = np.array([to_rgb(colour) for colour in plot.COLOURS])
TAB10 = np.array([to_rgb(colour) for colour in plt.get_cmap("tab10").colors])

# Smallest CAM02-UCS distance of two of the first n colours, as measured, rounded down. A distance of 1 can just
# be seen side by side; above 10 colours are told apart at a glance.
LEAST = {
    "normal": {3: 41, 4: 26, 10: 18},
    "deuteranomaly": {3: 33, 4: 27, 10: 14},
    "protanomaly": {3: 41, 4: 25, 10: 14},
    "tritanomaly": {3: 32, 4: 17, 10: 15},
}


def as_seen(colours, eyes):
    """Return sRGB colours as they look to eyes that lack one kind of cones altogether (Machado et al. 2009)."""
    if eyes == "normal":
        return colours
    space = {"name": "sRGB1+CVD", "cvd_type": eyes, "severity": 100}
    return np.clip(cspace_convert(colours, space, "sRGB1"), 0, 1)


def least_distance(colours, eyes="normal"):
    places = cspace_convert(as_seen(colours, eyes), "sRGB1", "CAM02-UCS")
    return min(np.linalg.norm(one - other) for one, other in combinations(places, 2))


@pytest.mark.parametrize(("eyes", "n", "least"), [(e, n, d) for e, few in LEAST.items() for n, d in few.items()])
def test_components_keep_apart_in_everyones_eyes(eyes, n, least):
    assert least <= least_distance(COLOURS[:n], eyes) < least + 1


@pytest.mark.parametrize("eyes", ["deuteranomaly", "protanomaly"])
def test_without_red_or_green_cones_the_palette_of_matplotlib_would_fail(eyes):
    assert least_distance(TAB10[:4], eyes) < 10 < 2.5 * 10 < least_distance(COLOURS[:4], eyes)


def test_three_components_keep_apart_in_grey():
    lightness = cspace_convert(COLOURS[:3], "sRGB1", "CAM02-UCS")[:, 0]
    assert min(np.diff(np.sort(lightness))) > 13


def test_more_components_run_together_in_grey_so_that_markers_must_tell_them_apart():
    lightness = cspace_convert(COLOURS, "sRGB1", "CAM02-UCS")[:, 0]
    assert min(np.diff(np.sort(lightness))) < 4
    assert len({plot.marker_of(k) for k in range(10)}) == 10


@pytest.fixture(params=DRAWINGS, scope="module")
def drawn(request):
    """Draw with one helper in the lab's style, as `figure` does, and return the Axes with its name."""
    with plt.style.context(STYLE):
        fig, ax = plt.subplots()
        DRAWINGS[request.param](ax)
        fig.canvas.draw()
        yield request.param, ax
    plt.close(fig)


def test_no_text_is_smaller_than_nine_points(drawn):
    _, ax = drawn
    sizes = {text.get_text(): text.get_fontsize() for text in ax.figure.findobj(plt.Text) if text.get_text()}
    assert min(sizes.values()) >= 9, sizes


def test_samples_of_components_differ_in_marker_and_have_dark_edges(drawn):
    kind, ax = drawn
    points = [line for line in ax.lines if line.get_linestyle() == "None" and line.get_marker() not in "+x"]
    clouds = [cloud for cloud in ax.collections if isinstance(cloud, PathCollection)]
    if kind == "clusters":
        assert [line.get_marker() for line in points] == [plot.marker_of(k) for k in range(3)]
        assert all(same_color(line.get_markeredgecolor(), "#222222") for line in points)
    if kind == "responsibilities":
        assert len({cloud.get_paths()[0].vertices.tobytes() for cloud in clouds}) == 3
        assert all(same_color(edge, "#222222") for cloud in clouds for edge in cloud.get_edgecolors())


def test_curves_differ_in_line_style(drawn):
    _, ax = drawn
    curves = [line for line in ax.lines if line.get_linestyle() != "None"]
    assert len({(str(line._unscaled_dash_pattern), line.get_marker()) for line in curves}) == len(curves)


def test_lines_are_seen_on_white_paper(drawn):
    _, ax = drawn
    lines = [line.get_color() for line in ax.lines if line.get_linestyle() != "None"]
    lines += [colour for lines in ax.collections if isinstance(lines, LineCollection) for colour in lines.get_colors()]
    lines += [patch.get_edgecolor()[:3] for patch in ax.patches if patch.get_label() == "" and patch.get_fill()]
    for colour in lines:
        assert least_distance(np.array([to_rgb(colour), (1, 1, 1)])) > 20
