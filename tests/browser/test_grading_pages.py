"""The pages of `gmm-lab grade` in a real browser: readable by everyone, and nothing in them acts."""

import pytest

from browser.accessible import broken_rules
from browser.session import new_page
from course.attacks.stored import ATTACKS
from course.grade.classroom import answer, lab_notebook, to_bytes
from gmmlab.course.grade.whole_class import grade_class

SHOWN = ("script_in_markdown", "script_in_outputs", "script_for_a_name", "cut_off_file", "check_cell_edited")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for number in range(6):
        (root / "work" / f"student {number}").mkdir(parents=True)
        notebook = answer(lab_notebook(), f"fit-{1 + number % 3}", *(["a"] if number % 2 else []))
        (root / "work" / f"student {number}" / "nb.ipynb").write_bytes(to_bytes(notebook))
    for attack in ATTACKS:
        if attack.name in SHOWN:
            (root / "work" / attack.student).mkdir()
            attack.write(root / "work" / attack.student)
    grade_class(root / "work", root / "out")
    found = sorted((root / "out" / "feedback").rglob("*.html"))
    hostile = [path for path in found if "script" in path.parent.name]
    return [root / "out" / "report.html", *hostile, *(path for path in found if path.parent.name == "student 1")]


class Visit:
    """Pages opened one after the other in a colour scheme, and what was found, asked for and shown meanwhile."""

    def __init__(self, browser, scheme, paths):
        page = new_page(browser, color_scheme=scheme)
        self.titles, self.faults, self.asked, self.dialogs = [], [], [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        for path in paths:
            page.goto(path.as_uri())
            self.titles.append(page.title())
            found = broken_rules(page, ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"])
            self.faults += [(path.parent.name, fault) for fault in found]
        page.close()


@pytest.fixture(scope="module")
def in_light(browser, pages):
    return Visit(browser, "light", pages)


def test_pages_have_no_accessibility_fault(in_light):
    assert in_light.faults == []


def test_pages_have_no_accessibility_fault_in_the_dark(browser, pages):
    # The hostile pages are built as the others are: colours are tried on one of each kind.
    assert Visit(browser, "dark", (pages[0], pages[-1])).faults == []


def test_no_page_runs_or_requests_anything(in_light):
    assert set(in_light.titles) == {"How the class did", "Feedback on 03_fit_mixture"}
    assert in_light.dialogs == []
    assert {url.partition(":")[0] for url in in_light.asked} <= {"file", "data"}
    assert [url for url in in_light.asked if url.startswith("file:") and not url.endswith(".html")] == []
