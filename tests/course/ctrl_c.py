"""Programs that can be interrupted, however the tests themselves were started."""

import signal
import subprocess


def started(command: list[str], **options) -> subprocess.Popen:
    """Start a program that hears Ctrl-C, which what CI or ``nohup`` starts in the background would ignore."""
    return subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)
