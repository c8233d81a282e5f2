"""`manage.py purge_prompts`: blanks what was asked and answered long ago."""

from __future__ import annotations

from audit.purge_command import PurgeCommand
from generations.purging.prompts import purge_prompts
from hub.common.purging import Purge


class Command(PurgeCommand):
    """See PurgeCommand."""

    help = "Blanks prompts, parameters, texts and journals of generations that ended PURGE_PROMPTS_DAYS ago."
    setting = "PURGE_PROMPTS_DAYS"

    def purge(self, *, days: int) -> Purge:
        """The generations."""
        return purge_prompts(days=days)
