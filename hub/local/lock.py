"""One supervisor a directory: a lock that its servers hold too, so that it outlives one that was killed."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from hub.local.errors import LocalServerError, VarInUse, file_errors_explained
from hub.local.process import alive

# How long servers whose supervisor was killed may take to shut down.
LEFTOVER_SECONDS = 30.0


class DirectoryLock:
    """An exclusive flock on a file, with the holder's process id in it.

    The servers inherit the descriptor: while one of them still shuts down, nobody else starts on its data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file, for children to inherit; raises LocalServerError when the lock is not held."""
        if self._descriptor is None:
            raise LocalServerError(f"The lock {self.path} is not held.")
        return self._descriptor

    def acquire(self) -> None:
        """Takes the lock; raises VarInUse at once when a living process holds it, else when servers linger."""
        with file_errors_explained(self.path.parent):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock up; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while not _taken(descriptor):
            holder = _holder(descriptor)
            if holder and alive(holder):
                raise VarInUse(
                    f"Process {holder} already runs on {self.path.parent}: stop it, or set HUB_VAR elsewhere."
                )
            if time.monotonic() > deadline:
                raise VarInUse(f"Servers whose supervisor died do not end: `fuser {self.path}` names them; kill them.")
            time.sleep(0.05)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int:
    digits = os.pread(descriptor, 32, 0).strip()
    return int(digits) if digits.isdigit() else 0
