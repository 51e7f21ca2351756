"""Four floors, whose imports point down only: course -> exercises -> helper -> engine; notebooks see two of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import gmmlab

PACKAGE = Path(gmmlab.__file__).parent
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FLOORS = ("engine", "helper", "exercises", "course")
MODULES = sorted(
    ".".join(("gmmlab", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in PACKAGE.rglob("*.py")
)


def floor(module: str) -> str:
    """Return the floor of a module of the package: the helper is what lies in no room of another floor."""
    room = module.split(".")[1] if "." in module else ""
    return room if room in FLOORS else "helper"


def imported(source: str) -> Iterator[str]:
    """Yield what a source imports from the package, as full names, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "gmmlab")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import that begins with a dot hides where it leads"
            if node.module.split(".")[0] == "gmmlab":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def too_high(module: str, source: str) -> list[str]:
    """Return what a module imports from a floor above its own."""
    reach = FLOORS.index(floor(module))
    return [name for name in imported(source) if FLOORS.index(floor(name)) > reach]


def hidden(source: str) -> list[str]:
    """Return what a notebook imports from elsewhere than a module of the helper or the exercises."""
    floors = {name: (floor(name), name.split(".")) for name in imported(source)}
    return [
        name
        for name, (where, parts) in floors.items()
        if where not in ("helper", "exercises") or not 2 <= len(parts) <= 3
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_from_a_floor_above(module):
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    assert too_high(module, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_from_the_helper_and_the_exercises_alone(path):
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert hidden(code) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gmmlab.engine.em_steps", "from gmmlab.mixture import marginal"),
        ("gmmlab.plot", "def late():\n    from gmmlab import exercises"),
        ("gmmlab.exercises.judging", "import gmmlab.course.files"),
    ],
)
def test_an_arrow_that_points_up_is_found(module, source):
    assert too_high(module, source) != []


@pytest.mark.parametrize(
    "source",
    [
        "from gmmlab.engine.em_steps import em",
        "from gmmlab import engine",
        "from gmmlab.explore.scene import Explorer",
        "from gmmlab.exercises.judging import check",
        "import gmmlab",
    ],
)
def test_a_deep_path_in_a_notebook_is_found(source):
    assert hidden(source) != []


# Helpers whose further arguments a function with a fixed list takes; a misspelt one is refused there.
HANDED_ON = {"figure", "search_with_fits"}


@pytest.mark.parametrize(
    "path", [each for each in PACKAGE.glob("*.py") if each.stem != "__init__"], ids=lambda p: p.stem
)
def test_a_helper_takes_no_argument_that_it_does_not_know(path):
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    assert {node.name for node in functions if node.args.kwarg or node.args.vararg} <= HANDED_ON
