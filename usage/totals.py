"""What was spent in all: a user's own, from the ledger by an index alone, and everybody's, from the sums by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from hub.common.money import ZERO
from usage.models import UsageDaily, UsageLog


@dataclass(frozen=True, slots=True)
class ModelTotal:
    """What everybody together asked of one model, and its US dollars."""

    model: str
    kind: str
    requests: int
    cost: Decimal


def spent_since(*, user_id: UUID, since: datetime) -> Decimal:
    """US dollars of that user's requests from then until now."""
    found: Decimal = UsageLog.objects.filter(user_id=user_id, created_at__gte=since).aggregate(
        spent=Sum("cost", default=ZERO)
    )["spent"]
    return found


def cost_by_model(*, first: date, last: date) -> list[ModelTotal]:
    """Over everyone, of both days and those between them, the dearest first; days are UTC."""
    rows = UsageDaily.objects.filter(day__gte=first, day__lte=last).order_by()
    sums = rows.values("model", "kind").annotate(total=Sum("cost"), asked=Sum("requests"))
    found = sums.order_by("-total", "model", "kind").values_list("model", "kind", "asked", "total")
    return [ModelTotal(*row) for row in found]
