"""Takes a backup with pg_dump: one state of the database, sealed on its way to where it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from hub.common.errors import HubError
from hub.common.ids import uuid7
from hub.neon.backup_records import BackupRecord, DatabaseIdentity, append, identity_of
from hub.neon.backups.direct import direct_wrapper
from hub.neon.backups.places import partial_file, publish, remove
from hub.neon.backups.sealed_file import PIECE_BYTES, SealingWriter
from hub.neon.errors import OperationFailed
from hub.neon.programs import LOCK_WAIT, environment_of, major_version, program, running
from hub.neon.schema_dump import schema_hash

LENGTH_BYTES = 4
# Of every table that is not PostgreSQL's own: how many rows a restored backup must have.
TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class State:
    """One moment of the database, held by `snapshot` for as long as its transaction lasts."""

    identity: DatabaseIdentity
    taken_at: datetime
    lsn: str
    snapshot: str
    server: int
    counts: Mapping[str, int]


def take_dump(*, place: str, kept_for: timedelta) -> BackupRecord:
    """Dumps the database into `place`, sealed, and records it.

    Raises OperationFailed with nothing left in `place` and no record.
    """
    with held_state() as (state, wrapper), partial_file(place) as file:
        writer, schema = _written(state, wrapper, file)
        record_id = str(uuid7())
        name = f"hub-{state.taken_at:%Y%m%dT%H%M%SZ}-{record_id[-8:]}.dump.sealed"
        location = publish(file, place=place, name=name)
    record = BackupRecord(
        id=record_id,
        taken_at=state.taken_at,
        database=state.identity,
        kind="pg_dump",
        location=location,
        bytes=writer.bytes,
        sha256=writer.sha256,
        schema_hash=schema,
        lsn=state.lsn,
        expires_at=state.taken_at + kept_for,
        encrypted=True,
    )
    return recorded(record, undo=lambda: remove(location))


def _written(state: State, wrapper: BaseDatabaseWrapper, file: BinaryIO) -> tuple[SealingWriter, str]:
    """The manifest, then the dump; what was stored, and the hash of the schema."""
    env, dump = environment_of(wrapper), program("pg_dump", server=state.server)
    schema = schema_hash(wrapper, snapshot=state.snapshot)
    writer = SealingWriter(file)
    manifest = json.dumps(_manifest(state, schema)).encode()
    writer.write(len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest)
    _dump(dump, env, state.snapshot, writer)
    writer.finish()
    return writer, schema


def recorded(record: BackupRecord, *, undo: Callable[[], None]) -> BackupRecord:
    """Adds it to the records; a backup that cannot be recorded is taken away by `undo`. Raises OperationFailed."""
    try:
        append(record)
    except (OSError, HubError) as error:
        undo()
        reason = error.detail if isinstance(error, HubError) else error.strerror or str(error)
        raise OperationFailed(f"BACKUP_RECORDS cannot be written, so the backup was dropped: {reason}.") from error
    return record


@contextmanager
def held_state() -> Iterator[tuple[State, BaseDatabaseWrapper]]:
    """The database as it is now, for as long as the block lasts. Raises OperationFailed when it cannot be read."""
    wrapper = direct_wrapper()
    try:
        identity, server = identity_of(wrapper), major_version(wrapper)
        wrapper.set_autocommit(False)
        with wrapper.cursor() as cursor:
            state = _state(cursor, identity, server)
        yield state, wrapper
    except DatabaseError as error:
        raise OperationFailed(f"The database cannot be read: {first_line(error)}.") from error
    finally:
        wrapper.close()


def _state(cursor: CursorWrapper, identity: DatabaseIdentity, server: int) -> State:
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # The dump may take longer than the role's other statements may.
    cursor.execute("SET LOCAL statement_timeout = 0")
    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    cursor.execute("SELECT pg_current_wal_lsn()::text, pg_export_snapshot()")
    lsn, snapshot = cursor.fetchone()
    taken_at = datetime.now(UTC)
    return State(identity, taken_at, lsn, snapshot, server, counts(cursor))


def counts(cursor: CursorWrapper) -> dict[str, int]:
    """How many rows each table has, counted."""
    cursor.execute(TABLES)
    found = {}
    for (table,) in cursor.fetchall():
        # The name is quoted by PostgreSQL itself.
        cursor.execute(f"SELECT count(*) FROM {table}")
        found[table] = int(cursor.fetchone()[0])
    return found


def _dump(dump: Path, env: Mapping[str, str], snapshot: str, writer: SealingWriter) -> None:
    argv: list[str | Path] = [dump, "--format=custom", LOCK_WAIT, f"--snapshot={snapshot}"]
    with running(argv, env=env) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(PIECE_BYTES):
            writer.write(piece)


def _manifest(state: State, schema: str) -> dict[str, Any]:
    return {
        "version": 1,
        "taken_at": state.taken_at.isoformat(timespec="seconds"),
        "lsn": state.lsn,
        "schema_hash": schema,
        "counts": dict(state.counts),
    }


def first_line(error: BaseException) -> str:
    """What the database said, in one line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
