"""Takes dumps away whose time is over; Neon does so with its snapshots by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.neon.backup_records import BackupRecord, DatabaseIdentity, newest_backup, records
from hub.neon.backups.places import remove


def expired(database: DatabaseIdentity) -> list[BackupRecord]:
    """Dumps of this database after their end, but never the newest backup."""
    newest, now = newest_backup(database), datetime.now(UTC)
    own = (record for record in records() if record.database == database and record.kind == "pg_dump")
    return [each for each in own if each.expires_at and each.expires_at < now and each != newest]


def prune(database: DatabaseIdentity) -> list[BackupRecord]:
    """Removes their files; their records stay. Those that are gone are removed again without harm."""
    found = expired(database)
    for record in found:
        remove(record.location)
    return found
