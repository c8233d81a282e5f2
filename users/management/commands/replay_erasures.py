"""`manage.py replay_erasures [--dry-run]`: after a restore, erases again whom the log outside says was erased."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from users.privacy.replay import replay_erasures


class Command(BaseCommand):
    """The last gate of a restore, before anybody is let in. A second run finds nothing."""

    help = "After a restore: erases again every account that the log of erasures names and the backup still has."

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="only say which; nothing is changed")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Prints ids of requests; exits with 1 when one of them waits, or the log cannot be read."""
        try:
            done = replay_erasures(dry_run=dry_run)
        except HubError as error:
            raise CommandError(error.detail) from error
        word = "would be erased again" if dry_run else "erased again"
        for request_id in done.erased:
            self.stdout.write(f"{request_id} {word}")
        for request_id, code in done.waiting.items():
            self.stdout.write(f"{request_id} waits: {code}")
        self.stdout.write(f"{done.entries} erasures in the log: {len(done.erased)} {word}, {len(done.waiting)} wait")
        if done.waiting:
            raise CommandError("Run it again when the workers have ended what these accounts wait for.")
