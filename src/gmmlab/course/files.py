"""Files that are written whole or not at all."""

import os
import secrets
from pathlib import Path

UNFINISHED = ".gmm-lab-unfinished-"
"""How the name of a file begins that is not whole yet."""


def atomic_write(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file so that, whenever the program is killed, the old content or the new is there, whole.

    Unless ``durable``, what was written last may be lost when the machine itself loses power: that is faster.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        # Mode "x" gives the user's usual permissions, which a file made by tempfile would not have.
        with unfinished.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
