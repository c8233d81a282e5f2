"""One request, one row, and the day's sums with it."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from hub.common import request_id
from usage.ledger_query import LedgerFilter
from usage.models import UsageDaily, UsageLog
from usage.services import log_usage
from users.models import User


def log(user: User, **changes: Any) -> UsageLog:
    fields: dict[str, Any] = {
        "user_id": user.pk,
        "api_key_id": uuid4(),
        "reference": uuid4(),
        "attempt_id": uuid4(),
        "model": "gemini-3.8-flash",
        "kind": "text",
        "units": {"input_token": 10, "output_token": 3},
        "prices": {"input_token": {"variant": "", "price_id": "p", "usd": "0.00000075"}},
        "cost": Decimal("0.000000075"),
        "estimate": Decimal("0.01"),
        "latency_ms": 12,
        "outcome": "succeeded",
    }
    with transaction.atomic():
        return log_usage(**{**fields, **changes})


def test_it_keeps_what_was_counted_and_at_which_price(user: User) -> None:
    token = request_id.bind_request_id("req-1")
    kept = UsageLog.objects.get(pk=log(user, over_hold=True, estimated=True, provider_request_id="g-1").pk)
    request_id.release(token)
    assert kept.units == {"input_token": 10, "output_token": 3}
    assert kept.prices["input_token"]["usd"] == "0.00000075"
    assert (kept.cost, kept.estimate) == (Decimal("0.000000075"), Decimal("0.01"))
    assert (kept.request_id, kept.provider_request_id) == ("req-1", "g-1")
    assert (kept.confirmed, kept.estimated, kept.over_hold) == (True, True, True)


def test_it_adds_to_the_day_with_the_row(user: User) -> None:
    day = log(user).created_at.astimezone(UTC).date()
    log(user, outcome="unknown", confirmed=False, cost=Decimal(0), units={})
    rows = UsageDaily.objects.filter(day__gte=day, model="gemini-3.8-flash", kind="text")
    assert sum(row.requests for row in rows) == 2
    assert sum(row.cost for row in rows) == Decimal("0.000000075")
    assert sum(row.input_tokens for row in rows) == 10
    assert sum(row.output_tokens for row in rows) == 3


def test_it_records_an_attempt_once(user: User) -> None:
    attempt = uuid4()
    log(user, attempt_id=attempt)
    with pytest.raises(IntegrityError):
        log(user, attempt_id=attempt)
    assert UsageLog.objects.count() == 1
    assert sum(row.requests for row in UsageDaily.objects.all()) == 1


def test_it_refuses_a_unit_that_nobody_knows(user: User) -> None:
    with pytest.raises(ValueError, match="furlong"):
        log(user, units={"furlong": 1})
    assert not UsageLog.objects.exists()
    assert not UsageDaily.objects.exists()


def test_it_lists_the_users_own_rows_newest_first(user: User) -> None:
    rows = [log(user) for _ in range(3)]
    log(User.objects.create_user("other@example.org"))
    assert list(LedgerFilter().rows(user)) == rows[::-1]


def test_it_has_an_index_that_answers_a_users_own_sums_alone(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'usage_logs_user_created'")
        assert "(user_id, created_at) INCLUDE (cost)" in cursor.fetchone()[0]
