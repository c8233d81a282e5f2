"""`manage.py purge_media`: takes expired files away, and what lost its other half."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from hub.common.purging import Purge
from media.purging import purge_media


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = (
        "Deletes files that have expired, rows whose object is gone and objects without a row that are "
        "PURGE_MEDIA_ORPHANS_DAYS old. Objects leave the storage with the next sweep. Every file is asked for."
    )
    setting = "PURGE_MEDIA_ORPHANS_DAYS"

    def purge(self, *, days: int) -> Purge:
        """The files."""
        return purge_media(days=days)
