"""Fits on one thread of the BLAS: its products are too small to share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")
_blas = lru_cache(maxsize=1)(ThreadpoolController)  # looking for the libraries takes as long as a small fit


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function hold the BLAS to one thread while it runs.

    Two threads, where another program needs the second core, take five to ten times as long as one.
    """

    @wraps(function)
    def held(*args: P.args, **kwargs: P.kwargs) -> R:
        with _blas().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return held
