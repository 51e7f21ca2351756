"""The bytes of a notebook's file, whatever program saved them, as plain data: one tolerant reader for all commands.

Only ``json`` is used: importing ``nbformat`` costs more than judging a class.
"""

import codecs
import json
import re
from typing import Any

from gmmlab.course import LabError

MAX_BYTES = 25_000_000
"""Largest notebook that is read; those of the lab have half a megabyte."""

_AGAIN = "Save the notebook itself (.ipynb) and use that file"
_OTHER_FILES = (
    (rb"\s*version https://git-lfs", "a pointer of Git LFS, not the notebook: `git lfs pull` fetches the notebook"),
    (rb"\s*<(!doctype|html|\?xml)", f"a web page, perhaps one that asks to log in. {_AGAIN}"),
    (rb"%PDF-", f"a PDF. {_AGAIN}"),
    (rb"PK\x03\x04", "an archive (.zip, .docx) under another name. Give it its own name, or unpack it"),
    (rb"\x1f\x8b|7z\xbc\xaf|Rar!", "an archive under another name. Give it its own name, or unpack it"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", f"a picture. {_AGAIN}"),
    (rb"(?s).*?^(<<<<<<<|>>>>>>>) ", "a merge conflict of git between two versions: keep one of them, and save it"),
    (rb"\s*(import|from|#|def|%%|\"\"\")[\w !]", f"a program or a text, not a notebook. {_AGAIN}"),
)


class Unreadable(LabError):
    """The bytes are no notebook that can be read; the message says what they are, and what to do."""


def data_of(content: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return what a notebook's file holds, and what is odd about the file.

    Parameters
    ----------
    content : bytes
        The file, whatever it holds.

    Returns
    -------
    dict of str
        The notebook as plain data; nothing in it is checked.
    list of str
        What is odd about the file, in words.

    Raises
    ------
    Unreadable
        If it is not JSON with names at the top, or larger or deeper than a notebook can be.
    """
    if not content.strip():
        raise Unreadable("the file is empty")
    if len(content) > MAX_BYTES:
        raise Unreadable(f"the file has {len(content) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read")
    text, oddities = decoded(content)
    try:
        data = json.loads(text)
    except (RecursionError, ValueError) as error:
        data = _without_the_odd(text, content, error)
    except MemoryError:
        raise Unreadable("it needs more memory than a notebook may") from None
    if not isinstance(data, dict):
        raise Unreadable("it is JSON, but not a notebook")
    if re.search(r"\\u[dD][89a-fA-F]", text):
        data = _without_halves(data)
    return data, oddities


_DEEPEST = 150
"""Most lists and names that may lie in one another; an answer has at most 40."""

_MOST_DIGITS = 400


def _without_the_odd(text: str, content: bytes, error: Exception) -> Any:
    """Read JSON with null for what is too deep or a number too long to be read: that costs an answer, not the file."""
    if isinstance(error, json.JSONDecodeError):
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        why = "it breaks off" if is_cut else error.msg
        raise Unreadable(_other_file(content) or f"it is not valid JSON: {why} at line {error.lineno}") from None
    try:
        return json.loads(_shallow(text), parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else None)
    except (RecursionError, ValueError) as problem:
        raise Unreadable(f"it is not valid JSON: {str(problem)[:100]}") from None


def _shallow(text: str) -> str:
    """Return JSON in which null stands for whatever lies too deep."""
    kept, depth, end = [], 0, 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{}]', text):
        if match[0] in "[{":
            depth += 1
            if depth == _DEEPEST + 1:
                kept.append(text[end : match.start()])
        elif match[0] in "]}":
            if depth == _DEEPEST + 1:
                kept.append("null")
                end = match.end()
            depth -= 1
    return "".join([*kept, text[end:]])


def cells_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook of format 4, without strays among them.

    Raises
    ------
    Unreadable
        If it has none.
    """
    if not isinstance(data.get("cells"), list):
        raise Unreadable("it is JSON, but a notebook has cells, and this has none")
    return [cell for cell in data["cells"] if isinstance(cell, dict)]


def decoded(content: bytes) -> tuple[str, list[str]]:
    """Return the text of a file in any encoding that editors and spreadsheets write, and what is odd about it."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), [] if "8" in encoding else ["saved as UTF-16, not UTF-8"]
    if content[1:2] == b"\0" or (content[:1] == b"\0" and content[1:2]):
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return content.decode(encoding, errors="replace"), ["saved as UTF-16, not UTF-8"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), ["not valid UTF-8; read as Windows-1252"]


def _other_file(content: bytes) -> str:
    """Say what a file is that is no JSON, or nothing."""
    for pattern, words in _OTHER_FILES:
        if re.match(pattern, content, re.I | re.M):
            return f"it is {words}"
    return ""


def _without_halves(data: Any) -> Any:
    """Replace half characters (lone surrogates), which no file can hold, by question marks."""
    if isinstance(data, dict):
        return {_without_halves(key): _without_halves(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_halves(value) for value in data]
    return data.encode("utf-8", "replace").decode() if isinstance(data, str) else data
