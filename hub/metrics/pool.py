"""How many threads this process has for its work, and how many are at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """Counts; the threads belong to others."""

    def __init__(self) -> None:
        self.size = 0
        self.in_use = 0
        self.waiting = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A thread has taken something up."""
        with self._lock:
            self.in_use += 1

    def end(self) -> None:
        """It is free again."""
        with self._lock:
            self.in_use -= 1

    def wait(self, by: int) -> None:
        """So many more, or fewer, wait for a thread."""
        with self._lock:
            self.waiting += by


POOL = Pool()


class Place:
    """What waits for a thread of POOL: from `with` on it waits, from `work` on it is worked on."""

    def __init__(self) -> None:
        self._waits = False

    def __enter__(self) -> Place:
        self._waits = True
        POOL.wait(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def work(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls it, in the thread."""
        self._leave()
        POOL.begin()
        try:
            return call(*args, **kwargs)
        finally:
            POOL.end()

    def _leave(self) -> None:
        # The thread takes it up, or the event loop gives it up: a future is either cancelled or run.
        if self._waits:
            self._waits = False
            POOL.wait(-1)
