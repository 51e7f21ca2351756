"""The page that a student gets back: what was judged, and their own notebook, rendered so that nothing in it acts.

Every text is escaped, HTML in Markdown too. HTML outputs are shown by their plain text, and of pictures only PNG files
whose structure holds are embedded. A strict content-security policy forbids scripts, frames and requests.
"""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Container, Iterable, Mapping
from functools import cache, lru_cache
from html import escape
from itertools import chain, repeat

import mistune
from mistune.plugins.math import math
from mistune.plugins.table import table

from gmmlab.course.grade.read import Cell, Notebook, Output
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.registry import exercises

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #ffffff; --soft: #f3f4f6; --line: #767b85; --link: #0b57a4 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf0; --paper: #17181b; --soft: #24262b; --line: #8e939e; --link: #8fc3ff }
}
body { font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.7rem; line-height: 1.25 } h2 { font-size: 1.3rem; margin-top: 2.2rem } h3 { font-size: 1.08rem }
a { color: var(--link) }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; padding: .2rem 0 }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: break-word; max-width: 34rem }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
pre { background: var(--soft); padding: .6rem .8rem; margin: .3rem 0; white-space: pre-wrap; font-size: .88rem }
pre.out { background: none; border-left: 3px solid var(--line) }
code { font-family: ui-monospace, monospace; font-size: .92em }
img { max-width: 100%; height: auto; background: #ffffff } figure { margin: .8rem 0 }
.scroll { overflow-x: auto }
.note { border-left: 6px solid var(--line); padding: .1rem .8rem }
"""

MAX_TEXT = 20_000
"""Characters of one cell's source or output that are shown."""

MAX_MARKDOWN = 10_000
MAX_PAGE = 8_000_000
MAX_PNG = 4_000_000
MAX_PIXELS = 40_000_000

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Control characters, and those that turn the direction of writing: they could make a text read as another.
_UNSEEN = {
    c: "�"
    for c in (*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_UNSEEN |= {c: "�" for c in range(0xD800, 0xE000)}


def document(title: str, body: str) -> bytes:
    """Return a whole HTML page; ``body`` is HTML already, ``title`` is text."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{shown(title)}</h1>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    ).encode("utf-8", errors="replace")


def shown(text: str) -> str:
    """Return a text as HTML that shows it and does nothing else."""
    return escape(text.translate(_UNSEEN))


def prose(message: str) -> str:
    """Return a check's message as HTML; what stands between back-ticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", shown(message))


def table_of(
    caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], numbers: Container[int] = frozenset()
) -> str:
    """Return a table; ``rows`` are HTML already, the columns in ``numbers`` are aligned to the right."""

    def line(row: Iterable[str], kinds: Iterable[str]) -> str:
        cells = (
            f"<{kind}{' class=n' if j in numbers else ''}>{cell}</{kind[:2]}>"
            for j, (kind, cell) in enumerate(zip(kinds, row, strict=False))
        )
        return f"<tr>{''.join(cells)}</tr>"

    body = "\n".join(line(row, chain(["th scope=row"], repeat("td"))) for row in rows)
    return (
        # A wide table scrolls, and who has no mouse must be able to reach it.
        f'<div class="scroll" role="group" aria-label="{caption}" tabindex="0"><table><caption>{caption}</caption>\n'
        f"<thead>{line(head, repeat('th scope=col'))}</thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def feedback_page(
    student: str,
    name: str,
    notebook: Notebook,
    feedback: Mapping[str, Feedback],
    note: str = "",
    *,
    plain: bool = False,
) -> bytes:
    """Return the student's page.

    Parameters
    ----------
    student, name : str
        Who handed in, and the lab's name of the notebook.
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
    earned, possible = sum(one.points for one in feedback.values()), sum(ex.points for ex in own)
    rows = [_row(ex, feedback.get(ex.id)) for ex in own]
    parts = [
        f"<p>Handed in by {shown(student)}: <strong>{earned:g} of {possible:g} points</strong>.</p>",
        f'<p class="note">{shown(note)}</p>' if note else "",
        "<h2>Your answers</h2>",
        table_of("Points of each exercise", ("exercise", "title", "result", "points", "of"), rows, frozenset({3, 4})),
        *(_panel(ex, feedback.get(ex.id)) for ex in own),
        "<h2>Your notebook</h2>",
        *_cells(notebook, plain),
    ]
    return document(f"Feedback on {name}", "\n".join(filter(None, parts)))


_STATES = {"right": "✓ right", "partly": "◐ partly right", "wrong": "✗ not right yet", "open": "○ open"}


def _row(ex, feedback: Feedback | None) -> list[str]:
    state = _STATES[feedback.status] if feedback else "no answer stored"
    points = feedback.points if feedback else 0
    return [shown(ex.id), shown(ex.title), state, f"{points:g}", f"{ex.points:g}"]


def _panel(ex, feedback: Feedback | None) -> str:
    heading = f"<h3>Exercise {shown(ex.id)}: {shown(ex.title)}</h3>\n"
    if feedback is None:
        return heading + '<p class="note">The notebook holds no answer: run the check below your answer, and save.</p>'
    return heading + feedback.html().translate(_UNSEEN)


def _cells(notebook: Notebook, plain: bool) -> Iterable[str]:
    """Render cell by cell, until the page is as long as a page may be."""
    length = 0
    for number, cell in enumerate(notebook.cells, 1):
        rendered = _markdown_cell(cell, plain) if cell.kind == "markdown" else _code_cell(cell, number)
        length += len(rendered)
        if length > MAX_PAGE:
            yield f'<p class="note">The rest, from cell {number}, is too long to be shown.</p>'
            return
        yield rendered


def _clipped(text: str, most: int = MAX_TEXT) -> str:
    text = _ANSI.sub("", text[: 2 * most])
    return text if len(text) <= most else f"{text[:most]}\n[the rest is not shown]"


def _markdown_cell(cell: Cell, plain: bool) -> str:
    if plain or len(cell.source) > MAX_MARKDOWN:
        return f"<pre>{shown(_clipped(cell.source))}</pre>"
    return markdown(cell.source)


def _code_cell(cell: Cell, number: int) -> str:
    count = "" if cell.count is None else f"{cell.count}"
    parts = [
        f'<pre aria-label="Code, cell {number}, run {shown(count)}"><code>{shown(_clipped(cell.source))}</code></pre>'
    ]
    room = MAX_TEXT
    for output in cell.outputs:
        parts.append(_output(output, number, room))
        room -= min(room, len(output.text))
        if room <= 0:
            parts.append(f'<p class="note">More outputs of cell {number} are not shown.</p>')
            break
    return "\n".join(filter(None, parts))


def _output(output: Output, number: int, room: int) -> str:
    if output.answer is not None:
        return ""  # the panel above says it, from the check itself
    if output.png:
        picture = png(output.png)
        if picture is None:
            return f'<p class="note">Cell {number} holds a picture that is not a valid PNG file.</p>'
        alt = shown(_clipped(output.alt, 1000)) or f"Figure of cell {number}, without a description"
        return f'<figure><img alt="{alt}" src="data:image/png;base64,{picture}"></figure>'
    return f'<pre class="out">{shown(_clipped(output.text, max(room, 1)))}</pre>' if output.text.strip() else ""


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
    return _renderer()(source.translate(_UNSEEN))


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
