"""What the tests of the embedded servers share: supervisors to kill, disks to fill, and a look at what is left."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from hub.local.discovery import LocalUrls, published_urls
from hub.local.process import alive

ROOT = Path(__file__).resolve().parents[3]
# Nothing under test depends on surviving a power cut.
FAST = {"fsync": "off"}
SECONDS = 60.0


def supervise(var: Path, **options) -> subprocess.Popen[str]:
    """A supervisor in a process of its own, with its servers running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.local.tests.supervisor", str(var)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    line = process.stdout.readline()
    if line != "running\n":
        pytest.fail(f"The supervisor did not start: {process.communicate()[1]}")
    return process


def end(process: subprocess.Popen[str], number: signal.Signals | None = None) -> None:
    """Ends a supervisor by a signal, or in good order."""
    if number is not None:
        process.send_signal(number)
    process.communicate()


def published(var: Path) -> LocalUrls:
    urls = published_urls(var)
    assert urls is not None
    return urls


def nothing_runs_on(var: Path, pids: dict[str, int] | None = None, seconds: float = SECONDS) -> bool:
    """Whether no process is left that holds the directory's lock (every server does), nor one of `pids`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _lock_is_free(var / "local.lock") and not any(alive(pid) for pid in (pids or {}).values()):
            return True
        time.sleep(0.05)
    return False


def _lock_is_free(path: Path) -> bool:
    if not path.exists():
        return True
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def remember(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def remembered(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept")]


def reachable_by_nobody(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


@contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """A tmpfs of its own at `path`; skips the test where mounting is not allowed."""
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"This machine does not let the test mount a disk: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def children_of(pid: int) -> list[int]:
    """The processes whose parent is `pid`."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry))
    return found
