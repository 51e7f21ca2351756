"""The page that a student gets back: what was judged, and their own notebook, rendered so that nothing in it acts.

Every text is escaped, HTML in Markdown too. HTML outputs are shown by their plain text, and of pictures only PNG files
whose structure holds are embedded. A strict content-security policy forbids scripts, frames and requests.
"""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any

import jinja2
import mistune
from markupsafe import Markup
from mistune.plugins.math import math
from mistune.plugins.table import table

from gmmlab.course.grade.read import Cell, Notebook, Output
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.registry import Exercise, exercises

MAX_TEXT = 20_000
"""Characters of one cell's source or output that are shown."""

MAX_MARKDOWN = 10_000
MAX_PAGE = 8_000_000
MAX_PNG = 4_000_000
MAX_PIXELS = 40_000_000

_PROGRESS = re.compile(r"[\d.]+ of [\d.]+ points; \d+ of \d+ exercises answered")
"""What `progress` shows: what the notebook believes, beside what was judged."""

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Control characters, and those that turn the direction of writing: they could make a text read as another.
_UNSEEN = {
    c: "�"
    for c in (*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_UNSEEN |= {c: "�" for c in range(0xD800, 0xE000)}


def shown(text: str) -> str:
    """Return a text without characters that act or hide; the templates escape the rest."""
    return text.translate(_UNSEEN)


def prose(message: str) -> Markup:
    """Return a check's message as HTML; what stands between back-ticks becomes code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(shown(message))))


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else shown(str(value)),
    )
    environment.filters["count_of"] = lambda n, thing: f"{n} {thing}" if n == 1 else f"{n} {thing}s"
    return environment


def make_ready() -> None:
    """Make what all pages share, before the first page or for all processes that are forked from this."""
    for name in _templates().list_templates():
        _templates().get_template(name)
    markdown("*")


def render(template: str, **values: Any) -> bytes:
    """Return a page made from a template; every value is text and is escaped, unless it is `Markup`."""
    return _templates().get_template(template).render(values).encode("utf-8", errors="replace")


def feedback_page(
    name: str,
    notebook: Notebook,
    feedback: Mapping[str, Feedback],
    note: str = "",
    *,
    plain: bool = False,
) -> bytes:
    """Return the student's page, without name and grade.

    Parameters
    ----------
    name : str
        The lab's name of the notebook.
    notebook : Notebook
        What was handed in.
    feedback : mapping of str to Feedback
        What was judged; from the checks, never from the notebook.
    note : str
        A sentence on what went wrong; empty if nothing did.
    plain : bool
        Show Markdown as it was typed.
    """
    own = exercises(name)
    return render(
        "feedback.html",
        title=f"Feedback on {name}",
        note=note,
        rows=[_row(ex, feedback.get(ex.id)) for ex in own],
        panels=[(ex, _panel(feedback.get(ex.id))) for ex in own],
        cells=list(_cells(notebook, plain)),
    )


_STATES = {"right": "✓ right", "partly": "◐ partly right", "wrong": "✗ not right yet", "open": "○ open"}


def _row(ex: Exercise, feedback: Feedback | None) -> list[str]:
    state = _STATES[feedback.status] if feedback else "no answer stored"
    points = feedback.points if feedback else 0
    return [ex.id, ex.title, state, f"{points:g}", f"{ex.points:g}"]


def _panel(feedback: Feedback | None) -> Markup | None:
    return None if feedback is None else Markup(shown(feedback.html()))


def _cells(notebook: Notebook, plain: bool) -> Iterable[dict[str, Any]]:
    """Prepare cell by cell for the template, until the page is as long as a page may be."""
    length = 0
    for number, cell in enumerate(notebook.cells, 1):
        prepared = _markdown_cell(cell, plain) if cell.kind == "markdown" else _code_cell(cell, number)
        length += len(str(prepared))
        if length > MAX_PAGE:
            yield _EMPTY | {"note": f"The rest, from cell {number}, is too long to be shown."}
            return
        yield _EMPTY | prepared


_EMPTY: dict[str, Any] = {"markdown": "", "plain": "", "number": 0, "note": ""}


def _clipped(text: str, most: int = MAX_TEXT) -> str:
    text = _ANSI.sub("", text[: 2 * most])
    return text if len(text) <= most else f"{text[:most]}\n[the rest is not shown]"


def _markdown_cell(cell: Cell, plain: bool) -> dict[str, Any]:
    if plain or len(cell.source) > MAX_MARKDOWN:
        return {"plain": _clipped(cell.source)}
    return {"markdown": Markup(markdown(cell.source))}


def _code_cell(cell: Cell, number: int) -> dict[str, Any]:
    count = "" if cell.count is None else f"{cell.count}"
    outputs, room = [], MAX_TEXT
    for output in cell.outputs:
        outputs.append(_output(output, number, room))
        room -= min(room, len(output.text))
        if room <= 0:
            outputs.append(_NOTHING | {"note": f"More outputs of cell {number} are not shown."})
            break
    return {"number": number, "count": count, "source": _clipped(cell.source), "outputs": list(filter(None, outputs))}


_NOTHING = {"png": "", "alt": "", "note": "", "text": ""}


def _output(output: Output, number: int, room: int) -> dict[str, str] | None:
    if output.answer is not None or _PROGRESS.fullmatch(output.text.strip()):
        return None  # the panels above say it, from the checks themselves
    if output.png:
        picture = png(output.png)
        if picture is None:
            return _NOTHING | {"note": f"Cell {number} holds a picture that is not a valid PNG file."}
        alt = _clipped(output.alt, 1000) or f"Figure of cell {number}, without a description"
        return _NOTHING | {"png": picture, "alt": alt}
    return _NOTHING | {"text": _clipped(output.text, max(room, 1))} if output.text.strip() else None


def png(coded: str) -> str | None:
    """Return a PNG file in base64 if its signature, chunks, check sums and size are those of one, else None."""
    try:
        data = base64.b64decode("".join(coded.split()), validate=True)
        if len(data) > MAX_PNG or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
            return None
        width, height = struct.unpack(">II", data[16:24])
        place, kind = 8, b""
        while kind != b"IEND":
            (length,) = struct.unpack(">I", data[place : place + 4])
            kind, end = data[place + 4 : place + 8], place + 8 + length
            if zlib.crc32(data[place + 4 : end]) != struct.unpack(">I", data[end : end + 4])[0]:
                return None
            place = end + 4
    except (binascii.Error, ValueError, struct.error):
        return None
    sound = place == len(data) and 0 < width * height <= MAX_PIXELS
    return base64.b64encode(data).decode("ascii") if sound else None


@lru_cache(maxsize=1024)
def markdown(source: str) -> str:
    """Render Markdown to HTML in which nothing acts; most cells are the same for a whole class, so results are kept."""
    return _renderer()(shown(source))


@cache
def _renderer() -> mistune.Markdown:
    made = mistune.create_markdown(renderer=_Safe(escape=True), plugins=[math, table])
    made.renderer.register("block_math", lambda renderer, text: f"<p><code>{escape(text)}</code></p>\n")
    made.renderer.register("inline_math", lambda renderer, text: f"<code>{escape(text)}</code>")
    return made


class _Safe(mistune.HTMLRenderer):
    """Every text escaped; links only to web pages, pictures by their description alone."""

    def text(self, text: str) -> str:
        return escape(text)

    def heading(self, text: str, level: int, **attrs) -> str:
        return f"<h3>{text}</h3>\n"  # one level for all, so that no heading of the page skips one

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not re.match(r"https?://", url):
            return text
        return f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"[picture: {text}]"

    def codespan(self, text: str) -> str:
        return f"<code>{escape(text)}</code>"

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def inline_html(self, html: str) -> str:
        return escape(html)

    def block_html(self, html: str) -> str:
        return f"<p>{escape(html)}</p>\n"
