"""With nothing in flight the hub asks the database nothing, so that a serverless one can sleep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.owner import owner_url
from tests.stack import HubStack, eventually
from tests.stack.cluster import execute

pytestmark = pytest.mark.stack

MODELS = ("gemini-3.5-flash-lite", "gemini-2.5-flash-image", "veo-3.1-lite-generate-001", "lyria-3.5")
IDLE_SECONDS = 60
# Sessions hand in what they counted within ten seconds of their last transaction.
FLUSH_SECONDS = 11
PATIENCE_SECONDS = 120


@pytest.fixture
def no_autovacuum() -> Iterator[None]:
    """PostgreSQL's own housekeeping counts as transactions of the database that it visits."""
    execute("ALTER SYSTEM SET autovacuum = off")
    execute("SELECT pg_reload_conf()")
    yield
    execute("ALTER SYSTEM RESET autovacuum")
    execute("SELECT pg_reload_conf()")


class Statistics:
    """What PostgreSQL knows of the stack's database, read from another one.

    A session that touched no table keeps its commits to itself until it touches one or ends, and the hub's end a minute
    after they began: their number may grow without a statement. When each session began its last one tells all of them.
    """

    def __init__(self, connection: psycopg.Connection, database: str) -> None:
        self._connection, self._database = connection, database

    def read(self) -> dict[str, object]:
        query = """SELECT tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, sessions
                   FROM pg_stat_database WHERE datname = %s"""
        found = self._connection.execute(query, [self._database]).fetchone()
        assert found is not None
        return dict(found)

    def sessions(self) -> dict[int, datetime]:
        """{process: when its last statement began}."""
        query = "SELECT pid, query_start FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        return {row["pid"]: row["query_start"] for row in self._connection.execute(query, [self._database])}

    def at_rest(self) -> dict[str, object]:
        """Once they have stood still for as long as a session may keep its own counts to itself."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        last, since = self.read(), time.monotonic()
        while time.monotonic() - since < FLUSH_SECONDS:
            assert time.monotonic() < deadline, "the hub never came to rest"
            time.sleep(0.5)
            if (now := self.read()) != last:
                last, since = now, time.monotonic()
        return last


def tells_of_rest(figures: bytes) -> bool:
    """Whether they have neither a hold nor a job in flight."""
    return b"hub_holds 0.0" in figures and b"hub_jobs{" not in figures


def test_an_idle_hub_makes_no_query(new_stack: Callable[..., HubStack], no_autovacuum: None) -> None:
    # As in production: a sweep that came by the hour would be due within this minute.
    stack = new_stack(SWEEP_SECONDS="5", METRICS_SECONDS="5")
    for model in MODELS:
        stack.rich.submit(model, "The last thing for today.")
    stack.wait_until_all_have_ended()
    stack.assert_the_books_balance()
    with psycopg.connect(owner_url(), autocommit=True, row_factory=dict_row) as connection:
        statistics = Statistics(connection, stack.database)
        # The last figures are written when the last job has ended, not at once.
        eventually(lambda: tells_of_rest(stack.rich.call("GET", "/metrics").body), "figures of the end of its work")
        before = statistics.at_rest()
        asleep = statistics.sessions()
        started = time.monotonic()
        probes = 0
        while time.monotonic() - started < IDLE_SECONDS:
            assert stack.rich.call("GET", "/livez").status == 200
            # A scraper that is in more of a hurry than any.
            scraped = stack.rich.call("GET", "/metrics")
            assert scraped.status == 200
            assert b"hub_jobs_ended_total" in scraped.body
            # Sessions may end, but none begins and none is asked anything.
            assert statistics.sessions().items() <= asleep.items()
            probes += 1
            time.sleep(1)
        after = statistics.read()
        print(f"{probes} probes in {IDLE_SECONDS} s; before {before}, after {after}")
        assert after == before
        assert all(stack.runs(part) for part in ("web", "worker", "clock"))
        # It slept with figures of the end of its work, not of the middle.
        assert tells_of_rest(scraped.body)

        # The measure itself works: one request is seen.
        assert stack.rich.call("GET", "/api/v1/quotas").status == 200
        assert not statistics.sessions().items() <= asleep.items()
        eventually(lambda: statistics.read() != before, "one request in the statistics", PATIENCE_SECONDS)
