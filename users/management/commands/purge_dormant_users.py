"""`manage.py purge_dormant_users`: tells, suspends and in the end erases accounts that nobody uses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.purge_command import PurgeCommand
from hub.common.purging import Purge
from users.purging.dormant import purge_dormant_users


class Command(PurgeCommand):
    """See PurgeCommand. A run takes at most one step with each account."""

    help = (
        "Tells accounts that were not used for PURGE_DORMANT_USERS_DAYS, tells them again, suspends and erases them, "
        "each step PURGE_DORMANT_GRACE_DAYS after the one before. Any use of an account puts it back to the beginning."
    )
    setting = "PURGE_DORMANT_USERS_DAYS"
    # A mail or an erasure each.
    default_batch = 100

    def add_arguments(self, parser: CommandParser) -> None:
        """Also --grace-days."""
        super().add_arguments(parser)
        default = settings.PURGE_DORMANT_GRACE_DAYS
        parser.add_argument(
            "--grace-days", type=self._days, default=default, help="instead of PURGE_DORMANT_GRACE_DAYS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """As every purge."""
        self._grace_days: int = options.pop("grace_days")
        super().handle(*args, **options)

    def purge(self, *, days: int) -> Purge:
        """The accounts."""
        return purge_dormant_users(days=days, grace_days=self._grace_days)
