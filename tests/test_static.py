"""What can be said of the code without running it: ruff finds nothing, and the types of the lower floors hold."""

import subprocess
import sys

import pytest

from gmmlab.paths import lab_folder


def said_by(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=lab_folder(), capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing():
    assert said_by("ruff", "check", "src", "tests", "benchmarks", "--no-cache") == ""


@pytest.mark.slow
def test_types_hold_strictly():
    assert said_by("mypy", "--cache-dir=build/mypy") == ""  # all but what has changed is read from the last run
