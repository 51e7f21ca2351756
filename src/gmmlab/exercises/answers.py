"""Answers as plain data: coded into JSON in the student's kernel, decoded by whoever judges them.

Nothing is pickled, and decoding runs no code that came with an answer: it builds numbers, texts, arrays, tables
and a fixed list of scikit-learn estimators from their fitted parameters, and refuses everything else.

The format, version 1
---------------------
The output of a check cell holds, under the MIME type ``application/vnd.gmmlab.answer+json``::

    {"schema": 1, "exercise": "fit-2", "lab": "1.0", "answers": [CODED, ...], "source": "0a1b...", "tries": 1}

with the version of the format, the exercise, the version of the lab that judged it first, the arguments of ``check``
in their order, a digest of the cell that gave the answer (`gmmlab.exercises.failed_cells.digest_of`; none where no
IPython ran it, or an older lab stored it), and how many different answers were tried so far. Each argument is an object
whose ``kind`` says what else is in it:

============  ====================================================================================================
kind          holds
============  ====================================================================================================
open          nothing: the answer is still the stub ``...``
constant      ``value``: true, false or null
int, float    ``value``: a number of at most 63 bits; a float may be the text "nan", "inf" or "-inf"
text          ``value``
array         ``dtype`` (such as "<f8"), ``shape``, ``data``: base64 of the little-endian bytes in C order
strings       ``shape``, ``items``: texts or null
list          ``items``: coded values; a tuple, a range and a (sorted) set are lists, too
dict          ``items``: pairs of coded values
series        ``name``, ``index``, ``values``
table         ``columns``, ``index``, ``data``: an array or strings a column
estimator     ``class`` (of `_ESTIMATORS`), ``params``: of its constructor, ``fitted``: its attributes
pipeline      ``steps``: pairs of a name and a coded value
axes          ``fields``: those of `AxesAnswer`
calls         ``seed`` of the inputs, ``results``: what the student's function gave, one a call; ``printed``: whether a
              call that returned None printed something
raised        ``error``, ``message``: a call raised
failed        ``error``, ``message``: the cell of this answer ended in an error, so there is no new answer
unknown       ``what``: in words, what could not be stored
============  ====================================================================================================

The promise: what a lab of one version of the format has stored, every later lab of the same version reads, to the same
answer. A kind, or a key of a kind, may be added within a version; none is renamed, dropped or given another meaning. A
change that breaks this raises ``SCHEMA``, and `gmmlab.exercises.judging.judge` gives what a later version has made no
points and says so, instead of guessing. Whether the answer is *right* is no matter of the format: that is judged by the
checks of the lab that reads it.
"""

import base64
import binascii
import math
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from dis import get_instructions
from functools import cache
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
"""Version of the format in which answers are stored."""

MAX_BYTES = 1_000_000
"""Largest coded answer, in bytes of array data and characters of text together."""

MAX_DEPTH = 8
MAX_ITEMS = 20_000

_DTYPES = frozenset(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"])

_ESTIMATORS = {
    "GaussianMixture": (
        "sklearn.mixture",
        ("weights_", "means_", "covariances_", "precisions_cholesky_", "precisions_", "n_iter_", "converged_",
         "lower_bound_", "n_features_in_", "feature_names_in_"),
    ),
    "BayesianGaussianMixture": (
        "sklearn.mixture",
        ("weights_", "means_", "covariances_", "precisions_cholesky_", "precisions_", "n_iter_", "converged_",
         "lower_bound_", "n_features_in_", "feature_names_in_", "weight_concentration_", "mean_precision_",
         "degrees_of_freedom_", "weight_concentration_prior_", "mean_precision_prior_", "mean_prior_",
         "degrees_of_freedom_prior_", "covariance_prior_"),
    ),
    "KMeans": (
        "sklearn.cluster",
        ("cluster_centers_", "labels_", "inertia_", "n_iter_", "n_features_in_", "feature_names_in_", "_n_threads"),
    ),
    "StandardScaler": (
        "sklearn.preprocessing",
        ("mean_", "scale_", "var_", "n_samples_seen_", "n_features_in_", "feature_names_in_"),
    ),
    "RobustScaler": ("sklearn.preprocessing", ("center_", "scale_", "n_features_in_", "feature_names_in_")),
    "MinMaxScaler": ("sklearn.preprocessing", ("min_", "scale_", "n_features_in_", "feature_names_in_")),
}  # fmt: skip


class AnswerError(ValueError):
    """A coded answer is malformed, or too large to be one."""


@dataclass(frozen=True)
class Open:
    """The answer is still the stub that the student was given."""


@dataclass(frozen=True)
class Unknown:
    """The answer is of a kind that cannot be stored; ``what`` says it in words, such as "an open file"."""

    what: str


@dataclass(frozen=True)
class Raised:
    """A call of the student's function raised ``error`` with this message."""

    error: str
    message: str


@dataclass(frozen=True)
class Failed:
    """The cell of this answer ended in ``error`` with this message, so there is no new answer."""

    error: str
    message: str


@dataclass(frozen=True)
class Calls:
    """What the student's function returned on the inputs drawn from ``seed``, one result a call.

    ``printed`` says whether a call printed something and returned None.
    """

    seed: int
    results: list[Any]
    printed: bool = False


@dataclass(frozen=True)
class AxesAnswer:
    """What an Axes shows.

    Attributes
    ----------
    title, xlabel, ylabel : str
        Texts as drawn; empty where there is none.
    xlim, ylim : list of float
        Limits of the axes.
    legend : list of str
        Texts of the legend.
    texts : list of str
        Texts placed in the Axes.
    artists : list of dict
        What is drawn. Each has ``"type"``: ``"line"`` (x, y, label, colour, marker, linestyle), ``"scatter"``
        (offsets, colours, label, outline of its marker), ``"ellipse"`` (centre, width, height, angle in degrees),
        ``"bar"`` (x, y, width, height), ``"contour"`` (levels, and for each level its vertices and path codes),
        ``"image"``.
    """

    title: str
    xlabel: str
    ylabel: str
    xlim: list[float]
    ylim: list[float]
    legend: list[str]
    texts: list[str]
    artists: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the artists of one type."""
        return [artist for artist in self.artists if artist.get("type") == kind]


def encode(value: Any) -> dict[str, Any]:
    """Code an answer as plain data that ``json`` can write.

    Never raises: what cannot be stored becomes an `Unknown` that says what came.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            coded = _encode(value, 0)
            _Budget().spend_on(coded)
        except _Unstorable as problem:
            coded = {"kind": "unknown", "what": str(problem)[:200]}
        except Exception:
            coded = {"kind": "unknown", "what": f"an object of type {_type_name(value)} that cannot be read"}
    return coded


def decode(coded: Any) -> Any:
    """Return the answer that `encode` coded.

    Raises
    ------
    AnswerError
        If ``coded`` is malformed, too large or too deep; the sentence says what is wrong.
    """
    _Budget().spend_on(coded)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(coded)
    except AnswerError:
        raise
    except Exception as error:
        raise AnswerError(f"The stored answer is malformed ({type(error).__name__}).") from error


def record_calls(function: Callable[..., Any], inputs: list[tuple[Any, ...]], seed: int | None) -> dict[str, Any]:
    """Call the student's function on each tuple of inputs and code what comes back; never raises.

    Without a seed the record names none: whoever drew the inputs puts it in before judging.
    """
    if _is_stub(function):
        results, printed = [encode(...) for _ in inputs], False
    else:
        shown = StringIO()
        results = [_record(function, arguments, shown) for arguments in inputs]
        printed = bool(shown.getvalue().strip()) and encode(None) in results
    coded: dict[str, Any] = {"kind": "calls", "results": results}
    return coded | ({"printed": True} if printed else {}) | ({} if seed is None else {"seed": seed})


def _is_stub(function: Callable[..., Any]) -> bool:
    """Whether a function does nothing at all: its body is the ellipsis, ``pass``, or a docstring alone."""
    code = getattr(function, "__code__", None)
    does_nothing = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"}
    return code is not None and all(
        step.opname in does_nothing
        and (step.opname not in ("LOAD_CONST", "RETURN_CONST") or step.argval in (None, ...))
        for step in get_instructions(code)
    )


def _record(function: Callable[..., Any], arguments: tuple[Any, ...], shown: StringIO) -> dict[str, Any]:
    try:
        with warnings.catch_warnings(), redirect_stdout(shown), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            return encode(function(*deepcopy(arguments)))
    except Exception as error:
        return {"kind": "raised", "error": _type_name(error), "message": _text_of(error)}


class _Unstorable(Exception):
    """The value is of no kind that can be stored; the message is what to call it."""


def _type_name(value: Any) -> str:
    return str(getattr(type(value), "__name__", "object"))[:80]


def _text_of(error: Exception) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return ""


def _encode(value: Any, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise _Unstorable(f"a structure nested more than {MAX_DEPTH} deep")
    if value is Ellipsis:
        return {"kind": "open"}
    for types, coder in _coders():
        if issubclass(type(value), types):
            return coder(value, depth)
    raise _Unstorable("a function" if callable(value) else f"an object of type {_type_name(value)}")


@cache
def _coders() -> list[tuple[tuple[type, ...], Callable[..., dict[str, Any]]]]:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

    return [
        ((bool, type(None)), lambda v, _: {"kind": "constant", "value": v}),
        (
            (np.generic,),
            lambda v, d: _encode(v.item(), d) if v.dtype.char in "?bBhHiIlLqQefdU" else _array(v, d),
        ),
        ((int,), _integer),
        ((float,), lambda v, _: {"kind": "float", "value": _float(v)}),
        ((complex,), lambda v, d: _array(np.asarray(v), d)),
        ((str,), lambda v, _: {"kind": "text", "value": str.__str__(v)}),
        ((AxesAnswer,), lambda v, d: _axes_fields(v, d)),
        ((Axes,), lambda v, d: _axes_fields(_describe_axes(v), d)),
        ((np.ndarray,), _array),
        ((pd.DataFrame,), _table),
        ((pd.Series,), _series),
        ((pd.Index,), lambda v, d: _array(v.to_numpy(), d)),
        ((list, tuple, range), _list),
        # Sorted, since the order of a set of texts changes from run to run.
        ((set, frozenset), lambda v, d: _list(sorted(v, key=str), d)),
        ((dict,), _dict),
        ((BaseEstimator,), _estimator),
        ((Raised,), lambda v, _: {"kind": "raised", "error": v.error, "message": v.message}),
        ((Failed,), lambda v, _: {"kind": "failed", "error": v.error, "message": v.message}),
        (
            (Calls,),
            lambda v, d: (
                {"kind": "calls", "seed": v.seed, "results": [_encode(r, d + 1) for r in v.results]}
                | ({"printed": True} if v.printed else {})
            ),
        ),
        ((Open,), lambda v, _: {"kind": "open"}),
        ((Unknown,), lambda v, _: {"kind": "unknown", "what": v.what}),
    ]


def _integer(value: int, depth: int) -> dict[str, Any]:
    value = int.__index__(value)
    if value.bit_length() > 63:
        raise _Unstorable("a whole number of more than 63 bits")
    return {"kind": "int", "value": value}


def _float(value: float) -> float | str:
    value = float.__float__(value)
    return value if math.isfinite(value) else str(value)


def _array(value: Any, depth: int) -> dict[str, Any]:
    array = np.asarray(value)
    if array.dtype.kind in "UO":
        return _strings(array)
    if array.dtype.kind not in "biufc" or array.dtype.itemsize > 16 or array.dtype.str[1:] in ("f16", "f12"):
        raise _Unstorable(f"an array of dtype {array.dtype}")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if little.nbytes > MAX_BYTES:
        raise _Unstorable(f"an array of {little.nbytes / 1e6:.1f} MB, which is more than an answer may hold")
    data = base64.b64encode(np.ascontiguousarray(little).tobytes()).decode("ascii")
    return {
        "kind": "array",
        "dtype": little.dtype.str.replace("=", "<"),
        "shape": list(array.shape),
        "data": data,
    }


def _strings(array: np.ndarray) -> dict[str, Any]:
    import pandas as pd

    items = array.ravel().tolist()
    items = [None if item is None or item is pd.NA or item != item else item for item in items]
    if not all(item is None or type(item) is str for item in items):
        numbers = all(type(item) in (int, float, bool) or item is None for item in items)
        if not numbers:
            raise _Unstorable("an array of objects that are neither numbers nor texts")
        return _array(array.astype(float), 0)
    return {"kind": "strings", "shape": list(array.shape), "items": items}


def _list(value: Any, depth: int) -> dict[str, Any]:
    if len(value) > MAX_ITEMS:
        raise _Unstorable(f"a list of {len(value)} items, which is more than an answer may hold")
    return {"kind": "list", "items": [_encode(item, depth + 1) for item in value]}


def _dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    if len(value) > MAX_ITEMS:
        raise _Unstorable(f"a dict of {len(value)} items, which is more than an answer may hold")
    return {
        "kind": "dict",
        "items": [[_encode(k, depth + 1), _encode(v, depth + 1)] for k, v in value.items()],
    }


def _series(value: "pd.Series", depth: int) -> dict[str, Any]:
    return {
        "kind": "series",
        "name": _encode(value.name, depth + 1),
        "index": _array(value.index.to_numpy(), depth),
        "values": _array(value.to_numpy(), depth),
    }


def _table(value: "pd.DataFrame", depth: int) -> dict[str, Any]:
    return {
        "kind": "table",
        "columns": [_encode(name, depth + 1) for name in value.columns],
        "index": _array(value.index.to_numpy(), depth),
        "data": [_array(value.iloc[:, j].to_numpy(), depth) for j in range(value.shape[1])],
    }


def _estimator(value: Any, depth: int) -> dict[str, Any]:
    if type(value).__name__ == "Pipeline":
        steps = [[str(name), _encode(step, depth + 1)] for name, step in value.steps]
        return {"kind": "pipeline", "steps": steps}
    name = next((c.__name__ for c in type(value).__mro__ if c.__name__ in _ESTIMATORS), None)
    if name is None:
        raise _Unstorable(f"a {_type_name(value)}")
    fitted = {a: _encode(getattr(value, a), depth + 1) for a in _ESTIMATORS[name][1] if hasattr(value, a)}
    if not any(a.endswith("_") for a in fitted):
        raise _Unstorable(f"a {name} that was not fitted")
    return {"kind": "estimator", "class": name, "params": _parameters(value, depth), "fitted": fitted}


def _parameters(value: Any, depth: int) -> dict[str, Any]:
    """Code the constructor's arguments that are plain data; others keep their defaults when decoded."""
    params = {name: _plain(param, depth) for name, param in value.get_params(deep=False).items()}
    return {name: coded for name, coded in params.items() if coded is not None}


def _plain(param: Any, depth: int) -> dict[str, Any] | None:
    try:
        return _encode(param, depth + 1)
    except _Unstorable:
        return None


def _axes_fields(answer: AxesAnswer, depth: int) -> dict[str, Any]:
    return {
        "kind": "axes",
        "fields": {name: _encode(value, depth + 1) for name, value in vars(answer).items()},
    }


def _describe_axes(ax: Any) -> AxesAnswer:
    legend = ax.get_legend()
    return AxesAnswer(
        title=next((t for t in map(ax.get_title, ("left", "center", "right")) if t), ""),
        xlabel=ax.get_xlabel(),
        ylabel=ax.get_ylabel(),
        xlim=[float(x) for x in ax.get_xlim()],
        ylim=[float(y) for y in ax.get_ylim()],
        legend=[text.get_text() for text in legend.get_texts()] if legend and legend.get_visible() else [],
        texts=[text.get_text() for text in ax.texts],
        artists=[d for a in ax.get_children() if a is not ax.patch and (d := _describe_artist(a)) is not None],
    )


def _describe_artist(artist: Any) -> dict[str, Any] | None:
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_hex
    from matplotlib.contour import ContourSet
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.patches import Ellipse, Rectangle

    alpha = artist.get_alpha()
    if not artist.get_visible() or (np.ndim(alpha) == 0 and alpha == 0):
        return None
    label = str(artist.get_label())
    match artist:
        case Line2D():
            x, y = (np.asarray(v, dtype=float) for v in artist.get_data())
            return {"type": "line", "x": x, "y": y, "label": label, "colour": to_hex(artist.get_color()),
                    "marker": str(artist.get_marker()), "linestyle": str(artist.get_linestyle())}  # fmt: skip
        case ContourSet():
            paths = [{"vertices": p.vertices, "codes": p.codes} for p in artist.get_paths()]
            return {"type": "contour", "levels": np.asarray(artist.levels, dtype=float), "paths": paths}
        case PathCollection():
            face = artist.get_facecolor()
            return {"type": "scatter", "offsets": np.asarray(artist.get_offsets(), dtype=float),
                    "colours": np.asarray(face if len(face) else artist.get_edgecolor(), dtype=np.float32),
                    "label": label,
                    "outline": [path.vertices for path in artist.get_paths()[:1]]}  # fmt: skip
        case Ellipse():
            return {"type": "ellipse", "centre": np.asarray(artist.get_center(), dtype=float), "label": label,
                    "width": float(artist.get_width()), "height": float(artist.get_height()),
                    "angle": float(artist.get_angle())}  # fmt: skip
        case Rectangle():
            return {"type": "bar", "x": float(artist.get_x()), "y": float(artist.get_y()), "label": label,
                    "width": float(artist.get_width()), "height": float(artist.get_height())}  # fmt: skip
        case AxesImage():
            return {"type": "image", "shape": list(np.shape(np.asarray(artist.get_array())))}
    return None


class _Budget:
    """Counts what a coded answer holds, before any of it is decoded."""

    def __init__(self) -> None:
        self.characters, self.items = 0, 0

    def spend_on(self, coded: Any) -> None:
        """Walk the JSON without recursion, so that depth cannot exhaust the stack."""
        stack = [(coded, 0)]
        while stack:
            value, depth = stack.pop()
            self.items += 1
            if isinstance(value, str):
                self.characters += len(value)
            elif isinstance(value, dict):
                self.characters += sum(len(key) for key in value if isinstance(key, str))
                stack += [(item, depth + 1) for item in value.values()]
            elif isinstance(value, list):
                stack += [(item, depth + 1) for item in value]
            if depth > 4 * MAX_DEPTH or self.items > 4 * MAX_ITEMS or self.characters > 2 * MAX_BYTES:
                raise _TooLarge("an answer that is too large or too deep to be stored")


class _TooLarge(_Unstorable, AnswerError):
    """The answer is beyond the caps."""


def _decode(coded: Any) -> Any:
    if not isinstance(coded, dict) or coded.get("kind") not in _DECODERS:
        raise AnswerError("The stored answer is of no known kind.")
    return _DECODERS[coded["kind"]](coded)


def _expect(condition: bool, problem: str) -> None:
    if not condition:
        raise AnswerError(f"The stored answer is malformed: {problem}.")


def _decode_constant(coded: dict[str, Any]) -> bool | None:
    value = coded["value"]
    if value is None or isinstance(value, bool):
        return value
    raise AnswerError("The stored answer is malformed: a constant is True, False or None.")


def _decode_int(coded: dict[str, Any]) -> int:
    value = coded["value"]
    _expect(type(value) is int and value.bit_length() <= 63, "a whole number has at most 63 bits")
    return int(value)


def _decode_float(coded: dict[str, Any]) -> float:
    value = coded["value"]
    _expect(type(value) in (int, float) or value in ("nan", "inf", "-inf"), "a number is expected")
    return float(value)


def _decode_text(coded: dict[str, Any]) -> str:
    _expect(type(coded["value"]) is str, "a text is expected")
    return str(coded["value"])


def _shape(coded: dict[str, Any]) -> tuple[int, ...]:
    shape = coded["shape"]
    _expect(isinstance(shape, list) and len(shape) <= 32, "a shape is a list of whole numbers")
    _expect(all(type(n) is int and 0 <= n <= MAX_BYTES for n in shape), "a shape is a list of whole numbers")
    return tuple(shape)


def _decode_array(coded: dict[str, Any]) -> np.ndarray:
    shape = _shape(coded)
    _expect(coded["dtype"] in _DTYPES, "the dtype is not a numeric one")
    dtype = np.dtype(coded["dtype"])
    try:
        data = base64.b64decode(coded["data"], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise AnswerError("The stored answer is malformed: an array is not valid base64.") from error
    _expect(len(data) == math.prod(shape) * dtype.itemsize, "an array's bytes do not fit its shape")
    return np.frombuffer(data, dtype=dtype).reshape(shape).copy()


def _decode_strings(coded: dict[str, Any]) -> np.ndarray:
    items, shape = coded["items"], _shape(coded)
    _expect(isinstance(items, list) and len(items) == math.prod(shape), "texts do not fit their shape")
    _expect(all(item is None or type(item) is str for item in items), "texts are expected")
    return np.array(items, dtype=object).reshape(shape)


def _decode_estimator(coded: dict[str, Any]) -> Any:
    name = coded["class"]
    _expect(name in _ESTIMATORS, "the estimator is of no known class")
    module, attributes = _ESTIMATORS[name]
    make = getattr(import_module(module), name)
    known = make().get_params()
    _expect(set(coded["params"]) <= set(known) and set(coded["fitted"]) <= set(attributes), "unknown parameters")
    estimator = make(**{key: _decode(value) for key, value in coded["params"].items()})
    for key, value in coded["fitted"].items():
        setattr(estimator, key, _decode(value))
    _check_consistent(name, estimator)
    return estimator


def _check_consistent(name: str, estimator: Any) -> None:
    """Refuse fitted parameters that do not fit together, so that a check can use the estimator."""
    if name.endswith("Mixture"):
        _check_mixture(estimator)
    elif name.endswith("Scaler"):
        d, origin = estimator.n_features_in_, _ESTIMATORS[name][1][0]
        for part in (getattr(estimator, origin), estimator.scale_):
            _expect(np.shape(part) == (d,) and np.isfinite(part).all(), "the scaler's parameters do not fit")
    elif name == "KMeans":
        centres = estimator.cluster_centers_
        _expect(np.ndim(centres) == 2 and np.isfinite(centres).all(), "the centres are not a finite table")


def _check_mixture(gmm: Any) -> None:
    from gmmlab.mixture import COVARIANCE_TYPES

    _expect(gmm.covariance_type in COVARIANCE_TYPES, "the covariance type is unknown")
    _expect(np.ndim(gmm.means_) == 2, "the means are not a table")
    k, d = gmm.means_.shape
    shape = {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}[gmm.covariance_type]
    _expect(np.shape(gmm.weights_) == (k,), "there is not one weight a component")
    for part in (gmm.covariances_, gmm.precisions_cholesky_):
        _expect(np.shape(part) == shape, "the covariances do not fit the covariance type")
    parts = (gmm.weights_, gmm.means_, gmm.covariances_, gmm.precisions_cholesky_)
    real = all(np.asarray(part).dtype.kind == "f" and np.isfinite(part).all() for part in parts)
    _expect(real, "a parameter of the mixture is not a finite number")
    _expect(gmm.n_features_in_ == d, "the number of features does not fit")


def _decode_pipeline(coded: dict[str, Any]) -> Any:
    from sklearn.pipeline import Pipeline

    steps = coded["steps"]
    _expect(
        all(isinstance(step, list) and len(step) == 2 for step in steps),
        "a pipeline's step is a name and a value",
    )
    return Pipeline([(str(name), _decode(step)) for name, step in steps])


def _decode_axes(coded: dict[str, Any]) -> AxesAnswer:
    answer = AxesAnswer(**{name: _decode(value) for name, value in coded["fields"].items()})
    texts = [answer.title, answer.xlabel, answer.ylabel, *answer.legend, *answer.texts]
    _expect(all(type(text) is str for text in texts), "a text of the figure is not a text")
    _expect(all(isinstance(artist, dict) for artist in answer.artists), "an artist is not described")
    return answer


def _decode_calls(coded: dict[str, Any]) -> Calls:
    if "seed" not in coded:
        raise AnswerError("The function was called on a grader's inputs, so that only the grader can judge it.")
    _expect(type(coded["seed"]) is int and coded["seed"] >= 0, "a seed is a whole number from 0")
    _expect(isinstance(coded["results"], list), "calls have results")
    return Calls(coded["seed"], [_decode(result) for result in coded["results"]], coded.get("printed") is True)


def _decode_raised(coded: dict[str, Any]) -> Raised:
    return Raised(_decode_text({"value": coded["error"]}), _decode_text({"value": coded["message"]}))


def _decode_failed(coded: dict[str, Any]) -> Failed:
    return Failed(_decode_text({"value": coded["error"]}), _decode_text({"value": coded["message"]}))


def _decode_series(coded: dict[str, Any]) -> "pd.Series":
    import pandas as pd

    index, values = _decode(coded["index"]), _decode(coded["values"])
    return pd.Series(values, index=index, name=_decode(coded["name"]))


def _decode_table(coded: dict[str, Any]) -> "pd.DataFrame":
    import pandas as pd

    columns, index = [_decode(name) for name in coded["columns"]], _decode(coded["index"])
    _expect(len(columns) == len(coded["data"]), "a table has one name a column")
    # A single number would be repeated for every row: a small answer could fill the memory.
    values = [_decode(data) for data in coded["data"]]
    _expect(all(np.shape(column) == np.shape(index) for column in values), "a column is not as long as the index")
    table = pd.DataFrame(dict(enumerate(values)), index=index)
    return table.set_axis(pd.Index(columns, dtype=object), axis=1)


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "open": lambda coded: Open(),
    "unknown": lambda coded: Unknown(_decode_text({"value": coded["what"]})),
    "constant": _decode_constant,
    "int": _decode_int,
    "float": _decode_float,
    "text": _decode_text,
    "array": _decode_array,
    "strings": _decode_strings,
    "list": lambda coded: [_decode(item) for item in coded["items"]],
    "dict": lambda coded: {_decode(key): _decode(value) for key, value in coded["items"]},
    "series": _decode_series,
    "table": _decode_table,
    "estimator": _decode_estimator,
    "pipeline": _decode_pipeline,
    "axes": _decode_axes,
    "calls": _decode_calls,
    "raised": _decode_raised,
    "failed": _decode_failed,
}
