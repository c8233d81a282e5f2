"""Ledger rows of long ago. Their roll-up by day stays, so the sums of every day, model and kind do."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.db.models import QuerySet
from django.utils import timezone

from hub.common.purging import Counts, Purge, Rows
from usage.models import UsageLog
from usage.models.ledger import LedgerQuerySet
from users.privacy.legal_hold import held_users

NAME = "purge_usage_logs"
# As the trigger has it: younger rows the database itself does not let go of.
YOUNGEST_DAYS = 90


def purge_usage_logs(*, days: int) -> Purge:
    """Those written so many days ago; not those of accounts under legal hold."""
    before = timezone.now() - timedelta(days=days)
    old = UsageLog.objects.filter(created_at__lt=before).exclude(user_id__in=held_users())
    return Purge(
        NAME,
        f"ledger rows written before {before:%Y-%m-%d %H:%M} UTC; their sums by day stay",
        [Rows(name="usage_logs", rows=old, act=_delete, order=("created_at", "pk"))],
    )


def _delete(rows: QuerySet[UsageLog]) -> Counts:
    return {"usage_logs": cast(LedgerQuerySet, rows).remove_purged()}
