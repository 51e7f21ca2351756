from importlib import metadata

import pytest

import gmmlab.data
from gmmlab.course import kernel
from gmmlab.course.student import doctor


@pytest.fixture
def sound(monkeypatch):
    """Let the data be sound and leave the kernel out: what a test needs of them it puts back."""
    monkeypatch.setattr(gmmlab.data, "verify_all", list)
    monkeypatch.setattr(kernel, "why_not_writable", lambda place: None)
    monkeypatch.setattr(doctor, "_kernel", lambda: iter(()))


def words(good):
    return [finding.words for finding in doctor.examine() if finding.good is good]


def with_version(monkeypatch, package, version):
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: version if name == package else real(name))


def test_sound_environment_has_no_problem(sound):
    assert words(good=False) == []


def test_every_package_that_the_lab_asks_for_is_looked_at(sound):
    lines = [line for line in metadata.requires("gmmlab") if "extra" not in line or "extra == 'lab'" in line]
    asked = [line.split(">")[0] for line in lines]
    assert {"scikit-learn", "jupyterlab"} <= set(asked)
    said = [line.split()[0] for line in words(good=True)]
    assert set(asked) <= set(said)


def test_package_that_is_too_old_is_named_with_the_command_that_mends_it(sound, monkeypatch):
    with_version(monkeypatch, "scikit-learn", "1.0.2")
    (problem,) = words(good=False)
    assert problem.startswith("scikit-learn is 1.0.2, and the lab asks for >=")
    assert 'pip install --upgrade "scikit-learn>=' in problem


def test_numbers_of_a_version_are_compared_as_numbers(sound, monkeypatch):
    with_version(monkeypatch, "scikit-learn", "1.10")
    assert words(good=False) == []


def test_missing_package_is_named(sound, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert any(line.startswith("scipy is not installed") for line in words(good=False))


def test_an_install_without_the_extra_is_told_what_it_lacks(sound, monkeypatch):
    real = metadata.version

    def version(name):
        if name == "jupyterlab":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    (problem,) = words(good=False)
    assert problem.startswith("jupyterlab is not installed")
    assert "extra `lab`" in problem


def test_python_that_is_too_old_is_named(sound, monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.2")
    assert [line.split(",")[0] for line in words(good=False)] == ["Python is 3.9.2"]


def test_home_that_cannot_be_written_is_a_problem_once(sound, monkeypatch, tmp_path):
    (tmp_path / "home").write_text("")
    home = tmp_path / "home" / ".jupyter"
    refused = OSError(30, "Read-only file system", str(home))
    monkeypatch.setattr(kernel, "places", lambda: {"a": home, "b": home})
    monkeypatch.setattr(kernel, "why_not_writable", lambda place: refused if place == home else None)
    (problem,) = words(good=False)
    assert problem.startswith(f"Read-only file system: {home}. Jupyter keeps its own files there.")


def test_folder_that_cannot_be_written_is_a_problem(sound, monkeypatch, tmp_path):
    refused = OSError(28, "No space left on device", str(tmp_path))
    monkeypatch.setattr(kernel, "places", dict)
    monkeypatch.setattr(kernel, "why_not_writable", lambda place: refused)
    (problem,) = words(good=False)
    assert problem.startswith(f"No working copy can be made here. No space left on device: {tmp_path}. The disk,")


def test_disk_that_is_nearly_full_is_a_problem(sound, monkeypatch):
    monkeypatch.setattr(doctor, "ROOM", 10**18)
    (problem,) = words(good=False)
    assert problem.endswith("the lab asks for 1000000000000 MB. Make room.")


def test_altered_data_are_reported_in_the_words_of_the_data_module(sound, monkeypatch):
    monkeypatch.setattr(gmmlab.data, "verify_all", lambda: ["penguins.csv is altered."])
    assert words(good=False) == ["penguins.csv is altered."]


def test_line_ends_of_windows_are_no_problem_and_are_mentioned(sound, monkeypatch, tmp_path):
    table = tmp_path / "penguins.csv"
    table.write_bytes(b"a\r\n1\r\n")
    monkeypatch.setattr(gmmlab.data, "data_file", lambda name: table)
    monkeypatch.setattr(gmmlab.data, "SHA256", {"penguins.csv": ""})
    (said,) = doctor._data()
    assert said.good and "1 table has the line ends of Windows" in said.words


def test_examination_that_breaks_is_a_problem_and_the_others_go_on(sound, monkeypatch):
    monkeypatch.setattr(gmmlab.data, "verify_all", lambda: 1 / 0)
    (problem,) = words(good=False)
    assert "ZeroDivisionError" in problem
    assert words(good=True)[-1] == "A figure draws"


@pytest.mark.slow
def test_kernel_that_works_is_found_to_work():
    (finding,) = doctor._kernel()
    assert finding == (True, "A kernel starts, finds the package and answers")


def test_kernel_that_cannot_start_is_a_problem(monkeypatch):
    from gmmlab.course.author import execute

    def no_kernel(*arguments, **options):
        return "The kernel did not start."

    monkeypatch.setattr(execute, "execute", no_kernel)
    (finding,) = doctor._kernel()
    assert finding.good is False
    assert "did not start" in finding.words
