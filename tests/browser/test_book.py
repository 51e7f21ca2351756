"""The book as its reader has it: pages from a folder in a browser that has no network."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from bs4 import BeautifulSoup

from browser.accessible import problems_of, thin
from gmmlab.exercises import exercises
from gmmlab.paths import lab_folder

NOTEBOOKS = sorted(path.stem for path in (lab_folder() / "notebooks").glob("*.ipynb"))
CHAPTERS = [f"notebooks/{stem}" for stem in NOTEBOOKS]
PAGES = ["index", *CHAPTERS, "data/README"]
README = (lab_folder() / "README.md").read_text(encoding="utf-8")

every_page = pytest.mark.parametrize("name", PAGES)
every_chapter = pytest.mark.parametrize("stem", NOTEBOOKS)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Build the book of all notebooks as a reader does."""
    folder = tmp_path_factory.mktemp("book")
    command = [str(Path(sys.executable).with_name("gmm-lab")), "book", "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return folder


@pytest.fixture(scope="module")
def soup(book):
    return {name: BeautifulSoup((book / f"{name}.html").read_text(encoding="utf-8"), "html.parser") for name in PAGES}


class Reader:
    """A page of a browser without a network, and what went wrong in it."""

    def __init__(self, browser, book):
        self.page = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
        self.book, self.complaints = book, []
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("request", lambda asked: asked.url.startswith("http") and self.complaints.append(asked.url))

    def open(self, name, scheme="light", width=1280):
        self.complaints.clear()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto((self.book / f"{name}.html").as_uri())
        return self.page


@pytest.fixture(scope="module")
def reader(browser, book):
    reader = Reader(browser, book)
    yield reader
    reader.page.context.close()


# The dark theme colours every page alike: these three hold all that there is to colour.
IN_THE_DARK = ["index", "notebooks/03_fit_mixture", "data/README"]


@pytest.mark.parametrize(
    ("scheme", "name"), [*(("light", name) for name in PAGES), *(("dark", name) for name in IN_THE_DARK)]
)
def test_everyone_can_read_the_page(reader, scheme, name):
    page = reader.open(name, scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    thin(page)
    assert problems_of(page) == []


@every_page
def test_the_page_needs_no_network_and_raises_no_error(reader, name):
    reader.open(name).wait_for_load_state("networkidle")
    assert reader.complaints == []


@every_page
def test_the_page_fits_a_phone(reader, name, screenshots):
    page = reader.open(name, width=390)
    page.screenshot(path=screenshots / f"book-{Path(name).name}-phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@every_page
def test_every_link_leads_somewhere(book, soup, name):
    here, broken = book / f"{name}.html", []
    for tag in soup[name].find_all(True):
        target, fragment = urldefrag(tag.get("href") or tag.get("src") or "")
        if re.match(r"https?:", target):
            assert tag.name == "a", f"{tag.name} would be fetched from {target}"
            continue
        file = (here.parent / unquote(target.partition("?")[0])).resolve() if target else here
        known = soup[name] if file == here else soup.get(file.relative_to(book.resolve()).with_suffix("").as_posix())
        if not file.is_file() or (fragment and not (known and known.find(id=fragment))):
            broken.append(target or f"#{fragment}")
    assert broken == []


def test_the_index_has_a_picture_and_the_question_of_each_notebook(soup):
    cards = soup["index"].select("ol.cards > li")
    questions = re.findall(r"^\| \[\w+\]\([^)]*\) \| (.+\?) \| \d+ min \|$", README, flags=re.M)
    assert [card.a["href"] for card in cards] == [f"{chapter}.html" for chapter in CHAPTERS]
    assert all(question.replace("`", "") in card.get_text() for question, card in zip(questions, cards, strict=True))
    assert all(len(card.img["alt"]) > 40 for card in cards)


def test_each_chapter_leads_to_the_next_and_back(soup):
    order = ["index", *CHAPTERS, "data/README"]
    for before, after in pairwise(order):
        assert Path(soup[before].select_one("a.right-next")["href"]).name == f"{Path(after).name}.html"
        assert Path(soup[after].select_one("a.left-prev")["href"]).name == f"{Path(before).name}.html"


@every_chapter
def test_each_figure_has_its_alt_text(soup, stem):
    cells = nbformat.read(lab_folder() / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    alts = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
    assert [image["alt"] for image in soup[f"notebooks/{stem}"].article.find_all("img")] == alts


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


@every_chapter
def test_formulas_are_mathml(soup, stem):
    article = soup[f"notebooks/{stem}"].article
    cells = nbformat.read(lab_folder() / "notebooks" / f"{stem}.ipynb", as_version=4).cells
    text = "\n".join(re.sub(r"`[^`]*`", "", cell.source) for cell in cells if cell.cell_type == "markdown")
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text, flags=re.S)
    assert len(article.find_all("math")) == len(formulas)
