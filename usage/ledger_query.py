"""Which rows of the ledger are meant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from usage.models import UsageLog
from users.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """What is None does not count. Made at or after the one moment and before the other."""

    model: str | None = None
    kind: str | None = None
    outcome: str | None = None
    api_key: UUID | None = None
    generation: UUID | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def rows(self, user: User) -> QuerySet[UsageLog]:
        """Those of the user's, newest first."""
        given = {_LOOKUPS[name]: value for name, value in asdict(self).items() if value is not None}
        if self.tag is not None:
            given["tags__contains"] = [self.tag]
        return UsageLog.objects.filter(user=user, **given).order_by("-created_at", "-id")


_LOOKUPS: dict[str, Any] = {
    "model": "model",
    "kind": "kind",
    "outcome": "outcome",
    "api_key": "api_key_id",
    "generation": "reference",
    "tag": "tags__contains",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
}
