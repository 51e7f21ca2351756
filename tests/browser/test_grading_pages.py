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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_accessibility_fault(pages, browser, scheme):
    page = new_page(browser, color_scheme=scheme)
    # The hostile pages are built as the others are: colours are tried on one of each kind.
    for path in pages if scheme == "light" else (pages[0], pages[-1]):
        page.goto(path.as_uri())
        assert broken_rules(page, ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]) == [], path
    page.close()


def test_no_page_runs_or_requests_anything(pages, browser):
    page = new_page(browser)
    asked, dialogs = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in pages:
        page.goto(path.as_uri())
        assert page.title() in ("How the class did", "Feedback on 03_fit_mixture")
    page.close()
    assert dialogs == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert [url for url in asked if url.startswith("file:") and not url.endswith(".html")] == []
