"""`manage.py purge_usage_logs`: takes ledger rows of long ago away; the sums of each day stay."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from hub.common.purging import Purge
from usage.purging import YOUNGEST_DAYS, purge_usage_logs


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = "Deletes ledger rows that are PURGE_USAGE_LOGS_DAYS old; their sums by day, model and kind stay."
    setting = "PURGE_USAGE_LOGS_DAYS"
    at_least = YOUNGEST_DAYS

    def purge(self, *, days: int) -> Purge:
        """The rows."""
        return purge_usage_logs(days=days)
