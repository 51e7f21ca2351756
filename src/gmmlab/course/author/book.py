"""The book: executed notebooks as a static site, read from a folder without a server, a network or an installation.

Sphinx makes the pages. This module prepares the notebooks for it, writes the index, and is itself the Sphinx
extension that turns formulas into MathML, which browsers and screen readers read without a script.
"""

import copy
import gc
import io
import os
import re
import shutil
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from PIL import Image

from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.author.dark import write_dark_twin
from gmmlab.course.author.student_copies import BEGIN, END, PROGRESS
from gmmlab.course.notebooks import read_notebook, title_of, to_bytes
from gmmlab.engine.progress_bars import progress_bar
from gmmlab.exercises.feedback import ANSWER_MIME
from gmmlab.figure import CAPTION, unpacked

SITE = Path(__file__).with_name("site")
WRITTEN = ("symptoms", "instructors")
SCREENS = ("report.png", "feedback.png")
"""On the page for instructors; ``python tests/instructor_screens.py`` draws them anew."""
COVER = SITE / "cover.png"
DARK = "dark"
"""The folder of the drawings' twins for the dark theme, first beside the drawings, then among the static files."""

COVER_ALT = (
    "Bill depth against bill length of penguins, three times. Left, grey points in three clumps. Middle, "
    "the paths of three ellipses that start side by side on the right and move each to a clump of its "
    "own. Right, three clusters in three colours and markers, borders between them, and contours that "
    "hold 50 and 90 percent."
)
API = (
    "mixture",
    "preprocess",
    "plot",
    "figure",
    "explore",
    "image",
    "novelty",
    "data",
    "exercises",
)
"""The modules that a notebook imports from, in the order of the page that documents them."""

_SETTINGS = {
    "project": "The GMM lab",
    "html_title": "The GMM lab",
    "language": "en",
    "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", __name__],
    "autodoc_member_order": "bysource",
    # scikit-learn writes these into each estimator, with references into its own documentation.
    "autodoc_default_options": {"exclude-members": "set_fit_request, set_score_request"},
    "autodoc_typehints": "none",
    "napoleon_use_rtype": False,
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},
    "smartquotes": False,
    "templates_path": [str(SITE / "templates")],
    "html_css_files": ["book.css", "explore.css"],
    "html_js_files": [("explore.js", {"defer": "defer"})],
    "html_math_renderer": "mathml",
    "html_copy_source": False,
    "html_use_index": False,
    # The index of words is a script, which a page from a folder may load; other pages it may not read for a summary.
    "html_show_search_summary": False,
    "html_theme": "sphinx_book_theme",
    "html_sidebars": {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]},
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "home_page_in_toc": True,
        "article_header_end": ["page-buttons.html"],
        "navbar_persistent": [],
        "footer_content_items": [],
    },
}


def build(notebooks: Sequence[Path], target: Path) -> list[str]:
    """Build the book of notebooks as they are saved; none is executed.

    Parameters
    ----------
    notebooks : sequence of Path
        The book's chapters, in this order.
    target : Path
        The folder of the site; made if it is not there. What else is in it stays.

    Returns
    -------
    list of str
        What Sphinx complained of, a sentence each.

    Raises
    ------
    LabError
        If a file is not a notebook, the lab is installed from a wheel, or without what the book needs.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as work:
        source = Path(work, "source")
        _write_source(notebooks, source)
        pages = sum(path.suffix in {".md", ".ipynb"} for path in source.rglob("*"))
        return _make_pages(source, target, Path(work, "doctrees"), pages)


def _make_pages(source: Path, target: Path, doctrees: Path, pages: int) -> list[str]:
    try:
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace, patch_docutils
    except ImportError as error:
        raise LabError(f'The book needs more packages ({error}): python -m pip install -e ".[book]"') from error

    complaints = io.StringIO()
    # Each page is read once and written once.
    with patch_docutils(), docutils_namespace(), progress_bar(total=2 * pages, desc="book") as done:
        settings = copy.deepcopy(_SETTINGS) | {"html_static_path": [str(SITE / "static"), str(source / "_static")]}
        app = Sphinx(source, None, target, doctrees, "html", settings, status=None, warning=complaints)
        app.connect("doctree-read", lambda *_: done.update() and None)
        app.connect("html-page-context", lambda *_: done.update() and None)
        thresholds = gc.get_threshold()
        gc.set_threshold(50_000)  # Sphinx makes millions of objects that live to the end: a sixth of the time
        try:
            app.build()
        finally:
            gc.set_threshold(*thresholds)
    plain = re.sub(r"\x1b\[[\d;]*m", "", complaints.getvalue())
    return [line.replace(f"{source}{os.sep}", "") for line in plain.splitlines() if line.strip()]


def _write_source(notebooks: Sequence[Path], source: Path) -> None:
    """Write what Sphinx reads, in the shape of the lab, so that links between its files lead somewhere."""
    root = paths.lab_folder()
    if not (root / "README.md").is_file():
        raise LabError("The book is built in a checkout of the lab's repository; this is a wheel.")
    figures = source / "notebooks" / "figures"
    figures.mkdir(parents=True)
    chapters = {path.stem: chapter(read_notebook(path), path.stem, figures) for path in notebooks}
    for stem, notebook in chapters.items():
        (source / "notebooks" / f"{stem}.ipynb").write_bytes(to_bytes(notebook))
    (source / "data").mkdir()
    shutil.copy(root / "data" / "README.md", source / "data")
    shutil.copy(COVER, source)
    _write_player(source / "_static")
    write_dark_twin(COVER, figures / DARK / COVER.name, COVER_ALT)
    if (figures / DARK).is_dir():
        shutil.move(figures / DARK, source / "_static")
    readme = (root / "README.md").read_text(encoding="utf-8")
    (source / "index.md").write_text(index(chapters, readme), encoding="utf-8")
    (source / "api.md").write_text(api(), encoding="utf-8")
    for file in (*(f"{page}.md" for page in _other_pages(chapters) if page in WRITTEN), *SCREENS):
        shutil.copy(SITE / file, source)


def _other_pages(chapters: Iterable[str]) -> list[str]:
    """Return the pages after the chapters; that of symptoms needs all chapters to which it leads."""
    leads = re.findall(r"\(notebooks/(\w+)\.ipynb", (SITE / "symptoms.md").read_text(encoding="utf-8"))
    return ["symptoms"] * (set(leads) <= set(chapters)) + ["data/README", "api", "instructors"]


def _write_player(static: Path) -> None:
    """Write the explorers' front end as a plain script, which a page from a folder may load; a module it may not."""
    static.mkdir()
    explore = files("gmmlab.explore")
    front_end = explore.joinpath("explore.js").read_text(encoding="utf-8").replace("export default { render };\n", "")
    player = (SITE / "play.js").read_text(encoding="utf-8")
    (static / "explore.js").write_text(f"(() => {{\n{front_end}\n{player}}})();\n", encoding="utf-8")
    (static / "explore.css").write_bytes(explore.joinpath("explore.css").read_bytes())


def chapter(notebook: NotebookNode, stem: str, figures: Path) -> NotebookNode:
    """Return a notebook as a chapter: figures in files with their alt text, solutions folded away.

    Parameters
    ----------
    notebook : NotebookNode
        As saved; it is not changed.
    stem : str
        Its name.
    figures : Path
        The folder to which its figures are written.
    """
    result = copy.deepcopy(notebook)
    result.cells, result.metadata["language_info"] = [], {"name": "python"}
    for cell in notebook.cells:
        rules = cell.metadata.get("nbgrader", {})
        if cell.get("id") == PROGRESS:
            continue
        if rules.get("solution"):
            result.cells.append(new_markdown_cell('<details class="solution"><summary>Solution</summary>'))
        result.cells.append(_chapter_cell(copy.deepcopy(cell), stem, figures))
        if rules.get("grade"):
            result.cells.append(new_markdown_cell("</details>"))
    return result


def _chapter_cell(cell: NotebookNode, stem: str, figures: Path) -> NotebookNode:
    if cell.cell_type != "code":
        for name, bundle in cell.pop("attachments", {}).items():  # a picture pasted into the text
            for kind, content in bundle.items():
                file = f"{stem}-{cell.id}-" + re.sub(r"[^\w.-]", "-", name)
                if kind.startswith("image/") and _write_picture(figures / file, content):
                    cell.source = cell.source.replace(f"attachment:{name}", f"figures/{file}")
        return cell
    stubs_and_marker = rf"^(?:.* = \.\.\.\n)*[ ]*{BEGIN}\n|\n?[ ]*{END}$"
    cell.source = re.sub(stubs_and_marker, "", cell.source, flags=re.M)
    cell.outputs = [
        shown
        for n, output in enumerate(cell.outputs)
        for shown in _chapter_outputs(output, figures, f"{stem}-{cell.id}-{n}", cell.source)
    ]
    return cell


def _chapter_outputs(output: NotebookNode, figures: Path, name: str, code: str) -> Iterator[NotebookNode]:
    data = output.get("data", {})
    if "image/png" in data:
        if not _write_picture(figures / f"{name}.png", data["image/png"]):
            yield new_output("stream", text="(The picture in this place is damaged: run the cell again.)\n")
            return
        about = output.metadata.get("image/png", {})
        write_dark_twin(figures / f"{name}.png", figures / DARK / f"{name}.png", about.get("alt", ""), code)
        alt = re.sub(r"([\\\[\]*_`<&$])", r"\\\1", " ".join(about.get("alt", "").split()))
        yield new_output("display_data", {"text/markdown": f"![{alt}](figures/{name}.png)"})
        if "scene" in about:
            scene = unpacked(about["scene"]).replace("</", r"<\/")
            html = f'<script type="application/json" class="gmmlab-scene">{scene}</script>'
            yield new_output("display_data", {"text/html": html})
        return
    if data.get("text/html", "").startswith(f'<p class="{CAPTION}"'):
        # Here the picture has its alt text itself: a screen reader need not read it twice.
        data["text/html"] = data["text/html"].replace("<p ", '<p aria-hidden="true" ', 1)
    data.pop(ANSWER_MIME, None)
    yield output


def _write_picture(path: Path, content: str) -> bool:
    """Write a picture given as base64; return whether it is one."""
    try:
        path.write_bytes(b64decode(content))
        with Image.open(path) as image:
            image.verify()
    except (ValueError, OSError, SyntaxError):
        path.unlink(missing_ok=True)
        return False
    return True


def index(chapters: dict[str, NotebookNode], readme: str) -> str:
    """Return the first page, as Markdown: what the lab is, and a picture and a question for each chapter.

    Parameters
    ----------
    chapters : dict of str to NotebookNode
        From name to chapter.
    readme : str
        Its first sentence and the questions in its table stand on the page too.
    """
    lead = readme.split("\n\n")[1]
    rows = re.findall(r"^\| \[(\w+)\]\([^)]*\) \| (.+) \| (\d+ min) \|$", readme, flags=re.M)
    words = {stem: f"{question} *{time}*" for stem, question, time in rows}
    cards = "\n".join(_card(stem, notebook, words.get(stem, "")) for stem, notebook in chapters.items())
    pages = "\n".join([*(f"notebooks/{stem}" for stem in chapters), *_other_pages(chapters)])
    return (
        f"# The GMM lab\n\n{lead}\n\n![{COVER_ALT}]({COVER.name})\n\n## The notebooks\n\n"
        f'<ol class="cards">\n{cards}\n</ol>\n\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n'
    )


def api() -> str:
    """Return the page of what a notebook imports, as Markdown; Sphinx fills it from the docstrings."""
    modules = "\n".join(
        f"## gmmlab.{name}\n\n```{{eval-rst}}\n.. automodule:: gmmlab.{name}\n   :members:\n```\n" for name in API
    )
    return f"# The helper package\n\nEverything that the notebooks import, from the docstrings.\n\n{modules}"


def _card(stem: str, notebook: NotebookNode, words: str) -> str:
    texts = (o.data.get("text/markdown", "") for c in notebook.cells for o in c.get("outputs", []) if "data" in o)
    picture = next((text for text in texts if text.startswith("![")), "").replace("](figures/", "](notebooks/figures/")
    title = title_of(notebook, stem)
    return f"<li>\n\n**[{title}](notebooks/{stem}.ipynb)**\n\n{words}\n\n{picture}\n\n</li>\n"


def setup(app: Any) -> dict[str, bool]:
    """Register the writer of formulas, of pictures for the dark theme, and what the page of the package leaves out."""
    app.connect("autodoc-skip-member", _skip_what_is_of_others)
    app.connect("html-page-context", _add_dark_twins)
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _skip_what_is_of_others(app: Any, kind: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Skip what a module imports from other packages before Sphinx reads their source, only to leave it out later."""
    owner = getattr(member, "__module__", None) or __name__
    return True if kind == "module" and owner.partition(".")[0] != __name__.partition(".")[0] else None


def _add_dark_twins(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put after each drawing its twin; the style sheet shows one of the two."""

    def with_twin(drawing: re.Match[str]) -> str:
        name = Path(drawing[3]).name
        if not Path(app.srcdir, "_static", DARK, name).is_file():
            return drawing[0]
        twin = f'<img class="gmmlab-dark dark-light"{drawing[1]}src="{drawing[2]}_static/{DARK}/{name}"'
        return f"{drawing[0]}{twin}{drawing[4]}>"

    if "body" in context:
        context["body"] = re.sub(r'<img( [^>]*)src="((?:\.\./)*)_images/([^"]+)"([^>]*)>', with_twin, context["body"])


def _visit_inline(translator: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    translator.body.append(_formula(translator, node.astext(), block=False))
    raise SkipNode


def _visit_block(translator: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    formula = _formula(translator, node.astext(), block=True)
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    raise SkipNode


def _formula(translator: Any, latex: str, *, block: bool) -> str:
    """Return a formula as MathML or, if that fails, as it was written, and complain of the cell."""
    from sphinx.util import logging

    try:
        return mathml(latex, block=block)
    except LabError as problem:
        page = translator.builder.current_docname
        file = Path(translator.builder.srcdir, f"{page}.ipynb")
        cells = read_notebook(file).cells if file.is_file() else []
        where = next((f", cell {cell.id!r}" for cell in cells if latex.strip() in cell.source), "")
        logging.getLogger(__name__).warning(f"{file.name}{where}: {problem}")
        return f"<code>{escape(latex)}</code>"


def mathml(latex: str, *, block: bool) -> str:
    """Return a formula as MathML, with its LaTeX beside it for those who copy it.

    Parameters
    ----------
    latex : str
        Without the dollars.
    block : bool
        Whether it stands on its own; else in a line of text.

    Raises
    ------
    LabError
        If the formula is not understood.
    """
    from math_core import LatexError, LatexToMathML

    try:
        return LatexToMathML(annotation=True).convert_with_local_state(latex, displaystyle=block)
    except LatexError as error:
        reason = str(error).partition("\n")[0]
        raise LabError(f"The formula ${latex}$ cannot be shown as MathML: {reason}") from error
