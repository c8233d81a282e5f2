"""`manage.py purge_audit_logs`: takes audit entries away that are sealed, exported and old."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from hub.common.purging import Purge
from users.purging.trail import purge_audit_logs


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = (
        "Deletes the entries of whole seals that are PURGE_AUDIT_LOGS_DAYS old and were exported with their entries "
        "(export_audit --entries); the seals stay, and what is left still verifies. --batch and --ceiling count seals."
    )
    # One seal is up to 4096 entries.
    default_batch = 1
    setting = "PURGE_AUDIT_LOGS_DAYS"

    def purge(self, *, days: int) -> Purge:
        """The seals."""
        return purge_audit_logs(days=days)
