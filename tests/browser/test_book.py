"""The book as its reader has it: pages from a folder in a browser that has no network."""

import re
from contextlib import redirect_stderr
from io import StringIO
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag
from warnings import catch_warnings, simplefilter

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from browser.accessible import pale_texts_of, problems_of
from browser.session import new_page
from gmmlab.course.author.book import SCREENS
from gmmlab.course.cli import main
from gmmlab.exercises import exercises
from gmmlab.paths import lab_folder

NOTEBOOKS = sorted(path.stem for path in (lab_folder() / "notebooks").glob("*.ipynb"))
CHAPTERS = [f"notebooks/{stem}" for stem in NOTEBOOKS]
PAGES = ["index", *CHAPTERS, "symptoms", "data/README", "api", "instructors", "search"]
README = (lab_folder() / "README.md").read_text(encoding="utf-8")

DRAWINGS = "article img:has(+ img.gmmlab-dark)"
HREFS = "links => links.map(link => link.href)"

every_chapter = pytest.mark.parametrize("stem", NOTEBOOKS)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Build the book of all notebooks by the command, in this process, which has loaded what the lab's modules need."""
    folder, errors = tmp_path_factory.mktemp("book"), StringIO()
    with redirect_stderr(errors), catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning):  # Sphinx and its extensions warn one another
            simplefilter("ignore", kind)
        code = main(["book", "-o", str(folder)])
    assert (code, errors.getvalue()) == (0, "")
    return folder


@pytest.fixture(scope="module")
def soup(book):
    return {name: BeautifulSoup((book / f"{name}.html").read_text(encoding="utf-8"), "html.parser") for name in PAGES}


class Reader:
    """A page of a browser without a network, and what went wrong in it."""

    def __init__(self, browser, book):
        self.page = new_page(browser, offline=True, viewport={"width": 1280, "height": 900})
        self.book, self.complaints = book, []
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("request", lambda asked: asked.url.startswith("http") and self.complaints.append(asked.url))

    def open(self, name, width=1280):
        # What the page before still loads is given up first, and is no complaint of this one.
        self.page.goto("about:blank")
        self.complaints.clear()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="light")
        self.page.goto((self.book / f"{name}.html").as_uri())
        self.name = name
        return self.page


@pytest.fixture(scope="module")
def reader(browser, book):
    reader = Reader(browser, book)
    yield reader
    reader.page.context.close()


@pytest.fixture(scope="module", params=PAGES)
def visit(request, reader, screenshots):
    """Open a page once, first on a phone; its tests follow one another."""
    page = reader.open(request.param, width=390)
    if reader.name in IN_THE_DARK:
        page.screenshot(path=screenshots / f"book-{Path(reader.name).name}-phone.png")
    reader.width_on_phone = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    return reader


def test_the_page_fits_a_phone(visit):
    assert visit.width_on_phone <= 390


EXPLORERS = ("03_fit_mixture", "04_predict_clusters", "07_choose_model", "13_detect_anomalies")


def test_explorers_play_without_a_kernel(visit):
    page = visit.page
    explorer, still = page.locator(".gmmlab-explorer"), page.locator("img.gmmlab-still")
    explorers = int(Path(visit.name).name in EXPLORERS)
    assert page.locator("section[aria-label]:has(form.gmmlab-controls)").count() == explorers
    if explorers:
        assert explorer.locator("svg.gmmlab-chart").first.is_visible() and not still.first.is_visible()
        page.emulate_media(media="print")
        assert still.first.is_visible() and not explorer.first.is_visible()
        page.emulate_media(media="screen")


def test_everyone_can_read_the_page(visit):
    assert problems_of(visit.page) == []


# For each drawing: whether it, and its twin for the dark theme, is in sight.
SHOWN = """drawings => drawings.filter(img => !img.matches('.gmmlab-still, details:not([open]) *')).map(
    img => [img, img.nextElementSibling].map(each => each.checkVisibility({visibilityProperty: true})))"""
ALTS = "drawings => drawings.map(img => [img.alt, img.nextElementSibling.alt])"


def test_each_drawing_has_a_twin_with_its_words_and_is_shown_alone(visit):
    drawings = visit.page.locator(DRAWINGS)
    assert all(shown == [True, False] for shown in drawings.evaluate_all(SHOWN))
    assert all(alt == twin for alt, twin in drawings.evaluate_all(ALTS))


# The dark theme colours every page alike: these hold all that there is to colour.
IN_THE_DARK = {"index", "notebooks/03_fit_mixture", "notebooks/12_segment_image", "data/README", "api", "instructors",
               "search"}  # fmt: skip


def test_in_the_dark_the_page_can_be_read_and_shows_the_twins_on_their_paper(visit, screenshots):
    if visit.name in IN_THE_DARK:
        visit.page.emulate_media(color_scheme="dark")
        visit.page.locator("html[data-theme=dark]").wait_for(state="attached")
        visit.page.evaluate("document.getAnimations().forEach(change => change.finish())")
        visit.page.screenshot(path=screenshots / f"book-{Path(visit.name).name}-dark.png")
        assert pale_texts_of(visit.page) == []
        assert all(shown == [False, True] for shown in visit.page.locator(DRAWINGS).evaluate_all(SHOWN))
        with Image.open(next(visit.book.glob("_static/dark/05_*.png"))) as image:
            paper = image.convert("RGB").getpixel((0, 0))
        assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == f"rgb{paper}"


def test_the_page_needs_no_network_and_raises_no_error(visit):
    visit.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")  # what scripts ask for
    assert visit.complaints == []


@pytest.fixture(scope="module")
def ids(soup):
    return {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in soup.items()}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(book, soup, ids, name):
    here, broken = book / f"{name}.html", []
    for tag in soup[name].find_all(True):
        target, fragment = urldefrag(tag.get("href") or tag.get("src") or "")
        if re.match(r"https?:", target):
            assert tag.name == "a", f"{tag.name} would be fetched from {target}"
            continue
        file = (here.parent / unquote(target.partition("?")[0])).resolve() if target else here
        page = file.relative_to(book.resolve()).with_suffix("").as_posix()
        if not file.is_file() or (fragment and fragment not in ids.get(page, ())):
            broken.append(target or f"#{fragment}")
    assert broken == []


def test_the_index_has_a_picture_and_the_question_of_each_notebook(soup):
    cards = soup["index"].select("ol.cards > li")
    questions = re.findall(r"^\| \[\w+\]\([^)]*\) \| (.+\?) \| \d+ min \|$", README, flags=re.M)
    assert [card.a["href"] for card in cards] == [f"{chapter}.html" for chapter in CHAPTERS]
    assert all(question.replace("`", "") in card.get_text() for question, card in zip(questions, cards, strict=True))
    assert all(len(card.img["alt"]) > 40 for card in cards)


def test_each_chapter_leads_to_the_next_and_back(soup):
    order = PAGES[:-1]
    for before, after in pairwise(order):
        assert Path(soup[before].select_one("a.right-next")["href"]).name == f"{Path(after).name}.html"
        assert Path(soup[after].select_one("a.left-prev")["href"]).name == f"{Path(before).name}.html"


@every_chapter
def test_each_figure_has_its_alt_text(soup, stem):
    cells = nbformat.read(lab_folder() / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    alts = [
        " ".join(output.metadata["image/png"]["alt"].split())
        for output in outputs
        if "image/png" in output.get("data", {})
    ]
    assert [image["alt"] for image in soup[f"notebooks/{stem}"].article.select("img:not(.gmmlab-dark)")] == alts


@every_chapter
def test_each_exercise_has_its_solution_folded_away(soup, stem):
    article = soup[f"notebooks/{stem}"].article
    solutions = article.select("details.solution")
    assert len(solutions) == len(exercises(stem))
    assert all(not solution.has_attr("open") and "check(" in solution.get_text() for solution in solutions)
    assert "SOLUTION" not in article.get_text()
    assert not [tag for tag in article.select("[role=group]") if not tag.find_parent("details", class_="solution")]


def test_a_solution_unfolds(reader, screenshots):
    solution = reader.open("notebooks/03_fit_mixture").locator("details.solution").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").first.click()
    assert solution.locator("pre").first.is_visible()
    solution.screenshot(path=screenshots / "book-solution.png")


def test_every_saved_scene_is_on_its_page(soup):
    for stem in NOTEBOOKS:
        cells = nbformat.read(lab_folder() / "notebooks" / f"{stem}.ipynb", as_version=4).cells
        outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        scenes = [output for output in outputs if "scene" in output.get("metadata", {}).get("image/png", {})]
        assert len(soup[f"notebooks/{stem}"].select("script.gmmlab-scene")) == len(scenes)


def test_a_move_in_an_explorer_is_answered(reader, screenshots):
    page = reader.open("notebooks/03_fit_mixture")
    explorer = page.locator(".gmmlab-explorer")
    before = explorer.locator(".gmmlab-said").inner_text()
    height = explorer.locator(".gmmlab-telling").bounding_box()["height"]
    explorer.locator("input[type=range]").first.fill("60")
    after = explorer.locator(".gmmlab-said").inner_text()
    assert not page.locator(".cell_output:has(.gmmlab-explorer) .gmmlab-caption").first.is_visible()
    assert "after 60 of 60 iterations" not in before and "after 60 of 60 iterations" in after
    assert explorer.locator(".gmmlab-telling").bounding_box()["height"] == height  # the chart has not jumped
    explorer.screenshot(path=screenshots / "book-explorer.png")


def test_a_word_is_found_in_every_page_that_has_it(reader, soup, screenshots):
    page = reader.open("notebooks/03_fit_mixture")
    page.locator(".bd-sidebar-primary .search-button__button").click()
    page.locator("#pst-search-dialog input").fill("dendrogram heatmap nowhere")
    page.keyboard.press("Enter")
    page.get_by_text("did not match any documents").wait_for()
    page.locator("main input[type=search]").fill("responsibilities")
    page.keyboard.press("Enter")
    page.get_by_text("Search finished").wait_for()
    page.screenshot(path=screenshots / "book-search.png")
    found = {Path(link.split("#")[0]).stem for link in page.locator("#search-results a").evaluate_all(HREFS)}
    assert found >= {stem for stem in NOTEBOOKS if "responsibilities" in soup[f"notebooks/{stem}"].article.get_text()}
    page.locator("#search-results a", has_text="Write EM").click()
    page.locator("article .highlighted").first.wait_for(state="attached")
    assert Path(page.url).stem == "08_write_em"
    assert reader.complaints == []


def test_photographs_keep_their_colours(book):
    pictures = {path.name for path in (book / "_images").glob("*.png")}
    alone = pictures - {path.name for path in (book / "_static" / "dark").glob("*.png")} - set(SCREENS)
    assert alone and all(name.startswith("12_segment_image-") for name in alone)


def test_without_javascript_the_pictures_stand(browser, book):
    page = new_page(browser, offline=True, java_script_enabled=False)
    page.goto((book / "notebooks" / "03_fit_mixture.html").as_uri())
    assert all(image.is_visible() for image in page.locator(".cell_output img:not(.gmmlab-dark)").all())
    assert page.locator(".gmmlab-explorer").count() == 0
    page.context.close()


@every_chapter
def test_formulas_are_mathml(soup, stem):
    article = soup[f"notebooks/{stem}"].article
    cells = nbformat.read(lab_folder() / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    text = "\n".join(re.sub(r"`[^`]*`", "", cell.source) for cell in cells if cell.cell_type == "markdown")
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text, flags=re.S)
    assert len(article.find_all("math")) == len(formulas)
