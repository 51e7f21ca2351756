import subprocess
import sys

import pytest

LOADED = """
import sys
import {module}
print([name for name in {names!r} if name in sys.modules])
"""


def loaded_by(module: str, names: list[str]) -> str:
    code = LOADED.format(module=module, names=names)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("gmmlab", ["numpy", "sklearn", "pandas", "matplotlib", "scipy", "ipywidgets", "anywidget", "IPython"]),
        ("gmmlab.data", ["sklearn", "matplotlib", "ipywidgets", "anywidget", "IPython"]),
        ("gmmlab.mixture", ["matplotlib", "ipywidgets", "anywidget", "IPython"]),
    ],
)
def test_importing_loads_no_heavy_package_that_it_does_not_need(module, spared):
    assert loaded_by(module, spared) == "[]"
