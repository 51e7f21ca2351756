"""Feedback serves its three readers, and no answer whatsoever makes a check raise."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from gmmlab.exercises import ANSWER_MIME, check, exercises, judge, judging
from gmmlab.exercises.answers import AnswerError, encode
from gmmlab.exercises.feedback import Feedback
from gmmlab.exercises.registry import find
from gmmlab.exercises.rubric import Line

EXERCISES = [pytest.param(ex, id=ex.id) for ex in exercises()]


class AlwaysEqual:
    """Pretends to equal everything and to be anything."""

    __class__ = np.ndarray

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        raise RuntimeError("no")

    __hash__ = None


class Hostile(np.ndarray):
    """An array whose methods fail."""

    def __array_function__(self, *args, **kwargs):
        raise RuntimeError("no")

    def sum(self, *args, **kwargs):
        raise KeyboardInterrupt


def fitted(d, k=2, **options):
    X = np.random.default_rng(0).normal(size=(40, d))
    return GaussianMixture(k, random_state=0, **options).fit(X)


JUNK = {
    "None": None,
    "nan": np.nan,
    "infinity": np.inf,
    "text": "b; rm",
    "empty text": "",
    "empty list": [],
    "nested": [[1, [2]], [3]],
    "ragged": [[1, 2], [3]],
    "dict": {"a": 1},
    "scalar array": np.array(3.0),
    "empty array": np.zeros((0, 4)),
    "3-d array": np.zeros((2, 3, 4)),
    "nan array": np.full((3, 4), np.nan),
    "long array": np.arange(342),
    "booleans": np.ones(342, dtype=bool),
    "complex": np.ones(3, dtype=complex),
    "texts": np.array(["a", "b"]),
    "frame of texts": pd.DataFrame({"a": ["x", "y"]}),
    "empty frame": pd.DataFrame(),
    "series": pd.Series([1, None, "x"]),
    "unfitted": GaussianMixture(3),
    "one feature": fitted(1),
    "two features": fitted(2, 3, covariance_type="tied"),
    "four features": fitted(4, 3, covariance_type="diag"),
    "seven components": fitted(3, 7, covariance_type="spherical"),
    "k-means": KMeans(2, n_init=1, random_state=0).fit(np.random.default_rng(0).normal(size=(20, 4))),
    "class": GaussianMixture,
    "function": lambda *args: args[0],
    "raising function": lambda *args: 1 / 0,
    "function of nothing": lambda: 1,
    "equal to everything": AlwaysEqual(),
    "hostile array": np.ones((3, 4)).view(Hostile),
    "huge": np.zeros(10**6),
    "module": np,
}


@pytest.mark.slow
@pytest.mark.parametrize("ex", EXERCISES)
def test_no_junk_makes_a_check_raise_or_earns_points_or_stays_unjudged(ex, capsys):
    for name, junk in JUNK.items():
        for count in (1, 2, 3):
            feedback = check(ex.id, *[junk] * count)
            assert feedback.points < ex.points, name
            if count == ex.n_answers:
                assert "unjudged" not in [line.mistake for line in feedback.lines], (name, feedback.lines)
        assert capsys.readouterr().err == "", name


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.lists(st.floats() | st.text(max_size=3), max_size=5),
    hnp.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "?", "U3"]), hnp.array_shapes(max_dims=3, max_side=5)),
    st.sampled_from([object(), type, print, ..., fitted(2), fitted(4, 3)]),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)


@pytest.mark.slow
@pytest.mark.parametrize("ex", EXERCISES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(answers=st.lists(ANYTHING, min_size=0, max_size=3))
def test_arbitrary_objects_get_feedback(ex, answers):
    feedback = check(ex.id, *answers)
    assert 0 <= feedback.points <= ex.points
    assert json.dumps(feedback.payload, allow_nan=False)
    assert all(line.message for line in feedback.lines)


@pytest.mark.parametrize("ex", EXERCISES)
def test_the_stub_is_still_open(ex):
    feedback = check(ex.id, *[...] * ex.n_answers)
    assert (feedback.status, repr(feedback)) == ("open", "0")
    assert "still open" in feedback.html()


@pytest.mark.parametrize("ex", [p for p in EXERCISES if p.values[0].inputs])
def test_a_function_whose_body_is_the_stub_is_still_open(ex):
    assert check(ex.id, lambda *args: None).status == "open"


@pytest.mark.parametrize("ex", EXERCISES)
def test_every_exercise_has_a_title_a_hint_and_points(ex):
    assert len(ex.title) > 5
    assert len(ex.hint) > 20
    assert ex.points > 0


def test_the_first_five_notebooks_have_three_to_five_exercises_and_about_30_points():
    first = [ex for ex in exercises() if ex.notebook < "06"]
    counts = Counter(ex.notebook for ex in first)
    assert set(counts.values()) <= {3, 4, 5}
    assert 27 <= sum(ex.points for ex in first) <= 35


@pytest.mark.parametrize("notebook", sorted({ex.notebook for ex in exercises()}))
def test_a_notebook_has_three_to_five_exercises(notebook):
    assert 3 <= len(exercises(notebook)) <= 5


EXAMPLE = find("fit-1")


def feedback(*lines):
    return Feedback(EXAMPLE, list(lines), {"exercise": "fit-1"})


def test_the_bundle_serves_three_readers():
    bundle = feedback(Line(1, True, "well"))._repr_mimebundle_()
    assert float(bundle["text/plain"]) == 1
    assert "well" in bundle["text/html"]
    assert bundle[ANSWER_MIME] == {"exercise": "fit-1"}


def test_points_never_exceed_the_exercise():
    assert feedback(Line(99, True, "well")).points == EXAMPLE.points


def test_lost_lines_earn_nothing():
    assert feedback(Line(1, False, "no", "other")).status == "wrong"


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_messages_cannot_bring_markup_into_the_page():
    html = feedback(Line(1, False, "<script>alert(1)</script> `<img onerror=x>`", "other")).html()
    assert {tag for tag, _ in Tags(html).seen} <= {"div", "strong", "p", "em", "details", "summary", "code"}


def test_right_and_wrong_differ_by_words_and_signs_not_only_by_colour():
    right, wrong = feedback(Line(1, True, "m")).html(), feedback(Line(1, False, "m", "other")).html()
    assert "✓" in right and "✗" in wrong
    assert "not yet" in wrong and "not yet" not in right


@pytest.mark.parametrize(("id", "expected"), [("fit-2", "1 answer"), ("labels-3", "2 answers")])
def test_a_check_cell_with_too_many_answers_is_told_how_many_there_are(id, expected):
    (line,) = check(id, 1, 2, 3).lines
    assert (line.mistake, line.points) == ("wrong-count", 0)
    assert f"expected {expected}, got 3: restore the check cell" in line.message


def test_an_error_of_a_check_that_speaks_of_arguments_is_no_wrong_count(monkeypatch):
    def confused(answer):
        raise TypeError("f() takes 1 positional argument but 2 were given")

    monkeypatch.setattr(judging, "find", lambda id: replace(find(id), check=confused))
    (line,) = check("fit-2", 1).lines
    assert line.mistake == "unjudged"


def test_an_unknown_exercise_names_the_known_ones():
    with pytest.raises(KeyError, match="fit-1"):
        check("fit-99", 1)


def test_a_grader_gives_inputs_and_keeps_their_seed(monkeypatch):
    seen = []
    monkeypatch.setitem(judging.GIVEN, "fit-3", find("fit-3").inputs(11))
    answer = check("fit-3", lambda w, m, c: seen.append(c) or find("fit-3").form.answers()(w, m, c)).payload["answers"][
        0
    ]
    assert [c.tolist() for c in seen] == [c.tolist() for _, _, c in find("fit-3").inputs(11)]
    assert "seed" not in answer
    assert judge({"exercise": "fit-3", "answers": [answer | {"seed": 11}]}).status == "right"


@pytest.mark.parametrize("schema", [2, "1", None])
def test_an_answer_of_another_format_earns_nothing_and_says_so(schema):
    [line] = judge({"schema": schema, "exercise": "bayesian-3", "answers": [encode("b")]}).lines
    assert (line.points, line.mistake) == (0, "malformed")
    assert "this lab reads formats up to 1" in line.message


BAD_PAYLOADS = [None, [], {}, {"exercise": 3}, {"exercise": "../../etc"}, {"exercise": "os-1"}]


@pytest.mark.parametrize("payload", BAD_PAYLOADS)
def test_a_payload_of_no_exercise_is_refused(payload):
    with pytest.raises(AnswerError):
        judge(payload)


@pytest.mark.parametrize("answers", [None, 3, {}, [{"kind": "pickle"}], [3], "x"])
def test_a_malformed_payload_earns_nothing_and_says_so(answers):
    feedback = judge({"exercise": "fit-1", "answers": answers})
    assert feedback.points == 0
    assert [line.mistake for line in feedback.lines] == ["malformed"]


@pytest.mark.slow
def test_importing_one_check_does_not_import_the_others():
    code = (
        "import sys, gmmlab.exercises.registry as r; r.find('fit-1'); "
        "print('gmmlab.exercises.lessons.load' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
