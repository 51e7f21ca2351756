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


def test_the_folder_of_a_working_copy_is_found_from_below(tmp_path, monkeypatch):
    (tmp_path / ".gmm-lab").mkdir()
    (tmp_path / paths.MANIFEST).write_text("{}")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert paths.working_copy() == tmp_path


def test_a_current_directory_that_is_gone_is_in_no_working_copy(monkeypatch):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(paths.Path, "cwd", gone)
    assert paths.working_copy() is None


STEMS = ["01_load_data", "03_fit_mixture", "03_fit_mixture-Copy1", "06_trust_fit"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("03_fit_mixture", "03_fit_mixture"),
        ("03_fit_mixture.ipynb", "03_fit_mixture"),
        ("03_Fit_Mixture", "03_fit_mixture"),
        ("fit_mixture", "03_fit_mixture"),
        ("03", "03_fit_mixture"),
        ("3", "03_fit_mixture"),
        ("06_tr", "06_trust_fit"),
        ("trust", "06_trust_fit"),
    ],
)
def test_a_notebook_is_known_by_its_name_its_number_and_how_it_begins(name, meant):
    assert paths.notebook_called(name, STEMS) == meant


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01_laod_data", r"Did you mean 01_load_data\?"),
        ("laod_data", r"Did you mean 01_load_data\?"),
        ("fit", r"Did you mean 03_fit_mixture or 03_fit_mixture-Copy1\?"),
        ("99", "no notebook '99'. The notebooks are: 01_load_data, 03"),
        ("", "no notebook ''. The notebooks are"),
    ],
)
def test_what_is_no_notebook_gets_the_nearest_and_all(name, words):
    with pytest.raises(ValueError, match=words):
        paths.notebook_called(name, STEMS)
