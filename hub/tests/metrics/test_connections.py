"""Every statement is counted and timed, in whatever thread it runs; slow ones are logged without their values."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import psycopg_pool
import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db import connections as connections_of_django

from hub.metrics import connections, failures
from tests.owner import owner_url
from users.models import User
from users.services import create_user

Counted = Callable[..., float]
SECRET = "c4n4ry"


def ask(statement: str = "SELECT %s::text", value: str = SECRET) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        return cursor.fetchone()[0]


def ask_and_close() -> Any:
    try:
        return ask()
    finally:
        connection.close()


async def ask_from_a_coroutine() -> Any:
    return await sync_to_async(ask_and_close, thread_sensitive=False)()


PLACES: dict[str, Callable[[], Any]] = {
    "here": ask,
    "a thread": lambda: ThreadPoolExecutor(1).submit(ask_and_close).result(),
    "a coroutine": lambda: asyncio.run(ask_from_a_coroutine()),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_slow_statement_is_logged_without_its_values(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture, counted: Counted, place: Callable[[], Any]
) -> None:
    settings.SLOW_QUERY_MS = 0
    with caplog.at_level(logging.WARNING, "hub.slow_queries"):
        assert place() == SECRET
    lines = [vars(record) for record in caplog.records if record.name == "hub.slow_queries"]
    [line] = [each for each in lines if each["sql"] == "SELECT ?::text"]
    assert (line["verb"], line["msg"]) == ("read", "slow query")
    assert line["milliseconds"] >= 0
    assert len(line["fingerprint"]) == 12
    assert SECRET not in str(lines)
    assert counted("hub_db_slow_queries_total", verb="read") >= 1
    assert counted("hub_db_queries_total", verb="read") >= 1
    assert counted("hub_db_query_seconds_count", verb="read") >= 1


def test_a_fast_one_is_not(db: None, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SLOW_QUERY_MS = 60_000
    ask()
    assert not [record for record in caplog.records if record.name == "hub.slow_queries"]


def test_what_the_orm_asks_is_seen_once(db: None, counted: Counted) -> None:
    User.objects.count()
    create_user(email="a@example.org")
    assert counted("hub_db_queries_total", verb="read") >= 1
    assert counted("hub_db_queries_total", verb="write") >= 1
    # A connection that is made anew is not watched twice.
    connections.watch(connection=connections_of_django["default"])
    assert connection.execute_wrappers.count(connections.observe) == 1


def test_a_wrapper_that_comes_and_goes_leaves_ours(db: None, counted: Counted) -> None:
    seen = []

    def other(execute: Any, *arguments: Any) -> Any:
        seen.append(arguments[0])
        return execute(*arguments)

    with connection.execute_wrapper(other):
        ask()
    assert seen
    assert connections.observe in connection.execute_wrappers


def test_errors_are_counted_by_their_first_keyword(db: None, counted: Counted) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ask("SELECT * FROM nowhere WHERE a = %s")
    user = create_user(email="a@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        ask("INSERT INTO users SELECT * FROM users WHERE id = %s", str(user.pk))
    assert counted("hub_db_errors_total", verb="read", error="ProgrammingError") == 1
    assert counted("hub_db_errors_total", verb="write", error="IntegrityError") == 1
    assert counted("hub_db_connections_dropped_total") == 0


def test_a_connection_that_is_cut_is_a_drop(db: None, counted: Counted) -> None:
    """A real one: the backend is terminated in the middle of its work."""

    def cut_in_two() -> None:
        try:
            ask("SELECT pg_terminate_backend(pg_backend_pid(), 1000)::text || %s")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, pytest.raises(OperationalError) as raised:
        pool.submit(cut_in_two).result()
    assert counted("hub_db_connections_dropped_total") == 1
    assert counted("hub_db_errors_total", verb="read", error="OperationalError") == 1
    # Whoever else meets the same error does not count it again.
    failures.note(raised.value)
    assert counted("hub_db_errors_total", verb="connect", error="OperationalError") == 0


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("server", "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute"),
        ("server", 'FATAL:  too many connections for role "app"'),
        ("server", "FATAL:  sorry, too many clients already"),
        ("pooler", "FATAL:  query_wait_timeout"),
        ("pooler", "FATAL:  no more connections allowed (max_client_conn)"),
        ("client", "couldn't get a connection after 10.00 sec"),
    ],
)
def test_a_pool_without_connections_is_counted_by_whose_it_is(counted: Counted, pool: str, said: str) -> None:
    error = OperationalError(said)
    error.__cause__ = psycopg_pool.PoolTimeout(said) if pool == "client" else None
    failures.note(error)
    failures.note(error)
    assert counted("hub_db_pool_exhausted_total", pool=pool) == 1
    assert counted("hub_db_errors_total", verb="connect", error="OperationalError") == 1


def test_the_server_itself_says_that_it_is_full(db: None, counted: Counted) -> None:
    """The words above are PostgreSQL's: a role that may have one connection asks for a second."""
    url = owner_url("postgres")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE one_at_a_time LOGIN PASSWORD 'p' CONNECTION LIMIT 1")
        try:
            with (
                psycopg.connect(url, user="one_at_a_time", password="p"),  # noqa: S106 - a role of this test
                pytest.raises(psycopg.OperationalError) as raised,
            ):
                psycopg.connect(url, user="one_at_a_time", password="p")  # noqa: S106
        finally:
            owner.execute("DROP ROLE one_at_a_time")
    failures.note(raised.value)
    assert counted("hub_db_pool_exhausted_total", pool="server") == 1
