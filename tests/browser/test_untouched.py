"""Opening a notebook does not change it: the lab hands it out in the form in which JupyterLab saves it."""

import pytest

from browser.session import Session, new_page, student_lab

# The second has an explorer, a widget: JupyterLab saves the state of widgets with a notebook.
NOTEBOOKS = ("02_preprocess_features", "04_predict_clusters")


@pytest.fixture(scope="module")
def untouched_lab(tmp_path_factory):
    """Return a lab of its own: where a kernel has run the notebook, JupyterLab notes the widgets that live in it."""
    with student_lab(tmp_path_factory.mktemp("untouched")) as (folder, address):
        yield folder, address


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_that_was_only_opened_is_not_marked_as_changed_and_is_saved_as_it_was(
    untouched_lab, browser, notebook
):
    folder, address = untouched_lab
    page = new_page(browser, viewport={"width": 1280, "height": 1000})
    file = folder / "notebooks" / f"{notebook}.ipynb"
    before = file.read_bytes()
    session = Session(page)
    session.open(address.format(notebook=notebook))
    page.wait_for_timeout(2000)  # the kernel has answered who it is; JupyterLab notes that in the notebook
    assert page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty").count() == 0
    session.save()
    assert file.read_bytes() == before
    page.close()
