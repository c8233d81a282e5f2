"""`manage.py anonymise_user USER_ID [--dry-run] [--reason TEXT]`: erases one account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from hub.common.personal_data import Counts
from users.privacy.erasure import erasure_blocks, planned
from users.privacy.requests import erase_now
from users.selectors import find_account


class Command(BaseCommand):
    """A second run says that it was erased before."""

    help = "Erases an account for ever; --dry-run prints what that would erase, table by table."

    def add_arguments(self, parser: CommandParser) -> None:
        """USER_ID, --dry-run, --reason."""
        parser.add_argument("user_id", type=UUID)
        parser.add_argument("--dry-run", action="store_true", help="only print the counts; nothing is changed")
        parser.add_argument("--reason", default="", help="kept, sealed, until the erasure is done")

    def handle(self, *, user_id: UUID, dry_run: bool, reason: str, **options: Any) -> None:
        """Prints a line for each table; exits with 1 and the code of what stands against it."""
        if find_account(user_id) is None:
            raise CommandError(f"There is no account {user_id}.")
        if dry_run:
            self._print(planned(user_id))
            blocks = erasure_blocks(user_id)
            if blocks:
                raise CommandError(f"It would be refused: {', '.join(blocks)}.")
            return
        try:
            self._print(dict(erase_now(user_id=user_id, asked_by=None, reason=reason).counts))
        except HubError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error

    def _print(self, counts: Counts) -> None:
        for name, count in sorted(counts.items()):
            self.stdout.write(f"{name:24} {count}")
