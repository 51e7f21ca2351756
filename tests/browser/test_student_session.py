"""A student runs notebooks in JupyterLab, answers exercises right and wrong, reads why, and moves the explorers."""

import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from browser.session import Session, new_page
from gmmlab.data import load_faithful
from gmmlab.exercises import exercises
from gmmlab.exercises.registry import find
from gmmlab.mixture import (
    best_fit,
    follow_em,
    from_parameters,
    in_original_units,
    n_parameters,
    random_parameters,
    sort_components,
)
from gmmlab.plot import COLOURS
from gmmlab.preprocess import split_penguins

NOTEBOOK = "03_fit_mixture"
OTHER = "08_write_em"
RIGHT = ("fit-1", "fit_1_sd = 6.6; fit_1_correlation = 0.74")
WRONG = ("fit-2", 'fit_2 = "a"')
HALF = ("fit-2", 'fit_2 = {"full": 3, "tied": 9, "diag": 1, "spherical": 1}')


@pytest.fixture(scope="module")
def opened(lab, browser):
    """Return a function that brings a notebook to the front."""
    page = new_page(browser, viewport={"width": 1280, "height": 1000})
    session = Session(page)

    def in_front(notebook):
        session.open(lab[1].format(notebook=notebook))
        return session

    yield in_front
    page.close()


@pytest.fixture(scope="module")
def untouched(opened):
    """Open a notebook without an explorer, and one with an explorer, whose state JupyterLab would save."""
    opened(OTHER)
    return opened(NOTEBOOK)


@pytest.fixture(scope="module")
def session(untouched):
    untouched.run_all()
    return untouched


def test_notebooks_that_were_only_opened_are_not_marked_as_changed_and_are_saved_as_they_were(untouched, opened, lab):
    files = {notebook: lab[0] / "notebooks" / f"{notebook}.ipynb" for notebook in (OTHER, NOTEBOOK)}
    before = {notebook: file.read_bytes() for notebook, file in files.items()}
    untouched.page.wait_for_timeout(2000)  # the kernels have answered who they are; JupyterLab notes that in a notebook
    assert untouched.page.locator(".lm-TabBar-tab.jp-mod-dirty").count() == 0
    for notebook, file in files.items():
        opened(notebook).save()
        assert file.read_bytes() == before[notebook]


def test_a_check_before_anything_else_says_which_cell_to_run_first(untouched):
    assert "`check` comes from the cell that begins with `import" in untouched.run('check("fit-2"').inner_text()


def test_run_all_on_a_fresh_copy_goes_to_the_end_without_an_error(session):
    assert session.errors().count() == 0


def test_every_exercise_is_still_open(session):
    panels = session.notebook.locator("[role=group][aria-label^=Feedback]")
    texts = panels.all_inner_texts()
    assert len(texts) == len(exercises(NOTEBOOK))
    assert all("still open" in text for text in texts)


def test_a_wrong_answer_is_told_its_mistake(session):
    panel = session.answer(*WRONG)
    assert "not right yet" in panel.inner_text()
    assert "✗" in panel.inner_text()


def test_a_half_right_answer_gets_part_of_the_points(session):
    assert "partly right" in session.answer(*HALF).inner_text()


def test_a_right_answer_gets_all_points(session):
    panel = session.answer(*RIGHT)
    points = find(RIGHT[0]).points
    assert f"{points:g} of {points:g} points" in panel.inner_text()


def test_the_hint_unfolds(session):
    panel = session.cell('check("fit-2"').locator("[role=group]")
    panel.locator("summary").click()
    assert find("fit-2").hint.split("`")[0][:20] in panel.inner_text()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_feedback_can_be_read_in_both_themes(session, screenshots, theme):
    session.choose_theme(theme)
    panel = session.cell('check("fit-2"').locator("[role=group]")
    panel.scroll_into_view_if_needed()
    session.page.screenshot(path=screenshots / f"feedback-{theme.lower()}.png")
    colours = panel.evaluate(
        """panel => { const shown = getComputedStyle(panel); let behind = panel, colour;
        do { colour = getComputedStyle(behind).backgroundColor; behind = behind.parentElement; }
        while (behind && colour === 'rgba(0, 0, 0, 0)'); return [shown.color, colour]; }"""
    )
    assert contrast(*colours) >= 4.5


def contrast(text, background) -> float:
    """Return the contrast ratio of two CSS colours (WCAG 2.2)."""

    def luminance(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted([luminance(text), luminance(background)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture
def alts(lab):
    """Return the alt texts of the figures in the student's notebook as it was handed out, in order."""
    folder, _ = lab
    cells = nbformat.read(folder / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]


def test_a_screen_reader_is_told_what_each_figure_shows(session, alts, screenshots):
    shown = (".jp-OutputArea-child .jp-RenderedImage", ".jp-OutputArea-child .gmmlab-explorer")
    figures = session.notebook.locator(", ".join(f".jp-OutputArea:has(> {part})" for part in shown))
    figures.first.screenshot(path=screenshots / "figure-with-caption.png")
    heard = [figure.aria_snapshot() for figure in figures.all()]
    # A live explorer says what it shows now, in place of the caption of its still picture.
    unheard = [(alt, words) for alt, words in zip(alts, heard, strict=True) if alt not in words]
    assert [words for _, words in unheard if not re.search(r"status: .{20,}", words)] == []


def test_the_page_raised_no_error(session):
    assert session.complaints == []


def test_the_lab_remembers_in_the_working_copy(session, lab):
    folder, _ = lab
    assert (folder / ".gmm-lab" / "progress" / "fit-2.json").is_file()


def said(explorer) -> str:
    return explorer.locator(".gmmlab-said").inner_text()


LATER_THAN_5 = "said => said.innerText.match(/\\d+(\\.\\d+)?/g)[1] > 5"


def numbers_in(text) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def painted(explorer) -> np.ndarray:
    """Return the colours of the samples, as (n, 3) numbers from 0 to 255."""
    fills = explorer.locator(".gmmlab-sample").evaluate_all("all => all.map(each => each.getAttribute('fill'))")
    return np.array([[int(part) for part in re.findall(r"\d+", fill)] for fill in fills])


def mixed(shares) -> np.ndarray:
    return shares @ [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in COLOURS[: shares.shape[1]]]


@pytest.fixture(scope="module")
def em_explorer(session):
    return session.explorer(session.cell("play_em("))


def bills_of_03() -> pd.DataFrame:
    """Return what notebook 03 gives to its explorer."""
    return split_penguins()[0][["bill_length_mm", "bill_depth_mm"]]


def test_em_is_moved_by_the_keyboard_and_shows_the_log_likelihood_of_em(session, em_explorer):
    em_explorer.get_by_label("start from seed").select_option("1")
    em_explorer.get_by_role("slider", name="iteration").focus()
    session.page.keyboard.press("End")
    session.page.keyboard.press("ArrowLeft")
    _, path = follow_em(bills_of_03(), random_parameters(bills_of_03(), 3, "full", seed=1), 60)
    assert numbers_in(said(em_explorer)) == [1, 59, 60, round(path[59], 2)]


def test_em_paints_samples_in_the_mixture_of_colours_that_their_responsibilities_give(
    session, em_explorer, screenshots
):
    em_explorer.get_by_label("start from seed").select_option("2")
    em_explorer.get_by_role("slider", name="iteration").fill("5")
    states, _ = follow_em(bills_of_03(), random_parameters(bills_of_03(), 3, "full", seed=2), 5)
    p = states[-1]
    shares = from_parameters(p.weights, p.means, p.covariances).predict_proba(bills_of_03().to_numpy())
    session.page.screenshot(path=screenshots / "explorer-em.png")
    assert np.abs(painted(em_explorer) - mixed(shares)).max() <= 1


def test_em_plays_until_it_is_paused(session, em_explorer):
    em_explorer.get_by_role("button", name="Play").click()
    said_here = em_explorer.locator(".gmmlab-said").element_handle()
    session.page.wait_for_function(LATER_THAN_5, arg=said_here, timeout=120_000)
    em_explorer.get_by_role("button", name="Pause").click()
    stopped = said(em_explorer)
    session.page.wait_for_timeout(400)
    assert numbers_in(stopped)[1] > 5
    assert said(em_explorer) == stopped


@pytest.fixture(scope="module")
def pair(opened):
    """Return notebook 04 with its point to drag, and the explorer."""
    session = opened("04_predict_clusters")
    cells = ("import numpy as np", "X_train, X_test, y_train", "drag_point(pair_gmm")
    return session, session.explorer(session.run(*cells))


def test_a_point_is_dragged_and_its_responsibilities_follow(pair, screenshots):
    session, explorer = pair
    box = explorer.locator("svg.gmmlab-drag").bounding_box()
    session.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    session.page.mouse.down()
    session.page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.55 * box["height"], steps=5)
    session.page.mouse.up()
    session.page.screenshot(path=screenshots / "explorer-point.png")
    at = [[float(slider.input_value()) for slider in explorer.get_by_role("slider").all()]]
    shares = [float(text) for text in re.findall(r": (\d\.\d+)", said(explorer))]
    assert shares == pytest.approx(pair_mixture().predict_proba(at)[0], abs=0.05)  # a slider is rounded to its steps


def pair_mixture():
    """Fit what notebook 04 fits to flippers and bills."""
    X = split_penguins()[0][["flipper_length_mm", "bill_length_mm"]].to_numpy()
    scaler = StandardScaler().fit(X)
    return sort_components(in_original_units(best_fit(scaler.transform(X), 3), scaler))


def test_a_point_is_moved_by_the_keyboard(pair):
    session, explorer = pair
    slider = explorer.get_by_role("slider", name="bill length (mm)")
    slider.focus()
    before, where = said(explorer), float(slider.input_value())
    for _ in range(10):
        session.page.keyboard.press("ArrowLeft")
    assert float(slider.input_value()) < where
    assert said(explorer) != before


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_an_explorer_can_be_read_in_both_themes(pair, screenshots, theme):
    session, explorer = pair
    session.leave_explorer()
    session.choose_theme(theme)
    session.page.screenshot(path=screenshots / f"explorer-{theme.lower()}.png")
    behind = session.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    colour = explorer.locator(".gmmlab-said").evaluate("said => getComputedStyle(said).color")
    assert contrast(colour, behind) >= 4.5


def test_the_explorers_raised_no_error_and_no_dialog(pair):
    session, _ = pair
    assert session.complaints == []
    assert session.page.locator(".jp-Dialog").count() == 0


def test_a_saved_notebook_shows_the_figure_where_there_is_no_kernel(pair, lab):
    session, _ = pair
    session.leave_explorer()
    session.save()
    saved = json.loads((lab[0] / "notebooks" / "04_predict_clusters.ipynb").read_text())
    (cell,) = [cell for cell in saved["cells"] if cell["id"] == "drag-a-bird"]
    output, _caption = cell["outputs"]
    assert "image/png" in output["data"]
    assert output["metadata"]["image/png"]["alt"]


IMPORTS = """import numpy as np
from gmmlab.data import load_banknotes, load_faithful
from gmmlab.explore import move_threshold, try_covariances
"""


@pytest.fixture(scope="module")
def geyser(pair):
    """Return the covariance explorer, typed into the first cell of a notebook whose kernel runs, of few models."""
    session, _ = pair
    session.write("import numpy", IMPORTS + "try_covariances(load_faithful(), [3, 4], held_out=2)")
    return session, session.explorer(session.run("import numpy"))


def test_covariances_are_chosen_by_the_keyboard_and_counted(geyser, screenshots):
    session, explorer = geyser
    explorer.get_by_label("covariance type").select_option(label="full")
    explorer.get_by_role("slider", name="number of components").focus()
    session.page.keyboard.press("ArrowRight")
    session.page.screenshot(path=screenshots / "explorer-covariances.png")
    assert f"full with 4 components: {n_parameters('full', 4, 2)} free parameters" in said(explorer)
    assert explorer.locator(".gmmlab-ellipse:visible").count() == 4


def test_a_mixture_shows_the_bic_of_the_best_fit(geyser):
    _, explorer = geyser
    explorer.get_by_label("covariance type").select_option(label="tied")
    explorer.get_by_role("slider", name="number of components").fill("0")
    bic = best_fit(load_faithful(), 3, covariance_type="tied").bic(load_faithful())
    assert f"BIC {bic:.1f} (the lowest)" in said(explorer)


NOTES = """
notes = load_banknotes()
counterfeit = notes.pop("Status") == "counterfeit"
genuine = GaussianMixture().fit(notes[~counterfeit][:50].to_numpy())
apart, judged = notes[~counterfeit][50:70].to_numpy(), notes.drop(notes[~counterfeit].index[:70])
scores = genuine.score_samples(judged.to_numpy())
move_threshold(judged, scores, counterfeit[judged.index], normal_scores=genuine.score_samples(apart))
"""


def test_a_higher_threshold_flags_more_and_the_numbers_agree(pair, screenshots):
    session, _ = pair
    session.write("import numpy", IMPORTS + NOTES)
    explorer = session.explorer(session.run("import numpy"))
    explorer.get_by_role("slider").focus()
    session.page.keyboard.press("Home")
    assert "Nothing is flagged" in said(explorer)
    session.page.keyboard.press("End")
    session.page.screenshot(path=screenshots / "explorer-threshold.png")
    false, normal, found, strange = map(
        int, re.search(r": (\d+) of (\d+) .* and (\d+) of (\d+)", said(explorer)).groups()
    )
    assert (normal, strange) == (30, 100)  # the notes that neither trained nor gave the threshold
    assert found > 0.9 * strange
    assert normal / 2 > false > 0
    assert f"Precision: {100 * found / (found + false):.1f}%" in said(explorer)
    assert session.complaints == []


def test_another_notebook_runs_to_the_end_without_errors_or_dialogs(opened, screenshots):
    session = opened(OTHER)
    session.run_all()
    session.page.screenshot(path=screenshots / f"{OTHER}.png")
    assert session.errors().count() == 0
    assert session.page.locator(".jp-Dialog").count() == 0
    assert session.complaints == []
