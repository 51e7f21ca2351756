import subprocess
import sys
from pathlib import Path

import pytest

import gmmlab

pytestmark = pytest.mark.slow

HEAVY = ["IPython", "anywidget", "ipywidgets", "matplotlib", "pandas", "scipy.special", "scipy.stats", "sklearn"]
SPARED = {
    "import gmmlab": ["numpy", "scipy", *HEAVY],
    "from gmmlab.exercises import exercises; exercises()": HEAVY,
    "from gmmlab.course.cli import main; main(['start', '.', '--files-only'])": HEAVY,
    "main(['progress'])": HEAVY,
    "main(['reset', '03', 'fit-2'])": HEAVY,
    "import gmmlab.course.grade.command": HEAVY,
    "import gmmlab.data": ["IPython", "anywidget", "ipywidgets", "matplotlib", "sklearn"],
    "import gmmlab.mixture": ["IPython", "anywidget", "ipywidgets", "matplotlib"],
}
"""Heavy packages that a step does not need, nor those before it: commands judge no exercise, they only list them."""


def test_nothing_loads_a_heavy_package_that_it_does_not_need(tmp_path):
    look = "{0}\nloaded = [name for name in {1!r} if name in sys.modules]\nassert not loaded, ({0!r}, loaded)"
    code = "\n".join(["import sys", *(look.format(step, names) for step, names in SPARED.items())])
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


ONLY_FOR_THE_COMMAND = ["ipykernel", "jinja2", "jupyterlab", "markupsafe", "mistune", "nbclient", "nbformat", "psutil"]


def test_what_a_notebook_imports_needs_none_of_the_packages_that_the_command_needs():
    helper = [f"gmmlab.{path.stem}" for path in Path(gmmlab.__file__).parent.glob("*.py") if path.stem != "__init__"]
    block = f"import sys; sys.modules.update(dict.fromkeys({ONLY_FOR_THE_COMMAND!r}))"
    code = f"{block}; import {', '.join(helper)}, gmmlab.explore, gmmlab.exercises"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
