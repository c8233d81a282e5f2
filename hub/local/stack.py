"""Keeps the hub's processes running: each with its log, restarted when it ends, stopped together in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.local.errors import LocalServerError, file_errors_explained
from hub.local.files import open_log, size_of, text_from
from hub.local.process import Program, kill_session, spawn, stop

RESTARTS = 5
RESTARTS_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.2
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack. `death_signal` comes when the stack is killed, `stop_signals` when it ends in order."""

    name: str
    argv: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str]
    death_signal: signal.Signals
    stop_signals: tuple[tuple[signal.Signals, float], ...]
    keep: tuple[int, ...] = ()


class Patience:
    """Counts what ended unexpectedly: up to RESTARTS within RESTARTS_SECONDS are put up with."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def pause(self) -> float | None:
        """Counts one more end; seconds to wait before the restart, longer each time, or None when it is enough."""
        now = time.monotonic()
        while self._times and now - self._times[0] > RESTARTS_SECONDS:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) > RESTARTS:
            return None
        return float(FIRST_PAUSE_SECONDS * 2 ** (len(self._times) - 1))


@dataclass(slots=True)
class _Running:
    part: Part
    log: Path
    process: subprocess.Popen[bytes]
    log_offset: int
    restart_at: float | None = None
    patience: Patience = field(default_factory=Patience)


class Stack:
    """The parts that were started, in order. `say` gets a line for whatever the reader should know."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._running: dict[str, _Running] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each part that runs."""
        return {name: it.process.pid for name, it in self._running.items() if it.process.poll() is None}

    def start(self, part: Part) -> None:
        """Starts a part; from then on `check` and `tend` watch it."""
        log = self._logs / f"{part.name}.log"
        process, offset = self._launch(part, log)
        self._running[part.name] = _Running(part, log, process, offset)

    def check(self) -> None:
        """Raises LocalServerError, with the end of its log, when a part has ended: while all of them start."""
        for it in self._running.values():
            if it.process.poll() is not None:
                raise self._failure(it, f"{it.part.name} did not start")

    def tend(self) -> bool:
        """Restarts what has ended, after a pause; True when a process id changed.

        Raises LocalServerError when a part ends more often than RESTARTS times in RESTARTS_SECONDS.
        """
        changed = [self._tend(it) for it in self._running.values()]
        return any(changed)

    def stop(self, name: str) -> None:
        """Stops a part and what it left behind; one that was never started, or has been stopped, is passed over."""
        it = self._running.pop(name, None)
        if it is not None:
            stop(it.process, *it.part.stop_signals)

    def _launch(self, part: Part, log: Path) -> tuple[subprocess.Popen[bytes], int]:
        with file_errors_explained(self._logs):
            self._logs.mkdir(parents=True, exist_ok=True)
            output = open_log(log)
        offset = size_of(log)
        try:
            program = Program(part.argv, part.death_signal, cwd=part.cwd, env=part.env, keep=part.keep)
            return spawn(program, output=output), offset
        finally:
            os.close(output)

    def _tend(self, it: _Running) -> bool:
        if it.restart_at is None:
            if it.process.poll() is not None:
                self._plan_restart(it)
            return False
        if time.monotonic() < it.restart_at:
            return False
        it.process, it.log_offset = self._launch(it.part, it.log)
        it.restart_at = None
        self._say(f"{it.part.name} runs again (process {it.process.pid}).")
        return True

    def _plan_restart(self, it: _Running) -> None:
        # What it forked must not go on beside the new one.
        kill_session(it.process)
        pause = it.patience.pause()
        if pause is None:
            raise self._failure(it, f"{it.part.name} keeps ending")
        self._say(f"{it.part.name} ended ({_ending(it.process.returncode)}); its log is {it.log}.")
        it.restart_at = time.monotonic() + pause

    def _failure(self, it: _Running, fact: str) -> LocalServerError:
        lines = text_from(it.log, it.log_offset).splitlines()[-TAIL_LINES:]
        tail = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return LocalServerError(f"{fact} ({_ending(it.process.returncode)}); the end of {it.log}:\n{tail}")


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"exit status {status}"
