"""A key's cap is one more quota of the same hold, for what goes through the key and the keys that come from it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from usage.errors import NoQuota, QuotaExceeded, QuotaHeld
from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.services import hold_quota, set_quota, settle_hold
from usage.services.keys import create_key
from usage.tests import workers
from users.models import ApiKey, User
from users.services import issue_api_key

PROCESSES = 8
FIVE = {"day": Decimal(5)}


def key_of(user: User, caps: dict[str, Decimal], giver: ApiKey | None = None) -> ApiKey:
    first = giver or issue_api_key(owner=user, name="first")[0]
    return create_key(user=user, giver=first, name="capped", scopes=["usage:read"], caps=caps)[0]


def hold(key: ApiKey, amount: str) -> QuotaHold:
    with transaction.atomic():
        return hold_quota(
            user_id=key.owner_id,
            kind="text",
            reference=uuid4(),
            amount=Decimal(amount),
            expires_at=timezone.now() + timedelta(hours=1),
            api_key_ids=key.line,
        )


def held_under(quota: Quota) -> Decimal:
    return QuotaPeriod.objects.get(quota=quota).held


def test_it_binds_its_key_and_no_other(user: User, quota: Quota) -> None:
    set_quota(user=user, kind="", period="total", limit=Decimal(50), actor=None)
    key, other = key_of(user, FIVE), key_of(user, {})
    hold(key, "5")
    with pytest.raises(QuotaHeld) as refusal:
        hold(key, "0.01")
    policies = {policy["api_key_id"]: policy["remaining_usd"] for policy in refusal.value.facts["policies"]}
    assert policies == {None: "45.00", str(key.pk): "0.00"}
    hold(other, "10")
    assert held_under(quota) == 15


def test_it_is_settled_with_the_quota_at_the_cost(user: User, quota: Quota) -> None:
    key = key_of(user, FIVE)
    settle_hold(reference=hold(key, "3").reference, cost=Decimal("1.25"))
    money = QuotaPeriod.objects.values_list("spent", "held")
    assert list(money) == [(Decimal("1.25"), Decimal(0))] * 2


def test_what_the_account_refuses_leaves_the_cap_untouched(user: User, quota: Quota) -> None:
    key = key_of(user, {"day": Decimal(100)})
    with pytest.raises(QuotaExceeded):
        hold(key, "6")
    assert not QuotaHold.objects.exists()
    assert not QuotaPeriod.objects.exclude(held=0).exists()


def test_many_keys_spend_no_more_than_the_one_that_made_them(user: User, quota: Quota) -> None:
    set_quota(user=user, kind="", period="total", limit=Decimal(50), actor=None)
    parent = key_of(user, FIVE)
    ApiKey.objects.filter(pk=parent.pk).update(scopes=["keys:write", "usage:read"])
    parent.refresh_from_db()
    children = [key_of(user, FIVE, giver=parent) for _ in range(3)]
    hold(children[0], "3")
    hold(children[1], "2")
    with pytest.raises(QuotaHeld):
        hold(children[2], "0.01")
    with pytest.raises(QuotaHeld):
        hold(parent, "0.01")


def test_a_cap_alone_gives_nothing(user: User) -> None:
    with pytest.raises(NoQuota):
        hold(key_of(user, FIVE), "0.01")
    assert not QuotaPeriod.objects.exists()


def test_the_database_keeps_one_quota_per_user_key_kind_and_period(user: User, quota: Quota) -> None:
    key = key_of(user, FIVE)
    for api_key_id, period in ((key.pk, "day"), (None, "total")):
        with pytest.raises(IntegrityError, match="quotas_one_per_user_key_kind_period"), transaction.atomic():
            Quota.objects.create(user=user, api_key_id=api_key_id, period=period, limit=1)


def test_it_admits_exactly_what_fits_of_five_hundred_submissions(
    committed: None, processes: ProcessPoolExecutor
) -> None:
    user = User.objects.create_user(f"{uuid4()}@example.org")
    quota = set_quota(user=user, kind="", period="month", limit=Decimal(1000), actor=None)
    key = key_of(user, {"day": Decimal(5), "total": Decimal("3.70")})
    jobs = [
        processes.submit(workers.hold_many, user.pk, ["text"], "0.10", 500 // PROCESSES, key.line)
        for _ in range(PROCESSES)
    ]
    rest = workers.hold_many(user.pk, ["text"], "0.10", 500 % PROCESSES, key.line)
    admitted = sum(len(job.result()[0]) for job in jobs) + len(rest[0])
    refused = sum(len(job.result()[1]) for job in jobs) + len(rest[1])
    assert (admitted, refused) == (37, 463)
    assert {period.held for period in QuotaPeriod.objects.all()} == {Decimal("3.70")}
    assert QuotaPeriod.objects.count() == 3
    assert held_under(quota) == Decimal("3.70")
