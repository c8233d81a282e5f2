"""`manage.py open_backup BACKUP FILE`: the dump inside of a sealed backup, for pg_restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from hub.neon.backup_records import records
from hub.neon.backups.opening import opened
from hub.neon.backups.places import checked, disk_errors_explained, partial_file, publish
from hub.neon.errors import OperationFailed


class Command(BaseCommand):
    """Needs the keys and the file, and no database. The whole dump is written, or none."""

    help = (
        "Unseals a backup into FILE, which pg_restore reads: everything of the database in clear, but for the values "
        "that are sealed in it. Remove it when it was used."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """BACKUP, FILE."""
        parser.add_argument("backup", help="its id, or the path of the sealed file")
        parser.add_argument("file", type=Path, metavar="FILE", help="what to write; it must not be there yet")

    def handle(self, *, backup: str, file: Path, **options: Any) -> None:
        """Exits with 1 and one line when the backup does not open."""
        if file.exists():
            raise CommandError(f"{file} is there already: name another one.")
        try:
            with _source(backup) as source, partial_file(str(file.parent)) as target:
                manifest, pieces = opened(source)
                target.writelines(pieces)
                target.flush()
                publish(target, place=str(file.parent), name=file.name)
        except (OperationFailed, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except HubError as error:
            raise CommandError(error.detail) from error
        rows = sum(manifest.counts.values())
        self.stdout.write(
            f"{file}: {len(manifest.counts)} tables with {rows:,} rows as they were at {manifest.taken_at}. "
            f"pg_restore --no-owner --no-privileges --exit-on-error --dbname=URL {file}"
        )


@contextmanager
def _source(backup: str) -> Iterator[BinaryIO]:
    if Path(backup).is_file():
        with disk_errors_explained(Path(backup).parent), open(backup, "rb") as file:
            yield file
        return
    record = next((each for each in records() if each.id == backup and each.kind == "pg_dump"), None)
    if record is None:
        raise OperationFailed(f"{backup} is neither a file nor the id of a recorded dump.")
    with checked(record) as file:
        yield file
