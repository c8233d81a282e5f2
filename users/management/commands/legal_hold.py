"""`manage.py legal_hold USER_ID (--until DATE --reason TEXT | --lift)`: forbids erasing and purging an account."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from users.privacy.legal_hold import lift_legal_hold, set_legal_hold
from users.selectors import find_account


class Command(BaseCommand):
    """Audited. A second run sets it anew, or says that there is none to lift."""

    help = "Sets a legal hold on an account until a day, or lifts it; while it lasts nothing of it is erased or purged."

    def add_arguments(self, parser: CommandParser) -> None:
        """USER_ID, --until, --reason, --lift."""
        parser.add_argument("user_id", type=UUID)
        parser.add_argument("--until", type=_moment, help="when it ends, or has been reviewed: 2027-06-30, UTC")
        parser.add_argument("--reason", default="", help="a reference, rather than the story")
        parser.add_argument("--lift", action="store_true", help="end it now")

    def handle(self, *, user_id: UUID, until: datetime | None, reason: str, lift: bool, **options: Any) -> None:
        """Exits with 1 and one line for what makes no sense."""
        user = find_account(user_id)
        if user is None:
            raise CommandError(f"There is no account {user_id}.")
        if lift == (until is not None):
            raise CommandError("Give either --until with --reason, or --lift.")
        if until is None:
            held = lift_legal_hold(user=user, actor=None)
            self.stdout.write("The legal hold is lifted." if held else "There was no legal hold.")
            return
        try:
            set_legal_hold(user=user, until=until, reason=reason, actor=None)
        except HubError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"Under legal hold until {until.isoformat()}.")


def _moment(raw: str) -> datetime:
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{raw!r} is not a day such as 2027-06-30") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
