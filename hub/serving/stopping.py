"""Says to everything that waits in this process that the process is about to stop."""

from __future__ import annotations

import asyncio
from functools import cache


@cache
def _stopped() -> asyncio.Event:
    return asyncio.Event()


def begin() -> None:
    """Wakes all who wait; called in the event loop."""
    _stopped().set()


def has_begun() -> bool:
    """Whether nobody should begin to wait."""
    return _stopped().is_set()


async def wait() -> None:
    """Returns when the process is told to stop."""
    await _stopped().wait()
