import pytest

from gmmlab import paths


def lab_in(folder):
    for name in ("notebooks", "data"):
        (folder / name).mkdir(parents=True)
    return folder


def test_the_folder_of_the_lab_holds_its_notebooks_and_its_data():
    assert {"notebooks", "data"} <= {child.name for child in paths.lab_folder().iterdir()}


def test_a_checkout_uses_its_own_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", lab_in(tmp_path) / "src" / "gmmlab")
    assert paths.lab_folder() == tmp_path


def test_an_installed_wheel_uses_the_copy_that_it_carries(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site-packages" / "gmmlab")
    carried = lab_in(tmp_path / "site-packages" / "gmmlab" / "lab")
    assert paths.lab_folder() == carried


def test_an_incomplete_installation_is_told_to_be_installed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site-packages" / "gmmlab")
    with pytest.raises(FileNotFoundError, match="install the package again"):
        paths.lab_folder()
