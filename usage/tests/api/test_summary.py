"""The ledger, summed by any of its facts, in one query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.rest import Caller, assert_problem
from usage.models import UsageLog

SUMMARY = "/api/v1/usage/summary"
NewUsage = Callable[..., UsageLog]
MARCH = "created_after=2026-03-01T00:00:00Z&created_before=2026-05-01T00:00:00Z"
KEY = uuid4()


@pytest.fixture
def ledger(caller: Caller, stranger: Caller, new_usage: NewUsage) -> None:
    """Four rows of the caller's in spring, one before, and one of somebody else's."""
    facts: list[dict[str, Any]] = [
        {"created_at": datetime(2026, 3, 1, tzinfo=UTC), "cost": Decimal("0.1"), "tags": ["a", "b"], "api_key_id": KEY},
        {"created_at": datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC), "cost": Decimal("0.000000001")},
        {"created_at": datetime(2026, 3, 2, tzinfo=UTC), "cost": Decimal(2), "tags": ["a"]},
        {
            **{"created_at": datetime(2026, 4, 1, tzinfo=UTC), "cost": Decimal(0), "tags": [], "model": "lyria-3.5"},
            **{"kind": "music", "units": {"song": 1}, "outcome": "failed"},
        },
        {"created_at": datetime(2026, 2, 28, 23, 59, tzinfo=UTC), "cost": Decimal(50)},
    ]
    for each in facts:
        new_usage(caller.user, **each)
    new_usage(stranger.user, created_at=datetime(2026, 3, 1, tzinfo=UTC))


def summed(caller: Caller, query: str) -> list[tuple[Any, ...]]:
    answer = caller.get(f"{SUMMARY}?{query}&{MARCH}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["next"] is None
    groups = answer.json()["results"]
    sums = ("requests", "cost_usd", "units")
    names = [[value for name, value in group.items() if name not in sums] for group in groups]
    return [(*by, group["requests"], group["cost_usd"]) for by, group in zip(names, groups, strict=True)]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("group_by=day", [("2026-03-01", 2, "0.100000001"), ("2026-03-02", 1, "2.00"), ("2026-04-01", 1, "0.00")]),
        ("group_by=month", [("2026-03", 3, "2.100000001"), ("2026-04", 1, "0.00")]),
        ("group_by=model", [("lyria-3.5", 1, "0.00"), ("veo-3.1-generate-001", 3, "2.100000001")]),
        ("group_by=tag", [(None, 2, "0.000000001"), ("a", 2, "2.10"), ("b", 1, "0.10")]),
        ("group_by=api_key", [(str(KEY), 1, "0.10"), (None, 3, "2.000000001")]),
        ("group_by=kind,month", [("2026-04", "music", 1, "0.00"), ("2026-03", "video", 3, "2.100000001")]),
        (
            "group_by=tag,day&model=veo-3.1-generate-001&tag=a",
            [
                ("2026-03-01", "a", 1, "0.10"),
                ("2026-03-02", "a", 1, "2.00"),
                ("2026-03-01", "b", 1, "0.10"),
            ],
        ),
        ("outcome=failed", [(1, "0.00")]),
        ("kind=image", [(0, "0.00")]),
        ("kind=image&group_by=day", []),
    ],
)
def test_it_sums_the_callers_rows_by(caller: Caller, query: str, groups: list[tuple[Any, ...]]) -> None:
    assert summed(caller, query) == groups


@pytest.mark.usefixtures("ledger")
def test_it_counts_units(caller: Caller) -> None:
    groups = caller.get(f"{SUMMARY}?group_by=kind&{MARCH}").json()["results"]
    assert [(group["kind"], group["units"]) for group in groups] == [
        ("music", {"song": 1}),
        ("video", {"video_second": 24}),
    ]


@pytest.mark.usefixtures("ledger")
def test_it_takes_two_queries_whatever_it_groups_by(caller: Caller, django_assert_max_num_queries: Any) -> None:
    caller.get(SUMMARY)
    with django_assert_max_num_queries(2):
        caller.get(f"{SUMMARY}?group_by=day,month,model,kind,api_key,tag&{MARCH}")


def test_it_sums_the_last_31_days_unless_told_otherwise(caller: Caller, new_usage: NewUsage) -> None:
    for days in (0, 30, 32):
        new_usage(caller.user, created_at=timezone.now() - timedelta(days=days))
    assert caller.get(SUMMARY).json()["results"][0]["requests"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("group_by=", "group_by"),
        ("group_by=user", "group_by"),
        ("group_by=day,day", "group_by"),
        ("group_by=day,", "group_by"),
        ("group_by=day&group_by=model", "group_by"),
        ("created_after=2026-01-02T00:00:00Z&created_before=2026-01-01T00:00:00Z", "created_after"),
        ("created_after=2024-01-01T00:00:00Z&created_before=2026-01-01T00:00:00Z", "created_after"),
        ("created_after=yesterday", "created_after"),
        ("limit=3", "limit"),
    ],
)
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str, field: str) -> None:
    problem = assert_problem(caller.get(f"{SUMMARY}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_range_at_the_beginning_of_time_is_no_error_of_ours(caller: Caller) -> None:
    assert caller.get(f"{SUMMARY}?created_before=0001-01-02T00:00:00Z").status_code == 200


@pytest.mark.usefixtures("ledger")
def test_it_refuses_more_groups_than_an_answer_holds(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usage.summary.MOST_GROUPS", 2)
    problem = assert_problem(caller.get(f"{SUMMARY}?group_by=day&{MARCH}"), 422, "summary_too_large")
    assert problem["most"] == 2
