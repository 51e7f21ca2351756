import subprocess
import sys
from pathlib import Path

import pytest

import gmmlab

pytestmark = pytest.mark.slow

SPARED = {
    "gmmlab": ["numpy", "sklearn", "pandas", "matplotlib", "scipy", "ipywidgets", "anywidget", "IPython"],
    "gmmlab.data": ["sklearn", "matplotlib", "ipywidgets", "anywidget", "IPython"],
    "gmmlab.mixture": ["matplotlib", "ipywidgets", "anywidget", "IPython"],
}
"""Heavy packages that a module does not need, nor those before it."""


def test_importing_loads_no_heavy_package_that_it_does_not_need():
    look = "import {}\nprint([name for name in {!r} if name in sys.modules])"
    code = "\n".join(["import sys", *(look.format(module, names) for module, names in SPARED.items())])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["[]", "[]", "[]", ""]


ONLY_FOR_THE_COMMAND = ["ipykernel", "jinja2", "jupyterlab", "markupsafe", "mistune", "nbclient", "nbformat", "psutil"]


def test_what_a_notebook_imports_needs_none_of_the_packages_that_the_command_needs():
    helper = [f"gmmlab.{path.stem}" for path in Path(gmmlab.__file__).parent.glob("*.py") if path.stem != "__init__"]
    block = f"import sys; sys.modules.update(dict.fromkeys({ONLY_FOR_THE_COMMAND!r}))"
    code = f"{block}; import {', '.join(helper)}, gmmlab.explore, gmmlab.exercises"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
