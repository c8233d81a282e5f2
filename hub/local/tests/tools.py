"""What the tests of the embedded servers share: supervisors to kill, disks to fill, and a look at what is left."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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


def supervise(var: Path, python: str = sys.executable, *, how: Sequence[str] = (), **options) -> subprocess.Popen[str]:
    """A supervisor in a process of its own, with its servers running."""
    process = subprocess.Popen(
        [python, "-m", "hub.local.tests.supervisor", str(var), *how],
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


def supervise_as(uid: int, var: Path) -> subprocess.Popen[str]:
    """A supervisor that runs as an ordinary user; skips the test where such a user cannot run the repository."""
    if not reachable_by_nobody(ROOT / "manage.py"):
        pytest.skip("the repository lies behind a directory that only root can pass")
    python, packages = sys.executable, str(Path(pytest.__file__).parents[1])
    if not reachable_by_nobody(Path(python)):
        # The interpreter of the virtual environment may be root's own: the system's runs the same packages.
        python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin") or pytest.skip(
            "the interpreter lies behind a directory that only root can pass"
        )
    env = {"PYTHONPATH": packages, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return supervise(var, python, user=uid, group=uid, extra_groups=[], env=env)


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
