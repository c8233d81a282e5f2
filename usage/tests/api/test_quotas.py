"""What is left, over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from tests.rest import Caller, assert_problem
from usage.models import Quota, QuotaPeriod
from usage.services import grant_credit, hold_quota, set_quota, settle_hold

QUOTAS = "/api/v1/quotas"


def test_it_shows_a_quota_that_was_never_used(caller: Caller) -> None:
    assert caller.get(QUOTAS).json() == {
        "results": [
            {
                "kind": "",
                "period": "total",
                "limit_usd": "100.00",
                "granted_usd": "0.00",
                "spent_usd": "0.00",
                "held_usd": "0.00",
                "remaining_usd": "100.00",
                "resets_at": None,
            }
        ],
        "next": None,
    }
    assert not QuotaPeriod.objects.exists()


def test_it_shows_what_is_held_spent_and_granted(caller: Caller) -> None:
    references = [uuid4(), uuid4()]
    with transaction.atomic():
        for reference in references:
            hold_quota(
                user_id=caller.user.id,
                kind="text",
                reference=reference,
                amount=Decimal("1.5"),
                expires_at=timezone.now() + timedelta(hours=1),
            )
        settle_hold(reference=references[0], cost=Decimal("0.25"))
        grant_credit(quota=Quota.objects.get(), amount=Decimal(7), reason="late", granted_by=None)
    [quota] = caller.get(QUOTAS).json()["results"]
    assert (quota["limit_usd"], quota["granted_usd"]) == ("107.00", "7.00")
    assert (quota["spent_usd"], quota["held_usd"], quota["remaining_usd"]) == ("0.25", "1.50", "105.25")


def test_it_says_when_a_period_starts_anew(caller: Caller) -> None:
    set_quota(user=caller.user, kind="video", period="day", limit=Decimal(1), actor=None)
    daily = next(each for each in caller.get(QUOTAS).json()["results"] if each["period"] == "day")
    assert daily["kind"] == "video"
    assert daily["resets_at"].endswith("T00:00:00Z")


def test_it_shows_nothing_to_who_has_none(new_caller: Callable[..., Caller], stranger: Caller) -> None:
    assert new_caller(quota=None).get(QUOTAS).json() == {"results": [], "next": None}


def test_it_takes_no_parameter(caller: Caller) -> None:
    assert_problem(caller.get(f"{QUOTAS}?kind=text"), 422, "invalid_request")


def test_it_takes_two_queries(caller: Caller, django_assert_max_num_queries: Any) -> None:
    for kind in ("text", "image", "video", "music"):
        set_quota(user=caller.user, kind=kind, period="month", limit=Decimal(1), actor=None)
    caller.get(QUOTAS)
    with django_assert_max_num_queries(2):
        assert len(caller.get(QUOTAS).json()["results"]) == 5
