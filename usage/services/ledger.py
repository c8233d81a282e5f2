"""Writes the ledger and its daily sums, together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from hub.common.money import usd
from hub.common.request_id import current_request_id
from usage.models import UsageDaily, UsageLog
from usage.models.ledger import SHARDS


@transaction.atomic(savepoint=False)
def log_usage(
    *,
    user_id: UUID,
    api_key_id: UUID | None,
    reference: UUID,
    attempt_id: UUID,
    model: str,
    kind: str,
    units: Mapping[str, int],
    prices: Mapping[str, Mapping[str, str]],
    cost: Decimal,
    estimate: Decimal,
    latency_ms: int,
    outcome: str,
    confirmed: bool = True,
    estimated: bool = False,
    over_hold: bool = False,
    provider_request_id: str = "",
    request_id: str | None = None,
) -> UsageLog:
    """Records one request to a provider, and adds it to the sums of its UTC day.

    `units` is {unit: count}, `prices` what `RateCard.price` says; `request_id` None is that of the current request.
    Raises IntegrityError for an attempt that is recorded already, ValueError for an unknown unit. Once a transaction,
    and before `settle_hold`: both touch rows that others wait for, and everybody takes them in this order.
    """
    log = UsageLog.objects.create(
        user_id=user_id,
        api_key_id=api_key_id,
        reference=reference,
        attempt_id=attempt_id,
        model=model,
        kind=kind,
        units=dict(units),
        prices=dict(prices),
        cost=usd(cost),
        estimate=usd(estimate),
        latency_ms=latency_ms,
        outcome=outcome,
        confirmed=confirmed,
        estimated=estimated,
        over_hold=over_hold,
        provider_request_id=provider_request_id,
        request_id=current_request_id() if request_id is None else request_id,
    )
    _add_to_day(log)
    return log


def _add_to_day(log: UsageLog) -> None:
    key: dict[str, Any] = {
        "day": log.created_at.astimezone(UTC).date(),
        "model": log.model,
        "kind": log.kind,
        "shard": log.attempt_id.int % SHARDS,
    }
    sums: dict[str, Any] = {UsageDaily.column(unit): count for unit, count in log.units.items()}
    sums |= {"requests": 1, "cost": log.cost}
    row = UsageDaily.objects.filter(**key)
    added = {column: F(column) + amount for column, amount in sums.items()}
    if not row.update(**added):
        UsageDaily.objects.bulk_create([UsageDaily(**key)], ignore_conflicts=True)
        row.update(**added)
