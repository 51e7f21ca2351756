"""JupyterLab as a student gets it: started by the command, asked over HTTP, stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from course.ctrl_c import started
from course.small_lab import COMMAND, Lab
from gmmlab.course.student.launch import jupyter_arguments

pytestmark = pytest.mark.slow


class Server:
    def __init__(self, process, log):
        self.process, self.log = process, log
        self.address, self.token = self._announced()

    def _announced(self):
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"(http://127\.0\.0\.1:\d+)\S+\?token=(\w+)", self.log.read_text())
            if found:
                return found.groups()
            time.sleep(0.1)
        raise AssertionError(f"JupyterLab did not start: {self.log.read_text()}")

    def ask(self, path, method="GET"):
        request = urllib.request.Request(
            self.address + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.url, answer.read()


def environment(folder):
    """Return variables of a user who has a kernel that must not be used, and settings that would hide the right one."""
    spec = folder / "share" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "x"}))
    (folder / "CONFIG").mkdir()
    hidden = "c.KernelSpecManager.ensure_native_kernel = False\nc.KernelSpecManager.allowed_kernelspecs = {'other'}\n"
    (folder / "CONFIG" / "jupyter_server_config.py").write_text(hidden)
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    return os.environ | own | {"JUPYTER_PATH": str(folder / "share")}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    lab = Lab(folder / "lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-c", COMMAND, str(lab.root), "start", "copy", "--no-browser", "--port", port]
    with (folder / "log").open("w") as log:
        process = started(command, cwd=folder, env=environment(folder), stdout=log, stderr=log, stdin=subprocess.PIPE)
    try:
        server = Server(process, folder / "log")
        yield server
        process.send_signal(signal.SIGINT)  # nobody answers what it may ask
        assert process.wait(timeout=300) == 0, (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def test_first_notebook_is_served_without_its_solutions(server):
    _, body = server.ask("/api/contents/notebooks/02_fit.ipynb")
    assert json.loads(body)["content"]["cells"][2]["source"].startswith("fit_1 = ...\n# YOUR")


def test_the_front_page_is_the_first_notebook(server):
    url, _ = server.ask(f"/?token={server.token}")
    assert "/lab/tree/notebooks/01_look.ipynb" in url


def test_the_only_kernel_is_the_python_that_runs_the_command(server):
    _, body = server.ask("/api/kernelspecs")
    specs = json.loads(body)["kernelspecs"]
    programs = {name: each["spec"]["argv"][0] for name, each in specs.items()}
    assert programs == {"python3": os.path.abspath(sys.executable)}


def test_jupyter_does_not_ask_about_news(server):
    _, body = server.ask("/lab/api/settings/@jupyterlab/apputils-extension:notification")
    properties = json.loads(body)["schema"]["properties"]
    assert (properties["fetchNews"]["default"], properties["checkForUpdates"]["default"]) == ("false", False)


def test_widgets_are_saved_with_a_notebook_so_that_they_live_on_without_its_kernel(server):
    _, body = server.ask("/lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin")
    assert json.loads(body)["schema"]["properties"]["saveState"]["default"] is True


def test_what_the_server_warns_of_is_not_shown(server):
    assert "[W " not in server.log.read_text()


def test_port_is_left_to_jupyterlab_unless_given(tmp_path):
    given = jupyter_arguments(tmp_path, "notebooks/a.ipynb", browser=True, port=8899)
    free = jupyter_arguments(tmp_path, "notebooks/a.ipynb", browser=True, port=None)
    assert set(given) - set(free) == {"--ServerApp.port=8899"}
