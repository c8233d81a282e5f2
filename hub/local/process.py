"""Child processes that die with this one, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.local.errors import LocalServerError
from hub.local.launch import Launch

LAUNCHER = Path(__file__).with_name("launch.py")
KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a child runs as: this user, another one (with one capability), or this one seen as another in a namespace."""

    uid: int | None = None
    gid: int | None = None
    capability: int | None = None
    userns_uid: int | None = None


MYSELF = Identity()


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it wants to be told that the parent is gone (`death_signal`)."""

    argv: Sequence[str | Path]
    death_signal: signal.Signals
    identity: Identity = MYSELF
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    keep: tuple[int, ...] = field(default=())


def spawn(program: Program, *, output: int, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Starts the program in a session of its own (the terminal's Ctrl-C is ours to handle), output to a descriptor.

    The kernel watches the thread that starts it, not the process, so only the main thread may.
    """
    if threading.current_thread() is not threading.main_thread():
        raise LocalServerError("Local servers are started by the main thread: they would die with any other.")
    return subprocess.Popen(
        launch_line(program),
        stdin=stdin,
        stdout=output,
        stderr=output,
        env=None if program.env is None else dict(program.env),
        pass_fds=program.keep,
        start_new_session=True,
    )


def run(program: Program, *, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the program to its end and returns its output; it dies with this process as well."""
    return subprocess.run(
        launch_line(program),
        input=text,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if program.env is None else dict(program.env),
        pass_fds=program.keep,
        check=False,
    )


def launch_line(program: Program) -> list[str]:
    """The command line that becomes `program` by way of launch.py."""
    launch: Launch = {
        "parent": os.getpid(),
        "death_signal": program.death_signal,
        "uid": program.identity.uid,
        "gid": program.identity.gid,
        "capability": program.identity.capability,
        "userns_uid": program.identity.userns_uid,
        "cwd": None if program.cwd is None else str(program.cwd),
    }
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(launch), *(str(part) for part in program.argv)]


def stop(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> int:
    """Sends each signal and waits its seconds, then kills the whole session; returns the exit status."""
    for number, seconds in signals:
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
    kill_session(process)
    return process.wait(KILL_SECONDS)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of the process and of the children it left behind in its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process with this id exists (and is not a zombie waiting for its parent)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def wait_for_end(pid: int, seconds: float) -> bool:
    """Waits until the process (not a child of ours) is gone; False when it still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
