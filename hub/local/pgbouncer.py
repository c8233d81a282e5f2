"""PgBouncer before the embedded PostgreSQL, in transaction mode: what Neon's pooler is, for tests.

It comes from the system (Debian: `apt-get install pgbouncer`), not out of a wheel.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

import psycopg

from hub.local.errors import LocalServerError, file_errors_explained
from hub.local.files import private_directory
from hub.local.identity import choose_identity, give
from hub.local.ports import LOOPBACK
from hub.local.process import Program, spawn
from hub.local.server import Server

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
# As Neon's, but for how soon it gives up and tries again, for which tests wait, and for the sizes: there the pool is
# nine tenths of the server's connections for each user and database.
CONFIGURATION = """\
[databases]
* = host={host} port={postgres_port}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
max_client_conn = 2000
default_pool_size = 30
query_wait_timeout = 20
server_login_retry = 1
server_idle_timeout = 10
log_connections = 0
log_disconnections = 0
log_pooler_errors = 1
"""


class PgBouncer(Server):
    """On a loopback port, for the roles of `passwords`, before the PostgreSQL that listens on `postgres_port`."""

    name: ClassVar[str] = "PgBouncer"
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = ((signal.SIGTERM, 5.0),)

    def __init__(
        self, var: Path, *, behind: str, passwords: Mapping[str, str], keep: tuple[int, ...] = (), port: int = 0
    ) -> None:
        super().__init__(var, port=port)
        self._behind = urlsplit(behind)
        self._passwords = passwords
        self._keep = keep
        self._folder = var / "pgbouncer"
        self._program = pgbouncer_program()
        self._identity = choose_identity(self._folder, [self._program, "--version"])

    @property
    def url(self) -> str:
        """The way through the pooler for the user, and to the database, of the URL behind it."""
        who = self._behind.netloc.rpartition("@")[0]
        return urlunsplit(self._behind._replace(netloc=f"{who}@{LOOPBACK}:{self.port}"))

    def _launched(self, output: int) -> subprocess.Popen[bytes]:
        with file_errors_explained(self.var):
            private_directory(self._folder)
            known = "".join(f'"{name}" "{word}"\n' for name, word in self._passwords.items())
            users = self._written("users.txt", known)
            content = CONFIGURATION.format(host=LOOPBACK, port=self.port, postgres_port=self._behind.port, users=users)
            configuration = self._written("pgbouncer.ini", content)
            give(self._folder, self._identity)
        argv = [self._program, configuration]
        # It has nothing to save: killing it is the surest end when the parent dies.
        return spawn(Program(argv, signal.SIGKILL, self._identity, cwd=Path("/"), keep=self._keep), output=output)

    def _written(self, name: str, content: str) -> Path:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="ascii")
        give(path, self._identity)
        return path

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def missing() -> str | None:
    """The one line that says so, when it is not installed; None when it is."""
    try:
        pgbouncer_program()
    except LocalServerError as error:
        return str(error)
    return None


def pgbouncer_program() -> Path:
    """Where it is; raises LocalServerError when it is not installed."""
    found = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + os.pathsep + SYSTEM_PATH)
    if found is None:
        raise LocalServerError("PgBouncer is not installed: `apt-get install pgbouncer`, or run the tests without it.")
    return Path(found)
