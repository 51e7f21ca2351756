import pytest

from course.small_lab import Lab
from gmmlab import paths


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Make a small lab, which the commands then take for theirs."""
    lab = Lab(tmp_path / "lab")
    monkeypatch.setattr(paths, "lab_folder", lambda: lab.root)
    return lab
