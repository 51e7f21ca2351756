"""Coding then decoding gives the answer back; whatever is malformed is refused with a sentence."""

import json
import math
import re
import warnings
from contextlib import suppress

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from gmmlab.data import load_faithful
from gmmlab.exercises import answers, exercises
from gmmlab.exercises.answers import (
    MAX_BYTES,
    AnswerError,
    Calls,
    Open,
    Raised,
    Unknown,
    decode,
    encode,
    record_calls,
)
from gmmlab.mixture import COVARIANCE_TYPES


def there_and_back(value):
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


SCALARS = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.text(max_size=50)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
INTEGERS = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.unsigned_integer_dtypes()
DTYPES = INTEGERS | hnp.floating_dtypes(sizes=(16, 32, 64))
ARRAYS = hnp.arrays(DTYPES | hnp.complex_number_dtypes(sizes=(64, 128)), hnp.array_shapes(min_dims=0, min_side=0))


def same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@pytest.mark.slow
@given(PLAIN)
def test_numbers_texts_lists_and_dicts_come_back(value):
    assert same(there_and_back(value), value)


@given(ARRAYS)
def test_arrays_come_back_with_shape_dtype_and_bits(array):
    back = there_and_back(array)
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")
    assert back.tobytes() == array.astype(back.dtype).tobytes()


@given(hnp.arrays("U8", hnp.array_shapes(max_dims=2), elements=st.text('ab é<&"', max_size=8)))
def test_arrays_of_texts_come_back(array):
    assert there_and_back(array).tolist() == array.tolist()


def test_a_slice_with_strides_comes_back():
    array = np.arange(24.0).reshape(4, 6)[::-2, ::3]
    assert np.array_equal(there_and_back(array), array)


def test_a_dataframe_comes_back_with_its_index_and_columns():
    table = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", "y"]}, index=[7, 3])
    back = there_and_back(table)
    assert back.index.tolist() == [7, 3]
    assert back.columns.tolist() == ["a", "b"]
    assert back["b"].tolist() == ["x", "y"]
    assert np.array_equal(back["a"].astype(float), table["a"], equal_nan=True)


def test_a_series_comes_back_with_its_name():
    series = pd.Series([1.0, 2.0], index=["p", "q"], name="mass")
    back = there_and_back(series)
    assert (back.name, back.index.tolist(), back.tolist()) == ("mass", ["p", "q"], [1.0, 2.0])


@pytest.fixture(scope="module")
def X():
    return load_faithful()


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("model", [GaussianMixture, BayesianGaussianMixture])
def test_a_fitted_mixture_comes_back_and_scores_alike(X, model, covariance_type):
    gmm = model(n_components=2, covariance_type=covariance_type, random_state=0).fit(X)
    back = there_and_back(gmm)
    assert type(back) is model
    assert back.get_params() == gmm.get_params()
    assert np.array_equal(back.means_, gmm.means_)
    assert np.array_equal(back.covariances_, gmm.covariances_)
    assert np.array_equal(back.score_samples(X), gmm.score_samples(X))


@pytest.mark.parametrize("scaler", [StandardScaler, RobustScaler, MinMaxScaler])
def test_a_pipeline_comes_back_and_predicts_alike(X, scaler):
    model = make_pipeline(scaler(), KMeans(3, n_init=2, random_state=0)).fit(X)
    assert np.array_equal(there_and_back(model).predict(X), model.predict(X))


def test_a_subclass_of_a_mixture_comes_back_as_the_mixture(X):
    class Mine(GaussianMixture):
        pass

    assert type(there_and_back(Mine(2, random_state=0).fit(X))) is GaussianMixture


def test_an_axes_comes_back_as_what_it_shows():
    fig, ax = plt.subplots()
    ax.plot([1, 2], [3, 4], marker="s", label="line")
    ax.scatter([5], [6])
    ax.contour(np.outer(np.arange(4), np.arange(4)), levels=[2, 4])
    ax.add_patch(plt.matplotlib.patches.Ellipse((1, 2), 3, 4, angle=30))
    ax.set(title="What is seen", xlabel="bill length (mm)", ylabel="bill depth (mm)")
    ax.legend()
    back = there_and_back(ax)
    plt.close(fig)
    assert (back.title, back.xlabel, back.legend) == ("What is seen", "bill length (mm)", ["line"])
    assert back.of("line")[0]["y"].tolist() == [3, 4]
    assert back.of("scatter")[0]["offsets"].tolist() == [[5, 6]]
    assert back.of("contour")[0]["levels"].tolist() == [2, 4]
    assert back.of("ellipse")[0]["angle"] == pytest.approx(30)
    assert encode(there_and_back(back)) == encode(back)


def test_the_results_of_a_function_come_back():
    calls = decode(record_calls(lambda x: x.sum(), [(np.ones(3),), ("text",)], seed=5))
    assert calls == Calls(5, [3.0, Raised("AttributeError", "'str' object has no attribute 'sum'")])
    assert there_and_back(calls) == calls


def test_calls_on_inputs_from_elsewhere_name_no_seed_and_wait_for_it():
    coded = record_calls(np.sum, [(np.ones(3),)], seed=None)
    assert "seed" not in coded
    with pytest.raises(AnswerError, match="only the grader"):
        decode(coded)
    assert decode(coded | {"seed": 7}) == Calls(7, [3.0])


@pytest.mark.parametrize("exercise", [pytest.param(ex, id=ex.id) for ex in exercises() if ex.inputs])
def test_the_inputs_of_every_function_can_be_sent_as_data(exercise):
    for call in exercise.inputs(3):
        coded = [encode(argument) for argument in call]
        assert not {"unknown", "open"} & {argument["kind"] for argument in coded}
        assert [encode(there_and_back(argument)) for argument in call] == coded


def test_a_function_cannot_change_the_inputs_of_later_calls():
    x = np.ones(3)

    def spoil(values):
        values[:] = 0
        return 1

    record_calls(spoil, [(x,)], seed=0)
    assert x.tolist() == [1, 1, 1]


def test_a_function_that_warns_and_prints_writes_nothing(capsys):
    def noisy(x):
        warnings.warn("careful", stacklevel=1)
        print("here")
        return x

    record_calls(noisy, [(1,)], seed=0)
    assert capsys.readouterr() == ("", "")


def test_the_stub_is_open():
    assert there_and_back(...) == Open()


UNSTORABLE = {
    "an unfitted mixture": GaussianMixture(),
    "a huge array": np.zeros(MAX_BYTES),
    "a huge text": "x" * (3 * MAX_BYTES),
    "a huge number": 2**70,
    "objects": np.array([object()]),
    "a date": np.datetime64("2024-01-01"),
    "a class": GaussianMixture,
    "a function": len,
}


@pytest.mark.parametrize("name", UNSTORABLE)
def test_what_cannot_be_stored_is_named(name):
    assert isinstance(there_and_back(UNSTORABLE[name]), Unknown)


def test_a_structure_within_itself_is_named():
    loop = []
    loop.append(loop)
    assert isinstance(there_and_back(loop), Unknown)


def array(**changes):
    return {**encode(np.arange(6.0).reshape(2, 3)), **changes}


def mixture(**changes):
    coded = encode(GaussianMixture(2, random_state=0).fit(load_faithful()))
    return {**coded, "fitted": {**coded["fitted"], **{name: encode(value) for name, value in changes.items()}}}


def test_every_kind_of_the_format_is_documented():
    table = answers.__doc__.split("\n====")[2]
    kinds = re.findall(r"\w+", " ".join(line[:12] for line in table.splitlines()[1:]))
    assert sorted(kinds) == sorted(answers._DECODERS)


MALFORMED = {
    "not a dict": lambda: 3,
    "no kind": lambda: {},
    "unknown kind": lambda: {"kind": "pickle", "value": "gASV"},
    "object dtype": lambda: array(dtype="|O"),
    "structured dtype": lambda: array(dtype=[["a", "<f8"]]),
    "negative shape": lambda: array(shape=[-1, 6]),
    "huge shape": lambda: array(shape=[10**9, 10**9]),
    "wrong shape": lambda: array(shape=[2, 2]),
    "bool in shape": lambda: array(shape=[True, 6]),
    "bad base64": lambda: array(data="***"),
    "data not a text": lambda: array(data=5),
    "text as number": lambda: {"kind": "float", "value": "1e5"},
    "bool as int": lambda: {"kind": "int", "value": True},
    "missing field": lambda: {"kind": "array"},
    "unhashable key": lambda: {"kind": "dict", "items": [[{"kind": "list", "items": []}, {"kind": "int", "value": 1}]]},
    "unknown class": lambda: {**mixture(), "class": "Popen"},
    "unknown parameter": lambda: {**mixture(), "params": {"cmd": encode("x")}},
    "unknown attribute": lambda: mixture(__class__=1),
    "means of other size": lambda: mixture(means_=np.zeros((3, 2))),
    "covariances not finite": lambda: mixture(covariances_=np.full((2, 2, 2), np.nan)),
    "deep": lambda: _deep(10_000),
    "many": lambda: {"kind": "list", "items": [{"kind": "int", "value": 1}] * 100_000},
    "large": lambda: {"kind": "text", "value": "x" * (3 * MAX_BYTES)},
}


def _deep(n):
    coded = {"kind": "int", "value": 1}
    for _ in range(n):
        coded = {"kind": "list", "items": [coded]}
    return coded


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_answer_is_refused_with_a_sentence(name):
    with pytest.raises(AnswerError, match=r"\w+ \w+ \w+"):
        decode(MALFORMED[name]())


JSON = st.recursive(
    SCALARS | st.sampled_from(["array", "list", "<f8", "estimator", "GaussianMixture"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "value", "items", "shape", "dtype", "data", "class"]), inner, max_size=5
        )
    ),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(JSON)
def test_decoding_arbitrary_json_only_ever_refuses(coded):
    with suppress(AnswerError):
        decode(coded)
