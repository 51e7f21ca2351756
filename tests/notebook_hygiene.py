"""What a saved notebook must be like; each rule gives a sentence a breach."""

import json
import re

from nbformat import NotebookNode

from gmmlab.figure import caption

NOTEBOOK_METADATA = {"kernelspec", "language_info", "gmmlab"}
CELL_METADATA = {"tags", "nbgrader", "gmmlab"}
CELL_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
UNFIT = {
    "a memory address": re.compile(r"0x[0-9a-f]{6,}", re.I),
    "an absolute path": re.compile(r"(?<![\w.<])/(root|home|tmp|work|Users|usr|opt|var|private|mnt)/|[A-Z]:\\\\"),
    "a timing": re.compile(r"\b\d+(\.\d+)?\s?(ms|µs|us|ns|seconds|s)\b(?! \()|wall time", re.I),
    "a numpy scalar's repr": re.compile(r"np\.(float|int|str|bool)\w*\("),
    "a string dtype": re.compile(r"dtype: (object|str)"),
}
MAX_BYTES = 500_000


def problems_of(notebook: NotebookNode) -> list[str]:
    """Return a sentence for each rule that the notebook breaks."""
    problems = [*_metadata_problems(notebook), *_id_problems(notebook), *_count_problems(notebook)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            problems += [f"Cell {cell.id}: {problem}" for problem in _cell_problems(cell)]
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    if not outputs:
        problems.append("No cell has an output, so that comparing outputs checks nothing.")
    if len(json.dumps(notebook)) > MAX_BYTES:
        problems.append(f"The notebook is larger than {MAX_BYTES // 1000} kB.")
    return problems


def _metadata_problems(notebook: NotebookNode) -> list[str]:
    extra = set(notebook.metadata) - NOTEBOOK_METADATA
    problems = [f"The notebook's metadata has {sorted(extra)}."] if extra else []
    if set(notebook.metadata.get("language_info", {})) - {"name"}:
        problems.append("The metadata tells the version of Python that ran.")
    for cell in notebook.cells:
        if set(cell.metadata) - CELL_METADATA:
            problems.append(f"Cell {cell.id} has metadata {sorted(set(cell.metadata) - CELL_METADATA)}.")
    return problems


def _id_problems(notebook: NotebookNode) -> list[str]:
    ids = [cell.id for cell in notebook.cells]
    problems = ["Two cells have the same id."] if len(set(ids)) < len(ids) else []
    # An id given by a program is eight or more hex digits: it says nothing of the cell.
    return problems + [
        f"The id {id!r} does not say what the cell is."
        for id in ids
        if not CELL_ID.fullmatch(id) or re.fullmatch(r"[0-9a-f]{8,}", id.replace("-", ""))
    ]


def _count_problems(notebook: NotebookNode) -> list[str]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        return ["The execution counts are not 1..n."]
    return []


def _cell_problems(cell: NotebookNode) -> list[str]:
    problems = []
    if cell.source.rstrip().endswith(";"):
        problems.append("it ends in a semicolon, which hides nothing when cells are compared.")
    for output in cell.outputs:
        problems += _output_problems(output)
    pictures = [place for place, output in enumerate(cell.outputs) if "image/png" in output.get("data", {})]
    for place in pictures:
        below = cell.outputs[place + 1].get("data", {}) if place + 1 < len(cell.outputs) else {}
        if below.get("text/html") != caption(_alt_text(cell.outputs[place])):
            problems.append("its figure has no caption below that says the same as the alt text.")
    return problems


def _output_problems(output: NotebookNode) -> list[str]:
    if output.output_type == "error":
        return [f"it raised {output.ename}."]
    if output.get("name") == "stderr":
        return ["it wrote to stderr."]
    data = output.get("data", {})
    problems = []
    if "image/png" in data and len(_alt_text(output)) < 40:
        problems.append("its figure has no alt text that says what is to be seen.")
    if "image/svg+xml" in data:
        problems.append("its figure is SVG, which differs from run to run.")
    text = output.get("text", "") + data.get("text/plain", "")
    if "text/html" in data and "sk-estimator" in data["text/html"]:
        problems.append("it shows a bare estimator.")
    return problems + [f"its output holds {what}." for what, pattern in UNFIT.items() if pattern.search(text)]


def _alt_text(output: NotebookNode) -> str:
    return output.metadata.get("image/png", {}).get("alt", "").strip()
