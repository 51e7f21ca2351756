"""The README says what is there: its commands exist, its table is complete, its set-up lines are the ones CI runs."""

import json
import re
import tomllib
from itertools import chain

import nbformat
import pytest

from gmmlab.course import cli
from gmmlab.paths import lab_folder

ROOT = lab_folder()
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
COMMANDS = sorted(set(re.findall(r"gmm-lab (start|run|release|refresh|doctor|[a-z]+)\b(?= |`|$)", README, flags=re.M)))


def test_the_table_lists_every_notebook_in_order_and_no_other():
    assert re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \|", README, flags=re.M) == NOTEBOOKS


def test_every_notebook_in_the_table_has_its_question_and_time():
    rows = re.findall(r"^\| \[\w+\]\([^)]*\) \| (.+\?) \| (\d+) min \|$", README, flags=re.M)
    assert len(rows) == len(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_table_and_the_notebook_say_the_same_time(name):
    minutes = re.search(rf"^\| \[{name}\].* \| (\d+) min \|$", README, flags=re.M)[1]
    opening = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells[0].source
    assert f"**How long.** About {minutes} minutes; running all cells takes under a minute." in opening


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_named_exists(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert command in capsys.readouterr().out


def test_every_command_there_is_stands_in_the_table(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    there = set(re.findall(r"^    (\w+) ", capsys.readouterr().out, flags=re.M))
    assert there == set(re.findall(r"^\| `gmm-lab (\w+)", README, flags=re.M))


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_leads_somewhere(target):
    assert (ROOT / target).exists()


def test_extras_that_are_installed_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r'"\.\[(\w+)\]"', README)) <= set(extras)


def test_ci_runs_the_test_line_of_the_readme():
    start = re.search(r"grep -m1 '\^(.+) ' README\.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))[1]
    lines = [line for line in README.splitlines() if line.startswith(start)]
    assert len(lines) == 1
    assert lines[0].endswith("python -m pytest")


def test_constraints_hold_exact_versions_and_no_address():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line)] == []


def test_every_dependency_is_constrained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.M)
    assert [name for name in wanted if re.match(r"[\w-]+", name)[0] not in {*pinned, "gmmlab"}] == []


def test_no_grammars_are_compiled_whenever_a_notebook_is_read():
    assert "rfc3987-syntax==" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_conda_environment_installs_the_package_under_the_constraints():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "--constraint constraints.txt" in text
    assert "--editable .[lab]" in text
    # Binder reads the version with this expression of repo2docker, and takes 3.10 where it finds none.
    (version,) = (found for line in text.splitlines() if (found := re.search(r"- python\s*=+\s*(3\.\d+)", line)))
    assert tuple(map(int, version[1].split("."))) >= (3, 11)


def test_the_one_command_of_the_dev_container_is_that_of_the_readme():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    command, marker, nothing = container["postCreateCommand"].partition(" --files-only")
    assert (marker, nothing) == (" --files-only", "")
    assert command in README.splitlines()
    python = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python.removeprefix("${workspaceFolder}/") in command
