"""Draw anew the screens in the book's page for instructors: ``python tests/instructor_screens.py``.

They show a class of forty that is made up: its answers are the tests' own right and wrong ones.
"""

import random
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from browser.session import CHROMIUM, QUIET
from course.grade.classroom import FIT, student, to_bytes
from gmmlab.course.author.book import SCREENS, SITE
from gmmlab.course.grade.whole_class import grade_class

NAMES = [f"{first} {last}" for last in ("Abel", "Brown", "Costa", "Diaz") for first in
         ("Ada", "Ben", "Chen", "Dora", "Emil", "Fatma", "Gus", "Hana", "Ivo", "Jo")]  # fmt: skip


def main() -> None:
    """Grade the class, and photograph the head of the report and of one student's page."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        work, out = Path(folder, "work"), Path(folder, "out")
        for name in NAMES:
            (work / name).mkdir(parents=True)
            (work / name / f"{FIT}.ipynb").write_bytes(to_bytes(student(FIT, rng, rng.betavariate(4, 2))))
        grade_class(work, out)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        for file, screen in zip(("report.html", f"feedback/{NAMES[3]}/{FIT}.html"), SCREENS, strict=True):
            _photograph(page, out / file, SITE / screen)
        browser.close()


def _photograph(page: Page, file: Path, target: Path) -> None:
    page.goto(file.as_uri())
    page.screenshot(path=target)
    Image.open(target).convert("RGB").quantize(64).save(target, optimize=True)


if __name__ == "__main__":
    main()
