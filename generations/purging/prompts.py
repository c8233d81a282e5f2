"""What was asked and answered, of generations that ended long ago. What they cost and counted stays."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Generation, GenerationAttempt
from hub.common.purging import Counts, Purge, Rows
from users.privacy.legal_hold import held_users

NAME = "purge_prompts"


def purge_prompts(*, days: int) -> Purge:
    """Of generations that ended so many days ago; `texts_purged_at` says that it was done. Files are not touched."""
    before = timezone.now() - timedelta(days=days)
    ended = Generation.objects.filter(finished_at__lt=before, texts_purged_at=None)
    rows = Rows(
        name="generations",
        rows=ended.exclude(owner_id__in=held_users()),
        act=_blank,
        order=("finished_at", "pk"),
    )
    return Purge(NAME, f"prompts and texts of generations that ended before {before:%Y-%m-%d %H:%M} UTC", [rows])


def _blank(rows: QuerySet[Generation]) -> Counts:
    # Its journal first: the rows are found by what the second statement sets.
    attempts = GenerationAttempt.objects.filter(generation__in=rows, answer__isnull=False).update(answer=None)
    jobs = rows.update(prompt="", parameters={}, texts=None, error_message="", texts_purged_at=Now())
    return {"generations": jobs, "generation_attempts": attempts}
