"""Which cells run again: what is decided gives what running every cell gives, and doubt makes every cell run."""

import io
import pickle
import random
import re
from contextlib import redirect_stdout, suppress

import pytest

from gmmlab.course.grade.assess import worked_cells
from gmmlab.course.notebooks import lab_notebooks
from gmmlab.course.sandbox.flow import plan
from gmmlab.course.student.unknown_names import names_bound

NAMES = [path.stem for path in lab_notebooks()]

LINES = """
A = [1] | A = [B, 2] | A = B | A = list(B) | A = B + [3] | A = len(B) | A = {'k': B} | A = C = B | A, C = B, [4]
A.append(5) | A.append(B) | A += [6] | A['k'] = 7 | A['k'].append(8) | A[0] = B | A.pop() | A = A[0] | A = [*B, C]
for x in A: B = x | for x in A: x.append(9) | for x in B: A = [x] | if A: B = [0] | if len(A) > 2: B = A | A = sum(C)
def A(): return B | def A(x): x.append(B) | A = B() | A(B) | B(C) | A = [B for B in C] | A = [x for x in (y for y in B)]
A = zip(B, C) | A = list(zip(B, C)) | A = (x for x in B) | A = lambda: B | A = lambda x: x.append(1) | A = B and C
print(A) | print(A, B) | print(len(A)) | A | A = sorted(B, key=C) | del A | A = [[1], B] | A[0].append(2)
A = B if B else C | A = dict(k=B) | A = str(len(B)) | import math as A | from math import sqrt as A | A = max(B, key=C)
A = enumerate(B) | A = (B, [2]) | A = tuple(B) | A.update(k=B) | A = B or C | A = B(); A.append(1)
A, B = [1], A; B.append(2) | A = [len(x) for x in B] | A = B[-1:]
""".replace("\n", "|").split("|")[1:-1]

QUIET = [
    "A = [1]",
    "A = [B, 2]",
    "A = B",
    "A = len(B)",
    "A = B + [3]",
    "print(A, B)",
    "A = list(B)",
    "A = [9]; A.append(B)",
]


def random_cell(rng, lines=LINES):
    drawn = [rng.choice(lines).strip() for _ in range(rng.randint(1, 3))]
    return "\n".join(
        line.translate({ord(a): b for a, b in zip("ABC", rng.sample("pqrst", k=3), strict=True)}) for line in drawn
    )


def changed(cells, rng):
    cells = list(cells)
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(1, len(cells) + 1)
        new = random_cell(rng, QUIET if rng.random() < 0.8 else LINES)
        cells[place : place + rng.randint(0, 1)] = [new] * (rng.random() < 0.8)
    return cells


def run(source, names):
    """Run a cell; return what it prints."""
    said = io.StringIO()
    with redirect_stdout(said):
        try:
            exec(compile(source, "cell", "exec"), names)
        except Exception as error:
            print(type(error))
    return re.sub("0x[0-9a-f]+", "", said.getvalue())


def seen(names):
    return {name: repr(value) for name, value in names.items() if name[:2] != "__" and " at 0x" not in repr(value)}


def shared(names):
    """Return a picture of all lists and dictionaries that shows which of them, however deep, are one object."""
    kept = {name: names[name] for name in sorted(names) if isinstance(names[name], list | dict) and name[:2] != "__"}
    with suppress(TypeError, AttributeError, RuntimeError, pickle.PicklingError):
        return pickle.dumps(kept)


def worked_by_chance(rng):
    """Return cells that end in no error, and for each what it prints, the names it sets and those it takes away."""
    names, cells, done = {}, [], []
    while len(cells) < 6:
        source = random_cell(rng) if cells else "p = [1]\nq = [2, 3]\nr = {'k': [4]}\ns = [[5], 6]\nt = 7"
        trial = {}
        if any("class" in run(each, trial) for each in [*cells, source]):
            continue
        before = dict(names)
        said = run(source, names)
        sets = {n: v for n, v in names.items() if n in names_bound(source) or before.get(n, before) is not v}
        cells.append(source)
        done.append((said, sets, before.keys() - names.keys()))
    return cells, names, done


@pytest.mark.slow
def test_what_is_run_again_gives_what_running_all_gives():
    rng, reused = random.Random(0), 0
    while reused < 300:
        worked, names, done = worked_by_chance(rng)
        for _ in range(20):
            cells = changed(worked, rng)
            steps = plan(worked, cells)
            if steps is not None and None in steps:
                break
        else:
            continue
        for name in {name for _, new, _ in done for name in new}:
            names.pop(name, None)
        whole, expected, came = {}, [], []
        for step, source in zip(steps, cells, strict=True):
            expected.append(run(source, whole))
            came.append(run(source, names) if step is None else done[step][0])
            names |= {} if step is None else done[step][1]
            for name in () if step is None else done[step][2]:
                names.pop(name, None)
        reused += 1
        assert (came, seen(names), shared(names)) == (expected, seen(whole), shared(whole)), (worked, cells, steps)


@pytest.mark.parametrize("name", NAMES)
class TestNotebook:
    """What students do to the lab's own cells most often."""

    def test_comments_blanks_and_quotes_are_no_change(self, name):
        worked = worked_cells(name)
        cells = [f"# mine\n{source}\n\n# this cell I like" for source in worked]
        assert plan(worked, [*cells, "x = ..."]) == [*range(len(worked)), None]

    def test_a_cell_that_shows_something_runs_alone(self, name):
        worked = worked_cells(name)
        bound = sorted(names_bound(worked[-1]) - {"_"})
        for look in (bound[0], f"print({bound[0]})\nmine = 3", "2 + 2", "import seaborn as sns"):
            cells = [*worked[:-1], worked[-1], look, "# an answer"]
            assert plan(worked, cells) == [*range(len(worked)), None, None]


@pytest.mark.parametrize("name", NAMES[:1] + NAMES[2:3])
class TestDoubt:
    """What may reach other cells in other ways than by names."""

    def test_looking_is_no_doubt(self, name):
        worked = worked_cells(name)
        assert plan(worked, [worked[0], "x = np.pi\nprint(x)", *worked[1:]])[:3] == [0, None, 1]

    @pytest.mark.parametrize(
        "line",
        [
            "np.random.seed(0)", "np.mean = max", "exec('x = 1')", "from math import *", "%matplotlib qt", "import os",
            "plt.rcParams['figure.dpi'] = 50", "pd.options.display.precision = 2", "del np", "globals()['x'] = 1",
            "import warnings\nwarnings.simplefilter('ignore')", "GaussianMixture.fit = None", "print = len", "!ls",
            "setattr(np, 'pi', 3)", "class A: pass", "@np.vectorize\ndef f(x): return x", "eval('1')", "exit()",
            "def f():\n    np.pi = 3\nf()", "[f(np) for f in [vars]]", "(lambda: np.seterr())()",
            "sorted([1], key=exec)", "check('a', 1)",
            "with open('x', 'w') as file: file.write('x')", "np.pi: float = 3", "for np.pi in [3]: pass",
            "import numpy.random as np", "x = np.random\nx.seed(1)", "from numpy.random import seed\nseed(1)",
            "from numpy.random import normal\nnormal()",
            "import seaborn as sns\nsns.set()", "from gmmlab.exercises import judging\njudging.judge('x')",
            "while np.pi < 3: pass", "np.copyto(np, 0)", "np.random.normal()", "global x", "x = y = np\ny.pi = 3",
            "getattr(np, 'seterr')()",
        ],
    )  # fmt: skip
    def test_where_it_is_doubtful_everything_runs(self, name, line):
        worked = worked_cells(name)
        assert plan(worked, [worked[0], line, *worked[1:], "x = ..."]) is None


FIRST = "import numpy as np\nfrom sklearn.mixture import GaussianMixture\nX = np.ones((9, 2))"
FITS = ["gmm = GaussianMixture(2).fit(X)", "labels = gmm.predict(X)", "total = X.sum()", "print(total)"]


@pytest.mark.parametrize(
    ("cells", "again"),
    [
        pytest.param(
            ["gmm = GaussianMixture(3).fit(X)", *FITS[1:]], [1, 2], id="what comes after in the flow of names"
        ),
        pytest.param([FITS[0], "total = X.mean()", *FITS[2:]], [2], id="what is set anew later is not touched"),
        pytest.param([*FITS[:2], "total = X.mean()", FITS[3]], [3, 4], id="a changed cell and its reader"),
        pytest.param([FITS[0], *FITS[2:]], [], id="a cell left out that nobody needs"),
        pytest.param([*FITS[1:]], [1], id="a cell left out whose name is needed: its reader fails as it would"),
        pytest.param(
            ["model = GaussianMixture(2).fit(X)", "labels = model.predict(X)", *FITS[2:]], [1, 2], id="renamed"
        ),
        pytest.param([*FITS[:2], "X[0] = 5", *FITS[2:]], None, id="an array changed where it is"),
        pytest.param([*FITS[:2], "Y = X\nY += 1", *FITS[2:]], None, id="an array changed by another name"),
        pytest.param([*FITS[:2], "import pandas as pd\nY = pd.DataFrame(X)\nY += 1", *FITS[2:]], None, id="in a table"),
        pytest.param([*FITS[:2], "def f(): return X\nY = f()\nY[0] = 1", *FITS[2:]], None, id="by a function"),
        pytest.param([*FITS[:2], "gmm.fit(X)", *FITS[2:]], None, id="a model fitted again"),
        pytest.param([*FITS, "x = Out[2]"], [5], id="history, after nothing was changed"),
        pytest.param([FITS[0], "2", *FITS[1:], "x = Out[2]"], None, id="history"),
    ],
)
def test_what_runs_again(cells, again):
    steps = plan([FIRST, *FITS], [FIRST, *cells])
    assert (None if steps is None else [k for k, step in enumerate(steps) if step is None]) == again


def test_what_later_cells_of_the_lab_change_cannot_be_looked_at_before_without_running_all():
    worked = [FIRST, "rows = []\nother = [1]", "rows.append(1)", "x = 2"]
    for shown, steps in (("rows", None), ("other", [0, 1, None, 2, 3]), ("X", [0, 1, None, 2, 3])):
        assert plan(worked, [*worked[:2], f"print({shown})", *worked[2:]]) == steps


@pytest.mark.parametrize("source", ["-" * 4000 + "1", "(" * 300 + ")" * 300, "x" * 10_000, "a." * 2000 + "b", "\0"])
def test_monsters_are_not_looked_at(source):
    for cells in ([source, FIRST], [FIRST, source, *FITS], [FIRST, *FITS, source]):
        steps = plan([FIRST, *FITS], cells)
        assert steps is None or steps[:5] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cells", "place", "new", "again"),
    [
        pytest.param(["def f(): return 1", "y = f()"], 1, ["def f(): return 2"], [1, 2], id="another function"),
        pytest.param(["def f(): return n", "n = 1", "y = f()"], 2, ["n = 2"], [2, 3], id="what a function uses"),
        pytest.param(
            ["z = zip(X, X)", "y = 3", "y = list(z)"], 2, ["y = list(z)"], None, id="what is gone through once"
        ),
    ],
)
def test_what_is_more_than_a_value(cells, place, new, again):
    worked = [FIRST, *cells]
    steps = plan(worked, [*worked[:place], *new, *worked[place + 1 :]])
    assert (None if steps is None else [k for k, step in enumerate(steps) if step is None]) == again
