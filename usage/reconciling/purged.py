"""What may be gone from the ledger, and is no finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from audit.actions import Action
from audit.models import AuditLog, AuditSeal
from usage.purging import NAME, YOUNGEST_DAYS

NEVER = datetime.min.replace(tzinfo=UTC)


def purged_before() -> datetime:
    """Rows of the ledger that were written before this moment may have been purged; NEVER when no purge ever ran.

    The database lets nothing go that is younger than YOUNGEST_DAYS, so the last run on record bounds what went. Where a
    part of the trail was purged itself, that run may not be on record: then the bound is as if it had been now.
    """
    floor = timedelta(days=YOUNGEST_DAYS)
    # The oldest go first: by their number the first of them is found at once.
    if AuditSeal.objects.order_by("number").filter(purged_at__isnull=False)[:1].values_list("number"):
        return timezone.now() - floor
    runs = AuditLog.objects.filter(action=Action.PURGE_RAN).filter(data__purge=NAME)
    last = runs.order_by("-created_at").values_list("created_at", flat=True).first()
    return NEVER if last is None else last - floor
