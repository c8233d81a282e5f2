"""Writes the ledger and its daily sums, together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.db.models import F

from hub.common.money import usd
from hub.common.request_id import current_request_id
from usage.models import UsageDaily, UsageLog
from usage.models.ledger import SHARDS


class UsageFields(TypedDict):
    """One request to a provider. `units` is {unit: count}, `prices` what `RateCard.price` says, amounts are US dollars.

    Left out, a row is `confirmed`, not `estimated` and not `over_hold`, under the current request's id.
    """

    user_id: UUID
    api_key_id: UUID | None
    reference: UUID
    attempt_id: UUID
    model: str
    kind: str
    units: Mapping[str, int]
    prices: Mapping[str, Mapping[str, str]]
    cost: Decimal
    estimate: Decimal
    latency_ms: int
    outcome: str
    confirmed: NotRequired[bool]
    estimated: NotRequired[bool]
    over_hold: NotRequired[bool]
    provider_request_id: NotRequired[str]
    request_id: NotRequired[str]
    tags: NotRequired[list[str]]


@transaction.atomic(savepoint=False)
def log_usage(**fields: Unpack[UsageFields]) -> UsageLog:
    """Records one request to a provider, and adds it to the sums of its UTC day.

    Raises IntegrityError for an attempt that is recorded already, ValueError for an unknown unit. Once a transaction,
    and before `settle_hold`: both touch rows that others wait for, and everybody takes them in this order.
    """
    unsaid: dict[str, Any] = {"confirmed": True, "estimated": False, "over_hold": False}
    unsaid["request_id"] = current_request_id()
    amounts = {"cost": usd(fields["cost"]), "estimate": usd(fields["estimate"])}
    log = UsageLog.objects.create(**{**unsaid, **fields, **amounts})
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
