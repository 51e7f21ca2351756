import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ipykernel.kernelspec
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbformat.v4 import new_markdown_cell, new_notebook

from course.ctrl_c import started
from course.small_lab import COMMAND, Lab, code
from gmmlab import paths
from gmmlab.course import LabError
from gmmlab.course.author.execute import execute, refresh, run, table
from gmmlab.course.kernel import PLACES, places, why_not_writable, writable_places
from gmmlab.course.notebooks import find_notebooks, normalise, read_notebook
from gmmlab.course.student.working_copy import files_to_work_with, synchronise

pytestmark = pytest.mark.slow

FIGURE = """
import base64, io
import matplotlib.pyplot as plt
figure, _ = plt.subplots(figsize=(1, 1))
figure.savefig(image := io.BytesIO())
plt.close()
data = {"image/png": base64.b64encode(image.getvalue()).decode()}
display(data, raw=True, metadata={"image/png": {"alt": "Nothing is to be seen."}})
"""
SURROUNDINGS = """
import json, os, sys
from matplotlib import get_backend
from matplotlib import rcParams
names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONPATH")
place = {"python": sys.executable, "folder": os.getcwd()}
look = {"inline": "inline" in get_backend(), "tex": rcParams["text.usetex"]}
print(json.dumps(place | look | {n: os.environ.get(n) for n in names}))
"""


def silent(_=1):
    pass


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Run a lab whose second notebook fails in its second code cell."""
    lab, build = Lab(tmp_path_factory.mktemp("lab") / "lab"), tmp_path_factory.mktemp("build") / "b"
    title = new_markdown_cell("# Fit & tell", id="opening")
    bad = code("1 / 0", "divide")
    bad.outputs, bad.execution_count = [nbformat.v4.new_output("stream", text="stale\n")], 9
    lab.write("02_fit", title, code("'reached'", "reached"), bad, code("'never'", "never"))
    lab.write("03_more", code("2", "more"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "lab_folder", lambda: lab.root)
        before = lab.path("02_fit").read_bytes()
        outcomes = run(find_notebooks([]), build, timeout=600)
    assert lab.path("02_fit").read_bytes() == before, "run must not change the lab's notebooks"
    return build, {outcome.notebook: outcome for outcome in outcomes}


def test_run_goes_on_after_a_notebook_that_fails(built):
    _, outcomes = built
    assert [outcome.result for outcome in outcomes.values()] == ["ok", "failed", "ok"]


def test_failure_names_the_cell_its_number_and_the_error(built):
    _, outcomes = built
    assert outcomes["02_fit"].problem == ("Cell 'divide' (code cell 2) raised ZeroDivisionError: division by zero")


def test_failed_notebook_is_written_as_far_as_it_got(built):
    build, _ = built
    cells = nbformat.read(build / "02_fit.ipynb", as_version=4).cells
    kinds = [[output.output_type for output in cell.outputs] for cell in cells[1:]]
    assert kinds == [["execute_result"], ["error"], []]


def test_table_has_a_line_for_each_notebook_with_its_cells_and_result(built):
    _, outcomes = built
    lines = table(outcomes.values()).splitlines()
    assert lines[0].split() == ["notebook", "cells", "seconds", "result"]
    cells = [(line.split()[0], line.split()[1], line.split()[3]) for line in lines[1:]]
    assert cells == [("01_look", "1", "ok"), ("02_fit", "3", "failed"), ("03_more", "1", "ok")]


def test_kernel_is_this_python_with_one_thread_and_nothing_of_the_users(tmp_path, monkeypatch):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "x"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "16")
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "matplotlibrc").write_text("text.usetex: True\n")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    notebook = new_notebook(cells=[code(SURROUNDINGS, "look")])
    assert execute(notebook, tmp_path, timeout=600, tick=silent) == ""
    (output,) = notebook.cells[0].outputs
    assert json.loads(output.text) == {
        "python": os.path.abspath(sys.executable),
        "folder": str(tmp_path),
        "inline": True,
        "tex": False,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": None,
    }


def test_cell_that_takes_too_long_is_named_with_what_to_do(tmp_path):
    notebook = new_notebook(cells=[code("import time; time.sleep(600)", "wait")])
    problem = execute(notebook, tmp_path, timeout=1, tick=silent)
    assert problem.startswith("Cell 'wait' (code cell 1) took longer than 1 s")
    assert "--timeout" in problem


def test_outputs_that_come_after_their_cell_has_ended_are_waited_for(tmp_path, monkeypatch):
    """nbclient alone would give up on them, without a word, 4 s after the cell; here, after a quarter of one."""
    at_once = NotebookClient.process_message

    def slowly(self, *message):
        time.sleep(0.1)  # a busy machine
        return at_once(self, *message)

    monkeypatch.setattr(NotebookClient, "process_message", slowly)
    monkeypatch.setattr(NotebookClient.iopub_timeout, "default_value", 0.25)
    notebook = new_notebook(cells=[code("for n in range(15): display(n)", "late")])
    assert execute(notebook, tmp_path, timeout=600, tick=silent) == ""
    assert len(notebook.cells[0].outputs) == 15
    problem = execute(notebook, tmp_path, timeout=1, tick=silent)
    assert problem.startswith("Cell 'late' (code cell 1) took longer than 1 s")


def test_kernel_that_does_not_start_is_a_sentence_with_its_last_words(tmp_path, monkeypatch):
    broken = [sys.executable, "-c", "raise SystemExit('No module named zmq')"]
    monkeypatch.setattr(ipykernel.kernelspec, "make_ipkernel_cmd", lambda **options: broken)
    problem = execute(new_notebook(cells=[code("1", "one")]), tmp_path, timeout=600, tick=silent)
    assert problem.startswith("The kernel did not start: No module named zmq")


def test_kernel_that_dies_is_a_sentence(tmp_path):
    notebook = new_notebook(cells=[code("import os; os._exit(1)", "die")])
    assert "'die' (code cell 1) ended its kernel" in execute(notebook, tmp_path, timeout=600, tick=silent)


@pytest.mark.skipif(os.name != "posix", reason="this system sends Ctrl-C in another way")
def test_interrupted_run_ends_its_kernel_and_says_so(lab, tmp_path):
    begun = tmp_path / "begun"
    wait = f"import os, pathlib, time; pathlib.Path({str(begun)!r}).write_text(str(os.getpid())); time.sleep(600)"
    lab.write("01_look", code(wait, "wait"))
    command = [sys.executable, "-c", COMMAND, str(lab.root), "run", "1"]
    with started(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        kernel = int(_content(begun))
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[1]
    assert (process.returncode, said.count("\n")) == (130, 1)
    assert "stopped, as you asked" in said
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def _content(path):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def test_file_that_is_no_notebook_is_named_and_not_run(lab, tmp_path):
    lab.path("01_look").write_text("{")
    (outcome,) = run([lab.path("01_look")], tmp_path / "build", timeout=600)
    assert outcome.result == "not run"
    assert "is not a valid notebook" in outcome.problem


def test_executed_notebooks_are_not_written_over_the_notebooks_themselves(lab):
    before = lab.path("01_look").read_bytes()
    with pytest.raises(LabError, match="another folder"):
        run([lab.path("01_look")], lab.root / "notebooks", timeout=600)
    assert lab.path("01_look").read_bytes() == before


def test_refresh_twice_gives_the_same_bytes(lab):
    lab.write("01_look", code(FIGURE, "draw"), code("{'b': 1, 'a': object}", "show"))
    (first,) = refresh([lab.path("01_look")], check=False, timeout=600)
    saved = lab.path("01_look").read_bytes()
    (second,) = refresh([lab.path("01_look")], check=False, timeout=600)
    assert (first.result, second.result) == ("saved", "unchanged")
    assert lab.path("01_look").read_bytes() == saved
    assert saved.endswith(b"}\n")


def test_refresh_leaves_a_failing_notebook_as_it_was(lab):
    lab.write("01_look", code("undefined_name", "bad"))
    before = lab.path("01_look").read_bytes()
    (outcome,) = refresh([lab.path("01_look")], check=False, timeout=600)
    assert "raised NameError" in outcome.problem
    assert lab.path("01_look").read_bytes() == before


def test_check_reports_a_difference_and_writes_nothing(lab):
    before = lab.path("01_look").read_bytes()
    (outcome,) = refresh([lab.path("01_look")], check=True, timeout=600)
    assert (outcome.result, bool(outcome.problem)) == ("differs", True)
    assert lab.path("01_look").read_bytes() == before


def test_refresh_outside_a_checkout_is_refused(lab):
    (lab.root / "pyproject.toml").unlink()
    with pytest.raises(LabError, match="checkout"):
        refresh([lab.path("01_look")], check=False, timeout=600)


@pytest.fixture
def normal():
    """Return the normal form of a notebook that holds everything that must go."""
    cell = code("x", "cell-a", tags=["t"], nbgrader={"grade": True}, gmmlab={"a": 1}, scrolled=True, editable=False)
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "8f0c"}}
    image = {"image/png": {"alt": "A line.", "width": 640}, "isolated": True}
    cell.outputs = [
        nbformat.v4.new_output("stream", text="a\n"),
        nbformat.v4.new_output("stream", text="b\n"),
        nbformat.v4.new_output("display_data", data={"image/png": "eA==", **view}, metadata=image),
        nbformat.v4.new_output("display_data", data=view),
        nbformat.v4.new_output("execute_result", data={"text/plain": "1"}, execution_count=7),
    ]
    cell.execution_count = 7
    metadata = {
        "widgets": {"state": {}},
        "language_info": {"name": "python", "version": "3.0"},
        "gmmlab": {"k": 2},
    }
    notebook = new_notebook(cells=[code("", "empty"), cell], metadata=metadata)
    normalise(notebook, "03_fit")
    nbformat.validate(notebook)
    return notebook


def test_normal_form_counts_the_executed_cells_from_one(normal):
    assert [cell.execution_count for cell in normal.cells] == [None, 1]
    assert normal.cells[1].outputs[-1].execution_count == 1


def test_normal_form_keeps_cell_ids(normal):
    assert [cell.id for cell in normal.cells] == ["empty", "cell-a"]


def test_normal_form_keeps_only_the_labs_cell_metadata(normal):
    assert set(normal.cells[1].metadata) == {"tags", "nbgrader", "gmmlab"}


def test_normal_form_names_the_notebook_and_keeps_only_what_identifies_the_kernel(normal):
    assert set(normal.metadata) == {"kernelspec", "language_info", "gmmlab"}
    assert normal.metadata.language_info == {"name": "python"}
    assert normal.metadata.gmmlab == {"k": 2, "notebook": "03_fit"}


def test_normal_form_joins_the_pieces_of_a_stream(normal):
    assert normal.cells[1].outputs[0].text == "a\nb\n"


def test_normal_form_drops_views_of_widgets_and_outputs_that_hold_nothing_else(normal):
    assert [sorted(output.data) for output in normal.cells[1].outputs[1:]] == [["image/png"], ["text/plain"]]


def test_normal_form_keeps_of_an_outputs_metadata_the_alt_text(normal):
    assert normal.cells[1].outputs[1].metadata == {"image/png": {"alt": "A line."}}


@pytest.mark.parametrize("name", ["02_fit", "02_fit.ipynb", "02", "2"])
def test_notebook_is_found_by_name_and_number(lab, name):
    assert find_notebooks([name]) == [lab.path("02_fit")]


def test_notebook_is_found_by_path_and_path_wins_over_name(lab, tmp_path, monkeypatch):
    own = tmp_path / "02_fit.ipynb"
    own.write_bytes(lab.path("02_fit").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert find_notebooks(["02_fit.ipynb"]) == [own]


def test_no_name_means_all_in_order_and_a_name_given_twice_counts_once(lab):
    assert find_notebooks([]) == [lab.path("01_look"), lab.path("02_fit")]
    assert find_notebooks(["2", "02_fit"]) == [lab.path("02_fit")]


@pytest.fixture
def working_copy(lab, tmp_path, monkeypatch):
    synchronise(tmp_path / "copy", files_to_work_with())
    monkeypatch.chdir(tmp_path / "copy" / "notebooks")
    return tmp_path / "copy"


@pytest.fixture
def no_home(tmp_path, monkeypatch):
    """Let the home directory be a file, into which nothing can be written, not even by root."""
    (tmp_path / "home").write_text("")
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def test_what_the_home_does_not_take_goes_to_a_temporary_folder(no_home):
    before = places()
    with writable_places():
        during = places()
        assert [why_not_writable(place) for place in during.values()] == [None] * len(PLACES)
    assert places() == before
    assert not any(place.parent.exists() for place in during.values())


def test_notebook_runs_without_a_home_and_shows_a_figure(no_home, tmp_path):
    notebook = new_notebook(cells=[code(FIGURE, "figure")])
    assert execute(notebook, tmp_path, timeout=600, tick=silent) == ""
    assert [output.output_type for output in notebook.cells[0].outputs] == ["display_data"]


def test_missing_kernel_is_a_sentence(monkeypatch, tmp_path):
    def missing(self, name):
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", missing)
    problem = execute(new_notebook(cells=[code("1", "one")]), tmp_path, timeout=600, tick=silent)
    assert problem.startswith("The kernel did not start: ipykernel is not installed.")


def test_in_a_working_copy_its_own_notebooks_are_meant(lab, working_copy):
    assert find_notebooks(["02"]) == [working_copy / "notebooks" / "02_fit.ipynb"]
    assert [path.parent for path in find_notebooks([])] == [working_copy / "notebooks"] * 2


def test_a_working_copy_is_not_refreshed(lab, working_copy):
    with pytest.raises(LabError, match="use `gmm-lab run`"):
        refresh(find_notebooks(["02"]), check=False, timeout=600)


def test_run_in_a_working_copy_executes_what_the_student_wrote(lab, working_copy):
    run(find_notebooks(["02"]), working_copy / "build", timeout=600)
    executed = nbformat.read(working_copy / "build" / "02_fit.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "Ellipsis\n"


def test_unknown_notebook_is_refused_with_the_known_ones(lab):
    with pytest.raises(LabError, match=r"'99'.*01_look, 02_fit"):
        find_notebooks(["99"])


def test_two_notebooks_of_one_name_are_refused(lab, tmp_path):
    own = tmp_path / "02_fit.ipynb"
    own.write_bytes(lab.path("02_fit").read_bytes())
    with pytest.raises(LabError, match="one at a time"):
        find_notebooks(["02_fit", str(own)])


def test_notebook_that_is_not_text_is_refused(lab):
    lab.path("01_look").write_bytes(os.urandom(8) + b"\xff")
    with pytest.raises(LabError, match="not a valid notebook: it is not valid JSON"):
        read_notebook(Path(lab.path("01_look")))
