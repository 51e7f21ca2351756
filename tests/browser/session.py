"""JupyterLab as a student starts it, headless Chromium, and notebooks that are open in both."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import TimeoutError as NothingHappened

CHROMIUM = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

# JupyterLab keeps only the cells in view in the page unless told not to; a test wants to read them all.
WHOLE_NOTEBOOK = {"windowingMode": "none"}

PROMPTS = "[...document.querySelectorAll('.jp-InputPrompt')].map(prompt => prompt.textContent).join()"
NOTHING_WAITS = f"!{PROMPTS}.includes('[*]')"
SOMETHING_RAN = f"before => {PROMPTS} !== before"


@contextmanager
def student_lab(home: Path) -> Iterator[tuple[Path, str]]:
    """Start JupyterLab as a student does; yield the working copy and the address of a notebook, with its token."""
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
        server.wait(timeout=300)
        log.close()


def _address(log, server) -> str:
    for _ in range(3000):
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/\S*\?token=(\w+)", log.read_text())
        if found:
            return f"http://127.0.0.1:{found[1]}/lab/tree/notebooks/{{notebook}}.ipynb?reset&token={found[2]}"
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab gave no address:\n{log.read_text()[-2000:]}")


def new_page(browser, **options):
    """Return a page of its own, in which all is waited for as long as a busy machine may take."""
    page = browser.new_page(**options)
    page.set_default_timeout(300_000)
    return page


class Session:
    """JupyterLab in a page of the browser: what is done is done in the notebook whose tab is in front."""

    def __init__(self, page):
        self.page = page
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        page.set_default_timeout(60_000)  # a click that something covers is tried again
        self.complaints = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message):
        """Note errors of the lab's code, which is loaded from the memory of the page, and of widgets."""
        ours = message.location["url"].startswith("blob:") or "widget" in message.text.lower()
        if message.type == "error" and ours:
            self.complaints.append(message.text)

    def open(self, address):
        """Open a notebook or show its tab; load the page again if its kernel does not come, as on a busy machine."""
        way = self.page.goto if self.page.url == "about:blank" else self._open_tab
        for seconds in (150, 150):
            with suppress(NothingHappened):
                return self._open(way, address, seconds)
            way = self.page.goto
        return self._open(way, address, 600)

    def _open(self, way, address, seconds):
        way(address)
        self.notebook.locator(".jp-CodeCell").first.wait_for(timeout=300_000)
        self.wait_until_idle(seconds)

    def _open_tab(self, address):
        """Open a notebook as a student does, from the list of files; all of JupyterLab need not be loaded for it."""
        name = re.search(r"\w+\.ipynb", address)[0]
        self.page.locator(".jp-DirListing-item", has_text=name).dblclick()
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current", has_text=name).wait_for()

    def wait_until_idle(self, seconds=600):
        """Wait for the kernel: what is run before it is ready is lost without a word."""
        idle = self.notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        for _ in range(seconds // 10 - 1):
            with suppress(NothingHappened):
                return idle.wait_for(timeout=10_000)
            self._answer()
        return idle.wait_for(timeout=10_000)

    def run_all(self):
        """Run all cells to the last, however long that takes while some cell waits or runs; again if it was lost."""
        last = self.cell('progress("')
        for _ in range(5):
            self._until_something_runs(lambda: self._run_menu("Run All Cells"))
            self._until_nothing_waits()
            if self._has_run(last):
                return last.locator(".jp-OutputArea table").wait_for()
        raise AssertionError("Run All Cells did not reach the last cell.")

    def run(self, *texts):
        """Run the cells that hold these texts, one after the other; return the last cell."""
        cells = [self.cell(text) for text in texts]
        self.run_cells(*cells)
        return cells[-1]

    def run_cells(self, *cells):
        """Run cells, each to its end; again where a kernel that was not ready dropped the cell and left no number."""
        for cell in cells:
            for _ in range(5):
                self._until_something_runs(lambda cell=cell: self._run_cell(cell))
                self._until_nothing_waits()
                if self._has_run(cell):
                    break

    def _has_run(self, cell):
        return re.search(r"\d", cell.locator(".jp-InputPrompt").first.inner_text())

    def _run_cell(self, cell):
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def _run_menu(self, item):
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def _until_nothing_waits(self):
        self.page.wait_for_function(NOTHING_WAITS, timeout=1_800_000)
        self.wait_until_idle()

    def _until_something_runs(self, act):
        """Act until a cell waits, runs or has run: what comes before the kernel is ready is lost without a word."""
        before = self.page.evaluate(PROMPTS)
        for _ in range(30):
            try:
                act()
                return self.page.wait_for_function(SOMETHING_RAN, arg=before, timeout=10_000)
            except NothingHappened:
                self._close_what_covers_the_page()
        raise AssertionError("JupyterLab ran nothing.")

    def _close_what_covers_the_page(self):
        self._answer()
        self.page.keyboard.press("Escape")

    def _answer(self):
        """Answer what a busy machine makes JupyterLab ask; any other dialog is a question that no student expects."""
        dialog = self.page.locator(".jp-Dialog").first
        said = dialog.inner_text() if dialog.count() else ""
        assert not said or "onnection" in said or "Select Kernel" in said, f"JupyterLab asks: {said}"
        if "Select Kernel" in said:  # the list of kernels came late: the one that is offered is the lab's
            dialog.locator(".jp-mod-accept").click()

    def cell(self, text):
        return self.notebook.locator(".jp-CodeCell", has_text=text).first

    def errors(self):
        return self.notebook.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.error']")

    def explorer(self, cell):
        """Return the explorer that a cell shows, once it is drawn."""
        explorer = cell.locator(".gmmlab-explorer")
        explorer.locator(".gmmlab-sample").last.or_(self.errors()).first.wait_for(state="attached", timeout=600_000)
        assert self.errors().count() == 0, self.errors().first.inner_text()
        explorer.scroll_into_view_if_needed()
        return explorer

    def leave_explorer(self):
        """Take the keyboard from the explorer, which keeps all keys while it has the focus, back to JupyterLab."""
        # JupyterLab moves the focus when another cell becomes the active one.
        self.notebook.locator(".jp-CodeCell:not(:has(.gmmlab-explorer)) .jp-InputPrompt").first.click()
        self.notebook.locator(".gmmlab-explorer").first.scroll_into_view_if_needed()

    def save(self):
        """Save the notebook, and wait until JupyterLab has done it."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT" and "/contents/" in answer.url):
            self.page.keyboard.press("Control+S")

    def answer(self, exercise, source):
        """Type an answer into its cell, and run it and the check below."""
        check = self.cell(f'check("{exercise}"')
        self.run_cells(self.write(f"{source.split(' =')[0]} =", source), check)
        return check.locator("[role=group]")

    def write(self, text, source):
        """Write source into the cell that holds a text, which it keeps; return the cell."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        return cell

    def choose_theme(self, name):
        """Choose a theme by the command palette, as it is called there."""
        self.page.keyboard.press("Control+Shift+C")
        self.page.locator(".lm-CommandPalette-input").fill(f"Use Theme: JupyterLab {name}")
        self.page.keyboard.press("Enter")
        self.page.locator(f"body[data-jp-theme-name='JupyterLab {name}']").wait_for(state="attached")
        self.page.keyboard.press("Escape")
