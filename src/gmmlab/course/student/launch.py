"""Start JupyterLab on a working copy."""

import importlib.util
import os
from pathlib import Path

from gmmlab.course import LabError
from gmmlab.course.shadows import shadows

SETTINGS = Path(__file__).parent / "jupyter"


NEEDED = {"jupyterlab": "JupyterLab", "ipykernel": "ipykernel, which runs the cells,"}


def check_jupyterlab() -> None:
    """Raise LabError if JupyterLab, or what runs the cells, is not installed."""
    for module, name in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise LabError(f"{name} is not installed in this Python. `gmm-lab doctor` says how to mend that.")


def open_lab(folder: Path, notebook: str, browser: bool, port: int | None) -> None:
    """Run JupyterLab in this process until the user stops it.

    Parameters
    ----------
    folder : Path
        The working copy; JupyterLab shows this folder and nothing above it.
    notebook : str
        The notebook to open, as a path in `folder` with forward slashes.
    browser : bool
        Whether to open the user's browser.
    port : int or None
        The port to listen on; JupyterLab takes the next free one if it is in use.
    """
    from gmmlab.course.kernel import writable_places

    if found := shadows((folder / notebook).parent):
        print(found, flush=True)
    with writable_places():
        _launch(jupyter_arguments(folder, notebook, browser, port))


def _launch(arguments: list[str]) -> None:
    from jupyterlab.labapp import LabApp

    from gmmlab.course.kernel import lab_environment, own_profile
    from gmmlab.course.student.unknown_names import START_UP

    environment = lab_environment()
    # labconfig/ in there turns off the question about Jupyter news, which would cover the lesson.
    found = environment.get("JUPYTER_CONFIG_PATH")
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(SETTINGS), *([found] if found else [])])
    os.environ.clear()
    with own_profile(START_UP) as profile:
        os.environ.update(environment | {"IPYTHONDIR": profile})
        LabApp.launch_instance(argv=arguments)


def jupyter_arguments(folder: Path, notebook: str, browser: bool, port: int | None) -> list[str]:
    """Return the command line for JupyterLab; the parameters are those of `open_lab`."""
    import zmq
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

    from gmmlab.course.kernel import OwnKernelSpecManager

    manager = f"{OwnKernelSpecManager.__module__}.{OwnKernelSpecManager.__name__}"
    arguments = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--ServerApp.kernel_spec_manager_class={manager}",
        f"--ServerApp.open_browser={browser}",
        # The address is a critical message, and shows; what is logged below an error would bury it and mean nothing to
        # a student.
        "--Application.log_level=ERROR",
        # Ctrl-C stops the server, as the command says, and asks nothing.
        "--ServerApp.answer_yes=True",
        f"--LabApp.default_url=/lab/tree/{notebook}",
    ]
    if port is not None:
        arguments.append(f"--ServerApp.port={port}")
    if "transport_encryption" in MappingKernelManager.class_trait_names() and zmq.has("curve"):
        # Else every kernel warns that it talks to JupyterLab in plain text. Old versions lack the setting.
        arguments.append("--MappingKernelManager.transport_encryption=auto")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container the only user is root, and JupyterLab would refuse to start.
        arguments.append("--ServerApp.allow_root=True")
    return arguments
