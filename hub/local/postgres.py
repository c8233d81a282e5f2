"""The embedded PostgreSQL: a cluster under var/, made whole or not at all, served on loopback with a password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psycopg

from hub.local.binaries import postgres_program
from hub.local.errors import LocalServerError, file_errors_explained, require_room
from hub.local.identity import choose_identity, give
from hub.local.ports import LOOPBACK
from hub.local.process import Program, alive, run, spawn
from hub.local.server import Server, explained_output
from hub.neon.access import mend, owners_differ, places_differ, roles_differ
from hub.neon.roles import APP, MIGRATOR, set_password

USER = DATABASE = "hub"
# Nothing of the caller's environment (PGDATA, PGOPTIONS, a locale this machine does not have) reaches the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
INITDB = (
    f"--username={USER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
SERVER_OPTIONS = {
    "listen_addresses": LOOPBACK,
    # A socket's path has room for 107 bytes only, which a deep directory exceeds; loopback does as well.
    "unix_socket_directories": "",
    "max_connections": "200",
}


class Postgres(Server):
    """PostgreSQL 18 on the cluster `var/postgres`. `options` are server settings on top of SERVER_OPTIONS.

    The roles of the hub are made in it, with `role_passwords`: {name: password} for each.
    """

    name: ClassVar[str] = "PostgreSQL"
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

    def __init__(
        self,
        var: Path,
        *,
        password: str,
        role_passwords: Mapping[str, str],
        keep: tuple[int, ...] = (),
        port: int = 0,
        options: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(var, port=port)
        self.data = var / "postgres"
        # pg_config looks for the programs beside itself, as initdb will.
        self.identity = choose_identity(self.data, [postgres_program("pg_config"), "--bindir"])
        self._passwords = {USER: password, **role_passwords}
        self._keep = keep
        self._options = SERVER_OPTIONS | dict(options or {})
        self.advice = {
            "files are incompatible": f"{self.data} was made by another version of PostgreSQL: move it away to start "
            "with an empty database, or serve it with that version and set DATABASE_URL.",
            "has wrong ownership": f"{self.data} belongs to another user: run the command as that user.",
            "shared memory": "PostgreSQL gets no shared memory: give /dev/shm room (docker run --shm-size=256m).",
        }

    @property
    def url(self) -> str:
        """The URL of the hub's processes: postgresql://app:password@127.0.0.1:port/hub?sslmode=disable"""
        return self._url_of(APP.name)

    @property
    def direct_url(self) -> str:
        """That of the role that migrates."""
        return self._url_of(MIGRATOR.name)

    @property
    def owner_url(self) -> str:
        """That of the server's administrator."""
        return self._url_of(USER)

    def _url_of(self, role: str) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{DATABASE}?sslmode=disable"

    def start(self) -> None:
        """Makes the cluster when there is none, then starts it; raises LocalServerError."""
        if not self.data.exists():
            self._make_cluster()
        self._clear_stale_pid_file()
        super().start()
        try:
            self._make_roles()
        except BaseException:
            self.stop()
            raise

    def _make_roles(self) -> None:
        """Every start, for the cluster may be older than they are. What its tables allow comes with the migrations."""
        steps = (roles_differ, places_differ, owners_differ)
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            mend(connection, steps)
            for role, password in self._passwords.items():
                set_password(connection, role, password)

    def _make_cluster(self) -> None:
        # Built beside its place and moved there when it is whole: an interrupted attempt leaves no half cluster.
        making = self.var / "postgres.making"
        with file_errors_explained(self.var):
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(mode=0o700)
            give(making, self.identity)
        try:
            self._initdb(making)
            with file_errors_explained(self.var):
                os.rename(making / "data", self.data)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _initdb(self, making: Path) -> None:
        password = making / "password"
        with file_errors_explained(self.var):
            password.touch(mode=0o600)
            password.write_text(self._passwords[USER], encoding="ascii")
            give(password, self.identity)
        sync = () if self._options.get("fsync") != "off" else ("--no-sync",)
        self._build([postgres_program("initdb"), "-D", making / "data", f"--pwfile={password}", *INITDB, *sync], making)
        single: list[str | Path] = [postgres_program("postgres"), "--single", "-D", making / "data", "postgres"]
        self._build(single, making, f"CREATE DATABASE {DATABASE};\n")

    def _build(self, argv: list[str | Path], cwd: Path, text: str = "") -> None:
        program = Program(argv, signal.SIGTERM, self.identity, cwd=cwd, env=ENVIRONMENT, keep=self._keep)
        done = run(program, text=text)
        if done.returncode or "ERROR:" in done.stdout:
            require_room(self.var)
            raise explained_output(self.name, done.stdout, self.advice, f"{argv[0]}: exit status {done.returncode}")

    def _clear_stale_pid_file(self) -> None:
        """Removes the pid file of a server that is gone.

        PostgreSQL would stumble when another process of this user has that id by now. A server that does live here
        without our lock was started by hand, and stays.
        """
        pid_file = self.data / "postmaster.pid"
        with file_errors_explained(self.var):
            first = pid_file.read_text(encoding="utf-8").partition("\n")[0].strip() if pid_file.exists() else ""
            if first.isdigit() and self._serves_this_cluster(int(first)):
                raise LocalServerError(f"PostgreSQL already serves {self.data}: stop it with `kill -INT {first}`.")
            pid_file.unlink(missing_ok=True)

    def _serves_this_cluster(self, pid: int) -> bool:
        try:
            return alive(pid) and os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            return False

    def _launched(self, output: int) -> subprocess.Popen[bytes]:
        argv: list[str | Path] = [postgres_program("postgres"), "-D", self.data, "-p", str(self.port)]
        for name, value in self._options.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: clients are cut off, the cluster is left clean.
        program = Program(argv, signal.SIGINT, self.identity, cwd=self.var, env=ENVIRONMENT, keep=self._keep)
        return spawn(program, output=output)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.owner_url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalServerError(
                    f"The password in {self.var / 'secrets'} does not open {self.data}: put the former secrets back, "
                    "or move both away to start with an empty database."
                ) from error
            return False
        return True
