"""Backups as they stand on record."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from hub.neon.backup_records import BackupRecord, DatabaseIdentity


def a_backup(database: DatabaseIdentity, **changes: Any) -> BackupRecord:
    """Of that database, taken now."""
    facts: dict[str, Any] = {
        "id": str(uuid4()),
        "taken_at": timezone.now(),
        "kind": "pg_dump",
        "location": "/backups/hub.dump",
        "bytes": 4096,
        "sha256": "ab" * 32,
        "schema_hash": "cd" * 32,
        "lsn": "0/16B3748",
        "expires_at": None,
        "encrypted": True,
    }
    return BackupRecord(database=database, **(facts | changes))
