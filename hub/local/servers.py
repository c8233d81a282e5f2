"""The embedded servers of one directory, started and stopped together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hub.local.binaries import valkey_program
from hub.local.discovery import LocalUrls, publish, unpublish
from hub.local.errors import LocalServerError, file_errors_explained, require_room
from hub.local.files import lay_out
from hub.local.identity import choose_identity
from hub.local.lock import DirectoryLock
from hub.local.pgbouncer import PgBouncer
from hub.local.postgres import Postgres
from hub.local.secrets import server_passwords
from hub.local.server import Server
from hub.local.valkey import Valkey

Running = TypeVar("Running", bound=Server)


class LocalServers:
    """PostgreSQL and Valkey on free loopback ports, with their data and passwords under `var`.

    They die with this process, whatever ends it, and are started by its main thread. A second start on the same `var`
    finds the same data. Every failure is a LocalServerError with nothing left running; VarInUse when another process
    runs servers here. A port of 0 is a free one; `postgres_options` are server settings (`{"fsync": "off"}`). `pooled`
    puts a pooler in transaction mode between `app` and the database.
    """

    def __init__(
        self,
        var: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        postgres_port: int = 0,
        valkey_port: int = 0,
        postgres_options: Mapping[str, str] | None = None,
        pooled: bool = False,
    ) -> None:
        self.var = Path(os.path.abspath(var))
        self._wanted = (postgres, valkey)
        self._ports = (postgres_port, valkey_port)
        self._postgres_options = dict(postgres_options or {})
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        self._pooled = pooled
        self._pooler: PgBouncer | None = None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def database_url(self) -> str:
        """The URL of the database, for the role `app`; raises LocalServerError when PostgreSQL does not run here."""
        return (self._pooler or _needed(self._postgres, "PostgreSQL")).url

    @property
    def database_url_direct(self) -> str:
        """That of the role that migrates."""
        return _needed(self._postgres, "PostgreSQL").direct_url

    @property
    def database_url_owner(self) -> str:
        """That of the server's administrator, for tests that need one."""
        return _needed(self._postgres, "PostgreSQL").owner_url

    @property
    def redis_url(self) -> str:
        """The URL of Valkey; raises LocalServerError when it was not asked for or does not run."""
        return _needed(self._valkey, "Valkey").url

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of those that run: postgres, valkey."""
        named = {"postgres": self._postgres, "pgbouncer": self._pooler, "valkey": self._valkey}
        return {name: server.pid for name, server in named.items() if server and server.pid}

    def start(self) -> None:
        """Starts what was asked for and writes `local.json`; returns when the servers answer."""
        with ExitStack() as stack:
            self._lay_out()
            lock = DirectoryLock(self.var / "local.lock")
            lock.acquire()
            stack.callback(lock.release)
            stack.callback(unpublish, self.var)
            self._start_servers(stack, lock.descriptor)
            self._publish()
            self._running = stack.pop_all()

    def stop(self) -> None:
        """Stops the servers, Valkey first; a second call does nothing."""
        self._running.close()
        self._postgres = self._pooler = self._valkey = None

    def ended(self) -> list[str]:
        """The names of the servers that should run and do not."""
        return [server.name for server in self._ended()]

    def revive(self) -> list[str]:
        """Starts again, on its port, each server that has ended; returns their names. Raises LocalServerError."""
        ended = self._ended()
        for server in ended:
            server.stop()
            server.start()
        if ended:
            self._publish()
        return [server.name for server in ended]

    def _ended(self) -> list[Server]:
        servers = (self._postgres, self._pooler, self._valkey)
        return [server for server in servers if server and server.pid is None]

    def _lay_out(self) -> None:
        with file_errors_explained(self.var):
            self.var.mkdir(parents=True, exist_ok=True)
            require_room(self.var)
            lay_out(self.var)

    def _start_servers(self, stack: ExitStack, lock: int) -> None:
        passwords = server_passwords(self.var)
        postgres, valkey = self._wanted
        if postgres:
            self._postgres = Postgres(
                self.var,
                password=passwords.postgres,
                role_passwords=passwords.roles,
                keep=(lock,),
                port=self._ports[0],
                options=self._postgres_options,
            )
            stack.callback(self._postgres.stop)
            self._postgres.start()
            if self._pooled:
                self._start_pooler(stack, self._postgres, passwords.roles, lock)
        if valkey:
            identity = choose_identity(self.var / "valkey", [valkey_program(), "--version"])
            self._valkey = Valkey(
                self.var, password=passwords.valkey, identity=identity, keep=(lock,), port=self._ports[1]
            )
            stack.callback(self._valkey.stop)
            self._valkey.start()

    def _start_pooler(self, stack: ExitStack, behind: Postgres, passwords: Mapping[str, str], lock: int) -> None:
        self._pooler = PgBouncer(self.var, behind=behind.url, passwords=passwords, keep=(lock,))
        stack.callback(self._pooler.stop)
        self._pooler.start()

    def _publish(self) -> None:
        urls = LocalUrls(
            database_url=self.database_url if self._postgres else None,
            database_url_direct=self._postgres.direct_url if self._postgres else None,
            redis_url=self._valkey.url if self._valkey else None,
            pids=self.pids,
            supervisor=os.getpid(),
        )
        publish(self.var, urls)


def _needed(server: Running | None, name: str) -> Running:
    if server is None:
        raise LocalServerError(f"{name} does not run.")
    return server
