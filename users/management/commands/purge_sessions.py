"""`manage.py purge_sessions`: takes expired sessions away."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from hub.common.purging import Purge
from users.purging.sessions import purge_sessions


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = "Deletes sessions that expired PURGE_SESSIONS_DAYS ago."
    setting = "PURGE_SESSIONS_DAYS"

    def purge(self, *, days: int) -> Purge:
        """The sessions."""
        return purge_sessions(days=days)
