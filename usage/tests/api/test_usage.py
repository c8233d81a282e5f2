"""The ledger over REST: one row per request to a provider, newest first, the caller's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.rest import Caller, assert_problem
from usage.models import UsageLog

USAGE = "/api/v1/usage"
NewUsage = Callable[..., UsageLog]
# Fixed, as it is in the names of tests, which must be the same in each process of a parallel run.
KEY = UUID("01a204d1-382c-7601-9a4a-659f913aebb6")


def test_it_shows_what_a_request_counted_and_cost(caller: Caller, new_usage: NewUsage) -> None:
    log = new_usage(caller.user)
    [row] = caller.get(USAGE).json()["results"]
    assert (row["id"], row["generation_id"], row["attempt_id"]) == (
        str(log.id),
        str(log.reference),
        str(log.attempt_id),
    )
    assert (row["units"], row["prices"]) == ({"video_second": 8}, log.prices)
    assert (row["cost_usd"], row["estimate_usd"], row["outcome"]) == ("3.20", "3.20", "succeeded")
    assert (row["confirmed"], row["estimated"], row["over_hold"], row["latency_ms"]) == (True, False, False, 1200)


def test_it_shows_the_smallest_amount_exactly(caller: Caller, new_usage: NewUsage) -> None:
    new_usage(caller.user, cost=Decimal("0.000000001"))
    assert caller.get(USAGE).json()["results"][0]["cost_usd"] == "0.000000001"


def test_it_shows_nobody_elses(caller: Caller, stranger: Caller, new_usage: NewUsage) -> None:
    new_usage(stranger.user)
    assert caller.get(USAGE).json() == {"results": [], "next": None}


def test_its_pages_show_every_row_once(caller: Caller, new_usage: NewUsage) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [new_usage(caller.user, created_at=moment + timedelta(hours=n // 3)) for n in range(7)]
    seen: list[str] = []
    url = f"{USAGE}?limit=2"
    while url:
        page = caller.get(url).json()
        seen += [each["id"] for each in page["results"]]
        url = page["next"]
    expected = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    assert seen == [str(row.id) for row in expected]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("model=lyria-3.5", "b"),
        ("kind=video", "a"),
        ("kind=video&model=lyria-3.5", ""),
        ("created_after=2026-02-01T00:00:00Z", "b"),
        ("created_before=2026-02-01T00:00:00Z", "a"),
        ("created_after=2026-01-01T00:00:00Z", "ab"),
        ("outcome=blocked", "b"),
        (f"api_key={KEY}", "b"),
        (f"generation={KEY}", ""),
        ("tag=spring", "b"),
        ("tag=spr", ""),
    ],
)
def test_it_filters(caller: Caller, new_usage: NewUsage, query: str, found: str) -> None:
    rows = {
        "a": new_usage(caller.user, created_at=datetime(2026, 1, 1, tzinfo=UTC)),
        "b": new_usage(
            caller.user,
            model="lyria-3.5",
            kind="music",
            created_at=datetime(2026, 2, 1, tzinfo=UTC),
            outcome="blocked",
            api_key_id=KEY,
            tags=["sea", "spring"],
        ),
    }
    shown = {each["id"] for each in caller.get(f"{USAGE}?{query}").json()["results"]}
    assert shown == {str(rows[name].id) for name in found}


@pytest.mark.parametrize(
    "query",
    [
        "kind=poem",
        "outcome=great",
        "api_key=1",
        "generation=x",
        "tag=",
        "limit=abc",
        "cursor=a",
        "created_after=x",
        "user=me",
        "model=",
    ],
)
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"{USAGE}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [query.partition("=")[0]]


def test_a_page_takes_two_queries(caller: Caller, new_usage: NewUsage, django_assert_max_num_queries: Any) -> None:
    for _ in range(9):
        new_usage(caller.user)
    caller.get(USAGE)
    with django_assert_max_num_queries(2):
        assert len(caller.get(USAGE).json()["results"]) == 9
