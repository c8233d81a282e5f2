"""`manage.py purge_idempotency_keys`: lets go of idempotency keys and quotes whose time is over."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from generations.purging.names import purge_idempotency_keys
from hub.common.purging import Purge


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = "Blanks idempotency keys that are PURGE_IDEMPOTENCY_KEYS_DAYS old, and deletes quotes expired for as long."
    setting = "PURGE_IDEMPOTENCY_KEYS_DAYS"

    def purge(self, *, days: int) -> Purge:
        """The keys and quotes."""
        return purge_idempotency_keys(days=days)
