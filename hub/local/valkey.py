"""The embedded Valkey: broker, due set and locks. PostgreSQL is the truth, so Valkey keeps nothing on the disk."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path
from typing import ClassVar

from hub.local.binaries import valkey_program
from hub.local.ports import LOOPBACK
from hub.local.process import Identity, Program
from hub.local.server import Server, launch_with_input

ANSWER_SECONDS = 2.0
WELCOME = b"+OK\r\n+PONG\r\n"
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
maxmemory-policy noeviction
daemonize no
loglevel warning
tcp-backlog 128
"""


class Valkey(Server):
    """Valkey on a loopback port, behind a password that arrives by standard input."""

    name: ClassVar[str] = "Valkey"
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = ((signal.SIGTERM, 5.0),)

    def __init__(
        self, var: Path, *, password: str, identity: Identity, keep: tuple[int, ...] = (), port: int = 0
    ) -> None:
        super().__init__(var, port=port)
        self._password = password
        self._identity = identity
        self._keep = keep

    @property
    def url(self) -> str:
        """redis://:password@127.0.0.1:port/0"""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def _launched(self, output: int) -> subprocess.Popen[bytes]:
        # It has nothing to save: killing it is the surest end when the parent dies.
        argv: list[str | Path] = [valkey_program(), "-"]
        program = Program(argv, signal.SIGKILL, self._identity, cwd=Path("/"), env={}, keep=self._keep)
        text = CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password)
        return launch_with_input(program, output, text)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return _read(connection, len(WELCOME)) == WELCOME
        except OSError:
            return False


def _read(connection: socket.socket, size: int) -> bytes:
    with connection.makefile("rb") as file:
        return file.read(size)
