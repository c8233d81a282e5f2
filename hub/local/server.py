"""What the embedded PostgreSQL and Valkey have in common: a port, a log, a start that is seen to work, a stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from hub.local.errors import LocalServerError, file_errors_explained, require_room
from hub.local.files import open_log, size_of, text_from
from hub.local.ports import LOOPBACK, free_port
from hub.local.process import Program, spawn, stop

# A PostgreSQL that was killed replays its log first.
READY_SECONDS = 120.0
POLL_SECONDS = 0.03
PORT_ATTEMPTS = 5
PORT_TAKEN = "Address already in use"
FILE_ADVICE = {
    "No space left on device": "The disk of HUB_VAR is full: free some space, or set HUB_VAR to a directory with room.",
    "Read-only file system": "HUB_VAR is on a read-only disk: set it to a directory that can be written.",
}


class Server(ABC):
    """One server on a loopback port. A second `start()` after it ended takes the same port, so that its URL stays."""

    name: ClassVar[str]
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, var: Path, *, port: int) -> None:
        self.var = var
        self.port = port
        self._port_is_given = bool(port)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0
        # Words in the server's log, and the line that they stand for.
        self.advice: dict[str, str] = {}

    @property
    def log(self) -> Path:
        """The log file, kept over starts."""
        return self.var / "logs" / f"{self.name.lower()}.log"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it, with the password."""

    def start(self) -> None:
        """Starts the server and returns when it answers; raises LocalServerError, and leaves nothing running."""
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            port = free_port(self.port)
            try:
                return self._start_on(port)
            except PortTaken as error:
                # Somebody took the free port before the server did: look for another one.
                if self._port_is_given or not attempts_left:
                    raise LocalServerError(f"Port {port} on {LOOPBACK} is in use: choose another one.") from error
        return None

    def stop(self) -> None:
        """Stops the server; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            stop(process, *self.stop_signals)

    def _start_on(self, port: int) -> None:
        self.port = port
        with file_errors_explained(self.var):
            output = open_log(self.log)
        self._log_offset = size_of(self.log)
        try:
            self._process = self._launched(output)
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            self.port = port if self._port_is_given else 0
            raise
        finally:
            os.close(output)
        self._port_is_given = True

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if process.poll() is not None:
                raise self._failure(f"exit status {process.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(f"no answer within {READY_SECONDS:.0f} seconds")
            time.sleep(POLL_SECONDS)

    def _failure(self, fact: str) -> LocalServerError:
        said = text_from(self.log, self._log_offset)
        if PORT_TAKEN in said:
            return PortTaken(said)
        require_room(self.var)
        return explained_output(self.name, said, self.advice, f"{fact}; its log is {self.log}")

    @abstractmethod
    def _launched(self, output: int) -> subprocess.Popen[bytes]:
        """The new process, its output going to the descriptor."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it serves a client that knows the password; raises LocalServerError when it never will."""


class PortTaken(LocalServerError):
    """The server lost its port to another program between the choice and the start."""


def explained_output(name: str, said: str, advice: dict[str, str], fact: str) -> LocalServerError:
    """The one line for what a program said before it ended: known words become advice, else its last line is quoted."""
    for words, line in (FILE_ADVICE | advice).items():
        if words in said:
            return LocalServerError(line)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "error:" in line]
    quoted = (errors or lines or ["it said nothing"])[-1]
    return LocalServerError(f"{name} did not start: {quoted} ({fact}).")


def launch_with_input(program: Program, output: int, text: str) -> subprocess.Popen[bytes]:
    """Starts a program that reads its configuration from standard input, where no process list shows it."""
    process = spawn(program, output=output, stdin=subprocess.PIPE)
    if process.stdin:
        with process.stdin as stdin:
            _quietly(stdin.write, text.encode())
    return process


def _quietly(write: Callable[[bytes], int], content: bytes) -> None:
    try:
        write(content)
    except BrokenPipeError:
        # It ended before it read: its exit status and its log say why.
        return
