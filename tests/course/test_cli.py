import json
import os
import subprocess
import sys

import pytest

from course.small_lab import Lab
from gmmlab import paths
from gmmlab.course import cli, files
from gmmlab.course.grade.store import lab_version
from gmmlab.course.student import launch, working_copy
from gmmlab.exercises import exercises, memory

COMMANDS = ["start", "progress", "reset", "run", "book", "refresh", "new", "release", "grade", "doctor"]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab with one empty notebook, and the current folder beside it."""
    (tmp_path / "lab" / "notebooks").mkdir(parents=True)
    (tmp_path / "lab" / "data").mkdir()
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "lab" / "notebooks" / "01_look.ipynb").write_text(json.dumps(empty))
    monkeypatch.setattr(paths, "lab_folder", lambda: tmp_path / "lab")
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "lab"
    lab_version.cache_clear()  # that of this lab


@pytest.fixture
def opened(monkeypatch):
    calls = []
    monkeypatch.setattr(launch, "open_lab", lambda *arguments: calls.append(arguments))
    return calls


def status(*arguments):
    try:
        return cli.main(arguments)
    except SystemExit as stop:
        return stop.code


def test_importing_the_command_loads_nothing_heavy():
    heavy = [
        "IPython",
        "jupyter_client",
        "matplotlib",
        "nbclient",
        "nbformat",
        "numpy",
        "pandas",
        "sklearn",
        "tqdm",
    ]
    code = f"import gmmlab.course.cli, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_gives_an_example_of_its_use(command, capsys):
    assert status(command, "--help") == 0
    assert f"Example: gmm-lab {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_and_the_bare_command_list_every_command(capsys, arguments):
    assert status(*arguments) == 0
    listed = capsys.readouterr().out
    assert all(f"\n    {command} " in listed for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["begin"], "there is no command 'begin'. The commands are: start, progress, reset, run"),
        (["strat"], "Did you mean `gmm-lab start`?"),
        (["progres", "03"], "Did you mean `gmm-lab progress`?"),
        (["progress"], "There is no working copy here"),
        (["reset"], "NOTEBOOK"),
        (["reset", "01"], "make one: gmm-lab start"),
        (["start", "--port", "http"], "'http' is not a whole number from 1 to 65535"),
        (["start", "--port", "70000"], "'70000' is not a whole number from 1 to 65535"),
        (["start", "file"], "file is a file"),
        (["start", "file/below"], "file"),
        (["start", "lab/notebooks"], "another folder"),
        (["run", "99"], "01_look"),
        (["run", "missing.ipynb"], "01_look"),
        (["run", "-o", "file"], "file"),
        (["run", "--timeout", "soon"], "'soon' is not a whole number"),
        (["book"], "checkout"),
        (["book", "99"], "01_look"),
        (["refresh"], "checkout"),
        (["release"], "FOLDER|FILE.zip"),
        (["release", "out"], "checkout"),
        (["grade"], "SUBMISSIONS"),
        (["grade", "nowhere"], "neither a folder nor a .zip or .tar.gz file"),
        (["grade", "lab/data"], "There is no notebook in"),
        (["grade", "lab", "--jobs", "0"], "'0' is not a whole number from 1 to 1000"),
        (["grade", "lab", "-o", "file"], "file is a file"),
        (["grade", "lab", "--class-list", "missing.csv"], "missing.csv"),
        (["grade", "lab", "--lms", "slate"], "slate"),
        (["doctor", "now"], "now"),
    ],
)
def test_mistake_is_a_sentence_on_stderr_with_status_2(lab, opened, capsys, arguments, words):
    (lab.parent / "file").write_text("")
    assert status(*arguments) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_lab_without_notebooks_is_a_sentence(lab, capsys):
    (lab / "notebooks" / "01_look.ipynb").unlink()
    assert status("start") == 2
    assert "There is no notebook in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "words"), [("jupyterlab", "JupyterLab"), ("ipykernel", "ipykernel, which runs the cells,")]
)
def test_missing_jupyterlab_is_a_sentence_and_no_copy_is_made(lab, monkeypatch, capsys, missing, words):
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None if name == missing else name)
    assert status("start") == 2
    assert f"{words} is not installed in this Python. `gmm-lab doctor`" in capsys.readouterr().err
    assert not (lab.parent / "my-gmm-lab").exists()


def test_missing_package_points_to_the_doctor(lab, monkeypatch, capsys):
    def missing():
        raise ModuleNotFoundError("No module named 'nbformat'")

    monkeypatch.setattr(working_copy, "student_copies", missing)
    assert status("start") == 2
    assert "No module named 'nbformat'. `gmm-lab doctor` says" in capsys.readouterr().err


def test_a_missing_module_of_our_own_is_no_matter_for_the_doctor(lab, monkeypatch):
    def missing():
        raise ImportError("cannot import name 'x' from 'gmmlab.paths'", name="gmmlab.paths")

    monkeypatch.setattr(working_copy, "student_copies", missing)
    with pytest.raises(ImportError, match=r"gmmlab\.paths"):
        status("start")


def test_folder_that_cannot_be_written_is_a_sentence(lab, monkeypatch, capsys):
    def refused(*arguments, **options):
        raise PermissionError(13, "Permission denied", "my-gmm-lab")

    monkeypatch.setattr(working_copy, "synchronise", refused)
    assert status("start") == 2
    said = capsys.readouterr().err
    assert said.startswith("gmm-lab: Permission denied: my-gmm-lab. Give a folder in which you may write.")


@pytest.mark.parametrize("number", files.REMEDIES)
def test_whatever_a_machine_does_to_files_is_a_sentence_that_says_what_to_do(lab, monkeypatch, capsys, number):
    def refused(*arguments):
        raise OSError(number, os.strerror(number), "x.ipynb")

    monkeypatch.setattr(working_copy, "atomic_write", refused)
    assert status("start") == 2
    assert f"{os.strerror(number)}: x.ipynb. {files.REMEDIES[number]}" in capsys.readouterr().err


def test_current_folder_that_is_gone_is_a_sentence(lab, monkeypatch, capsys):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cli.Path, "cwd", gone)
    assert status("progress") == 2
    assert capsys.readouterr().err == (
        "gmm-lab: The folder in which you are is not there any more. Go to one that is: cd FOLDER\n"
    )


def test_too_little_memory_is_a_sentence(lab, monkeypatch, capsys):
    def too_much(*arguments):
        raise MemoryError

    monkeypatch.setattr(working_copy, "synchronise", too_much)
    assert status("start") == 2
    assert "not enough memory" in capsys.readouterr().err


def test_interrupt_is_a_sentence_with_status_130(lab, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(working_copy, "student_copies", interrupted)
    assert status("start") == 130
    assert "stopped, as you asked" in capsys.readouterr().err


def test_start_makes_the_copy_and_opens_its_first_notebook(lab, opened, capsys):
    assert status("start", "--no-browser", "--port", "8899") == 0
    ((folder, notebook, browser, port),) = opened
    assert (folder / notebook).is_file()
    assert (str(folder), notebook, browser, port) == ("my-gmm-lab", "notebooks/01_look.ipynb", False, 8899)
    assert "new         notebooks/01_look.ipynb" in capsys.readouterr().out


def test_start_with_files_only_needs_no_jupyterlab_and_opens_nothing(lab, opened, monkeypatch, capsys):
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    assert status("start", "--files-only") == 0
    assert opened == []
    assert (lab.parent / "my-gmm-lab" / "notebooks" / "01_look.ipynb").is_file()
    assert "Your working copy is my-gmm-lab. Open notebooks/01_look.ipynb in it." in capsys.readouterr().out


@pytest.mark.slow
def test_a_letter_that_the_terminal_lacks_is_no_traceback(lab, opened):
    code = "import sys; from gmmlab.course.cli import main; sys.exit(main(['start', '\\u0142\\u0105b/x.ipynb/']))"
    (lab.parent / "łąb").write_text("")
    command = [sys.executable, "-X", "utf8=0", "-c", code]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=lab.parent, env=environment, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_start_says_what_is_kept_what_is_new_and_what_waits_and_opens_what_was_left_off(lab, opened, capsys):
    small = Lab(lab.parent / "other")
    for path in (lab / "notebooks").iterdir():
        path.unlink()
    for stem in ("02_fit", "03_more"):
        (lab / "notebooks" / f"{stem}.ipynb").write_bytes(small.path("02_fit").read_bytes())
    assert status("start") == 0
    own = lab.parent / "my-gmm-lab" / "notebooks" / "03_more.ipynb"
    own.write_text(own.read_text().replace("fit_1 = ...", "fit_1 = 3"))
    memory.keep(lab.parent / "my-gmm-lab", "fit-1", 0)
    (lab / "notebooks" / "04_new.ipynb").write_bytes(small.path("01_look").read_bytes())
    capsys.readouterr()
    assert status("start") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "kept        notebooks/03_more.ipynb (you wrote in it)",
        "new         notebooks/04_new.ipynb",
    ]
    others = ", ".join(f"fit-{n} open" for n in range(2, 1 + len(exercises("03_fit_mixture"))))
    assert lines[2] == f"waiting     03_fit_mixture (fit-1 not right yet, {others})"
    assert lines[3].endswith("notebooks not begun (the first is 01_load_data)")
    assert "JupyterLab opens notebooks/03_more.ipynb." in lines[4]
    assert opened[-1][1] == "notebooks/03_more.ipynb"


def test_progress_shows_the_lab_and_writes_the_page(lab, opened, capsys):
    status("start")
    home = lab.parent / "my-gmm-lab"
    (home / memory.PAGE).unlink()
    memory.keep(home, "fit-1", 2)
    capsys.readouterr()
    assert status("progress") == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("03_fit_mixture ")]
    assert "right: fit-1; open: fit-2" in line
    assert "✓ right" in (home / memory.PAGE).read_text(encoding="utf-8")


def test_progress_in_one_notebook_lists_its_exercises(lab, opened, capsys, monkeypatch):
    status("start")
    monkeypatch.chdir(lab.parent / "my-gmm-lab" / "notebooks")
    capsys.readouterr()
    assert status("progress", "03") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == [ex.id for ex in exercises("03_fit_mixture")]
    assert status("progress", "fti_mixture") == 2
    assert "Did you mean 03_fit_mixture?" in capsys.readouterr().err


def test_reset_says_where_the_old_file_is(lab, opened, capsys):
    status("start")
    own = lab.parent / "my-gmm-lab" / "notebooks" / "01_look.ipynb"
    own.write_text("mine")
    capsys.readouterr()
    assert status("reset", "1") == 0
    said = capsys.readouterr().out
    assert said.startswith("reset       notebooks/01_look.ipynb (your old file is earlier/01_look-1.ipynb)\n")
    assert "Reload Notebook from Disk" in said


def test_start_opens_the_browser_unless_told_otherwise(lab, opened):
    assert status("start") == 0
    assert opened[0][2:] == (True, None)


def test_run_reports_the_failing_notebook_with_status_1(lab, capsys):
    (lab / "notebooks" / "01_look.ipynb").write_text("{")
    assert status("run", "-o", "out") == 1
    said = capsys.readouterr()
    assert "01_look" in said.out.splitlines()[1]
    assert "gmm-lab: 01_look: " in said.err


@pytest.mark.slow
def test_grade_reports_what_it_could_not_read_with_status_1(lab, capsys):
    (lab.parent / "work" / "ann").mkdir(parents=True)
    (lab.parent / "work" / "ann" / "01_look.ipynb").write_text("{")
    assert status("grade", "work", "-o", "out", "--jobs", "1") == 1
    assert "Students: 1. Files: 1. Problems: 1, see" in capsys.readouterr().out
    assert "unreadable" in (lab.parent / "out" / "grades.csv").read_text(encoding="utf-8-sig")


def report(monkeypatch, *findings):
    from gmmlab.course.student import doctor

    monkeypatch.setattr(doctor, "examine", lambda: [doctor.Finding(*finding) for finding in findings])
    return status("doctor")


def test_doctor_of_a_sound_environment_has_status_0(monkeypatch, capsys):
    assert report(monkeypatch, (True, "tqdm 4.70")) == 0
    assert capsys.readouterr().out == "ok       tqdm 4.70\nThis environment can run the lab.\n"


def test_doctor_with_a_problem_has_status_1(monkeypatch, capsys):
    assert report(monkeypatch, (True, "tqdm 4.70"), (False, "scipy is not installed.")) == 1
    assert "problem  scipy is not installed.\nProblems found: 1." in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the streams")
def test_a_command_does_its_work_with_streams_closed_and_of_few_characters(tmp_path):
    folder = tmp_path / "submissions" / "Ελένη"
    folder.mkdir(parents=True)
    (folder / "03.ipynb").write_bytes((paths.lab_folder() / "notebooks" / "03_fit_mixture.ipynb").read_bytes())
    program = "import sys; from gmmlab.course.cli import main; sys.exit(main())"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    for closed in ("<&- >&- 2>&-", ">&-", "<&- 2>&-"):  # only the first time there is something to grade
        command = f"exec {sys.executable} -c '{program}' grade submissions -o out {closed}"
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b""), closed
        assert done.stdout.startswith(b"Students: 1.") == (closed == "<&- 2>&-"), closed
        table = tmp_path / "out" / "grades.csv"
        assert "Ελένη" in table.read_text(encoding="utf-8-sig"), closed
        table.unlink()


def test_file_that_cannot_be_written_is_named_itself(tmp_path):
    (tmp_path / "grades.csv").mkdir()
    with pytest.raises(OSError) as raised:
        files.atomic_write(tmp_path / "grades.csv", b"")
    assert (raised.value.filename, raised.value.filename2) == (str(tmp_path / "grades.csv"), None)
    assert list(tmp_path.iterdir()) == [tmp_path / "grades.csv"]
