"""The lab's notebooks as parameters of tests."""

import nbformat
import pytest

from gmmlab.paths import lab_folder

NOTEBOOKS = sorted((lab_folder() / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="session", params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)
