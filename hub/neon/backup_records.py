"""The records of backups, outside of the database: what was backed up, when, and where it lies.

One entry for each, only ever added to. The setting BACKUP_RECORDS is a path (one JSON object a line), or
`storage:folder` (one object each) of a storage of files. A backup is found by the identity of its database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from hub.common import outside_log
from hub.common.errors import HubError
from hub.neon.connections import POOLER

KINDS = ("pg_dump", "snapshot")
# The first label of a host on Neon names the compute of one branch; the pooled host has the suffix more.
NEON_DOMAIN = ".neon.tech"


class BackupRecordsBroken(HubError):
    """The records of backups cannot be read; nothing was done that needs one."""

    code = "backup_records_broken"
    status = 500
    title = "The records of backups cannot be read"
    is_for_operators = True


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which database: the cluster's system identifier and the name; on Neon, where branches share both, the branch."""

    system_identifier: str
    name: str
    branch: str = ""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One backup. `location` says where it lies (a path, `storage:key`, or a snapshot's id), without credentials.

    `sha256` is of the stored bytes, in hex, and `schema_hash` of the schema; a snapshot has neither, nor `bytes`.
    `lsn` is where the database stood (`0/16B3748`). Moments have a time zone; `expires_at` is None for "kept".
    """

    id: str
    taken_at: datetime
    database: DatabaseIdentity
    kind: str
    location: str
    bytes: int
    sha256: str
    schema_hash: str
    lsn: str
    expires_at: datetime | None
    encrypted: bool
    version: int = 1


def identity_of(connection: BaseDatabaseWrapper) -> DatabaseIdentity:
    """Of the database that `connection` leads to; any role may ask."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier::text, current_database(), current_setting('neon.timeline_id', true)"
            " FROM pg_control_system()"
        )
        system_identifier, name, timeline = cursor.fetchone()
    return DatabaseIdentity(system_identifier, name, timeline or _endpoint(connection))


def _endpoint(connection: BaseDatabaseWrapper) -> str:
    host = str(connection.settings_dict.get("HOST") or "")
    return host.partition(".")[0].removesuffix(POOLER) if host.endswith(NEON_DOMAIN) else ""


def append(record: BackupRecord) -> None:
    """On the disk, or in the storage, when this returns; the same record again is harmless.

    Raises OSError, or ServiceUnavailable for a storage.
    """
    text = json.dumps(asdict(record), separators=(",", ":"), default=datetime.isoformat)
    outside_log.append(settings.BACKUP_RECORDS, name=record.id, text=text)


def records() -> Iterator[BackupRecord]:
    """Each backup once, in no order; of two lines for one id the first. Raises BackupRecordsBroken."""
    seen = set()
    for where, text in _texts():
        record = _parsed(where, text)
        if record.id not in seen:
            seen.add(record.id)
            yield record


def newest_backup(database: DatabaseIdentity, *, kinds: Collection[str] = KINDS) -> BackupRecord | None:
    """The youngest backup of this database, expired or not; None when none is recorded. Raises BackupRecordsBroken."""
    own = (record for record in records() if record.database == database and record.kind in kinds)
    return max(own, key=lambda record: record.taken_at, default=None)


def _texts() -> Iterator[tuple[str, str]]:
    try:
        yield from outside_log.texts(settings.BACKUP_RECORDS)
    except OSError as error:
        raise BackupRecordsBroken(f"{settings.BACKUP_RECORDS} cannot be read: {error.strerror}.") from error


def _parsed(where: str, text: str) -> BackupRecord:
    try:
        record = _record(json.loads(text))
        is_whole = _is_whole(record)
    except (ValueError, TypeError, AttributeError, KeyError):
        is_whole = False
    if not is_whole:
        raise BackupRecordsBroken(f"{where} is no record of a backup: mend or remove it, then try again.")
    return record


def _record(found: Mapping[str, Any]) -> BackupRecord:
    expires_at = found["expires_at"]
    return BackupRecord(
        **{
            **found,
            "database": DatabaseIdentity(**found["database"]),
            "taken_at": datetime.fromisoformat(found["taken_at"]),
            "expires_at": None if expires_at is None else datetime.fromisoformat(expires_at),
        }
    )


def _is_whole(record: BackupRecord) -> bool:
    UUID(record.id)
    moments = (record.taken_at, record.expires_at or record.taken_at)
    is_dump_whole = record.kind != "pg_dump" or (record.bytes > 0 and len(bytes.fromhex(record.sha256)) == 32)
    is_placed = bool(record.location and record.database.system_identifier and record.database.name)
    is_known = record.version == 1 and record.kind in KINDS
    return is_known and is_placed and is_dump_whole and all(moment.tzinfo for moment in moments)
