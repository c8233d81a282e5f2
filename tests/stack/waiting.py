"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(holds: Callable[[], Value], what: str, seconds: float = 30.0, pause: float = 0.1) -> Value:
    """The first true value of `holds`; AssertionError with the last one when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s; last seen: {value!r}"
        time.sleep(pause)
    return value
