"""A real JupyterLab on a fresh student copy, and a page of headless Chromium that shows it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHROMIUM = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

# JupyterLab keeps only the cells in view in the page unless told not to; a test wants to read them all.
WHOLE_NOTEBOOK = {"windowingMode": "none"}


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, and skip them with the reason where there is no browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium here: install it to drive JupyterLab"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start JupyterLab as a student does, and return the working copy and the address with its token."""
    home = tmp_path_factory.mktemp("student")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps(WHOLE_NOTEBOOK))
    environment = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "PYTHONUNBUFFERED": "1"}
    log = (home / "log").open("w")
    command = [str(Path(sys.executable).with_name("gmm-lab")), "start", str(home / "lab"), "--no-browser"]
    server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=home)
    try:
        yield home / "lab", _address(home / "log", server)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
        log.close()


def _address(log, server) -> str:
    for _ in range(600):
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/\S*\?token=(\w+)", log.read_text())
        if found:
            return f"http://127.0.0.1:{found[1]}/lab/tree/notebooks/{{notebook}}.ipynb?reset&token={found[2]}"
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab gave no address:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def screenshots(request):
    """Return the folder where the run keeps what it saw; git ignores it."""
    folder = request.config.rootpath / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
