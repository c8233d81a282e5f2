"""The ledger as a file: every row once, whole, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.rest import Caller, assert_problem
from usage.models import UsageLog

EXPORT = "/api/v1/usage/export"
NewUsage = Callable[..., UsageLog]


def content(caller: Caller, query: str = "") -> str:
    answer = caller.get(f"{EXPORT}{query}")
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def as_rows(caller: Caller, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(caller, query), newline="")))


def test_it_writes_csv_with_a_column_for_each_unit(caller: Caller, new_usage: NewUsage) -> None:
    log = new_usage(caller.user, cost=Decimal("0.000000075"), tags=["sea", "a,b"])
    answer = caller.get(EXPORT)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="usage.csv"'
    [row] = as_rows(caller)
    assert (row["id"], row["generation_id"], row["cost_usd"]) == (str(log.id), str(log.reference), "0.000000075")
    assert (row["video_second"], row["song"], row["tags"]) == ("8", "0", "sea|a,b")
    assert (row["confirmed"], row["api_key_id"]) == ("true", "")


def test_it_writes_json_lines_as_the_ledger_shows_its_rows(caller: Caller, new_usage: NewUsage) -> None:
    new_usage(caller.user, tags=["é"], created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    assert caller.get(f"{EXPORT}?format=jsonl")["Content-Type"] == "application/jsonl; charset=utf-8"
    line = json.loads(content(caller, "?format=jsonl"))
    assert line == caller.get("/api/v1/usage").json()["results"][0]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\uff1d"])
@pytest.mark.parametrize("column", ["request_id", "provider_request_id", "model"])
def test_no_cell_is_a_formula(caller: Caller, new_usage: NewUsage, start: str, column: str) -> None:
    evil = f"{start}HYPERLINK(1)"
    new_usage(caller.user, tags=[evil], **{column: evil})
    [row] = as_rows(caller)
    assert (row[column], row["tags"]) == (f"'{evil}", f"'{evil}")
    assert json.loads(content(caller, "?format=jsonl"))[column] == evil


def test_its_pages_join_without_gap_or_overlap(
    caller: Caller, new_usage: NewUsage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usage.export.ROWS_AT_ONCE", 3)
    moments = [datetime(2026, 1, 1 + number // 4, tzinfo=UTC) for number in range(12)]
    rows = sorted((new_usage(caller.user, created_at=moment) for moment in moments), key=lambda r: (r.created_at, r.id))
    assert [row["id"] for row in as_rows(caller)] == [str(row.id) for row in rows]
    assert len(as_rows(caller, "?created_after=2026-01-02T00:00:00Z&created_before=2026-01-03T00:00:00Z")) == 4


def test_it_holds_no_more_than_a_page(
    caller: Caller, new_usage: NewUsage, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr("usage.export.ROWS_AT_ONCE", 2)
    for _ in range(5):
        new_usage(caller.user)
    answer = caller.get(EXPORT)
    pieces = iter(answer.streaming_content)
    next(pieces)
    with django_assert_num_queries(1):
        assert next(pieces).count(b"\r\n") == 2


def test_it_shows_nobody_elses_and_an_empty_ledger_is_a_head(
    caller: Caller, stranger: Caller, new_usage: NewUsage
) -> None:
    new_usage(stranger.user)
    assert as_rows(caller) == []
    assert content(caller).startswith("id,created_at,generation_id")
    assert content(caller, "?format=jsonl") == ""


def test_it_comes_whatever_the_client_accepts(caller: Caller) -> None:
    assert caller.get(EXPORT, Accept="text/csv").status_code == 200


@pytest.mark.parametrize("query", ["format=xlsx", "kind=poem", "limit=3", "created_before=x"])
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"{EXPORT}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [query.partition("=")[0]]
