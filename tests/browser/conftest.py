"""A real JupyterLab on a fresh student copy, and a page of headless Chromium that shows it."""

import pytest

from browser.session import CHROMIUM, QUIET, student_lab


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, and skip them with the reason where there is no browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium here: install it to drive JupyterLab"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Return the working copy of a student's lab and its address."""
    with student_lab(tmp_path_factory.mktemp("student")) as (folder, address):
        yield folder, address


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
