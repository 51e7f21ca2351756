"""A student opens notebook 03 in JupyterLab, runs all, answers one exercise right and one wrong, and reads why."""

import re

import nbformat
import pytest

from browser.session import Session
from gmmlab.checks import exercises
from gmmlab.checks.registry import find

NOTEBOOK = "03_fit_mixture"
RIGHT = ("fit-5", 'fit_5 = "c"')
WRONG = ("fit-5", 'fit_5 = "a"')
HALF = ("fit-2", 'fit_2 = {"full": 3, "tied": 9, "diag": 1, "spherical": 1}')


@pytest.fixture(scope="module")
def session(lab, browser):
    _, address = lab
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    session = Session(page)
    session.open(address.format(notebook=NOTEBOOK))
    session.run_all()
    yield session
    page.close()


def test_run_all_on_a_fresh_copy_goes_to_the_end_without_an_error(session):
    assert session.page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_every_exercise_is_still_open(session):
    panels = session.page.locator("[role=group][aria-label^=Feedback]")
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
    figures = session.page.locator(".jp-OutputArea:has(> .jp-OutputArea-child .jp-RenderedImage)")
    figures.first.screenshot(path=screenshots / "figure-with-caption.png")
    heard = [figure.aria_snapshot() for figure in figures.all()]
    assert [(alt, words) for alt, words in zip(alts, heard, strict=True) if alt not in words] == []


def test_the_page_raised_no_error(session):
    assert session.complaints == []


def test_the_lab_remembers_in_the_working_copy(session, lab):
    folder, _ = lab
    assert (folder / ".gmm-lab" / "progress" / "fit-5.json").is_file()
