"""The lab's own cells run once for many submissions: no answer differs from that of a full run, and nothing leaks."""

import json

import pytest

from course.attacks.test_rerun import SEED, notebook, payloads, points
from gmmlab.course.grade.assess import worked_cells
from gmmlab.course.notebooks import lab_notebooks
from gmmlab.course.sandbox import Limits, available, rerun
from gmmlab.exercises import exercises, judge

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(available()), reason=str(available()))]

DRAW = "import os\nmark = os.urandom(8).hex()"
"""A cell whose result shows whether it ran once or twice."""


LEAVES_THREADS = "15_scale_out"
"""Dask keeps its threads, which a forked process would wait for in vain: this notebook runs whole each time."""


def code_cell(source):
    return {"cell_type": "code", "id": "added", "metadata": {}, "source": source}


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


def test_a_changed_cell_makes_the_submission_run_whole():
    one, other = of_two(DRAW, "print(mark)", then=(DRAW + "  # mine", "print(mark)"))
    assert one != other


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


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in lab_notebooks()])
def test_answers_are_those_of_a_full_run(path):
    # That the saved outputs are those of a full run is nbval's to show.
    saved = json.loads(path.read_bytes())
    worked = (*worked_cells(path.stem), DRAW)
    code = [place for place, cell in enumerate(saved["cells"]) if cell["cell_type"] == "code"]
    begin = code[len(worked) - 1]
    cells = [*saved["cells"][:begin], code_cell(DRAW), *saved["cells"][begin:], code_cell("print(mark)")]
    content = json.dumps(saved | {"cells": cells}).encode()
    inputs = {ex.id: ex.inputs(SEED) for ex in exercises(path.stem) if ex.inputs}
    limits = Limits(cell=600, submission=1800)
    times = 1 if path.stem == LEAVES_THREADS else 2
    runs = [rerun(content, inputs=inputs, limits=limits, worked=worked) for _ in range(times)]
    assert len({printed(run)[-1] for run in runs}) == 1
    for run in runs:
        assert run.status == "ok"
        assert points(run.notebook) == {ex.id: ex.points for ex in exercises(path.stem)}
        expected, came = payloads(saved), payloads(run.notebook)
        for id in expected.keys() - inputs.keys():
            assert judge(came[id]).lines == judge(expected[id]).lines
