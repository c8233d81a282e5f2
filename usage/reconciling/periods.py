"""What a period has spent and held is what its holds say, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.money import ZERO, text
from hub.common.reconciling import Finding, Row, by_batches, keyed
from usage.enums import HoldState
from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.summary import Unnest
from users.models import User

# Of accounts, each with all of its periods.
ACCOUNTS = 50
SUMS = {"held": Sum("amount", filter=Q(state=HoldState.HELD), default=ZERO), "spent": Sum("cost", default=ZERO)}


class Periods:
    """The holds are the truth: each was written in the transaction that changed the period."""

    name = "periods"
    says = "what a period has spent and held is what its holds say"

    def findings(self) -> Iterator[Finding]:
        """Account by account."""
        with_quota = User.objects.filter(Exists(Quota.objects.filter(user_id=OuterRef("id"))))
        return by_batches(with_quota.values("id"), _examine, size=ACCOUNTS)


def _examine(accounts: Sequence[Row]) -> Iterator[Finding]:
    ids = [account["id"] for account in accounts]
    periods = keyed(QuotaPeriod.objects.filter(quota__user_id__in=ids).values("id", "held", "spent"), "id")
    told = keyed(_sums_by_period(ids), "period_id")
    for period_id, period in periods.items():
        yield from _compare(period, told.pop(period_id, {"held": ZERO, "spent": ZERO}))
    for period_id in told:
        yield Finding(
            kind="holds_without_period",
            table="quota_periods",
            row=str(period_id),
            says="holds name this period, and there is none",
        )


def _sums_by_period(accounts: Sequence[UUID]) -> QuerySet[QuotaHold, Any]:
    holds = QuotaHold.objects.filter(user_id__in=accounts).order_by()
    return holds.annotate(period_id=Unnest("periods")).values("period_id").annotate(**SUMS)


def _compare(period: Row, told: Row) -> Iterator[Finding]:
    for column in ("held", "spent"):
        if period[column] != told[column]:
            yield Finding(
                kind=f"period_{column}",
                table="quota_periods",
                row=str(period["id"]),
                says=f"what is {column} in it is not the sum of its holds",
                facts={column: text(period[column]), "holds": text(told[column])},
                mend=partial(_mend, period["id"], column),
            )


@transaction.atomic
def _mend(period_id: UUID, column: str) -> bool:
    """Whoever holds or settles waits for the period's row after writing the hold: what is seen here is all there is."""
    period = QuotaPeriod.objects.select_for_update(no_key=True).select_related("quota").get(id=period_id)
    holds = QuotaHold.objects.filter(user_id=period.quota.user_id, periods__contains=[period_id])
    is_so: Decimal = getattr(period, column)
    ought: Decimal = holds.aggregate(**SUMS)[column]
    if is_so == ought:
        return False
    QuotaPeriod.objects.filter(id=period_id).update(**{column: ought, "last_updated_at": timezone.now()})
    record(
        action=Action.USAGE_RECONCILED,
        actor_label="operator",
        target=("quota_period", period_id),
        subject_id=period.quota.user_id,
        kind=f"period_{column}",
        before_usd=text(is_so),
        after_usd=text(ought),
    )
    return True
