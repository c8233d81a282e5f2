"""`manage.py backup_database`: one backup of the database, sealed, checked and on record."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from hub.neon.api import configured_api
from hub.neon.backup_records import BackupRecord
from hub.neon.backups.pruning import prune
from hub.neon.backups.snapshots import take_snapshot
from hub.neon.backups.taking import take_dump
from hub.neon.errors import OperationFailed

# Ten years: nobody who was erased is to be in a backup for ever.
MOST_DAYS = 3650


class Command(BaseCommand):
    """A backup is there and on record, or nothing is. A second run makes a second one."""

    help = (
        "Backs the database up with pg_dump, sealed with the first key of BACKUP_KEYS, into BACKUPS or --to, or as a "
        "snapshot of Neon's with --snapshot; and records it in BACKUP_RECORDS, where `migrate` and `restore_drill` "
        "look. Exit status 1, one line and no backup when anything goes wrong. How it is opened again: docs/BACKUPS.md."
    )
    # A release whose checks fail must still be able to save its data.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--to, --snapshot, --keep-days, --prune, --json."""
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--to", metavar="PLACE", help="a folder, or storage:folder; default: BACKUPS")
        where.add_argument("--snapshot", action="store_true", help="let Neon keep it: needs NEON_API_KEY")
        keep = "when it may go; default: BACKUP_KEPT_DAYS"
        parser.add_argument("--keep-days", type=int, metavar="N", help=keep)
        parser.add_argument("--prune", action="store_true", help="then remove the dumps whose end is over")
        parser.add_argument("--json", action="store_true", help="print the record as JSON")

    def handle(self, *, to: str | None, snapshot: bool, **options: Any) -> None:
        """Exits with 1 and one line when there is no backup."""
        days = settings.BACKUP_KEPT_DAYS if options["keep_days"] is None else options["keep_days"]
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--keep-days must be from 1 to {MOST_DAYS}.")
        try:
            record = _take(to or settings.BACKUPS, is_snapshot=snapshot, kept_for=timedelta(days=days))
            gone = prune(record.database) if options["prune"] else []
        except (OperationFailed, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except HubError as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(record), default=datetime.isoformat))
            return
        self.stdout.write(_summary(record))
        for each in gone:
            self.stdout.write(f"removed: {each.location}, which was to be kept until {each.expires_at:%Y-%m-%d}")


def _take(place: str, *, is_snapshot: bool, kept_for: timedelta) -> BackupRecord:
    if not is_snapshot:
        return take_dump(place=place, kept_for=kept_for)
    with configured_api() as api:
        return take_snapshot(api, kept_for=kept_for)


def _summary(record: BackupRecord) -> str:
    size = f"{record.bytes:,} bytes, sha256 {record.sha256}" if record.sha256 else "kept by Neon"
    return (
        f"backup {record.id}: {record.kind} of {record.database.name} as it was at {record.taken_at:%Y-%m-%d %H:%M:%S}Z"
        f", LSN {record.lsn}\n{record.location}: {size}, schema {record.schema_hash[:16]}, until "
        f"{record.expires_at:%Y-%m-%d}"
    )
