"""`manage.py db_audit`: looks over the database as every quarter asks for, and writes a dated report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from hub.neon.auditing import sections
from hub.neon.auditing.reports import path_of, report
from hub.neon.auditing.sections import rows_of

FOLDER = Path(settings.BASE_DIR) / "docs" / "audits"


class Command(BaseCommand):
    """Changes nothing in the database. A second run on one day writes that day's report anew."""

    help = (
        "Writes docs/audits/<day>.md: unused and duplicate indexes, bloat, slow statements, large tables, drift, "
        "branches and grants; NEON.md wants one every quarter. Changes nothing else. A part that cannot be "
        "looked at says why. Exit status 0 when the report is written, whatever it finds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--folder."""
        parser.add_argument("--folder", type=Path, default=FOLDER, help="where to; default: docs/audits")

    def handle(self, *, folder: Path, **options: Any) -> None:
        """Exits with 1 and one line when the report cannot be written."""
        found = list(sections())
        [[version]] = rows_of("SELECT current_setting('server_version')")
        today = timezone.now().date()
        path = path_of(folder, today)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(report(found, day=today, server=f"PostgreSQL {version.split()[0]}"), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        for section in found:
            self.stdout.write(f"{section.title}: {section.verdict}")
        self.stdout.write(f"Written to {path}.")
