import json
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from course.small_lab import COMMAND, Lab, code, exercise
from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.author.book import COVER_ALT, build, chapter, mathml

README = """# Small

Learn two things.

| notebook | question | time |
| --- | --- | --- |
| [01_look](notebooks/01_look.ipynb) | What is `it`? | 5 min |
"""
# The lab's modules, which are the same for every book, are documented in that of the browser's tests.
COMMAND_WITHOUT_API = f"from gmmlab.course.author import book; book.API = ()\n{COMMAND}"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    lab = Lab(tmp_path / "lab")
    (lab.root / "README.md").write_text(README)
    (lab.root / "data" / "README.md").write_text("# Data\n")
    monkeypatch.setattr(paths, "lab_folder", lambda: lab.root)
    return lab


@pytest.mark.slow
def test_the_book_has_what_the_readme_says_and_a_link_that_leads_nowhere_is_a_sentence(checkout):
    checkout.write("01_look", new_markdown_cell("# Look\n\n[there](missing.ipynb)", id="opening"))
    strange = [new_markdown_cell(r"So $\nonsense{x}$ is it.", id="strange"), code("1", "cut")]
    strange[1].outputs = [new_output("display_data", {"image/png": PNG[:30]})]
    checkout.write("03_strange", new_markdown_cell("# Strange", id="opening"), *strange)
    old = json.loads(checkout.path("03_strange").read_text())
    pasted = {
        "cell_type": "markdown",
        "source": "![it](attachment:a b.png)",
        "attachments": {"a b.png": {"image/png": PNG}},
    }
    old |= {"nbformat_minor": 2, "cells": [{k: v for k, v in c.items() if k != "id"} for c in old["cells"]]}
    old["cells"] += [pasted, {"cell_type": "heading", "source": "half \ud800 a character"}]
    checkout.path("03_strange").write_text(json.dumps(old))
    # In a process of its own: Sphinx keeps much to itself.
    command = [sys.executable, "-c", COMMAND_WITHOUT_API, str(checkout.root), "book", "-o", str(checkout.root / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 1
    link, formula = done.stderr.splitlines()
    assert link.startswith("gmm-lab: notebooks/01_look.ipynb") and "'missing.ipynb'" in link
    assert "03_strange.ipynb, cell 'cell-2': The formula $\\nonsense{x}$ cannot be shown" in formula
    page = (checkout.root / "out" / "notebooks" / "03_strange.html").read_text(encoding="utf-8")
    for words in (
        r"<code>\nonsense{x}</code>",
        "is damaged: run the cell again",
        'alt="it"',
        "03_strange-cell-4-a-b.png",
    ):
        assert words in page
    index = (checkout.root / "out" / "index.html").read_text(encoding="utf-8")
    for words in ("Learn two things.", f'alt="{COVER_ALT}"', ">it</span></code>? <em>5 min</em>", ">Fit<"):
        assert words in index
    assert (checkout.root / "out" / "notebooks" / "02_fit.html").is_file()


def test_a_formula_that_is_not_understood_is_a_sentence():
    with pytest.raises(LabError, match=r"formula \$\\nonsense\{x\}\$ cannot be shown"):
        mathml(r"\nonsense{x}", block=False)


def test_a_wheel_is_refused(checkout, tmp_path):
    (checkout.root / "README.md").unlink()
    with pytest.raises(LabError, match="built in a checkout"):
        build([checkout.path("01_look")], tmp_path / "out")


def test_without_sphinx_the_way_to_get_it_is_told(checkout, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sphinx.application", None)
    with pytest.raises(LabError, match=r"needs more packages .*\[book\]"):
        build([checkout.path("01_look")], tmp_path / "out")


@pytest.fixture
def figures(tmp_path):
    (tmp_path / "figures").mkdir()
    return tmp_path / "figures"


def test_a_chapter_leaves_the_notebook_as_it_was(figures):
    notebook = new_notebook(cells=[*exercise()])
    before = nbformat.writes(notebook)
    chapter(notebook, "02_fit", figures)
    assert nbformat.writes(notebook) == before


def test_a_solution_stands_folded_without_its_stub_and_markers(figures):
    cells = chapter(new_notebook(cells=[*exercise()]), "02_fit", figures).cells
    opening, answer, check, closing = (cell.source for cell in cells[1:])
    assert opening.startswith("<details") and closing == "</details>"
    assert (answer, check) == ("fit_1 = 7", "print(fit_1)")


def test_progress_is_left_out(figures):
    notebook = new_notebook(cells=[code("progress('02_fit')", "progress"), code("1", "one")])
    assert [cell.source for cell in chapter(notebook, "02_fit", figures).cells] == ["1"]


def test_a_figure_becomes_a_picture_with_its_alt_text(figures):
    cell = code("draw()", "draw")
    cell.outputs = [new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": "A [b] *c*."}})]
    (shown,) = chapter(new_notebook(cells=[cell]), "02_fit", figures).cells[0].outputs
    assert shown.data == {"text/markdown": r"![A \[b\] \*c\*.](figures/02_fit-draw-0.png)"}
    assert (figures / "02_fit-draw-0.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("block", "display"), [(True, 'display="block"'), (False, "<math>")])
def test_a_formula_is_mathml_with_its_latex(block, display):
    made = mathml(r"\log n", block=block)
    assert display in made
    assert r"<annotation" in made and r"\log n" in made
