import copy
import json
from base64 import b64decode
from io import BytesIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import ContourSet
from PIL import Image
from sklearn.mixture import GaussianMixture
from traitlets.config import Config

from gmmlab import plot
from gmmlab.data import MEASURES, load_faithful, load_penguins
from gmmlab.figure import STYLE, figure, unpacked
from gmmlab.mixture import COVARIANCE_TYPES, covariance_matrices, from_parameters

FAITHFUL = load_faithful()
COMPLETE = load_penguins().dropna(subset=MEASURES)
PENGUINS, SPECIES = COMPLETE[MEASURES], COMPLETE["species"]
BILL = ["bill_length_mm", "bill_depth_mm"]
NAMES = ["Adelie", "Chinstrap", "Gentoo"]

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def fitted(X, covariance_type: str = "full", n_components: int = 3) -> GaussianMixture:
    return GaussianMixture(n_components, covariance_type=covariance_type, random_state=0).fit(X)


GEYSER = fitted(FAITHFUL)
LABELS = GEYSER.predict(FAITHFUL)

DRAWINGS = {
    "clusters": lambda ax: plot.plot_clusters(FAITHFUL, LABELS, ax=ax),
    "ellipses": lambda ax: plot.plot_ellipses(GEYSER, ax=ax),
    "density": lambda ax: plot.plot_density(GEYSER, FAITHFUL, ax=ax),
    "regions": lambda ax: plot.plot_regions(GEYSER.predict, FAITHFUL, ax=ax),
    "responsibilities": lambda ax: plot.plot_responsibilities(FAITHFUL, GEYSER.predict_proba(FAITHFUL), ax=ax),
}
every_drawing = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def members(k: int) -> pd.DataFrame:
    return FAITHFUL[np.equal(LABELS, k)]


def legend_of(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points_of(ax) -> np.ndarray:
    """All samples that an Axes shows, as lines or as scattered points, without the crosses at the means."""
    lines = [line.get_xydata() for line in ax.lines if line.get_marker() != "+"]
    scattered = [np.asarray(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection)]
    return np.concatenate(lines + scattered)


def same_points(drawn, X) -> bool:
    return sorted(map(tuple, drawn)) == sorted(map(tuple, np.asarray(X)))


def cells_of(ax) -> tuple[np.ndarray, list[str]]:
    """Centre and colour of every shaded cell."""
    (mesh,) = [c for c in ax.collections if isinstance(c, QuadMesh)]
    corners = mesh.get_coordinates()
    centres = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    values = np.asarray(mesh.get_array()).ravel()
    colours = {value: to_hex(mesh.cmap(mesh.norm(value))) for value in np.unique(values)}
    return centres.reshape(-1, 2), [colours[value] for value in values]


# What every plot function promises


@every_drawing
def test_the_axes_that_came_in_are_returned(ax, draw):
    assert draw(ax) is ax


@every_drawing
def test_drawing_leaves_the_current_figure_of_pyplot_alone(ax, draw):
    other, other_ax = plt.subplots()
    draw(ax)
    assert plt.gca() is other_ax
    assert not (other_ax.lines or other_ax.patches or other_ax.collections or other_ax.texts)
    plt.close(other)


@every_drawing
def test_drawing_opens_no_figure(ax, draw):
    before = plt.get_fignums()
    draw(ax)
    assert plt.get_fignums() == before


@every_drawing
def test_without_axes_the_current_ones_are_used(ax, draw):
    assert draw(None) is ax


@every_drawing
def test_drawing_does_not_change_the_model(ax, draw):
    before = copy.deepcopy(vars(GEYSER))
    draw(ax)
    np.testing.assert_equal(vars(GEYSER), before)


@every_drawing
def test_drawing_does_not_change_the_data(ax, draw):
    before = FAITHFUL.copy()
    draw(ax)
    pd.testing.assert_frame_equal(FAITHFUL, before)


@pytest.mark.parametrize("kind", ["clusters", "density", "regions", "responsibilities"])
def test_both_axes_are_labelled_with_words_and_units(ax, kind):
    DRAWINGS[kind](ax)
    labels = ax.get_xlabel(), ax.get_ylabel()
    assert labels == ("eruption length (min)", "waiting time to the next eruption (min)")


def test_a_column_that_the_lab_does_not_know_is_labelled_with_its_own_name(ax):
    plot.plot_clusters(FAITHFUL.set_axis(["first", "second"], axis=1), LABELS, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first", "second")


@pytest.mark.parametrize("kind", ["clusters", "responsibilities"])
def test_every_sample_is_drawn_exactly_once(ax, kind):
    DRAWINGS[kind](ax)
    assert same_points(points_of(ax), FAITHFUL)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.plot_clusters(PENGUINS[MEASURES[:3]], SPECIES),
        lambda: plot.plot_density(fitted(PENGUINS), PENGUINS[MEASURES[:3]]),
        lambda: plot.plot_regions(fitted(PENGUINS).predict, PENGUINS[MEASURES[:3]]),
        lambda: plot.plot_responsibilities(PENGUINS[MEASURES[:3]], np.ones((342, 1))),
        lambda: plot.plot_ellipses(fitted(PENGUINS[MEASURES[:3]])),
        lambda: plot.plot_density(fitted(PENGUINS[MEASURES[:3]]), PENGUINS[BILL]),
    ],
    ids=["clusters", "density", "regions", "responsibilities", "ellipses-model", "density-model"],
)
def test_three_features_are_refused_with_the_mend(ax, draw):
    with pytest.raises(ValueError, match=r"two features, but got 3.*marginal\(gmm, features\)"):
        draw()


# One colour and one marker for component k


def test_the_cycle_of_the_style_is_the_palette():
    with mpl.style.context(STYLE):
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert [to_hex(colour) for colour in cycle] == list(plot.COLOURS)


def test_a_hundred_components_differ_in_colour_or_marker():
    assert len({(plot.colour_of(k), plot.marker_of(k)) for k in range(100)}) == 100


@pytest.mark.parametrize("k", range(3))
def test_component_k_has_its_colour_in_every_figure(k):
    fig, axes = plt.subplots(5)
    clusters = plot.plot_clusters(FAITHFUL, LABELS, ax=axes[0]).lines[k].get_color()
    ellipse = to_hex(plot.plot_ellipses(GEYSER, ax=axes[1]).patches[k].get_edgecolor())
    owned = plot.plot_responsibilities(members(k), np.eye(3)[[k] * len(members(k))], ax=axes[2])
    shares = to_hex(next(c for c in owned.collections if len(c.get_offsets())).get_facecolor()[0])
    region = cells_of(plot.plot_regions(lambda grid: np.full(len(grid), k), FAITHFUL, ax=axes[3]))[1][0]
    named = plot.plot_clusters(FAITHFUL, np.array(NAMES)[LABELS], order=NAMES, ax=axes[4]).lines[k].get_color()
    plt.close(fig)
    assert {clusters, ellipse, shares, region, named} == {plot.colour_of(k)}


@pytest.mark.parametrize("k", range(3))
def test_component_k_has_its_marker_in_every_figure(k):
    fig, (left, right) = plt.subplots(2)
    line = plot.plot_clusters(FAITHFUL, LABELS, ax=left).lines[k]
    handle = DRAWINGS["responsibilities"](right).get_legend().legend_handles[k]
    plt.close(fig)
    assert {line.get_marker(), handle.get_marker()} == {plot.marker_of(k)}


def test_a_component_keeps_its_colour_where_others_own_no_sample(ax):
    plot.plot_clusters(members(2), [2] * len(members(2)), ax=ax)
    assert [line.get_color() for line in ax.lines] == [plot.colour_of(2)]


def test_a_name_keeps_its_colour_where_others_do_not_occur(ax):
    plot.plot_clusters(PENGUINS[BILL][SPECIES == "Gentoo"], ["Gentoo"] * 123, order=NAMES, ax=ax)
    assert [line.get_color() for line in ax.lines] == [plot.colour_of(2)]


def test_components_keep_their_colours_beside_a_cluster_without_a_match(ax):
    plot.plot_clusters(FAITHFUL, np.where(LABELS == 2, -1, LABELS), ax=ax)
    colours = {line.get_label(): line.get_color() for line in ax.lines}
    assert colours == {
        "-1": plot.colour_of(2),
        "component 0": plot.colour_of(0),
        "component 1": plot.colour_of(1),
    }


# Clusters


def test_clusters_by_number_are_named_as_components(ax):
    assert legend_of(plot.plot_clusters(FAITHFUL, LABELS, ax=ax)) == ["component 0", "component 1", "component 2"]


def test_clusters_by_name_are_listed_in_the_order_given(ax):
    plot.plot_clusters(PENGUINS[BILL], SPECIES, order=["Gentoo", "Adelie", "Chinstrap"], ax=ax)
    assert legend_of(ax) == ["Gentoo", "Adelie", "Chinstrap"]


def test_truth_values_are_named_as_they_are(ax):
    assert legend_of(plot.plot_clusters(FAITHFUL, LABELS == 1, ax=ax)) == ["False", "True"]


def test_each_cluster_is_drawn_with_its_own_members(ax):
    plot.plot_clusters(PENGUINS[BILL], SPECIES, ax=ax)
    for line in ax.lines:
        assert same_points(line.get_xydata(), PENGUINS[BILL][SPECIES.eq(line.get_label())])


def test_a_legend_can_be_left_out(ax):
    assert plot.plot_clusters(FAITHFUL, LABELS, ax=ax, legend=False).get_legend() is None


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.plot_clusters(PENGUINS[BILL], SPECIES, order=NAMES[:2]),
        lambda: plot.plot_regions(lambda grid: np.resize(NAMES, len(grid)), PENGUINS[BILL], order=NAMES[:2]),
    ],
    ids=["clusters", "regions"],
)
def test_a_label_outside_the_order_is_refused(ax, draw):
    with pytest.raises(ValueError, match=r"order \['Adelie', 'Chinstrap'\], but got \['Gentoo'\]"):
        draw()


# Ellipses


def outline(patch) -> mpl.path.Path:
    return patch.get_path().transformed(patch.get_patch_transform())


@every_type
@pytest.mark.parametrize("coverage", [0.393, 0.9])
def test_an_ellipse_lies_where_the_mahalanobis_distance_has_its_coverage(ax, covariance_type, coverage):
    gmm = fitted(FAITHFUL, covariance_type)
    plot.plot_ellipses(gmm, coverage=coverage, ax=ax)
    angle = np.linspace(0, 2 * np.pi, 50)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    for patch, mean, covariance in zip(ax.patches, gmm.means_, covariance_matrices(gmm), strict=True):
        apart = patch.get_patch_transform().transform(circle) - mean
        squared = np.einsum("ij,jk,ik->i", apart, np.linalg.inv(covariance), apart)
        # In two dimensions the squared distance exceeds q with probability exp(-q / 2).
        np.testing.assert_allclose(squared, -2 * np.log(1 - coverage), rtol=1e-9)


@every_type
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_an_ellipse_holds_the_stated_share_of_its_component(ax, covariance_type, coverage):
    gmm = fitted(FAITHFUL, covariance_type)
    plot.plot_ellipses(gmm, coverage=coverage, ax=ax)
    rng = np.random.default_rng(0)
    for patch, mean, covariance in zip(ax.patches, gmm.means_, covariance_matrices(gmm), strict=True):
        samples = rng.multivariate_normal(mean, covariance, size=10_000)
        assert outline(patch).contains_points(samples).mean() == pytest.approx(coverage, abs=0.02)


def test_each_mean_is_marked_by_a_cross(ax):
    plot.plot_ellipses(GEYSER, ax=ax)
    assert same_points([line.get_xydata()[0] for line in ax.lines], GEYSER.means_)


def test_the_legend_says_what_an_ellipse_holds(ax):
    assert legend_of(plot.plot_ellipses(GEYSER, ax=ax)) == ["mean of a component", "holds 90% of it"]


def test_the_legend_says_what_each_of_several_ellipses_holds(ax):
    plot.plot_ellipses(GEYSER, coverage=[0.5, 0.865], ax=ax)
    assert legend_of(ax)[-1] == "holds 50% and 86.5% of it"


def test_each_component_has_an_ellipse_for_each_coverage(ax):
    assert len(plot.plot_ellipses(GEYSER, coverage=[0.5, 0.9], ax=ax).patches) == 6


def test_the_view_holds_every_ellipse(ax):
    plot.plot_ellipses(GEYSER, coverage=0.99, ax=ax)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for patch in ax.patches:
        box = outline(patch).get_extents()
        assert left <= box.x0 < box.x1 <= right
        assert bottom <= box.y0 < box.y1 <= top


def test_a_coverage_in_percent_is_refused(ax):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        plot.plot_ellipses(GEYSER, coverage=90, ax=ax)


# Mixtures of more than two features


# Densities


MASSES = (0.5, 0.9, 0.99)


@every_type
@pytest.mark.parametrize("mass", MASSES)
def test_a_contour_encloses_its_mass_of_samples(ax, covariance_type, mass):
    fit = fitted(FAITHFUL, covariance_type)
    gmm = from_parameters(fit.weights_, fit.means_, fit.covariances_, covariance_type)
    plot.plot_density(gmm, FAITHFUL, masses=[mass], ax=ax)
    (contours,) = [c for c in ax.collections if isinstance(c, ContourSet)]
    samples, _ = gmm.sample(20_000)
    inside = np.exp(gmm.score_samples(samples)) > contours.levels[0]
    assert inside.mean() == pytest.approx(mass, abs=0.015)


def test_contours_lie_where_the_density_has_their_level(ax):
    plot.plot_density(GEYSER, FAITHFUL, masses=MASSES, ax=ax)
    (contours,) = [c for c in ax.collections if isinstance(c, ContourSet)]
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        corners = path.vertices[path.codes != mpl.path.Path.CLOSEPOLY]
        density = np.exp(GEYSER.score_samples(pd.DataFrame(corners, columns=FAITHFUL.columns)))
        np.testing.assert_allclose(density, level, rtol=0.05)


def test_each_contour_bears_the_mass_that_it_encloses(ax):
    plot.plot_density(GEYSER, FAITHFUL, masses=MASSES, ax=ax)
    samples, _ = GEYSER.sample(20_000)
    densities = GEYSER.score_samples(pd.DataFrame(samples, columns=FAITHFUL.columns))
    for text in ax.texts:
        here = GEYSER.score_samples(pd.DataFrame([text.get_position()], columns=FAITHFUL.columns))
        stated = float(text.get_text().removesuffix("%")) / 100
        assert (densities > here).mean() == pytest.approx(stated, abs=0.02)


def test_every_mass_is_written(ax):
    plot.plot_density(GEYSER, FAITHFUL, masses=MASSES, ax=ax)
    assert {text.get_text() for text in ax.texts} == {"50%", "90%", "99%"}


# Regions


def test_a_region_has_the_colour_of_the_label_predicted_there(ax):
    centres, colours = cells_of(DRAWINGS["regions"](ax))
    predicted = GEYSER.predict(pd.DataFrame(centres, columns=FAITHFUL.columns))
    assert colours == [plot.colour_of(k) for k in predicted]


def test_a_region_of_a_name_has_the_colour_of_its_place(ax):
    def predict(grid):
        return np.where(grid["bill_length_mm"] < 43, "Adelie", "Gentoo")

    centres, colours = cells_of(plot.plot_regions(predict, PENGUINS[BILL], order=NAMES, ax=ax))
    assert colours == np.where(centres[:, 0] < 43, plot.colour_of(0), plot.colour_of(2)).tolist()


def test_regions_reach_beyond_every_sample(ax):
    DRAWINGS["regions"](ax)
    for limits, column in zip((ax.get_xlim(), ax.get_ylim()), FAITHFUL, strict=True):
        assert limits[0] < FAITHFUL[column].min() < FAITHFUL[column].max() < limits[1]


def test_boundaries_lie_where_the_predicted_label_changes(ax):
    threshold = 43.0
    plot.plot_regions(lambda grid: (grid["bill_length_mm"] > threshold).astype(int), PENGUINS[BILL], ax=ax)
    (boundary,) = [c for c in ax.collections if isinstance(c, ContourSet)]
    cell = np.ptp(ax.get_xlim()) / 299
    np.testing.assert_allclose(boundary.get_paths()[0].vertices[:, 0], threshold, atol=cell)


def test_regions_do_not_draw_the_samples(ax):
    assert not DRAWINGS["regions"](ax).lines


# Responsibilities


def test_a_shared_sample_has_the_mixed_colour_of_its_components(ax):
    share = np.array([0.5, 0.3, 0.2])
    plot.plot_responsibilities(FAITHFUL[:1], [share], ax=ax)
    mixed = share @ [to_rgb(plot.colour_of(k)) for k in range(3)]
    np.testing.assert_allclose(ax.collections[0].get_facecolor()[0][:3], mixed)


def test_only_samples_in_doubt_have_a_thick_edge(ax):
    plot.plot_responsibilities(FAITHFUL[:3], [[1, 0], [0.85, 0.15], [0.95, 0.05]], ax=ax)
    sure, doubtful, rather_sure = ax.collections[0].get_linewidths()
    assert sure == rather_sure < doubtful


def test_a_sample_has_the_marker_of_its_most_probable_component(ax):
    DRAWINGS["responsibilities"](ax)
    scattered = [c for c in ax.collections if isinstance(c, PathCollection)]
    for k, points in enumerate(scattered):
        assert same_points(points.get_offsets(), members(k))
        marker = mpl.markers.MarkerStyle(plot.marker_of(k))
        expected = marker.get_path().transformed(marker.get_transform())
        np.testing.assert_allclose(points.get_paths()[0].vertices, expected.vertices)


def test_the_legend_of_responsibilities_explains_colours_and_edges(ax):
    names = legend_of(DRAWINGS["responsibilities"](ax))
    assert names == ["component 0", "component 1", "component 2", "none above 90%"]


@pytest.mark.parametrize(
    "wrong",
    [GEYSER.predict_proba(FAITHFUL) * 0.9, LABELS, np.eye(3, dtype=int)[LABELS] * 2],
    ids=["rows-that-sum-to-0.9", "hard-labels", "rows-that-sum-to-2"],
)
def test_shares_that_do_not_sum_to_one_are_refused(ax, wrong):
    with pytest.raises(ValueError, match=r"sums to one, as from gmm\.predict_proba"):
        plot.plot_responsibilities(FAITHFUL, wrong, ax=ax)


# The way of a figure into a notebook

ALT = "Two clouds of points: short eruptions after short waits, long ones after long waits."


@pytest.fixture
def shown(monkeypatch):
    """The figures that were shown, each with its alt text."""
    calls = []
    monkeypatch.setattr("gmmlab.figure.show", lambda fig, alt, *_: calls.append((fig, alt)))
    return calls


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """What a notebook would store: the outputs that are displayed meanwhile, as IPython formats them."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    with capture_output() as captured:
        yield captured
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def draw_geyser() -> None:
    with figure(ALT) as ax:
        plot.plot_clusters(FAITHFUL, LABELS, ax=ax)


def test_figure_has_the_labs_look_whatever_the_users_settings_are(shown):
    with plt.rc_context({"text.usetex": True, "axes.facecolor": "black", "image.origin": "lower"}), figure(ALT) as ax:
        assert ax.get_facecolor() == (1, 1, 1, 1)
        assert not ax.title.get_usetex()
        assert ax.imshow(np.zeros((2, 2))).origin == "upper"


def draw_photograph() -> None:
    with figure("A picture of coloured noise.") as ax:
        ax.imshow(np.random.default_rng(0).random((200, 200, 3)))


def picture_in(notebook) -> Image.Image:
    return Image.open(BytesIO(b64decode(notebook.outputs[0].data["image/png"])))


def test_a_notebook_stores_the_alt_text_with_the_picture(notebook):
    draw_geyser()
    assert notebook.outputs[0].metadata == {"image/png": {"alt": ALT}}


def test_a_picture_is_followed_by_what_it_shows(notebook):
    with figure("Left < right, a & b."):
        pass
    _, caption = notebook.outputs
    assert caption.data["text/plain"] == "Left < right, a & b."
    assert caption.data["text/html"].endswith(">Left &lt; right, a &amp; b.</p>")


def test_a_notebook_stores_a_picture_at_100_dots_an_inch(notebook):
    with figure(ALT, size=(7, 4)) as ax:
        plot.plot_clusters(FAITHFUL, LABELS, ax=ax)
    # The margins are trimmed to what is drawn, so that the size is met but roughly.
    assert picture_in(notebook).size == pytest.approx((700, 400), abs=25)


def test_a_notebook_stores_the_text_of_a_figure_without_an_address(notebook):
    draw_geyser()
    assert notebook.outputs[0].data["text/plain"] == "<Figure size 640x440 with 1 Axes>"


def test_what_a_live_notebook_shows_instead_is_in_the_same_output(notebook):
    with figure(ALT, live={"application/json": {"view": 1}}) as ax:
        plot.plot_clusters(FAITHFUL, LABELS, ax=ax)
    assert set(notebook.outputs[0].data) == {"application/json", "image/png", "text/plain"}


def test_a_scene_is_packed_into_the_pictures_metadata(notebook):
    scene = {"name": "Ünïcode </script>", "frames": [1.5, [2]]}
    with figure(ALT, scene=scene) as ax:
        plot.plot_clusters(FAITHFUL, LABELS, ax=ax)
    about = notebook.outputs[0].metadata["image/png"]
    assert (about["alt"], json.loads(unpacked(about["scene"]))) == (ALT, scene)


def test_the_same_drawing_is_stored_in_the_same_bytes(notebook):
    draw_geyser()
    draw_geyser()
    first, second = (output.data["image/png"] for output in notebook.outputs[::2])
    assert first == second


def test_a_drawing_is_stored_small(notebook):
    draw_geyser()
    assert len(notebook.outputs[0].data["image/png"]) < 30_000


def test_a_photograph_keeps_its_colours(notebook):
    draw_photograph()
    assert picture_in(notebook).convert("RGB").getcolors(maxcolors=10_000) is None


def test_a_figure_whose_drawing_failed_is_not_stored(notebook):
    with pytest.raises(KeyError, match="no such column"):
        interrupted()
    assert notebook.outputs == []


def test_the_figure_is_closed_after_it_was_shown(shown):
    before = plt.get_fignums()
    with figure(ALT):
        assert plt.get_fignums() != before
    assert plt.get_fignums() == before


def test_a_figure_is_shown_once_and_finished(shown):
    with figure(ALT) as ax:
        assert shown == []
    assert shown == [(ax.figure, ALT)]


def test_a_grid_of_axes_is_given_as_pyplot_gives_it(shown):
    with figure(ALT, 2, 3, size=(9, 4), sharex=True) as axes:
        assert axes.shape == (2, 3)
        assert tuple(axes[0, 0].figure.get_size_inches()) == (9, 4)
        assert axes[0, 0].get_shared_x_axes().joined(axes[0, 0], axes[1, 2])


def test_the_style_holds_inside_a_figure(shown):
    with figure(ALT) as ax:
        assert not ax.spines["top"].get_visible()


def test_the_style_is_gone_after_a_figure(shown):
    before = mpl.rcParams.copy()
    with figure(ALT):
        assert mpl.rcParams != before
    assert mpl.rcParams == before


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_alt_text_is_refused(shown, alt):
    with pytest.raises(ValueError, match="needs alt text that says what is to be seen"), figure(alt):
        pass


def interrupted():
    with figure(ALT):
        raise KeyError("no such column")


def test_a_figure_whose_drawing_failed_is_closed(shown):
    before = plt.get_fignums()
    with pytest.raises(KeyError, match="no such column"):
        interrupted()
    assert plt.get_fignums() == before


def test_a_figure_whose_drawing_failed_leaves_no_style_behind(shown):
    before = mpl.rcParams.copy()
    with pytest.raises(KeyError, match="no such column"):
        interrupted()
    assert mpl.rcParams == before
