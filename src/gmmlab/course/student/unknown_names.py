"""What to run first, for whoever runs a cell before the cells that it needs, as after a restart of the kernel.

Python says only that a name is not defined. The kernels that `gmm-lab start` opens load this at their start.
"""

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gmmlab.course.shadows import shadows

START_UP = "from gmmlab.course.student.unknown_names import watch; watch(); del watch"
"""For a kernel's start-up file; it leaves no name behind."""


_WITH_NAMES_OF_ITS_OWN = (
    ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
)  # fmt: skip


def watch() -> None:
    """Let the IPython that runs explain names that it does not know."""
    from IPython import get_ipython

    get_ipython().events.register("post_run_cell", explain)


def explain(result: Any) -> None:
    """Print which cell to run first if a cell ended because it used a name that only another cell sets.

    Or which file hides a module, if it ended because that lacks something.

    Parameters
    ----------
    result : IPython.core.interactiveshell.ExecutionResult
    """
    error = getattr(result, "error_in_exec", None)
    if isinstance(error, ImportError | AttributeError) and (found := shadows(Path.cwd())):
        print(found)
    name = getattr(error, "name", None)
    if not isinstance(error, NameError) or not isinstance(name, str):
        return
    source = where_set(name, _sources(os.environ.get("JPY_SESSION_NAME", "")))
    if source is None or source.strip() == str(result.info.raw_cell).strip():
        return
    first = next(line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    print(
        f"`{name}` comes from the cell that begins with `{first.strip()[:60]}`, which has not run to its end since the "
        "kernel started. Run the cells above first: Run > Run All Above Selected Cell."
    )


def where_set(name: str, sources: list[str]) -> str | None:
    """Return the first cell that sets or imports a name; None if none does."""
    return next((source for source in sources if name in names_bound(source)), None)


def names_bound(source: str) -> set[str]:
    """Return the names that a cell sets, imports or defines; none if it is no Python."""
    try:
        nodes = list(_outside_functions(ast.parse(source)))
    except (SyntaxError, ValueError):
        return set()
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    made = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imports = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return stored | made | {(alias.asname or alias.name).partition(".")[0] for alias in imports}


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, _WITH_NAMES_OF_ITS_OWN):
            yield from _outside_functions(node)


def _sources(notebook: str) -> list[str]:
    from gmmlab.course.reading import Unreadable, cells_of, data_of

    try:
        cells = cells_of(data_of(Path(notebook).read_bytes())[0])
    except (OSError, Unreadable):
        return []
    sources = [cell.get("source", "") for cell in cells if cell.get("cell_type") == "code"]
    return ["".join(map(str, source)) if isinstance(source, list) else str(source) for source in sources]
