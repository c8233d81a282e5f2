"""A drill: a backup is restored beside the database, looked at as after a disaster, and dropped again."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import environ
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from hub import env
from hub.neon.api import NeonApi, configured_api
from hub.neon.backup_records import BackupRecord
from hub.neon.backups.direct import DIRECT, direct_wrapper, url_of
from hub.neon.backups.opening import opened, restore_into
from hub.neon.backups.places import checked
from hub.neon.backups.taking import counts, first_line
from hub.neon.errors import OperationFailed
from hub.neon.schema_dump import schema_hash

SCRATCH = "hub_drill_"
BRANCH = "drill/"
# Of one drill at a time: a constant of this command's own.
LOCK = 7_254_911
UNCHECKED = "--skip-checks"
# Leads nowhere (port 9 discards): what a drill does reaches neither the workers nor a provider.
NOWHERE = "127.0.0.1:9"
APART = {
    "REDIS_URL": f"redis://{NOWHERE}/0",
    "MEDIA_STORAGE": "file",
    "GEMINI_API_KEY": "drill",
    "GEMINI_BASE_URL": f"http://{NOWHERE}",
    "VERTEX_API_KEY": "",
    "GOOGLE_CLOUD_PROJECT": "",
    "EMAIL_HOST": "",
    "LOG_LEVEL": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done; `result` is one line."""

    name: str
    result: str
    seconds: float


@dataclass(slots=True)
class Drill:
    """What came of it; `failure` is the line that ended it."""

    record: BackupRecord
    started_at: datetime
    steps: list[Step] = field(default_factory=list)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored database, and what it must have when that is known."""

    wrapper: BaseDatabaseWrapper
    schema_hash: str
    counts: Mapping[str, int] | None


def drill(
    record: BackupRecord,
    *,
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    say: Callable[[Step], None],
) -> Drill:
    """Restores the backup, compares it, runs the commands of manage.py on it, and drops it whatever happens.

    A command that exits with anything but 0 ends the drill; the failure is in what is returned.
    """
    done = Drill(record, datetime.now(UTC))
    log = _Log(done, say)
    try:
        with ExitStack() as stack:
            restored = _restored(stack, record, log)
            with log.step("the schema is that of the backup") as note:
                note(_same_schema(restored))
            with log.step("every table has its rows") as note:
                note(_same_counts(restored))
            for command in commands:
                with log.step(" ".join(["manage.py", *(word for word in command if word != UNCHECKED)])) as note:
                    note(_run(command, restored.wrapper, environment))
    except (OperationFailed, DatabaseError) as error:
        done.failure = f"{first_line(error)}."
    return done


class _Log:
    def __init__(self, done: Drill, say: Callable[[Step], None]) -> None:
        self._done, self._say = done, say

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        started, results = time.monotonic(), [""]
        try:
            yield results.append
        except Exception as error:
            results.append(f"FAILED: {first_line(error)}")
            raise
        finally:
            step = Step(name, results[-1], time.monotonic() - started)
            self._done.steps.append(step)
            self._say(step)


def _restored(stack: ExitStack, record: BackupRecord, log: _Log) -> Restored:
    if record.kind == "snapshot":
        return _restored_snapshot(stack, record, log)
    with log.step("the stored bytes have the recorded checksum") as note:
        source = stack.enter_context(checked(record))
        note(f"{record.bytes:,} bytes, sha256 {record.sha256[:16]}...")
    with log.step("restored into a scratch database") as note:
        wrapper = stack.enter_context(scratch_database())
        manifest, archive = opened(source)
        restore_into(wrapper, archive)
        note(f"{wrapper.settings_dict['NAME']}, as of {manifest.taken_at}, LSN {manifest.lsn}")
    return Restored(wrapper, manifest.schema_hash, manifest.counts)


def _restored_snapshot(stack: ExitStack, record: BackupRecord, log: _Log) -> Restored:
    with log.step("restored into a branch of Neon's") as note:
        api = stack.enter_context(configured_api())
        wrapper = stack.enter_context(scratch_branch(api, record))
        wrapper.ensure_connection()
        note(f"as of {record.taken_at:%Y-%m-%d %H:%M:%S}Z, LSN {record.lsn}")
    return Restored(wrapper, record.schema_hash, None)


@contextmanager
def scratch_database() -> Iterator[BaseDatabaseWrapper]:
    """An empty database on the server of the hub's or of DRILL_DATABASE_URL; dropped when the block ends.

    What a drill that was killed left is dropped too. Raises OperationFailed when another drill runs.
    """
    server = drill_server()
    name = scratch_prefix(server) + secrets.token_hex(4)
    try:
        _sweep(server)
        _execute(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
        wrapper = _other(server, name)
        try:
            yield wrapper
        finally:
            wrapper.close()
            _drop(server, name)
    finally:
        server.close()


def _sweep(server: BaseDatabaseWrapper) -> None:
    """Takes the lock of drills, which goes with the connection, and then away what former ones left."""
    with server.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise OperationFailed("Another drill runs on this server: let it end first.")
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [scratch_prefix(server)])
        for (left,) in cursor.fetchall():
            _drop(server, left)


@contextmanager
def scratch_branch(api: NeonApi, record: BackupRecord) -> Iterator[BaseDatabaseWrapper]:
    """A branch restored from the snapshot, with an end of its own; deleted when the block ends."""
    branch = api.restore_snapshot(record.location, name=BRANCH + secrets.token_hex(4))
    try:
        api.let_expire(branch.id, datetime.now(UTC) + timedelta(days=1))
        api.add_compute(branch.id)
        url = api.address(branch.id, database=record.database.name, role=settings.NEON_OWNER_ROLE)
        parameters: dict[str, Any] = {**direct_wrapper().settings_dict, **environ.Env.db_url_config(url)}
        parameters["ENGINE"] = direct_wrapper().settings_dict["ENGINE"]
        wrapper = ConnectionHandler({"default": parameters})["default"]
        try:
            yield wrapper
        finally:
            wrapper.close()
    finally:
        api.delete_branch(branch.id)


def scratch_prefix(server: BaseDatabaseWrapper) -> str:
    """Of the scratch databases that are made from there: the lock of drills is of that one database as well."""
    return SCRATCH + sha256(server.settings_dict["NAME"].encode()).hexdigest()[:6] + "_"


def drill_server() -> BaseDatabaseWrapper:
    """A connection to where scratch databases are made."""
    if settings.DRILL_DATABASE is None:
        return direct_wrapper()
    own: dict[str, Any] = {**direct_wrapper().settings_dict, **settings.DRILL_DATABASE}
    return ConnectionHandler({"default": own})["default"]


def _other(server: BaseDatabaseWrapper, name: str) -> BaseDatabaseWrapper:
    return ConnectionHandler({"default": {**server.settings_dict, "NAME": name}})["default"]


def _drop(server: BaseDatabaseWrapper, name: str) -> None:
    _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(server: BaseDatabaseWrapper, statement: str) -> None:
    with server.cursor() as cursor:
        cursor.execute(statement)


def _same_schema(restored: Restored) -> str:
    found = schema_hash(restored.wrapper)
    if found != restored.schema_hash:
        raise OperationFailed(f"the restored schema is {found[:16]}, that of the backup {restored.schema_hash[:16]}")
    return found[:16] + "..."


def _same_counts(restored: Restored) -> str:
    with restored.wrapper.cursor() as cursor:
        found = counts(cursor)
    total = f"{len(found)} tables, {sum(found.values()):,} rows"
    if restored.counts is None:
        return f"{total}; a snapshot says nothing to compare them with"
    wrong = {table: found.get(table) for table, rows in restored.counts.items() if found.get(table) != rows}
    if wrong or found.keys() - restored.counts.keys():
        raise OperationFailed(f"tables without the rows of the backup: {wrong or 'some that it does not have'}")
    return total


def _run(command: Sequence[str], wrapper: BaseDatabaseWrapper, environment: Mapping[str, str]) -> str:
    """Its last line. In a process of its own that knows no database but the restored one."""
    wrapper.close()
    url = url_of(wrapper)
    with tempfile.TemporaryDirectory(prefix="hub-drill-") as media:
        given = {"DATABASE_URL": url, DIRECT: url, "MEDIA_ROOT": media, **APART, **environment}
        done = subprocess.run(
            [sys.executable, str(env.BASE_DIR / "manage.py"), *command],
            env={**os.environ, **given},
            cwd=env.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise OperationFailed(f"it exited with {done.returncode}: {_last(done.stdout + done.stderr)}")
    return _last(done.stdout)


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it had nothing to say"
