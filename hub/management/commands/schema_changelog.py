"""`manage.py schema_changelog [--check]`: writes docs/SCHEMA_CHANGELOG.md from the migrations' docstrings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from hub.common.errors import HubError
from hub.neon.changelog import days_of, entry_of, markdown, own_migrations

PATH = settings.BASE_DIR / "docs" / "SCHEMA_CHANGELOG.md"


class Command(BaseCommand):
    """A second run writes the same bytes, on whichever day."""

    help = "Writes docs/SCHEMA_CHANGELOG.md, what each migration is for; --check only says whether it is current."

    def add_arguments(self, parser: CommandParser) -> None:
        """--check."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not current")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        """Raises CommandError for a migration that does not say what it is for."""
        written = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
        try:
            entries = [entry_of(migration) for migration in own_migrations()]
            page = markdown(entries, days=days_of(written), today=timezone.now().date())
        except HubError as error:
            raise CommandError(error.detail) from error
        except ValueError as error:
            raise CommandError(f"docs/SCHEMA_CHANGELOG.md has a day that is none: {error}.") from error
        if not check:
            PATH.write_text(page, encoding="utf-8")
        elif page != written:
            raise CommandError("docs/SCHEMA_CHANGELOG.md is not current: run `make schema`.")
