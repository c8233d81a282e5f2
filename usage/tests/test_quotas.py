"""Limits are set at once, credit counts while it is active, and both are audited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import AuditLog
from usage.errors import QuotaHeld
from usage.models import Quota, QuotaGrant, QuotaHold, QuotaPeriod
from usage.selectors import current_quotas
from usage.services import grant_credit, set_quota
from users.models import User

Hold = Callable[..., QuotaHold]


def grant(quota: Quota, amount: str, expires_at: datetime | None = None) -> QuotaGrant:
    return grant_credit(
        quota=quota, amount=Decimal(amount), reason="launch week", granted_by=None, expires_at=expires_at
    )


def test_it_changes_the_limit_of_the_running_period(user: User, quota: Quota, hold: Hold) -> None:
    hold("5")
    set_quota(user=user, kind="", period="total", limit=Decimal(6), actor=None)
    hold("1")
    set_quota(user=user, kind="", period="total", limit=Decimal(2), actor=None)
    with pytest.raises(QuotaHeld):
        hold("0.01", "text")
    assert QuotaPeriod.objects.get().held == 6


def test_it_audits_who_set_which_limit(user: User, quota: Quota) -> None:
    staff = User.objects.create_user("staff@example.org", is_staff=True)
    again = set_quota(user=user, kind="", period="total", limit=Decimal("7.5"), actor=staff)
    assert again.pk == quota.pk
    first, second = AuditLog.objects.filter(action="quota.set").order_by("created_at")
    assert first.data["former_limit_usd"] is None
    assert (second.data["former_limit_usd"], second.data["limit_usd"]) == ("5.00", "7.50")
    assert (second.actor_id, second.target_id) == (staff.pk, quota.pk)


@pytest.mark.parametrize(("kind", "period", "limit"), [("voice", "day", "1"), ("", "week", "1"), ("", "day", "-1")])
def test_it_refuses_a_limit_that_makes_no_sense(kind: str, period: str, limit: str, user: User) -> None:
    with pytest.raises((IntegrityError, ValueError)), transaction.atomic():
        set_quota(user=user, kind=kind, period=period, limit=Decimal(limit), actor=None)
    assert not Quota.objects.exists()
    assert not AuditLog.objects.filter(action="quota.set").exists()


def test_it_shows_what_is_left_before_and_after_the_first_use(user: User, quota: Quota, hold: Hold) -> None:
    set_quota(user=user, kind="video", period="day", limit=Decimal(2), actor=None)
    User.objects.create_user("other@example.org")
    before = current_quotas(user=user)
    assert [(status.kind, status.period, status.remaining) for status in before] == [
        ("", "total", 5),
        ("video", "day", 2),
    ]
    hold("1.5", "video")
    grant(quota, "10")
    total, daily = current_quotas(user=user)
    assert (total.limit, total.granted, total.held, total.remaining) == (5, 10, Decimal("1.5"), Decimal("13.5"))
    assert (daily.limit, daily.granted, daily.held, daily.remaining) == (2, 0, Decimal("1.5"), Decimal("0.5"))
    assert total.resets_at is None
    assert daily.resets_at is not None
    assert timezone.now() < daily.resets_at <= timezone.now() + timedelta(days=1)


def test_it_shows_nobody_elses_quota(user: User, quota: Quota) -> None:
    assert current_quotas(user=User.objects.create_user("other@example.org")) == []


def test_it_admits_more_while_a_grant_is_active(quota: Quota, hold: Hold) -> None:
    hold("5")
    grant(quota, "1")
    hold("0.60")
    with pytest.raises(QuotaHeld) as refusal:
        hold("0.60")
    assert refusal.value.facts["policies"][0]["limit_usd"] == "6.00"  # type: ignore[index]


def test_it_forgets_a_grant_when_it_expires(quota: Quota, hold: Hold, at: Callable[[datetime], None]) -> None:
    now = timezone.now()
    grant(quota, "1", expires_at=now + timedelta(hours=1))
    hold("5")
    at(now + timedelta(hours=1))
    with pytest.raises(QuotaHeld):
        hold("1")
    at(now + timedelta(minutes=59))
    hold("1")


def test_it_does_not_count_a_grant_that_is_not_effective_yet(quota: Quota, hold: Hold) -> None:
    first = grant(quota, "0.01")
    later = timezone.now() + timedelta(hours=1)
    QuotaGrant.objects.create(quota_period=first.quota_period, amount=Decimal(9), reason="x", effective_at=later)
    hold("5")
    with pytest.raises(QuotaHeld):
        hold("1")


def test_it_does_not_count_a_voided_grant_and_voids_it_once(quota: Quota, hold: Hold) -> None:
    given = grant(quota, "1")
    assert QuotaGrant.objects.void(grant_id=given.pk, at=timezone.now())
    assert not QuotaGrant.objects.void(grant_id=given.pk, at=timezone.now() + timedelta(days=1))
    hold("5")
    with pytest.raises(QuotaHeld):
        hold("1")


def test_it_ends_a_grant_with_its_period(user: User, hold: Hold, at: Callable[[datetime], None]) -> None:
    daily = set_quota(user=user, kind="", period="day", limit=Decimal(1), actor=None)
    grant(daily, "1")
    at(timezone.now() + timedelta(days=1))
    hold("1")
    with pytest.raises(QuotaHeld):
        hold("1")


def test_it_audits_a_grant(user: User, quota: Quota) -> None:
    given = grant(quota, "1.5")
    entry = AuditLog.objects.get(action="quota.granted")
    assert entry.target_id == given.pk
    assert (entry.data["user"], entry.data["amount_usd"]) == (str(user.pk), "1.50")


@pytest.mark.parametrize(("amount", "reason"), [("0", "x"), ("-1", "x"), ("1", "")])
def test_it_refuses_a_grant_of_nothing_or_for_nothing(amount: str, reason: str, quota: Quota) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        grant_credit(quota=quota, amount=Decimal(amount), reason=reason, granted_by=None)
    assert not QuotaGrant.objects.exists()
    assert not AuditLog.objects.filter(action="quota.granted").exists()


def test_it_lets_a_hold_cost_one_update_of_the_hot_row(
    quota: Quota, hold: Hold, django_assert_num_queries: Callable[..., object]
) -> None:
    hold("0.10")
    with django_assert_num_queries(5):  # savepoint, quotas, hold, period, release
        hold("0.10")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM quota_periods")
        assert cursor.fetchone() == (1,)
