"""pg_dump and pg_restore: those of the installed package, else those on PATH, never older than the server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq

from hub.local.binaries import postgres_program
from hub.local.errors import LocalServerError
from hub.neon.errors import OperationFailed

# Nothing of the caller's own PGOPTIONS, PGSERVICE or locale reaches the programs.
INHERITED = ("PATH", "HOME", "TMPDIR")
# A migration holds its locks for seconds; whoever holds one for a minute is named by the failure.
LOCK_WAIT = "--lock-wait-timeout=60s"


def major_version(wrapper: BaseDatabaseWrapper) -> int:
    """Of the server: 18."""
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def environment_of(wrapper: BaseDatabaseWrapper) -> dict[str, str]:
    """The connection for libpq's programs: in their environment, so that no password stands in a list of processes."""
    names = {part.keyword.decode(): part.envvar.decode() for part in pq.Conninfo.get_defaults() if part.envvar}
    given = {"PGAPPNAME": "hub-operator", **_libpq(wrapper, names)}
    return {key: str(value) for key, value in given.items()}


def _libpq(wrapper: BaseDatabaseWrapper, names: dict[str, str]) -> dict[str, object]:
    parameters = wrapper.get_connection_params()
    return {names[key]: value for key, value in parameters.items() if key in names and value is not None}


def program(name: str, *, server: int) -> Path:
    """One that works with a server of that major version; raises OperationFailed with what is there."""
    found = {path: _major(path) for path in _candidates(name)}
    for path, major in found.items():
        if major >= server:
            return path
    seen = ", ".join(f"{path} is {major}" for path, major in found.items()) or "there is none"
    raise OperationFailed(
        f"{name} must be of version {server} or newer, as the server is; {seen}: install requirements.txt or the "
        f"package postgresql-client-{server}."
    )


def _candidates(name: str) -> Iterator[Path]:
    with suppress(LocalServerError):
        yield postgres_program(name)
    if on_path := shutil.which(name):
        yield Path(on_path)


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found.group(1)) if found else 0


@contextmanager
def running(
    argv: Sequence[str | Path], *, env: Mapping[str, str], stdin: int | None = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """The program with its output in a pipe, ended when the block ends. Raises OperationFailed when it failed.

    An error of the block's own goes first; the program is killed then.
    """
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            argv, stdin=stdin, stdout=subprocess.PIPE, stderr=said, env={**inherited, "LC_ALL": "C.UTF-8", **env}
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            _closed(process)
        if process.returncode:
            raise OperationFailed(f"{Path(argv[0]).name} failed: {_reason(said)}")


def _closed(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()


def _reason(said: IO[bytes]) -> str:
    """The first line that says error, which is the cause of those after it."""
    said.seek(0)
    lines = [line.strip() for line in said.read(64 * 1024).decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return (errors or lines or ["it said nothing"])[0].rstrip(".") + "."
