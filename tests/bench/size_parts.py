"""The questions of size.py, once there are settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from hub.common.ids import uuid7
from hub.common.purging import Outcome, run
from hub.neon.queries.seeding import SPAN, seed
from usage import totals
from usage.models import UsageLog
from usage.purging import purge_usage_logs

ROUNDS = 9
MONTH = timedelta(days=30)
# A copy of the ledger with a partition a month. What is unique must name the month: an attempt's row would be unique
# within its month alone.
PARTITIONED = """
    CREATE TABLE parted (LIKE usage_logs) PARTITION BY RANGE (created_at);
    ALTER TABLE parted ADD PRIMARY KEY (id, created_at), ADD UNIQUE (attempt_id, created_at);
    CREATE INDEX ON parted (user_id, created_at) INCLUDE (cost);
    CREATE INDEX ON parted (created_at, id);
    CREATE INDEX ON parted (reference);"""


def measure(rows: int, *, most: float) -> int:
    """Prints a line for each; returns how much was wrong."""
    started = time.perf_counter()
    with _without_indexes():
        sample = seed(rows=rows, only_ledger=True)
    _sql("VACUUM (ANALYZE) usage_logs")
    print(
        f"{rows:,} rows of the ledger, made in {time.perf_counter() - started:.0f} s; {_size('usage_logs')}", flush=True
    )
    wrong = _month_to_date(sample.user_id, most) + _cost_by_model(most)
    _parted(sample.user_id)
    return wrong + _purge()


@contextmanager
def _without_indexes() -> Iterator[None]:
    """They are made when the rows are there, which takes a quarter of the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'usage_logs'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        found = cursor.fetchall()
    for name, _ in found:
        _sql(f"DROP INDEX {name}")
    yield
    for _, definition in found:
        _sql(definition)


def _month_to_date(user_id: UUID, most: float) -> int:
    since = timezone.now() - MONTH
    ours, asked = _timed(lambda: totals.spent_since(user_id=user_id, since=since))
    with _planner(enable_indexscan="off", enable_indexonlyscan="off", enable_bitmapscan="off"):
        naive, read = _timed(lambda: totals.spent_since(user_id=user_id, since=since), rounds=3)
    _print("a user's month to date: the covering index", ours)
    _print("  naive: reading the whole ledger", naive, ours)
    return int(asked != read) + int(ours > most)


def _cost_by_model(most: float) -> int:
    last = timezone.now().date()
    first = last - MONTH
    ours, told = _timed(lambda: totals.cost_by_model(first=first, last=last))

    def by_reading() -> list[Any]:
        rows = UsageLog.objects.filter(created_at__date__gte=first, created_at__date__lte=last).order_by()
        sums = rows.values("model", "kind").annotate(asked=Count("id"), total=Sum("cost"))
        return list(sums.order_by("-total", "model", "kind").values_list("model", "kind", "asked", "total"))

    naive, read = _timed(by_reading, rounds=3)
    _print("30 days' cost by model, over everyone: the sums by day", ours)
    _print("  naive: adding the ledger up", naive, ours)
    same = [(each.model, each.kind, each.requests, each.cost) for each in told] == [tuple(row) for row in read]
    return int(not same) + int(ours > most)


def _parted(user_id: UUID) -> None:
    """What reads, writes and a month's end cost with a partition a month, beside the table as it is."""
    _make_parted()
    since = timezone.now() - MONTH
    last = UsageLog.objects.order_by("-created_at").first()
    assert last is not None
    asked: dict[str, tuple[str, list[Any]]] = {
        "one row by its attempt": ("SELECT * FROM {} WHERE attempt_id = %s", [last.attempt_id]),
        "a job's rows by its id": ("SELECT * FROM {} WHERE reference = %s", [last.reference]),
        "a page of a user's ledger": (
            "SELECT * FROM {} WHERE user_id = %s ORDER BY created_at DESC, id DESC LIMIT 31",
            [user_id],
        ),
        "a user's month to date": (
            "SELECT sum(cost) FROM {} WHERE user_id = %s AND created_at >= %s",
            [user_id, since],
        ),
    }
    for what, (query, values) in asked.items():
        plain, parted = (_of_table(query, table, values) for table in ("usage_logs", "parted"))
        _print(f"{what}: as it is", plain)
        _print("  with a partition a month", parted, plain)
    # Without triggers and foreign keys, which the copy has not.
    with _planner(session_replication_role="replica"):
        plain, parted = (_writing(table) for table in ("usage_logs", "parted"))
    _print("writing one row and committing: as it is", plain)
    _print("  with a partition a month", parted, plain)


def _of_table(query: str, table: str, values: list[Any]) -> float:
    return _timed(lambda: _sql(query.format(table), values))[0]


def _make_parted() -> None:
    started, now = time.perf_counter(), timezone.now()
    _sql(PARTITIONED)
    start = (now - SPAN).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while start < now + MONTH:
        end = (start + timedelta(days=32)).replace(day=1)
        _sql(f"CREATE TABLE parted_{start:%Y%m} PARTITION OF parted FOR VALUES FROM ('{start}') TO ('{end}')")
        start = end
    # The youngest months are enough to ask; the other partitions are there, and empty ones are asked all the same.
    _sql("INSERT INTO parted SELECT * FROM usage_logs WHERE created_at > now() - interval '95 days'")
    _sql("VACUUM (ANALYZE) parted")
    print(f"a partitioned copy of three months, made in {time.perf_counter() - started:.0f} s", flush=True)


def _writing(table: str) -> float:
    columns = "created_at, user_id, api_key_id, model, kind, units, prices, cost, estimate, latency_ms, outcome"
    columns += ", confirmed, estimated, over_hold, provider_request_id, request_id, tags"
    insert = (
        f"INSERT INTO {table} (id, attempt_id, reference, {columns})"
        f" SELECT %s, %s, %s, {columns.replace('created_at', 'now()')} FROM usage_logs WHERE attempt_id = %s"
    )
    model = UsageLog.objects.order_by("-created_at").values_list("attempt_id", flat=True)[0]
    return _timed(lambda: _sql(insert, [uuid7(), uuid7(), uuid7(), model]), rounds=200)[0]


def _purge() -> int:
    """The oldest month: by the command, by one DELETE, and by dropping a partition."""
    days = (SPAN - MONTH).days
    month = UsageLog.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    number = month.count()
    naive, _ = _timed(_deleted_and_back, rounds=1)
    started, outcome = time.perf_counter(), Outcome()
    run(purge_usage_logs(days=days), outcome=outcome, batch=10_000, ceiling=None, dry_run=False)
    seconds = time.perf_counter() - started
    print(f"a month's purge, {number:,} rows: the command {seconds:.1f} s, {number / seconds:,.0f}/s", flush=True)
    print(
        f"  naive: one DELETE, in one transaction {naive / 1000:.1f} s, {naive / 1000 / seconds:.2f} of it", flush=True
    )
    youngest = f"parted_{timezone.now() - timedelta(days=60):%Y%m}"
    [[dropped]] = _sql(f"SELECT count(*) FROM {youngest}")
    drop, _ = _timed(lambda: _sql(f"DROP TABLE {youngest}"), rounds=1)
    print(f"  dropping a partition of {dropped:,} rows {drop / 1000:.3f} s", flush=True)
    return int(outcome.counts.get("usage_logs") != number) + int(month.exists())


def _deleted_and_back() -> None:
    with transaction.atomic():
        _sql(f"DELETE FROM usage_logs WHERE created_at < now() - interval '{(SPAN - MONTH).days} days'")
        transaction.set_rollback(True)


@contextmanager
def _planner(**settings: str) -> Iterator[None]:
    for name, value in settings.items():
        _sql(f"SET {name} = {value}")
    yield
    for name in settings:
        _sql(f"RESET {name}")


def _timed(ask: Callable[[], Any], *, rounds: int = ROUNDS) -> tuple[float, Any]:
    """The median in milliseconds, as the caller waits for it, and the last answer."""
    times, answer = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - started) * 1000)
    return median(times), answer


def _print(what: str, milliseconds: float, beside: float | None = None) -> None:
    ratio = "" if beside is None else f"   {milliseconds / beside:,.1f} times"
    print(f"{what:<58} {milliseconds:>10,.2f} ms{ratio}", flush=True)


def _size(table: str) -> str:
    [[rows, all_of_it]] = _sql(
        f"SELECT pg_size_pretty(pg_table_size('{table}')), pg_size_pretty(pg_total_relation_size('{table}'))"
    )
    return f"{rows}, {all_of_it} with its indexes"


def _sql(statement: str, values: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None
