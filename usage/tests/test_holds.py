"""One hold: taken whole or refused with the facts, and ended once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from usage.errors import NoQuota, QuotaExceeded, QuotaHeld
from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.selectors import current_quotas, expired_holds
from usage.services import hold_quota, release_hold, set_quota, settle_hold
from users.models import User

Hold = Callable[..., QuotaHold]
Money = Callable[[Quota], tuple[Decimal, Decimal]]


def test_it_holds_then_spends_what_it_did_cost(quota: Quota, hold: Hold, money: Money) -> None:
    held = hold("2")
    assert money(quota) == (0, 2)
    assert settle_hold(reference=held.reference, cost=Decimal("0.30"))
    assert money(quota) == (Decimal("0.30"), 0)
    held.refresh_from_db()
    assert (held.state, held.cost) == ("settled", Decimal("0.30"))
    assert held.closed_at is not None


def test_it_gives_a_released_hold_back(quota: Quota, hold: Hold, money: Money) -> None:
    held = hold("2")
    assert release_hold(reference=held.reference)
    assert money(quota) == (0, 0)
    held.refresh_from_db()
    assert (held.state, held.cost) == ("released", None)


def test_it_ends_a_hold_once(quota: Quota, hold: Hold, money: Money) -> None:
    reference = hold("2").reference
    assert settle_hold(reference=reference, cost=Decimal(1))
    assert not settle_hold(reference=reference, cost=Decimal(2))
    assert not release_hold(reference=reference)
    assert money(quota) == (1, 0)
    assert QuotaHold.objects.get().cost == 1


def test_it_records_a_cost_above_the_hold_in_full(quota: Quota, hold: Hold, money: Money, user: User) -> None:
    assert settle_hold(reference=hold("4").reference, cost=Decimal(7))
    assert money(quota) == (7, 0)
    assert current_quotas(user=user)[0].remaining == 0


def test_it_holds_nothing_at_all_for_a_free_request(quota: Quota, hold: Hold, money: Money) -> None:
    hold("5")
    assert hold("0").amount == 0
    assert money(quota) == (0, 5)


def test_it_admits_to_the_last_digit_and_no_further(quota: Quota, hold: Hold, money: Money) -> None:
    hold("4.999999999")
    with pytest.raises(QuotaHeld):
        hold("0.000000002")
    hold("0.000000001")
    assert money(quota) == (0, 5)


def test_it_says_exceeded_with_the_facts_when_it_cannot_fit(quota: Quota, hold: Hold, money: Money) -> None:
    settle_hold(reference=hold("3").reference, cost=Decimal("2.50"))
    hold("1")
    with pytest.raises(QuotaExceeded) as refusal:
        hold("3")
    assert (refusal.value.code, refusal.value.status, refusal.value.headers) == ("quota_exceeded", 402, {})
    assert refusal.value.facts["policies"] == [
        {
            "kind": "",
            "period": "total",
            "api_key_id": None,
            "limit_usd": "5.00",
            "spent_usd": "2.50",
            "held_usd": "1.00",
            "requested_usd": "3.00",
            "remaining_usd": "1.50",
            "resets_at": None,
        }
    ]
    assert money(quota) == (Decimal("2.50"), 1)
    assert QuotaHold.objects.count() == 2


def test_it_says_held_and_when_to_retry_when_it_would_fit_once_jobs_settle(
    quota: Quota, hold: Hold, money: Money
) -> None:
    hold("3")
    with pytest.raises(QuotaHeld) as refusal:
        hold("2.50")
    assert (refusal.value.code, refusal.value.status, refusal.value.headers) == (
        "quota_held",
        402,
        {"Retry-After": "5"},
    )
    assert money(quota) == (0, 3)
    assert QuotaHold.objects.count() == 1


def test_it_holds_in_every_quota_that_applies_or_in_none(user: User, hold: Hold, money: Money) -> None:
    everything = set_quota(user=user, kind="", period="day", limit=Decimal(5), actor=None)
    images = set_quota(user=user, kind="image", period="month", limit=Decimal(1), actor=None)
    hold("0.75", "image")
    assert (money(everything)[1], money(images)[1]) == (Decimal("0.75"), Decimal("0.75"))
    with pytest.raises(QuotaHeld) as refusal:
        hold("0.50", "image")
    assert [policy["remaining_usd"] for policy in refusal.value.facts["policies"]] == ["4.25", "0.25"]  # type: ignore[attr-defined]
    assert (money(everything)[1], money(images)[1]) == (Decimal("0.75"), Decimal("0.75"))
    hold("0.50", "text")
    assert (money(everything)[1], money(images)[1]) == (Decimal("1.25"), Decimal("0.75"))


def test_it_refuses_without_a_quota_for_that_kind(user: User, hold: Hold) -> None:
    set_quota(user=user, kind="image", period="day", limit=Decimal(5), actor=None)
    with pytest.raises(NoQuota) as refusal:
        hold("0.10", "video")
    assert (refusal.value.code, refusal.value.status) == ("no_quota", 402)
    assert not QuotaHold.objects.exists()
    assert not QuotaPeriod.objects.exists()


def test_it_leaves_nothing_of_a_refused_caller_behind(quota: Quota, user: User, money: Money) -> None:
    with pytest.raises(QuotaExceeded), transaction.atomic():
        hold_quota(user_id=user.pk, kind="text", reference=uuid4(), amount=Decimal(6), expires_at=timezone.now())
    assert not QuotaHold.objects.exists()
    assert money(quota) == (0, 0)


def test_it_refuses_a_second_hold_for_one_reference(quota: Quota, hold: Hold, money: Money) -> None:
    reference = hold("1").reference
    with pytest.raises(IntegrityError):
        hold("1", reference=reference)
    assert money(quota) == (0, 1)


def test_it_refuses_to_end_what_was_never_held(quota: Quota) -> None:
    with pytest.raises(QuotaHold.DoesNotExist), transaction.atomic():
        settle_hold(reference=uuid4(), cost=Decimal(1))


@pytest.mark.parametrize("amount", ["-1", "-0.000000001"])
def test_it_refuses_a_negative_hold(amount: str, quota: Quota, hold: Hold, money: Money) -> None:
    with pytest.raises(IntegrityError):
        hold(amount)
    assert money(quota) == (0, 0)


def test_it_starts_anew_at_midnight_and_settles_into_the_day_of_the_hold(
    user: User, hold: Hold, at: Callable[[datetime], None]
) -> None:
    last_second = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    daily = set_quota(user=user, kind="", period="day", limit=Decimal(1), actor=None)
    monthly = set_quota(user=user, kind="", period="month", limit=Decimal(3), actor=None)
    at(last_second)
    late = hold("1")
    with pytest.raises(QuotaHeld):
        hold("1")
    at(last_second + timedelta(seconds=1))
    hold("1")
    assert settle_hold(reference=late.reference, cost=Decimal("0.25"))
    for quota in (daily, monthly):
        before, after = QuotaPeriod.objects.filter(quota=quota).order_by("starts_at")
        assert (before.spent, before.held) == (Decimal("0.25"), 0)
        assert (after.spent, after.held) == (0, 1)
        assert before.ends_at == after.starts_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_it_keeps_the_total_through_midnight(quota: Quota, hold: Hold, at: Callable[[datetime], None]) -> None:
    hold("3")
    at(timezone.now() + timedelta(days=400))
    with pytest.raises(QuotaHeld):
        hold("3")
    assert QuotaPeriod.objects.filter(quota=quota).count() == 1


def test_it_finds_the_holds_whose_time_is_over(quota: Quota, hold: Hold) -> None:
    over, settled, running = hold("1"), hold("1"), hold("1")
    QuotaHold.objects.exclude(pk=running.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    settle_hold(reference=settled.reference, cost=Decimal(0))
    assert list(expired_holds(now=timezone.now())) == [over]
