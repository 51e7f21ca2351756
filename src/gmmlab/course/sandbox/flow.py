"""Which cells of a submission have to run, where the lab's own worked cells have run already: read from their syntax.

A cell need not run if the lab's says the same and it reads no name to which cells that differ gave another value. This
holds as long as cells speak to each other by setting names only. So a cell that differs, and every cell of the lab's
after it, must be *quiet*: it changes no object that it did not make itself, and nothing that all cells share, such as a
seed, a module, a setting. Only what is known to be quiet counts as quiet; where one is not, everything runs.
"""

import ast
import builtins
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES = _words("""
    PIL collections gmmlab itertools math matplotlib numpy pandas scipy seaborn sklearn statistics warnings
""")
"""Importing them, once more, changes nothing; what is imported from them by name may be called, but for `LOUD`."""

LOUD = _words("""
    at copyto fill_diagonal filterwarnings place put put_along_axis putmask random reset_option resetwarnings save
    savetxt seed set_config set_option set_printoptions setbufsize seterr seterrcall shuffle simplefilter use
""")
"""What modules offer that changes its arguments, or what all cells share, or that answers an exercise."""

PLOT = _words("""
    axhline axis axvline bar boxplot colorbar contour contourf figure grid hist imshow legend plot scatter show
    subplots text tight_layout title xlabel xlim xscale ylabel ylim yscale
""")
"""What of pyplot shows in the running cell and no later."""

BUILTINS = _words("""
    abs all any bool dict display enumerate float int isinstance len list max min print range reversed round set
    sorted str sum tuple type zip
""")

NEW = _words("""
    BayesianGaussianMixture GaussianMixture GaussianMixtureClassifier KMeans KNNImputer LinearDiscriminantAnalysis
    LogisticRegression NearestNeighbors PCA QuadraticDiscriminantAnalysis SimpleImputer StandardScaler abs all any
    arange array bincount clone cov crosstab default_rng empty exp figure fit_predict float full int len linspace
    load_faithful load_iris load_penguins load_results log make_blobs mean multivariate_normal norm ones predict
    predict_proba range read_csv round sort split_penguins sqrt std str subplots sum unique zeros zeros_like
""")
"""Functions and methods whose result shares nothing with what they are given."""

SHALLOW = _words("Pipeline dict enumerate list make_pipeline set sorted tuple zip")
"""Their result is new, and holds what they are given."""

SILENT = _words("""
    agg aic all any apply argmax argmin argsort assign astype bic cdf clip copy corr count cov cumsum describe diff
    dot drop dropna fillna flatten format get groupby gt head idxmax idxmin info isin isna isnull items join keys
    loc logpdf lower max mean median melt min notna nunique pdf pivot pivot_table ppf predict predict_proba quantile
    ravel reindex rename rename_axis reset_index reshape round sample score score_samples set_index sf shape
    sort_values split std strip sub sum tail to_dict to_frame to_numpy to_string tolist transform transpose unique
    unstack value_counts values var xs
""")
"""Methods that change nothing."""

OWN = _words("""
    add add_patch annotate append axhline axhspan axvline bar choice clabel colorbar contour contourf dirichlet
    errorbar extend fill_between fit fit_predict fit_transform hist imshow insert integers legend normal permutation
    plot pop random scatter set set_params set_title set_xlabel set_xlim set_ylabel set_ylim standard_normal step
    text tick_params uniform update
""")
"""Methods that change the object alone to which they belong."""

FOREIGN, HOLDS_FOREIGN, OWN_ALL = range(3)
"""Whether an object may be another cell's, or is new and may hold another cell's, or is new through and through."""


ONCE = _words("""
    chain combinations count cycle enumerate filter iter map open permutations product reversed split zip
""")
"""What gives something that can be gone through once."""

ADDS = _words("add append extend insert update")
"""Those of them that keep what they are given."""

HISTORY = _words("In Out _ __ ___ _dh _i _ih _ii _iii _oh exit get_ipython quit")
"""Names of IPython's own, which know more than the values of names."""

LONGEST, MOST, DEEPEST = 5_000, 60_000, 5
"""Characters of a cell, and of all; loops in loops, and rounds: what goes beyond is not looked at closely."""


class Cell(ast.NodeVisitor):
    """What a cell does to names, and whether it is quiet.

    Parameters
    ----------
    source : str
        Its source.
    modules : dict of str to str
        Names that stand for modules.
    callables : dict of str to str
        Names of functions, with the words of `defines`.
    unsafe : set of str
        Names of what must not be handed to another function.
    defined : set of str
        Names of functions that cells define.

    Attributes
    ----------
    reads, late : set of str
        Names whose earlier values it uses, and those that functions use which it defines, whenever they are called.
    binds : dict of str to str
        Names that it sets; for an import or a definition with a word for it.
    changes : set of str
        Names through which it may change objects that other cells have.
    kin : list of set of str
        Names that may share objects.
    defines : dict of str to str
        Functions that it defines: whether they are quiet, change what they are given, or are loud.
    once : set of str
        Names of what can be gone through once.
    quiet : bool
        Whether it changes nothing else.
    """

    def __init__(
        self, source: str, modules: dict[str, str], callables: dict[str, str], unsafe: set[str], defined: set[str]
    ):
        self.modules, self.callables, self.unsafe, self.defined = modules, callables, unsafe, defined
        self._local: set[str] = set()
        self.once: set[str] = set()
        self.defines: dict[str, str] = {}
        self.reads: set[str] = set()
        self.late: set[str] = set()
        self.binds: dict[str, str] = {}
        self.changes: set[str] = set()
        self.kin: list[set[str]] = []
        self.quiet = True
        self._own: dict[str, int] = {}
        self._levels: dict[ast.AST, int] = {}
        self._inside, self._loops = False, 0
        tree = parsed(source)
        if tree is None:
            self.quiet = False
        else:
            self.visit(tree)

    def _set(self, target: ast.AST, level: int, value: ast.AST | None = None) -> None:
        """Set a target to a value of this level."""
        if isinstance(target, ast.Name):
            self._name(target.id, level)
        elif isinstance(target, ast.Starred):
            self._set(target.value, _inner(level))
        elif isinstance(target, ast.Tuple | ast.List):
            several = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
            levels = [self.level(each) for each in several] if several else [_inner(level)] * len(target.elts)
            for one, its in zip(target.elts, levels, strict=True):
                self._set(one, its)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self.visit(target.value)
            if isinstance(target, ast.Subscript):
                self.visit(target.slice)
            self._change(target.value, HOLDS_FOREIGN if isinstance(target.value, ast.Name) else OWN_ALL)
            if value is not None:
                self._put(target.value, value)
        else:
            self.quiet = False

    def _name(self, name: str, level: int, word: str = "") -> None:
        self._own[name] = level
        if self._inside:
            self._local.add(name)
        else:
            self.binds[name] = word

    def _put(self, owner: ast.AST, value: ast.AST) -> None:
        """Note that an object now holds another one."""
        level = self._share(owner, value)
        while isinstance(owner, ast.Attribute | ast.Subscript):
            owner = owner.value
        if isinstance(owner, ast.Name) and level < OWN_ALL:
            self._own[owner.id] = min(self._own.get(owner.id, FOREIGN), HOLDS_FOREIGN)

    def _share(self, target: ast.AST, value: ast.AST) -> int:
        """Note that what a target names may share objects with a value, and return the value's level."""
        level = self.level(value)
        if level < OWN_ALL:
            self.kin.append(_names(target) | _names(value))
        return level

    def _change(self, node: ast.AST, least: int) -> None:
        if self.level(node) < least:
            self.changes |= _names(node)

    def _set_each(self, target: ast.AST, items: ast.AST) -> None:
        """Set a target to each of some items."""
        call = items if isinstance(items, ast.Call) and isinstance(target, ast.Tuple) else None
        name = call.func.id if call and isinstance(call.func, ast.Name) else ""
        if call and name == "zip" and len(call.args) == len(target.elts):
            for one, several in zip(target.elts, call.args, strict=True):
                self._set_each(one, several)
        elif call and name == "enumerate" and len(target.elts) == 2 and call.args:
            self._set(target.elts[0], OWN_ALL)
            self._set_each(target.elts[1], call.args[0])
        else:
            self._set(target, _inner(self._share(target, items)))

    def level(self, node: ast.AST) -> int:
        """Return whether an expression's value may be, or may hold, what other cells have."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Compare):
            return OWN_ALL
        if isinstance(node, ast.Name):
            return self._own.get(node.id, FOREIGN)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return _inner(self.level(node.value))
        if isinstance(node, ast.Call):
            return self._level_of_call(node)
        if isinstance(node, ast.IfExp):
            return min(self.level(node.body), self.level(node.orelse))
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return self._levels.get(node, HOLDS_FOREIGN)
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.BinOp | ast.UnaryOp):
            parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
            return OWN_ALL if all(self.level(part) == OWN_ALL for part in parts) else HOLDS_FOREIGN
        return _inner(self.level(node.value)) if isinstance(node, ast.Starred) else FOREIGN

    def _level_of_call(self, node: ast.Call) -> int:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        name = _last(node.func)
        if name in ("DataFrame", "Series") and node.args and isinstance(node.args[0], ast.Dict):
            return OWN_ALL
        if isinstance(node.func, ast.Attribute) and name in OWN - NEW:
            return self.level(node.func.value)
        if isinstance(node.func, ast.Attribute) and not self._module(node.func.value):
            given.append(node.func.value)
        if name in NEW or (name not in self.defined and all(self.level(each) == OWN_ALL for each in given)):
            return OWN_ALL
        return HOLDS_FOREIGN if name in SHALLOW and isinstance(node.func, ast.Name | ast.Attribute) else FOREIGN

    def _module(self, node: ast.AST) -> str:
        """Return the module that an expression such as ``np.linalg`` begins with."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return self.modules.get(node.id, "") if isinstance(node, ast.Name) else ""

    def visit_Call(self, node: ast.Call) -> None:
        """Judge a call: of a function that is known, or of a method."""
        if isinstance(node.func, ast.Name):
            self._read(node.func.id)
        else:
            self.visit(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        self._all([*node.args, *node.keywords])
        for keyword in node.keywords:
            if keyword.arg in ("ax", "random_state"):
                self._change(keyword.value, OWN_ALL)
            self.quiet &= keyword.arg not in ("copy", "copy_x", "inplace", "out") and not str(keyword.arg).startswith(
                "overwrite"
            )
        function, name = node.func, _last(node.func)
        if isinstance(function, ast.Name):
            word = self.callables.get(name, "def" if name in BUILTINS and name not in self._own else "loud")
            self.quiet &= word != "loud" and name not in self._local
            for each in (*node.args, *(keyword.value for keyword in node.keywords)) if word == "changes" else ():
                self._change(each, OWN_ALL)
        elif not isinstance(function, ast.Attribute):
            self.quiet = False
        elif module := self._module(function.value):
            path = set(ast.unparse(function).split("."))
            loud = path & LOUD and name != "default_rng"
            drawn = name in PLOT if module == "matplotlib.pyplot" else name.endswith("plot") and module == "seaborn"
            plain = drawn or not module.startswith(("matplotlib", "seaborn", "gmmlab"))
            self.quiet &= plain and not loud
        elif name in OWN:
            self._change(function.value, HOLDS_FOREIGN if name in ADDS else OWN_ALL)
            for each in node.args if name in ADDS else ():
                self._put(function.value, each)
        elif name not in SILENT:
            for each in (function.value, *node.args, *(keyword.value for keyword in node.keywords)):
                self._change(each, OWN_ALL)

    def _read(self, name: str) -> None:
        if name not in self._own:
            self.reads.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        """Note a name that is read."""
        if node.id not in self._own:
            self._read(node.id)
            known = getattr(builtins, node.id, BaseException)
            fine = node.id in BUILTINS or (isinstance(known, type) and issubclass(known, BaseException))
            self.quiet &= fine and node.id not in self.unsafe

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Look at a method that is not called, but may be handed to something that calls it."""
        self.visit(node.value)
        self.quiet &= node.attr not in LOUD or node.attr == "random"
        self.quiet &= not (isinstance(node.value, ast.Attribute) and node.value.attr == "random")
        if node.attr in OWN and not self._module(node.value):
            self._change(node.value, OWN_ALL)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Set names to a value."""
        self.visit(node.value)
        called = isinstance(node.value, ast.Call) and _last(node.value.func) in ONCE
        if called or isinstance(node.value, ast.GeneratorExp):
            self.once.update(*map(_names, node.targets))
        for target in node.targets:
            self._set(target, self._share(target, node.value), node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Set a name within an expression: not looked at closely."""
        self.generic_visit(node)
        self.quiet = False

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Change a value, perhaps where it is."""
        self.visit(node.value)
        self.visit(node.target)
        self._change(node.target, HOLDS_FOREIGN if isinstance(node.target, ast.Name) else OWN_ALL)
        if isinstance(node.target, ast.Name):
            self._name(node.target.id, self._own.get(node.target.id, FOREIGN))
        self._put(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        """Go through a loop twice, since what it ends with is what it begins with."""
        self.visit(node.iter)
        self._loops += 1
        self.quiet &= self._loops < DEEPEST
        for _ in range(2 if self._loops < DEEPEST else 1):
            self._set_each(node.target, node.iter)
            self._all(node.body)
        self._loops -= 1
        self._all(node.orelse)

    def visit_With(self, node: ast.With) -> None:
        """Set what a context gives."""
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._set(item.optional_vars, self._share(item.optional_vars, item.context_expr))
        self._all(node.body)

    def visit_If(self, node: ast.If | ast.Try) -> None:
        """Go through each branch: a name that only some of them set keeps its earlier value in the others."""
        if not isinstance(node, ast.Try):
            self.visit(node.test)
        before, after = dict(self._own), []
        for field in ("body", "handlers", "orelse", "finalbody"):
            for part in [getattr(node, field, [])] if field != "handlers" else ([h] for h in getattr(node, field, [])):
                self._own = {n: min(own.get(n, FOREIGN) for own in (before, *after)) for n in before}
                self._all(part)
                after.append(self._own)
        after.append(before)
        self.reads |= set(self.binds) & (set().union(*after) - set(before))
        self._own = {name: min(own[name] for own in after if name in own) for name in before}

    visit_Try = visit_If

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Set a name to an error."""
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._name(node.name, OWN_ALL)
        self._all(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.Lambda) -> None:
        """Look into a function: what it uses of the cell's is whatever it finds there when it is called."""
        name = getattr(node, "name", "")
        arguments = node.args
        for default in [
            *arguments.defaults,
            *filter(None, arguments.kw_defaults),
            *getattr(node, "decorator_list", []),
        ]:
            self.visit(default)
        self.quiet &= not getattr(node, "decorator_list", [])
        if name:
            self._name(name, FOREIGN, "def")
        own, reads, inside, before = self._own, self.reads, self._inside, (self.quiet, self.changes)
        if name:
            self.quiet, self.changes = True, set()
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        given = {each.arg: FOREIGN for each in every if each}
        self._local |= given.keys()
        self._own, self.reads, self._inside = dict(given), set(), True
        self._all(node.body if isinstance(node.body, list) else [node.body])
        self.late |= self.reads
        if name:
            self.kin.append({name, *self.reads})
            plain = self.quiet and not self.changes - set(given)
            self.defines[name] = ("changes" if self.changes else "def") if plain else "loud"
            self.quiet, self.changes = before
        self._own, self.reads, self._inside = own, reads | (self.reads - set(own)), inside

    visit_Lambda = visit_FunctionDef

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Look into a comprehension, whose names are its own."""
        own, inside = dict(self._own), self._inside
        self._inside = True
        for part in node.generators:
            self.visit(part.iter)
            self._set_each(part.target, part.iter)
            self._all(part.ifs)
        items = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._all(items)
        whole = all(self.level(item) == OWN_ALL for item in items)
        self._levels[node] = OWN_ALL if whole else HOLDS_FOREIGN
        self._own, self._inside = own, inside

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Set names to what is imported."""
        source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            path = f"{source}:{alias.name}" if source else alias.name
            self.quiet &= path.partition(":")[0].split(".")[0] in MODULES and alias.name != "*"
            self._name(alias.asname or alias.name.split(".")[0], FOREIGN, path)

    visit_ImportFrom = visit_Import

    def _all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Go into whatever is harmless; call everything else not quiet."""
        self.quiet &= isinstance(node, _HARMLESS)
        super().generic_visit(node)


_HARMLESS = (
    ast.Module, ast.Expr, ast.Call, ast.keyword, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.Constant,
    ast.JoinedStr, ast.FormattedValue, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp, ast.BoolOp,
    ast.Compare, ast.IfExp, ast.Return, ast.Pass, ast.Break, ast.Continue, ast.Assert, ast.Raise, ast.expr_context,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip


@lru_cache(maxsize=256)  # the lab's own cells are looked at again for each submission
def parsed(source: str) -> ast.Module | None:
    """Return the syntax tree of a cell; None if it has none, or is too long to be looked at."""
    try:
        return ast.parse(source) if len(source) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _inner(level: int) -> int:
    return level if level == OWN_ALL else FOREIGN


def _last(function: ast.AST) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _read(sources: Sequence[str]) -> list[Cell]:
    """Read cells, each knowing what all of them import and define."""
    words: dict[str, set[str]] = {}
    for cell in [Cell(source, {}, {}, set(), set()) for source in sources]:
        for name, word in cell.binds.items():
            words.setdefault(name, set()).add(word)
    special = {name for name, said in words.items() if any(said)}
    sole = {name: word for name, (word, *more) in words.items() if not more and word}
    defined = {name for name, said in words.items() if "def" in said}
    modules = {name: word for name, word in sole.items() if ":" not in word and word != "def"}
    callables = {name: "def" for name, word in sole.items() if _callable(name, word)}
    for _ in range(DEEPEST):
        unsafe = {name for name in special - modules.keys() if callables.get(name) != "def"}
        cells = [Cell(source, modules, callables, unsafe, defined) for source in sources]
        said = {name: word for cell in cells for name, word in cell.defines.items() if name in sole}
        if all(callables.get(name) == word for name, word in said.items()):
            return cells
        callables |= said
    raise RecursionError("functions call functions that call functions")


def _callable(name: str, word: str) -> bool:
    """Whether what was imported, or defined, may be called."""
    module, _, original = word.partition(":")
    if module.startswith("matplotlib"):
        return original == name and (original in PLOT or original[:1].isupper())
    if module.startswith("numpy.random"):
        return name == original == "default_rng"
    return word == "def" or (original == name and name not in LOUD and not module.startswith(_THE_GRADERS))


_THE_GRADERS = ("gmmlab.course", "gmmlab.exercises")


def plan(worked: Sequence[str], cells: Sequence[str]) -> list[int | None] | None:
    """Say which worked cells stand for cells of a submission.

    Parameters
    ----------
    worked : sequence of str
        Sources of the lab's own worked cells, which have run one after the other.
    cells : sequence of str
        Sources of the submission's cells.

    Returns
    -------
    list, or None
        For each cell of the submission the number of the worked cell that stands for it, and None where it has to run.
        None if everything has to run.
    """
    try:
        return _plan(worked, cells) if sum(map(len, cells)) <= MOST else None
    except (RecursionError, MemoryError):
        return None


def _plan(worked: Sequence[str], cells: Sequence[str]) -> list[int | None] | None:
    pairs = SequenceMatcher(None, [*map(_gist, worked)], [*map(_gist, cells)], autojunk=False)
    *blocks, _ = pairs.get_matching_blocks()
    if not blocks:
        return None
    end = blocks[-1].b + blocks[-1].size
    read = _read([*worked, *cells[:end]])
    ours, theirs = read[: len(worked)], read[len(worked) :]
    late = _closed({name: cell.late for cell in read for name in cell.binds if cell.late})

    def needs(cell: Cell) -> set[str]:
        return cell.reads.union(*(late.get(name, ()) for name in cell.reads))

    words = {name for cell in read for name, word in cell.binds.items() if word not in ("", "def")}
    kin = _groups([names - words for cell in read for names in cell.kin])
    ran: dict[str, str | tuple] = {}
    run: dict[str, str | tuple] = {}
    steps: list[int | None] = []
    touched: set[str] = set()
    differs = False
    for tag, i1, i2, j1, j2 in pairs.get_opcodes():
        differs |= tag != "equal" and (i1 < i2 or j1 < end)
        if tag != "equal":
            here = [*ours[i1:i2], *theirs[j1:j2]]
            if differs and any(cell.changes or not cell.quiet for cell in here):
                return None
            touched.update(*(kin.get(name, {name}) for cell in theirs[j1:j2] for name in needs(cell)))
            ran |= {name: _version(word, "lab's", i) for i in range(i1, i2) for name, word in ours[i].binds.items()}
            for j, cell in enumerate(theirs[j1:j2], j1):
                run |= {name: _version(word, "own", j) for name, word in cell.binds.items()}
            steps += [None] * (j2 - j1)
            continue
        for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
            cell = ours[i]
            again = any(ran.get(name) != run.get(name) for name in needs(cell))
            if differs and (not cell.quiet or (again and cell.changes)):
                return None
            if again:
                touched.update(*(kin.get(name, {name}) for name in needs(cell)))
            elif touched & cell.changes:
                return None
            ran |= {name: _version(word, "lab's", i) for name, word in cell.binds.items()}
            run |= {name: _version(word, *(("own", j) if again else ("lab's", i))) for name, word in cell.binds.items()}
            steps.append(None if again else i)
    if differs and any(cell.once & needs(other) for cell in read for other in read if other is not cell):
        return None
    if differs and (any(cell.binds.keys() & BUILTINS for cell in read) or any(map(_remembers, cells))):
        return None
    return steps if any(step is not None for step in steps) else None


def _version(word: str, *version: str | int) -> str | tuple:
    """Return what tells the values of a name apart: what is imported is the same, wherever that is done."""
    return version if word in ("", "def") else word


def _remembers(source: str) -> bool:
    """Whether a cell may look at what IPython keeps of earlier cells."""
    tree = parsed(source)
    if tree is None:
        return len(source) > LONGEST or any(mark in source for mark in "%!?")
    return any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id.rstrip("0123456789") in HISTORY
        for node in ast.walk(tree)
    )


@lru_cache(maxsize=256)
def _gist(source: str) -> str:
    tree = parsed(source)
    return source if tree is None else ast.dump(tree)


def _groups(kin: list[set[str]]) -> dict[str, set[str]]:
    """Return for each name all those with which it may share objects, by way of others."""
    found: dict[str, set[str]] = {}
    for names in kin:
        whole = names.union(*(found.get(name, ()) for name in names))
        found |= dict.fromkeys(whole, whole)
    return found


def _closed(late: dict[str, set[str]]) -> dict[str, set[str]]:
    """Let each function use what the functions use that it calls."""
    grown = {name: used.union(*(late.get(each, ()) for each in used)) for name, used in late.items()}
    return late if grown == late else _closed(grown)
