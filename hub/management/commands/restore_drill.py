"""`manage.py restore_drill`: restores the newest backup beside the database, and looks whether it is all there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from hub.common.errors import HubError
from hub.neon.backup_records import BackupRecord, identity_of, newest_backup, records
from hub.neon.backups.direct import direct_wrapper
from hub.neon.backups.taking import first_line
from hub.neon.drill import UNCHECKED, Drill, Step, drill
from hub.neon.drill_report import PATH, append_report
from hub.neon.errors import OperationFailed
from users.privacy import erasure_log

# As after a disaster; the last one changes what is there, as it must before anybody is let in.
CHECKS = (("migrate", "--check", "--plan"), ("verify_audit",), ("reconcile_usage",), ("replay_erasures",))


class Command(BaseCommand):
    """0: the backup can be restored; 1: it cannot, and the line says why. The scratch database goes in any case."""

    help = (
        "Restores the newest backup of this database (or --backup ID) into a scratch database, compares schema and "
        "rows with the backup's own account, runs migrate --check, verify_audit, reconcile_usage and replay_erasures "
        "on it, writes what it did to docs/DRILLS.md, and drops the scratch database. Nothing else is touched. Exit "
        "status 1 when the backup could not be restored whole."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--backup, --report."""
        parser.add_argument("--backup", metavar="ID", help="this one instead of the newest")
        parser.add_argument(
            "--report", type=Path, default=PATH, metavar="FILE", help="what to add to; default: docs/DRILLS.md"
        )

    def handle(self, *, backup: str | None, report: Path, **options: Any) -> None:
        """Prints each step as it ends."""
        try:
            record = _chosen(backup)
            with _copied_erasure_log() as log:
                done = drill(record, commands=self._commands(), environment={"ERASURE_LOG": str(log)}, say=self._say)
            append_report(done, report)
        except (OperationFailed, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read: {first_line(error)}.") from error
        except HubError as error:
            raise CommandError(error.detail) from error
        self._conclude(done)

    def _commands(self) -> list[tuple[str, ...]]:
        known = get_commands()
        return [(*command, *_unchecked(known[command[0]], command[0])) for command in CHECKS]

    def _say(self, step: Step) -> None:
        self.stdout.write(f"{step.seconds:6.1f} s  {step.name}: {step.result}")

    def _conclude(self, done: Drill) -> None:
        if done.failure:
            raise CommandError(f"The backup {done.record.id} cannot be relied on: {done.failure}")
        seconds = (datetime.now(UTC) - done.started_at).total_seconds()
        self.stdout.write(f"The backup {done.record.id} can be restored: {len(done.steps)} steps in {seconds:.1f} s.")


def _unchecked(app: Any, name: str) -> tuple[str, ...]:
    """The system checks are of the hub at work, pooled and as `app`; in a drill everything is done as one role."""
    takes_it = name == "migrate" or load_command_class(app, name).requires_system_checks
    return (UNCHECKED,) if takes_it else ()


def _chosen(backup: str | None) -> BackupRecord:
    if backup is not None:
        found = next((record for record in records() if record.id == backup), None)
        if found is None:
            raise OperationFailed(f"There is no record of a backup {backup}.")
        return found
    wrapper = direct_wrapper()
    try:
        newest = newest_backup(identity_of(wrapper))
    finally:
        wrapper.close()
    if newest is None:
        raise OperationFailed("No backup of this database is on record: run manage.py backup_database first.")
    return newest


@contextmanager
def _copied_erasure_log() -> Iterator[Path]:
    """So that a drill reads whom the log names and adds nothing to it."""
    with tempfile.TemporaryDirectory(prefix="hub-drill-log-") as folder:
        path = Path(folder) / "erasures.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(entry)) + "\n" for entry in erasure_log.entries())
        yield path
