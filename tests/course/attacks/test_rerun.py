"""Hostile notebooks, each made here: what they reach, what they leave behind, what the honest answers earn."""

import json
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import psutil
import pytest

from gmmlab.course.notebooks import lab_notebooks
from gmmlab.course.sandbox import Limits, available, rerun, submission_run
from gmmlab.course.sandbox.template import _stop_kept
from gmmlab.exercises import ANSWER_MIME, judge
from gmmlab.exercises.registry import find
from gmmlab.paths import lab_folder

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.slow

SMALL = Limits(cell=2, submission=90, memory=2**30, output=2_000_000, processes=30, files=20_000_000)
PATIENT = replace(SMALL, cell=120, submission=600)
"""For attacks that end by themselves, however busy this machine is."""

SEED = 987_654_321_123
BEFORE = "from gmmlab.exercises import check\nimport numpy as np, os, signal, sys\n" + (
    'check("fit-2", {"full": 3, "tied": 9, "diag": 6, "spherical": 10})'
)
AFTER = """
from gmmlab.exercises import check
import numpy as np
def whole_covariance(weights, means, covariances):
    offsets = means - weights @ means
    parts = zip(weights, offsets, covariances, strict=True)
    return sum(w * (c + np.outer(o, o)) for w, o, c in parts)
check("fit-3", whole_covariance)
"""


def notebook(*sources):
    cells = [{"cell_type": "code", "id": f"c{k}", "metadata": {}, "source": s} for k, s in enumerate(sources)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def payloads(executed):
    """Return the answers that an executed notebook holds, as a grader reads them."""
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
    found = [output["data"][ANSWER_MIME] for output in outputs if ANSWER_MIME in output.get("data", {})]
    return {payload["exercise"]: payload for payload in found if "exercise" in payload}


def points(executed, seed=SEED):
    """Judge the answers outside, as a grader does: it alone knows the seed."""
    earned = {}
    for exercise, payload in payloads(executed).items():
        for answer in payload["answers"]:
            if answer["kind"] == "calls":
                answer["seed"] = seed
        earned[exercise] = judge(payload).points
    return earned


def text(executed, cell):
    return "".join(str(o.get("text", "")) + str(o.get("evalue", "")) for o in executed["cells"][cell]["outputs"])


def run(*sources, limits=PATIENT):
    """Run cells, and see that no process and no open file is left behind."""
    files = open_files()
    with leaving_nothing():
        result = rerun(notebook(*sources), inputs={"fit-3": find("fit-3").inputs(SEED)}, limits=limits)
    end = time.monotonic() + 30
    while open_files() > files and time.monotonic() < end:
        time.sleep(0.05)
    assert open_files() == files
    return result


@contextmanager
def leaving_nothing(but=0):
    """See that no process, or so many, is left of what ran in the block; what was there before is another's."""
    running = processes()
    yield
    end = time.monotonic() + 30  # what was killed takes a moment to be gone
    while len(processes() - running) > but and time.monotonic() < end:
        time.sleep(0.05)
    assert len(left := processes() - running) <= but, left


def open_files():
    return len(os.listdir("/proc/self/fd"))


OTHERS: set[int] = set()
"""What earlier tests in this process have left running: the process from which the grader forks its workers."""


def processes():
    """Return what runs below this process, but for what ran before this file's tests, and what that starts."""
    found = set()
    for child in psutil.Process().children():
        if child.pid not in OTHERS:
            with suppress(psutil.NoSuchProcess):
                found |= {child.pid, *(below.pid for below in child.children(recursive=True))}
    return found


def attack(source, limits=PATIENT):
    """Run an attack between two honest answers, and see that both count, in time, with nothing left behind."""
    start = time.monotonic()
    result = run(BEFORE, dedent(source), AFTER, limits=limits)
    assert time.monotonic() - start < limits.submission + 60
    assert points(result.notebook) == {"fit-2": find("fit-2").points, "fit-3": find("fit-3").points}
    return result


@pytest.fixture(autouse=True, scope="module")
def template():
    """Start the sandbox once, so that what the tests find running is what an attack has left."""
    if missing := available():
        pytest.skip(missing)
    _stop_kept()  # one that tests of another file have started
    OTHERS.update(processes())
    rerun(notebook("1"), inputs={})


class TestOrder:
    def test_cells_may_run_in_the_order_of_their_counts(self):
        content = json.loads(notebook("print(x)", "# after the cell above\nx = 2", "x = 1"))
        for cell, count in zip(content["cells"], (7, None, 3), strict=True):
            cell["execution_count"] = count
        came = {by: rerun(json.dumps(content).encode(), inputs={}, by_counts=by).notebook for by in (False, True)}
        assert text(came[True], 0) == "1\n"
        assert "not defined" in text(came[False], 0)
        assert [cell["execution_count"] for cell in came[True]["cells"]] == [2, 3, 1]


class TestTime:
    def test_an_endless_loop_ends_and_what_was_computed_stays_and_counts(self):
        result = run(BEFORE, "x = 41", "while True:\n    pass", "x + 1", AFTER, limits=SMALL)
        assert result.status == "timed out at cell 3"
        assert result.notebook["cells"][3]["outputs"][0]["data"]["text/plain"] == "42"
        assert points(result.notebook) == {"fit-2": find("fit-2").points, "fit-3": find("fit-3").points}

    @pytest.mark.parametrize(
        "source",
        [
            "import hashlib\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
            "hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)",
            """
            def f():
                try:
                    while sum(range(100)): pass
                except BaseException: f()
            while True: f()
            """,
        ],
        ids=["signals blocked and busy in C", "exceptions swallowed"],
    )
    def test_a_loop_that_ignores_interrupts_is_killed_and_left_out(self, source, monkeypatch):
        monkeypatch.setattr(submission_run, "GRACE", 0.1)
        result = attack(source, SMALL)
        assert result.status == "timed out at cell 2"
        assert "left out" in text(result.notebook, 1)

    def test_a_submission_has_a_budget(self):
        limits = Limits(cell=2, submission=3)
        result = run(BEFORE, "import time", *["time.sleep(1.5)\nprint('awake')"] * 20, limits=limits)
        assert sum("awake" in str(cell["outputs"]) for cell in result.notebook["cells"]) <= 2
        assert result.status == "timed out: it took more than 3 s"
        assert points(result.notebook)["fit-2"] == find("fit-2").points

    def test_a_pipe_kept_busy_does_not_stop_the_clock(self):
        source = (
            "for fd in range(3, 99):\n    try:\n        while True: os.write(fd, b'{}\\n')\n    except OSError: pass"
        )
        assert attack(source, SMALL).status in (
            "timed out at cell 2", "too much output at cell 2"
        )  # fmt: skip


class TestDeath:
    @pytest.mark.parametrize(
        "source",
        [
            "os._exit(0)",
            "os.kill(os.getpid(), signal.SIGKILL)",
            "try: os.kill(-1, signal.SIGKILL)\nexcept OSError: os.kill(os.getpid(), 9)",
            "import ctypes\nctypes.string_at(0)",
            "import threading, time\nthreading.Timer(0.1, os._exit, [0]).start()\ntime.sleep(1)",
        ],
        ids=["os._exit", "SIGKILL", "kill everything", "segmentation fault", "from a thread"],
    )
    def test_a_cell_that_ends_its_kernel_is_left_out(self, source):
        assert attack(source).status == "kernel died at cell 2"

    def test_several_cells_may_die(self):
        result = run(BEFORE, "os._exit(1)", "os._exit(1)", AFTER, "import os; os._exit(1)")
        assert result.status == "; ".join(f"kernel died at cell {k}" for k in (2, 3, 5))
        assert len(points(result.notebook)) == 2

    def test_killing_the_parent_kills_nothing_but_oneself(self):
        attack("os.kill(os.getppid(), signal.SIGKILL)")

    def test_exit_and_errors_do_not_stop_the_rest(self):
        assert attack("exit()\nsys.exit(3)").status == "ok"
        assert attack("1 / 0").status == "ok"


class TestResources:
    def test_twenty_gigabytes_are_refused(self):
        assert attack("np.ones(20 * 2**30 // 8)").status == "out of memory at cell 2"

    def test_memory_counts_over_all_processes(self):
        grab = """
        for _ in range(8):
            if os.fork() == 0:
                x = bytearray(b'x') * (4 * 10**7)
                break
        signal.pause()
        """
        limits = replace(PATIENT, memory=2 * 10**8)
        assert attack(grab, limits).status == "out of memory at cell 2"

    def test_shared_memory_counts(self):
        grab = "import mmap\nm = [mmap.mmap(-1, 4 * 10**8) for _ in range(9)]\n"
        assert "Cannot allocate" in text(attack(grab).notebook, 1)

    def test_a_fork_bomb_runs_into_the_limit(self):
        bomb = """
        import time
        while True:
            try: os.fork()
            except OSError: time.sleep(0.01)
        """
        most = []

        def look():
            while not done:
                most.append(len(processes()))
                time.sleep(0.05)

        done, thread = [], threading.Thread(target=look)
        thread.start()
        try:
            result = rerun(notebook(BEFORE, bomb, AFTER), inputs={}, limits=SMALL)
            assert result.status in ("timed out at cell 2", "too many processes at cell 2")
            assert len(payloads(result.notebook)) == 2
        finally:
            done.append(True)
            thread.join()
        # On top of the allowed ones: bwrap twice, the program inside, and two that wait for the submission.
        assert SMALL.processes < max(most) <= SMALL.processes + 10

    def test_threads_count_as_processes(self):
        threads = (
            "import threading\nfor _ in range(99):\n    threading.Thread(target=signal.pause, daemon=True).start()"
        )
        assert "can't start new thread" in text(attack(threads).notebook, 1)

    def test_two_hundred_megabytes_of_output_are_cut(self):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = attack("for _ in range(200):\n    print('x' * 10**6)")
        assert result.status == "too much output at cell 2"
        assert len(json.dumps(result.notebook)) < 2 * SMALL.output
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000

    @pytest.mark.parametrize(
        "source",
        [
            "for _ in range(200):\n    sys.stderr.write('x' * 10**6)",
            "for _ in range(200):\n    display({'text/html': 'x' * 10**6}, raw=True)",
            "'x' * 2 * 10**7",
            "while True:\n    raise ValueError('x' * 10**7)",
        ],
    )
    def test_every_kind_of_output_is_capped(self, source):
        result = attack(source)
        assert len(json.dumps(result.notebook)) < 2 * SMALL.output

    def test_what_goes_past_the_shell_is_capped_too(self):
        flood = """
        for fd in range(3, 99):
            try:
                while True: os.write(fd, b'x' * 10**6)
            except OSError: pass
        """
        assert attack(flood).status == "too much output at cell 2"

    def test_the_disk_cannot_be_filled(self):
        fill = (
            "import shutil, tempfile\nfor k in range(200):\n    with open(f'big{k}', 'wb') as f: f.write(bytes(10**6))"
        )
        assert "No space left" in text(attack(fill).notebook, 1)
        assert "No space left" not in text(attack("open('new', 'wb').write(bytes(10**6))").notebook, 1)

    def test_memory_that_no_limit_counts_is_not_to_be_had(self):
        grab = """
        import ctypes
        try: os.memfd_create("x")
        except PermissionError: print("refused")
        print(ctypes.CDLL(None).shmget(0, 10**6, 0o1600))
        """
        assert text(attack(grab).notebook, 1) == "refused\n-1\n"


DETACH = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3, 99):
            try: os.close(fd)
            except OSError: pass
        while True: signal.pause()
    os._exit(0)
os.wait()
"""

DISKS = (
    "disks = {m.split()[1] for m in open('/proc/mounts') if m.split()[2] not in ('tmpfs', 'proc', 'devpts', 'mqueue')}"
)

WRITE_EVERYWHERE = (
    DISKS
    + """
written = []
for folder, folders, files in os.walk("/"):
    # Below a mount of this machine's own disk nothing else is mounted.
    if folder in disks: folders.clear()
    try:
        with open(os.path.join(folder, "gmmlab-marker"), "w") as f: f.write("x")
        written.append(folder)
    except OSError: pass
places = sorted({"/" + "/".join(w.split("/")[1:3]) if w.startswith("/dev") else "/" + w.split("/")[1] for w in written})
print(places)
"""
)

FIND_MARKER = (
    DISKS
    + """
found = []
for folder, folders, files in os.walk("/"):
    if folder in disks: folders.clear()
    found += [folder] * ("gmmlab-marker" in files)
print(found)
"""
)


class TestReach:
    def test_paths_of_the_grader_are_not_shown(self):
        show = "import gmmlab\nprint(sys.prefix, sys.path, gmmlab.__file__)\nnp.linalg.inv([1.0])"
        shown = json.dumps(attack(show).notebook["cells"][1]["outputs"])
        assert "LinAlgError" in shown
        for path in (sys.prefix, str(Path(np.__file__).parents[1]), str(lab_folder())):
            assert path not in shown

    def test_a_detached_child_dies_with_the_submission(self):
        assert attack(DETACH).status == "ok"

    def test_only_its_own_empty_folders_can_be_written(self):
        assert text(attack(WRITE_EVERYWHERE).notebook, 1) == "['/dev/shm', '/scratch']\n"
        assert text(attack(FIND_MARKER).notebook, 1) == "[]\n"

    def test_out_and_other_submissions_are_not_there(self, tmp_path):
        grades = tmp_path / "grades.csv"
        grades.write_text("ann,3")
        vandal = (
            f"for mode in 'rw':\n    try: open({str(grades)!r}, mode)\n    except OSError as e: print(type(e).__name__)"
        )
        assert text(attack(vandal).notebook, 1) == "FileNotFoundError\n" * 2
        assert grades.read_text() == "ann,3"

    def test_solutions_tests_and_the_home_are_not_there(self):
        places = [str(lab_notebooks()[0]), __file__, str(Path.home() / ".profile"), "/etc/passwd", "/etc/shadow"]
        look = f"print([p for p in {places!r} if os.path.exists(p)])"
        assert text(attack(look).notebook, 1) == "[]\n"

    def test_environment_and_processes_of_the_grader_are_not_there(self, monkeypatch):
        monkeypatch.setenv("GMMLAB_SECRET", "s3cret")
        look = (
            "import glob\n"
            "for name in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
            "    try: print(open(name).read())\n    except OSError: pass\n"
            "print(sorted(os.environ), len(glob.glob('/proc/[0-9]*')))"
        )
        found = text(attack(look).notebook, 1)
        assert "PATH=" in found
        assert found.endswith(" 2\n")
        assert not any(secret in found for secret in ("SECRET", "s3cret", str(SEED), "pytest"))

    def test_there_is_no_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
            local.bind("\0gmmlab-test")
            local.listen()
            call = (
                "import socket\n"
                f"for kind, address in ((socket.AF_INET, {server.getsockname()}), (socket.AF_UNIX, '\\0gmmlab-test'),\n"
                "                      (socket.AF_INET, ('8.8.8.8', 53))):\n"
                "    try: socket.socket(kind).connect(address)\n    except OSError as e: print('refused')"
            )
            assert text(attack(call).notebook, 1) == "refused\n" * 3

    def test_no_privilege_is_left_and_none_can_be_had(self):
        rise = """
        import ctypes
        libc = ctypes.CDLL(None)
        print([
            libc.unshare(0x10000000), libc.unshare(0x20000), libc.mount(b'none', b'/scratch', b'tmpfs', 0, None),
            libc.umount2(b'/scratch', 2), libc.ptrace(16, os.getppid(), 0, 0),
            libc.setuid(0), libc.chroot(b'/scratch'), libc.sethostname(b'x', 1),
        ])
        print(os.getuid() != 0, [l for l in open('/proc/self/status') if l.startswith(('CapEff', 'CapPrm'))])
        """
        found = text(attack(rise).notebook, 1)
        assert found.startswith(f"{[-1] * 8}\nTrue")
        assert found.count("0000000000000000") == 2

    def test_a_module_beside_the_notebook_does_not_reach_the_next_try(self):
        plant = """
        for name in ('numpy.py', 'json.py'):
            with open(name, 'w') as f: f.write('raise SystemExit')
        os._exit(0)
        """
        assert attack(plant).status == "kernel died at cell 2"


class TestForgery:
    @pytest.mark.parametrize(
        "source",
        [
            "check = lambda *a: 99",
            "from gmmlab.exercises import judging, feedback\n"
            "judging.judge = lambda p: feedback.Feedback(judging.find('fit-1'), [], {'points': 9})",
            "from gmmlab.exercises.feedback import Feedback\nFeedback.points = Feedback.status = 99",
            "import json\njson.dumps = json.loads = lambda *a, **k: '{}'",
            "from IPython.display import display\ndisplay({'text/plain': '9', 'points': {'fit-1': 99}}, raw=True)",
        ],
    )
    def test_what_is_replaced_inside_earns_nothing(self, source):
        result = run(
            source,
            'check("fit-2", "a")' if "check =" in source else 'from gmmlab.exercises import check\ncheck("fit-2", "a")',
        )
        assert sum(points(result.notebook).values()) == 0

    def test_patched_numpy_does_not_change_what_honest_answers_earn(self):
        attack("real = np.allclose, np.isclose\nnp.allclose = np.isclose = np.testing = None")

    def test_results_learnt_by_heart_fail_on_hidden_inputs(self):
        truth = [find("fit-3").form.answers()(*given).tolist() for given in find("fit-3").inputs(0)]
        cheat = f"table = {truth}\ncheck('fit-3', lambda weights, means, covariances: np.array(table.pop(0)))"
        assert points(run(BEFORE, cheat).notebook)["fit-3"] == 0

    def test_forged_messages_reach_no_cell_that_is_not_there(self):
        forge = r"""
        import json, os
        lies = [{'cell': 99, 'outputs': []}, {'cell': 0, 'outputs': 7, 'trouble': '<b>'}, [1], 'x', {'start': None}]
        text = ''.join(json.dumps(lie) + '\n' for lie in lies) + '[' * 10**5 + '\n'
        for fd in range(3, 99):
            try: os.write(fd, text.encode())
            except OSError: pass
        """
        result = run("1", dedent(forge), AFTER)
        assert len(result.notebook["cells"]) == 3
        assert result.status == "ok"
        assert points(result.notebook)["fit-3"] > 0


class TestHonest:
    def test_what_a_notebook_may_use_works(self):
        result = run(
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
            "from gmmlab.figure import figure\nwith figure('A line.') as ax:\n    ax.plot([1, 2])",
            "import asyncio\nawait asyncio.sleep(0.01)\n3",
            "%%writefile notes.txt\nhello",
            "!cat notes.txt",
            "from ipywidgets import interact\ninteract(lambda x: x, x=(0, 9))",
            "from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(abs)(-k) for k in range(3))",
            "from tqdm.auto import tqdm\n[k for k in tqdm(range(3))]",
            limits=Limits(cell=60),
        )
        assert result.status == "ok"
        shown = [cell["outputs"][-1] for cell in result.notebook["cells"]]
        assert "image/png" in shown[0]["data"]
        assert "image/png" in result.notebook["cells"][1]["outputs"][0]["data"]
        assert shown[2]["data"]["text/plain"] == "3"
        assert "hello" in shown[4]["text"]
        assert shown[6]["data"]["text/plain"] == "[0, 1, 2]"
        assert shown[7]["data"]["text/plain"] == "[0, 1, 2]"

    def test_input_is_refused_in_a_sentence(self):
        assert "nobody is there" in text(attack("input()").notebook, 1)

    def test_random_numbers_differ_from_run_to_run(self):
        shown = [text(run("import numpy as np\nprint(np.random.rand())").notebook, 0) for _ in range(2)]
        assert shown[0] != shown[1]

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'{"cells": 3}', b'{"worksheets": []}', b"[" * 10**5])
    def test_what_is_no_notebook_is_called_so(self, content):
        result = rerun(content, inputs={})
        assert result.status.startswith("unreadable: ")
        assert result.notebook is None


class TestOtherWays:
    """What is used where the kernel allows no namespaces in bubblewrap's, and where there is no bubblewrap."""

    def test_without_namespaces_inside_each_try_has_a_sandbox_of_its_own(self, monkeypatch):
        monkeypatch.setattr("gmmlab.course.sandbox.template.SHARED", False)
        sources = BEFORE, "os.kill(-1, 9)\n" + DETACH + "os._exit(0)", AFTER
        with leaving_nothing():
            result = rerun(notebook(*sources), inputs={}, limits=PATIENT)
        assert len(payloads(result.notebook)) == 2
        assert result.status == "kernel died at cell 2"

    def test_without_a_sandbox_the_limits_still_hold(self):
        detach = "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass"
        deadly = ["import os\nos._exit(0)", "while True: pass", "import numpy as np\nnp.ones(10**11)", detach]
        with leaving_nothing(but=1):
            result = rerun(notebook(BEFORE, *deadly, AFTER), inputs={}, limits=SMALL, sandbox="none")
        troubles = ("kernel died at cell 2", "timed out at cell 3", "out of memory at cell 4")
        assert result.status == "; ".join(troubles)
        assert len(payloads(result.notebook)) == 2
