"""Reads: prices at a moment, what is left of the quotas. Everything of a user's is scoped by that user."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from hub.common.money import ZERO, MoneyField, text
from usage.enums import HoldState, Period
from usage.errors import ModelUnpriced
from usage.models import ModelPrice, Quota, QuotaGrant, QuotaHold
from usage.periods import bounds
from usage.pricing import Rate, RateCard
from users.models import User


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """One quota in its current period. US dollars; `limit` without and `granted` with the active grants alone.

    `remaining` is what a new hold may take, never below zero. `period_id` is None before the period's first use;
    `api_key_id` is that of the key whose cap it is, None for a quota of the user's.
    """

    quota_id: UUID
    api_key_id: UUID | None
    period_id: UUID | None
    kind: str
    period: str
    limit: Decimal
    granted: Decimal
    spent: Decimal
    held: Decimal
    resets_at: datetime | None

    @property
    def limit_with_grants(self) -> Decimal:
        """What may be spent in all."""
        return self.limit + self.granted

    @property
    def remaining(self) -> Decimal:
        """Limit and grants, less what is spent and held."""
        return max(self.limit_with_grants - self.spent - self.held, ZERO)

    def fits(self, amount: Decimal) -> bool:
        """Whether a hold of this amount would be admitted here now."""
        return amount <= self.limit_with_grants - self.spent - self.held

    def is_exceeded_by(self, amount: Decimal) -> bool:
        """Whether the amount would not fit even when every job in flight cost nothing."""
        return self.spent + amount > self.limit_with_grants

    def as_policy(self, requested: Decimal) -> dict[str, str | None]:
        """The facts for whoever was refused: amounts as decimal strings, the limit with its grants."""
        return {
            "kind": self.kind,
            "period": self.period,
            "api_key_id": None if self.api_key_id is None else str(self.api_key_id),
            "limit_usd": text(self.limit_with_grants),
            "spent_usd": text(self.spent),
            "held_usd": text(self.held),
            "requested_usd": text(requested),
            "remaining_usd": text(self.remaining),
            "resets_at": self.resets_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.resets_at else None,
        }


def rate_card(*, model: str, at: datetime | None = None, units: Collection[str] = ()) -> RateCard:
    """The prices of `model` now (or at `at`), in one query.

    Raises ModelUnpriced when it has none at all, or none for one of `units` (what the model bills).
    """
    rows = ModelPrice.objects.in_force(at or timezone.now()).filter(model=model).order_by("unit", "variant")
    card = RateCard.of(model, (Rate(row.unit, row.variant, row.price, str(row.pk)) for row in rows))
    if not card.rates:
        raise ModelUnpriced(f"{model} has no price now.", model=model)
    card.require(units)
    return card


def prices_in_force(*, at: datetime | None = None) -> QuerySet[ModelPrice]:
    """Every price that counts now (or at `at`), by model, unit and variant."""
    return ModelPrice.objects.in_force(at or timezone.now()).order_by("model", "unit", "variant")


def granted(at: datetime, period: str) -> Coalesce:
    """An expression: the sum of the grants active at `at` of the quota period that the column `period` refers to."""
    active = QuotaGrant.objects.active(at).filter(quota_period=OuterRef(period)).order_by()
    total = active.values("quota_period").annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), ZERO, output_field=MoneyField())


def quota_statuses(
    *, user_id: UUID, kind: str | None = None, api_key_ids: Collection[UUID] = (), at: datetime
) -> list[QuotaStatus]:
    """Where the user's quotas (that apply to `kind`) and the caps of those keys stand around `at`; one query."""
    rows = _quotas_at(user_id=user_id, kind=kind, api_key_ids=api_key_ids, at=at)
    return _statuses(rows, at)


def _statuses(quotas: QuerySet[Quota], at: datetime) -> list[QuotaStatus]:
    rows = quotas.annotate(granted=granted(at, "current__pk"))
    columns = ("id", "api_key_id", "kind", "period", "limit", "granted")
    currents = ("current__id", "current__limit", "current__spent", "current__held")
    return [_status(row, at) for row in rows.values(*columns, *currents)]


@dataclass(frozen=True, slots=True)
class OpenPeriod:
    """A quota, and its period around a moment; None when that is not open yet."""

    quota_id: UUID
    is_cap: bool
    period_id: UUID | None


def open_periods(*, user_id: UUID, kind: str, api_key_ids: Collection[UUID] = (), at: datetime) -> list[OpenPeriod]:
    """The quotas that apply to `kind`, and the caps of those keys, with their periods around `at`; one query."""
    rows = _quotas_at(user_id=user_id, kind=kind, api_key_ids=api_key_ids, at=at).annotate(period_id=F("current__pk"))
    found = rows.values_list("pk", "api_key_id", "period_id")
    return [OpenPeriod(quota, key is not None, period) for quota, key, period in found]


def caps_of(*, user: User, api_key_ids: Collection[UUID]) -> dict[UUID, list[QuotaStatus]]:
    """Where the caps of those keys of the user's stand now, by key; a key without one is not in it. One query."""
    now = timezone.now()
    found: dict[UUID, list[QuotaStatus]] = {}
    for status in _statuses(_joined(Q(user=user, api_key_id__in=list(api_key_ids)), now), now):
        if status.api_key_id is not None:
            found.setdefault(status.api_key_id, []).append(status)
    return found


def _quotas_at(
    *, user_id: UUID, kind: str | None = None, api_key_ids: Collection[UUID] = (), at: datetime
) -> QuerySet[Quota]:
    """The user's quotas (that apply to `kind`) and those keys' caps, joined as `current` to the periods around `at`."""
    applying = Q(user_id=user_id) if kind is None else Q(user_id=user_id, kind__in=("", kind))
    owned = Q(api_key_id__isnull=True)
    if api_key_ids:
        owned |= Q(api_key_id__in=list(api_key_ids))
    return _joined(applying & owned, at)


def _joined(applying: Q, at: datetime) -> QuerySet[Quota]:
    period = FilteredRelation("periods", condition=Q(periods__starts_at=_current_start(at)))
    return Quota.objects.filter(applying).annotate(current=period).order_by("kind", "period", "created_at")


def _current_start(at: datetime) -> Case:
    starts = [When(period=period, then=Value(bounds(period, at).starts_at)) for period in Period.values]
    return Case(*starts, output_field=DateTimeField())


def _status(row: dict[str, Any], at: datetime) -> QuotaStatus:
    opened = row["current__id"] is not None
    return QuotaStatus(
        quota_id=row["id"],
        api_key_id=row["api_key_id"],
        period_id=row["current__id"],
        kind=row["kind"],
        period=row["period"],
        limit=row["current__limit"] if opened else row["limit"],
        granted=row["granted"],
        spent=row["current__spent"] if opened else ZERO,
        held=row["current__held"] if opened else ZERO,
        resets_at=bounds(row["period"], at).ends_at,
    )


def current_quotas(*, user: User) -> list[QuotaStatus]:
    """What is left of each of the user's quotas now, by kind and period."""
    return quota_statuses(user_id=user.pk, at=timezone.now())


def expired_holds(*, now: datetime) -> QuerySet[QuotaHold]:
    """Holds whose job should have ended by now, oldest first: the sweep looks at the job and settles or releases."""
    return QuotaHold.objects.filter(state=HoldState.HELD, expires_at__lte=now).order_by("expires_at")


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """How many holds are open, what they hold in US dollars, and how many of them are past their time."""

    number: int
    amount: Decimal
    expired: int


def open_holds(*, now: datetime) -> OpenHolds:
    """Over all users."""
    counted = QuotaHold.objects.filter(state=HoldState.HELD).aggregate(
        number=Count("id"), amount=Sum("amount", default=ZERO), expired=Count("id", filter=Q(expires_at__lte=now))
    )
    return OpenHolds(**counted)
