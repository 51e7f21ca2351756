"""Notebooks as other programs save them, and files that only have their name."""

import json

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from course.small_lab import code
from gmmlab.course import LabError
from gmmlab.course.grade.read import read
from gmmlab.course.notebooks import read_notebook, to_bytes


def plain(**changes):
    """Return a notebook of one printed line as plain data."""
    cell = code("print('\u00fc')", "one")
    cell.outputs = [new_output("stream", text="\u00fc\n")]
    return json.loads(to_bytes(new_notebook(cells=[new_markdown_cell("# Title", id="opening"), cell]))) | changes


def odd_cells():
    """Return a notebook with a stray cell, an unknown kind, an id in an old format, outputs on a Markdown cell."""
    title, cell = plain()["cells"]
    title["outputs"], title["id"] = [], "one"
    strange = {"cell_type": "heading", "source": ["a", "b"]}
    return plain(nbformat_minor=4, cells=["stray", title, cell, strange, {"cell_type": "code", "outputs": None}])


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {},
    "worksheets": [
        {"metadata": {}, "cells": [{"cell_type": "code", "input": "1", "outputs": [], "language": "python"}]}
    ],
}
FILES = {
    "UTF-16": json.dumps(plain(), ensure_ascii=False).encode("utf-16"),
    "Windows-1252": json.dumps(plain(), ensure_ascii=False).encode("cp1252"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(plain()).encode(),
    "odd cells": json.dumps(odd_cells()).encode(),
    "format 3": json.dumps(OLD).encode(),
    "half a character": json.dumps(plain()).replace("# Title", "# Title \\ud800").encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_what_other_programs_save_is_read(tmp_path, name):
    path = tmp_path / "work.ipynb"
    path.write_bytes(FILES[name])
    notebook = read_notebook(path)
    nbformat.validate(notebook)
    assert to_bytes(notebook) and to_bytes(read_notebook(path)) == to_bytes(notebook)
    assert {cell.source for cell in notebook.cells} & {"print('\u00fc')", "1"}
    if name != "format 3":
        assert [cell.source for cell in read(FILES[name]).cells] == [cell.source for cell in notebook.cells]


OTHERS = {
    b"version https://git-lfs.example/spec/v1\noid sha256:00\n": "pointer of Git LFS",
    b'{\n<<<<<<< HEAD\n "cells": [],\n=======\n': "merge conflict",
    b"\n<!DOCTYPE html><html><body>Please log in</body></html>": "web page",
    b"%PDF-1.7\n\xff": "a PDF",
    b"PK\x03\x04\x14\x00": "an archive",
    b"\x89PNG\r\n": "a picture",
    b"import numpy as np\nX = 1\n": "a program",
    b"": "the file is empty",
    b"[1]": "not a notebook",
    b'{"cells": 3}': "has cells, and this has none",
    b"\x00\x01": "not valid JSON",
}


@pytest.mark.parametrize("content", OTHERS, ids=OTHERS.values())
def test_what_is_no_notebook_is_named(tmp_path, content):
    path = tmp_path / "work.ipynb"
    path.write_bytes(content)
    with pytest.raises(LabError, match=f"work.ipynb is not a valid notebook: .*{OTHERS[content]}"):
        read_notebook(path)
    with pytest.raises(LabError, match=OTHERS[content]):
        read(content)
