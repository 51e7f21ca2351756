"""The lab's own cells run once for many submissions: no answer differs from that of a full run, and nothing leaks.

With EVERY_NOTEBOOK=1 in the environment the answers of all notebooks are compared, which takes minutes.
"""

import os

import pytest

from course.attacks.test_rerun import SEED, notebook, payloads, points
from gmmlab.course.grade.assess import worked_cells
from gmmlab.course.notebooks import WIDGET_VIEW, lab_notebooks, read_notebook
from gmmlab.course.sandbox import Limits, available, rerun
from gmmlab.course.sandbox.flow import plan
from gmmlab.exercises import exercises, judge

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(available()), reason=str(available()))]

DRAW = "import os\nmark = os.urandom(8).hex()"
"""A cell whose result shows whether it ran once or twice."""


def printed(result):
    outputs = [output for cell in result.notebook["cells"] for output in cell.get("outputs", ())]
    return [output["text"] for output in outputs if output["output_type"] == "stream"]


def of_two(*sources, worked=(DRAW,), then=None):
    """Return what two submissions print, one after the other."""
    limits = Limits(cell=600, submission=1800)
    each = [notebook(*sources), notebook(*(then or sources))]
    return [printed(rerun(one, inputs={}, limits=limits, worked=worked)) for one in each]


def test_the_same_first_cells_run_once():
    one, other = of_two(DRAW, "print(mark)")
    assert one == other


def test_comments_and_added_cells_that_show_something_make_no_difference():
    one, other = of_two(DRAW, "print(mark)", then=(DRAW + "  # mine", "len(mark)", "print(mark)"))
    assert one == other


def test_a_changed_cell_that_may_do_anything_makes_the_submission_run_whole():
    one, other = of_two(DRAW, "print(mark)", then=(DRAW + "\nos.umask(0)", "print(mark)"))
    assert one != other


def test_only_what_differs_and_what_comes_after_in_the_flow_of_names_runs_again():
    worked = (DRAW, "size = 2", "twice = 2 * size", "size = len(mark)", "three = 3")
    cells = ("# as it was\n" + DRAW, "size = 5", "print(size)", *worked[2:], "print(mark, twice, size, three)")
    one, other = of_two(*worked, "print(mark)", worked=worked, then=cells)
    assert other == ["5\n", f"{one[0][:-1]} 10 16 3\n"]


def test_what_runs_whole_between_leaves_the_run_cells_as_they_are():
    first, _ = of_two(DRAW, "print(mark)")
    whole, again = (printed(rerun(notebook(DRAW, "print(mark)"), inputs={}, worked=w)) for w in ((), (DRAW,)))
    assert again == first != whole


def test_counts_and_outputs_are_those_of_a_run_from_the_top():
    result = rerun(notebook("3", "4", "# mine\n5", "6"), inputs={}, worked=("3", "5"))
    shown = [(cell["execution_count"], cell["outputs"][0]) for cell in result.notebook["cells"]]
    assert [count for count, _ in shown] == [output["execution_count"] for _, output in shown] == [1, 2, 3, 4]
    assert [output["data"]["text/plain"] for _, output in shown] == ["3", "4", "5", "6"]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param("1 / 0", id="error"),
        pytest.param("import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()", id="thread"),
        pytest.param("import subprocess\nsleeper = subprocess.Popen(['sleep', '99'])", id="process"),
    ],
)
def test_where_a_process_cannot_be_forked_as_if_it_had_run_them_they_run_each_time(last):
    one, other = of_two(DRAW, last, "print(mark)", worked=(DRAW, last))
    assert len(one) == len(other) == 1
    assert one != other


def test_nothing_of_one_submission_is_seen_by_the_next():
    spoil = "import numpy as np\nmark = np.pi = 0\nopen('mine.txt', 'w').write('x')"
    look = "import os\nimport numpy as np\nprint(len(mark), np.pi > 3, os.listdir())"
    _, after = of_two(DRAW, spoil, then=(DRAW, look))
    assert after == ["16 True []\n"]


def test_random_numbers_differ_from_submission_to_submission():
    one, other = of_two(DRAW, "import numpy as np\nprint(np.random.rand())")
    assert one != other


def test_a_cell_that_kills_is_left_out_and_the_others_count():
    one, other = of_two(DRAW, "os._exit(0)", "print(mark)")
    assert one == other
    assert len(one) == 1


def test_other_notebooks_between_do_no_harm():
    first = of_two(DRAW, "print(mark)")
    other = of_two("word = 'other'", "print(word)", worked=("word = 'other'",))
    assert other == [["other\n"]] * 2
    assert of_two(DRAW, "print(mark)")[0] != first[0]


CHANGES = {
    "03_fit_mixture": ("GaussianMixture(3, **careful).fit(X", "GaussianMixture(4, **careful).fit(X"),
    "05_plot_mixture": ("GaussianMixture(3, **careful))\nmodel", "GaussianMixture(3, random_state=1))\nmodel"),
    "08_write_em": ("KMeans(3, n_init=10", "KMeans(3, n_init=2"),
}
"""What a student changes in a worked cell, by notebook."""

UNDRAWN = "import gmmlab.figure\ngmmlab.figure.png = lambda figure: b''"
"""A cell after which figures take no time; that they are drawn in the sandbox is tried beside it."""

ELSEWHERE = ("image/", WIDGET_VIEW)
"""A figure's bytes differ from machine to machine, and a widget only lives in its kernel."""


def shown(outputs):
    """Return outputs, of pictures the alt text alone, and streams without the cuts that their timing makes."""
    texts, others = {}, []
    for output in outputs:
        if output["output_type"] == "stream":
            texts[output["name"]] = texts.get(output["name"], "") + output["text"]
        else:
            data = {mime: value for mime, value in output["data"].items() if not mime.startswith(ELSEWHERE)}
            others.append((output["output_type"], data, output["metadata"].get("image/png", {}).get("alt")))
    return texts, others


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem)
        for path in lab_notebooks()
        if path.stem in CHANGES or "EVERY_NOTEBOOK" in os.environ
    ],
)
def test_answers_are_those_of_a_full_run(path):
    # That the saved outputs are those of a kernel's full run is nbval's to show.
    saved, inputs = read_notebook(path), {ex.id: ex.inputs(SEED) for ex in exercises(path.stem) if ex.inputs}

    def came_of(*sources, worked):
        sources, worked = (UNDRAWN, *sources), (UNDRAWN, *worked) if worked else ()
        return rerun(notebook(*sources), inputs=inputs, limits=Limits(cell=600, submission=1800), worked=worked)

    cells = [cell for cell in saved.cells if cell.cell_type == "code"]
    count = len(worked_cells(path.stem))
    assert tuple(cell.source for cell in cells[:count]) == worked_cells(path.stem)
    few = "range(2)" if path.stem in CHANGES else "range(20)"  # there no later cell reads how seeds spread
    code = [cell.source.replace("range(20)", few) for cell in cells]
    first, answers, worked = code[:count], code[count:], tuple(code[:count])
    same = came_of(*(f"# mine\n{source}" for source in first), "print(3)", *answers, worked=worked)
    assert same.status == "ok"
    expected, came = payloads(saved), payloads(same.notebook)
    for id in expected.keys() - inputs.keys():
        assert judge(came[id]).lines == judge(expected[id]).lines
    assert points(same.notebook) == {ex.id: ex.points for ex in exercises(path.stem)}
    _, *ours = same.notebook["cells"]
    for cell, source, again in zip(cells, code, ours[:count] + ours[count + 1 :], strict=True):
        # Only outside does it show what functions on hidden inputs are worth.
        if source == cell.source and not cell.id.endswith(("-check", "progress")):
            assert shown(again["outputs"]) == shown(cell.outputs)
    if path.stem in CHANGES:
        changed = [source.replace(*CHANGES[path.stem]) for source in first]
        assert changed != first
        assert len(set(plan([UNDRAWN, *worked], [UNDRAWN, *changed, *answers]))) > 3
        part, whole = (came_of(*changed, "np.pi", *answers, worked=w) for w in (worked, ()))
        assert part.status == whole.status
        assert payloads(part.notebook) == payloads(whole.notebook)
        for one, other in zip(part.notebook["cells"], whole.notebook["cells"], strict=True):
            assert one["execution_count"] == other["execution_count"]
            assert shown(one["outputs"]) == shown(other["outputs"])
