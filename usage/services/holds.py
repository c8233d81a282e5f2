"""Sets money aside for a job, and gives it back or spends it when the job has ended.

Locks are taken in one order everywhere: quota rows (only to open a period), the hold, then the period rows by primary
key. The period is the hot row, so it comes last.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from hub.common.money import ZERO, usd
from usage.enums import HoldState
from usage.errors import NoQuota, QuotaExceeded, QuotaHeld, QuotaRefusal
from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.periods import bounds
from usage.selectors import granted, open_periods, quota_statuses


@transaction.atomic(savepoint=False)
def hold_quota(
    *,
    user_id: UUID,
    kind: str,
    reference: UUID,
    amount: Decimal,
    expires_at: datetime,
    api_key_ids: Collection[UUID] = (),
) -> QuotaHold:
    """Sets `amount` US dollars (zero or more) aside in every quota that applies, or in none of them.

    Those are the user's, and the caps of `api_key_ids`: the key used, and the keys that it comes from. Raises NoQuota
    when the user has none (a cap alone gives nothing), QuotaExceeded when it cannot fit before a period ends, QuotaHeld
    when it would once jobs in flight have settled; nothing remains then. A second hold for one reference raises
    IntegrityError.
    """
    now = timezone.now()
    periods = _current_periods(user_id, kind, api_key_ids, now)
    hold = QuotaHold.objects.create(
        user_id=user_id, kind=kind, reference=reference, amount=usd(amount), expires_at=expires_at, periods=periods
    )
    if not _take(hold, now):
        raise _refusal(hold, api_key_ids, now)
    return hold


@transaction.atomic(savepoint=False)
def settle_hold(*, reference: UUID, cost: Decimal) -> bool:
    """Ends a hold: its amount goes back and `cost` US dollars are spent, also when that is more than was held.

    Both happen in the periods of the hold, whatever the time is now. False, and nothing done, when it has ended before.
    Raises QuotaHold.DoesNotExist when nothing was ever held for the reference.
    """
    return _end(reference, usd(cost), HoldState.SETTLED)


@transaction.atomic(savepoint=False)
def release_hold(*, reference: UUID) -> bool:
    """Ends a hold at no cost. False, and nothing done, when it has ended before; raises as `settle_hold`."""
    return _end(reference, None, HoldState.RELEASED)


def lock_quota_of(*, reference: UUID) -> None:
    """Waits for whoever holds, settles or releases in the quotas of this hold, and keeps others waiting until the
    caller's transaction ends; does nothing when there is no such hold."""
    for periods in QuotaHold.objects.filter(reference=reference).values_list("periods", flat=True):
        _lock(QuotaPeriod.objects.filter(pk__in=periods))


def _current_periods(user_id: UUID, kind: str, api_key_ids: Collection[UUID], now: datetime) -> list[UUID]:
    found = open_periods(user_id=user_id, kind=kind, api_key_ids=api_key_ids, at=now)
    if all(each.is_cap for each in found):
        raise NoQuota(kind=kind)
    unopened = [each.quota_id for each in found if each.period_id is None]
    if unopened:
        start_periods(unopened, now)
        found = open_periods(user_id=user_id, kind=kind, api_key_ids=api_key_ids, at=now)
    return sorted(each.period_id for each in found if each.period_id is not None)


def start_periods(quotas: Sequence[UUID], now: datetime) -> None:
    """Makes the periods around `now` of these quotas where there is none; in a race, the first one stays.

    The quotas are locked, so that a limit set at the same time is either read here or written to the period made here.
    """
    locked = Quota.objects.select_for_update(no_key=True).filter(pk__in=quotas).order_by("pk")
    QuotaPeriod.objects.bulk_create([_new_period(quota, now) for quota in locked], ignore_conflicts=True)


def _new_period(quota: Quota, now: datetime) -> QuotaPeriod:
    around = bounds(quota.period, now)
    return QuotaPeriod(
        quota=quota, starts_at=around.starts_at, ends_at=around.ends_at, limit=quota.limit, last_updated_at=now
    )


def _take(hold: QuotaHold, now: datetime) -> bool:
    # PostgreSQL checks this WHERE again on each row as it is once its lock is had: no reading before, hence no race.
    room = F("limit") + granted(now, "pk") - F("spent") - F("held")
    fitting = QuotaPeriod.objects.filter(pk__in=hold.periods).annotate(room=room).filter(room__gte=hold.amount)
    if len(hold.periods) > 1 and _lock(fitting) < len(hold.periods):
        return False
    return fitting.update(held=F("held") + hold.amount, last_updated_at=now) == len(hold.periods)


def _lock(rows: QuerySet[QuotaPeriod]) -> int:
    """How many. An UPDATE locks rows in whatever order it meets them: several are locked by primary key before it."""
    return len(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _refusal(hold: QuotaHold, api_key_ids: Collection[UUID], now: datetime) -> QuotaRefusal:
    statuses = quota_statuses(user_id=hold.user_id, kind=hold.kind, api_key_ids=api_key_ids, at=now)
    is_exceeded = any(status.is_exceeded_by(hold.amount) for status in statuses)
    policies = [status.as_policy(hold.amount) for status in statuses]
    return QuotaExceeded(policies=policies) if is_exceeded else QuotaHeld(policies=policies)


def _end(reference: UUID, cost: Decimal | None, state: HoldState) -> bool:
    hold = QuotaHold.objects.only("amount", "periods").get(reference=reference)
    now = timezone.now()
    open_hold = QuotaHold.objects.filter(pk=hold.pk, state=HoldState.HELD)
    if not open_hold.update(state=state, cost=cost, closed_at=now):
        return False
    rows = QuotaPeriod.objects.filter(pk__in=hold.periods)
    if len(hold.periods) > 1:
        _lock(rows)
    rows.update(held=F("held") - hold.amount, spent=F("spent") + (cost or ZERO), last_updated_at=now)
    return True
