"""A slip of the first hour is told as what it is: no `return`, `print` for `return`, a cell that ended in an error."""

import json
import time

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gmmlab.exercises import check, exercises, failed_cells, judge
from gmmlab.exercises.failed_cells import FailedCells, digest_of, names_set

FUNCTIONS = [pytest.param(ex, id=ex.id) for ex in exercises() if ex.inputs]


def of_one(feedback):
    """Return the only line, as a grader reads it."""
    (line,) = judge(json.loads(json.dumps(feedback.payload))).lines
    return line


def forgot(*arguments):
    total = sum(map(len, map(str, arguments)))  # noqa: F841


def shows(*arguments):
    print(len(arguments))


@pytest.mark.parametrize("ex", FUNCTIONS)
def test_a_function_that_returns_none_is_told_so(ex):
    assert of_one(check(ex.id, forgot)).mistake == "no-return"
    assert "did you forget `return`" in of_one(check(ex.id, forgot)).message.lower()
    assert of_one(check(ex.id, shows)).mistake == "print-for-return"


def test_a_function_that_returns_on_some_calls_only_is_told_on_how_many():
    calls = []
    line = of_one(check("load-3", lambda *a: calls.append(a) if len(calls) < 2 else 1.0))
    assert (line.mistake, "None on 2 of" in line.message) == ("no-return", True)


def test_a_stub_may_have_a_docstring_and_a_comment():
    def stub(minutes, weights, means, sds):
        """Return the shares."""
        # put it here
        ...

    assert check("load-3", stub).status == "open"


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs a cell, as every front end does, and returns what it shows."""
    shell = InteractiveShell()
    cells = FailedCells(shell.user_ns)
    shell.events.register("pre_run_cell", cells.before)
    shell.events.register("post_run_cell", cells.after)
    monkeypatch.setattr(failed_cells, "WATCHED", cells)
    shell.user_ns["check"] = check
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None
    return lambda source, history=False: shell.run_cell(source, store_history=history).result


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("broken", ["load_1 = len(nothing)", "load_1 = 9 +", "load_1 = ...\nload_1 = nothing"])
def test_an_error_in_the_answer_cell_does_not_let_the_earlier_answer_be_judged(run, broken, history):
    run("load_1 = 9", history)
    earlier = run("r = check('load-1', load_1)\nr", history)
    run(broken, history)
    line = of_one(run("check('load-1', load_1)", history))
    assert (line.mistake, line.points) == ("failed-cell", 0)
    assert "ended in an error" in line.message
    run("load_1 = 9", history)
    assert run("check('load-1', load_1)", history).lines == earlier.lines


def test_an_answer_names_the_cell_that_gave_it(run):
    run("load_1 = 9  # birds")
    run("other = 3")
    assert run("check('load-1', load_1)").payload["source"] == digest_of("load_1=9")
    assert run("check('load-1', 9)").payload["source"] == digest_of("check('load-1', 9)")


@pytest.mark.parametrize(
    "source",
    ["x = f( 'a  # b' )\n", "# first\nx=f('a  # b')", "x = f(\n    'a  # b'\n)  # don't", "\r\nx = f('a  # b')\r\n"],
)
def test_comments_and_layout_do_not_change_what_a_cell_says(source):
    assert digest_of(source) == digest_of("x = f('a  # b')")


@pytest.mark.parametrize("source", ["x = f('a # b')", "x = f('a  # b'); y", "x = f('a ", 'x = """f', "x = '\\'"])
def test_anything_else_does(source):
    assert digest_of(source) != digest_of("x = f('a  # b')")


@pytest.mark.parametrize("piece", ["\\", "'", '"', "'''\\", '"""', "'\\\n", "#'"])
def test_no_source_takes_long(piece):
    start = time.process_time()
    digest_of(piece * 20_000)
    assert time.process_time() - start < 5


def test_an_answer_that_was_set_before_the_error_is_judged(run):
    run("load_1 = 9\nprint(nothing)")
    assert of_one(run("check('load-1', load_1)")).mistake != "failed-cell"


def test_an_error_in_a_cell_of_another_name_changes_nothing(run):
    run("load_1 = 9")
    run("other = nothing")
    assert of_one(run("check('load-1', load_1)")).mistake != "failed-cell"


def test_a_function_whose_cell_ended_in_an_error_is_not_the_earlier_one(run):
    run("def share_within(*a):\n    return 1.0")
    run("def share_within(*a):\n    return 1.0 +")
    assert of_one(run("check('load-3', share_within)")).mistake == "failed-cell"


def test_the_names_that_a_cell_sets_are_read_from_its_lines():
    source = "a, (b, c) = 1, 2\nif a == b: pass\nx[0] = f(y=3)\n  def g(z=1):\nw: int = 4\nv += 1\nprint(u)\n# t = 1"
    assert {"a", "b", "c", "x", "g", "w"} <= names_set(source)
    assert not {"y", "z", "u", "t"} & names_set(source)
    assert names_set(None) == set()
