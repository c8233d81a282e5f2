"""`manage.py migrate` on a database of its own: what it refuses, it has not begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hub import env
from hub.neon.backup_records import DatabaseIdentity, append, identity_of
from hub.neon.connections import direct_connection
from hub.neon.gate.lock_timeout import limited_waiting
from hub.neon.shadow import shadow_database
from tests.backup_record import a_backup

# What reads and sets limits of the session; whatever else is asked changes the database.
ONLY_LOOKS = ("SELECT", "\n            SELECT", "SET ")


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Iterator[str]:
    """An empty database in which the app `hub` has the migrations of a bookshop; no backup of it is on record.

    The test database is not touched, so that nothing of it has to be emptied afterwards.
    """
    settings.MIGRATION_MODULES = {"hub": "hub.neon.tests.shop_migrations"}
    settings.BACKUP_RECORDS = str(tmp_path / "backups.jsonl")
    with django_db_blocker.unblock(), direct_connection(), shadow_database(connection, purpose="scratch") as name:
        yield name


@pytest.fixture
def shop(scratch: str) -> str:
    """It has books, with notes."""
    migrate("0002")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO books VALUES (gen_random_uuid(), 'Emma', 'good')")
    return scratch


def migrate(*target: str, **options: Any) -> tuple[str, str]:
    """What it said, and what it warned of."""
    out, err = StringIO(), StringIO()
    call_command("migrate", "hub", *target, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def back_up(**changes: Any) -> None:
    append(a_backup(identity_of(connection), **changes))


def notes() -> list[str] | None:
    """None when there is no such column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM information_schema.columns WHERE (table_name, column_name) = ('books', 'note')")
        if cursor.fetchone() is None:
            return None
        cursor.execute("SELECT note FROM books")
        return [row[0] for row in cursor.fetchall()]


def applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'hub' ORDER BY name")
        return [row[0] for row in cursor.fetchall()]


def assert_refused(*target: str, match: str, **options: Any) -> None:
    """One line, and nothing but questions to the database."""
    with CaptureQueriesContext(connection) as asked, pytest.raises(CommandError, match=match) as refused:
        migrate(*target, **options)
    assert "\n" not in str(refused.value)
    assert [each["sql"] for each in asked if not each["sql"].startswith(ONLY_LOOKS)] == []
    assert notes() == ["good"]
    assert applied() == ["0001_books", "0002_index"]


def test_an_empty_database_has_nothing_to_lose(scratch: str) -> None:
    _, warned = migrate()
    assert (notes(), warned) == (None, "")


def test_a_plan_that_destroys_is_refused_without_a_backup(shop: str) -> None:
    assert_refused(match=f"1 step destroys, and no backup of {shop} .*none on record.*backup_database")


def test_with_a_fresh_backup_it_goes_ahead_and_says_what_it_destroys(shop: str) -> None:
    back_up()
    _, warned = migrate()
    assert notes() is None
    assert "destroys: hub.0003_no_notes: Remove field note from Book (drops a column)" in warned
    assert applied()[-1] == "0003_no_notes"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"taken_at": timezone.now() - timedelta(minutes=61)}, "the newest is of "),
        ({"taken_at": timezone.now() + timedelta(hours=9)}, "in the future: look at the clocks"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has expired"),
    ],
)
def test_a_backup_that_is_not_fresh_does_not_do(shop: str, changes: dict[str, Any], said: str) -> None:
    back_up(**changes)
    assert_refused(match=said)


def test_a_backup_of_another_database_does_not_do(shop: str) -> None:
    own = identity_of(connection)
    for other in (
        DatabaseIdentity("1", own.name),
        DatabaseIdentity(own.system_identifier, "hub"),
        DatabaseIdentity(own.system_identifier, own.name, "br-preview"),
    ):
        append(a_backup(other))
    assert_refused(match="none on record")


def test_records_that_cannot_be_read_are_no_backup(shop: str, settings: Any) -> None:
    back_up()
    with Path(settings.BACKUP_RECORDS).open("a") as file:
        file.write("nonsense\n")
    assert_refused(match="line 2 of .* is no record of a backup")


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        (("0001",), {}, "going back"),
        (("zero",), {}, "going back drops the table"),
        (("0003",), {"fake": True}, "--fake"),
        (("0001",), {"fake": True}, "--fake"),
        ((), {"fake_initial": True}, "--fake"),
    ],
)
def test_going_back_and_faking_need_one_too(
    shop: str, target: tuple[str, ...], options: dict[str, Any], why: str
) -> None:
    assert_refused(*target, match="no backup", **options)
    back_up()
    assert why in migrate(*target, **options)[1]


def test_forgetting_migrations_needs_one_too(shop: str, settings: Any) -> None:
    assert "No migrations to prune" in migrate(prune=True)[0]
    settings.MIGRATION_MODULES = {"hub": "hub.neon.tests.no_migrations"}
    assert_refused(match="2 steps destroy", prune=True)
    back_up()
    migrate(prune=True)
    assert applied() == []


def test_what_only_locks_is_warned_of_and_done(scratch: str) -> None:
    migrate("0001")
    _, warned = migrate("0002")
    assert "locks: hub.0002_index: Create index books_title" in warned
    assert applied()[-1] == "0002_index"


def test_the_gate_can_be_asked_alone(shop: str) -> None:
    assert_refused(match="no backup", gate=True)
    back_up()
    said, warned = migrate(gate=True)
    assert "lets this plan through; nothing was changed" in said
    assert "destroys: hub.0003_no_notes" in warned
    assert notes() == ["good"]
    assert applied()[-1] == "0002_index"


def test_who_only_looks_needs_no_backup(shop: str) -> None:
    assert "Remove field note" in migrate(plan=True)[0]
    with pytest.raises(SystemExit):
        migrate(check_unapplied=True)
    assert notes() == ["good"]


def test_the_pooled_host_is_refused_before_it_is_asked_anything(shop: str, settings: Any) -> None:
    back_up()
    former = settings.DATABASE_DIRECT
    settings.DATABASE_DIRECT = former | {"HOST": "ep-cool-sun-123-pooler.eu-central-1.aws.neon.tech"}
    with pytest.raises(CommandError, match="is the pooled host: migrate through the direct one"):
        migrate()
    assert connection.connection is None
    assert notes() == ["good"]


def test_another_role_is_refused(shop: str, settings: Any) -> None:
    """The hub's own, which may read and write."""
    back_up()
    settings.DATABASE_DIRECT = settings.DATABASE_DIRECT | as_app()
    assert_refused(match="the affair of the role migrator, and this is app: put the URL of that role")


def as_app() -> dict[str, object]:
    """The way in of the role that the hub works as."""
    entry = env.database("DATABASE_URL")
    return {name: entry[name] for name in ("USER", "PASSWORD")}


def test_a_lock_that_does_not_come_is_not_waited_for(shop: str, settings: Any) -> None:
    back_up()
    settings.MIGRATION_LOCK_SECONDS = 0.2
    with psycopg.connect(**parameters()) as other:
        other.execute("SELECT FROM books")
        with pytest.raises(CommandError, match=r"A lock did not come within 0\.2 s, and the migration was undone"):
            migrate()
    assert notes() == ["good"]
    assert applied()[-1] == "0002_index"


def test_the_limit_is_this_commands_own(shop: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '77s'")
    with limited_waiting(connection):
        assert lock_timeout() == "4s"
    assert lock_timeout() == "77s"


def lock_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


def parameters() -> dict[str, Any]:
    """Of the scratch database, for a client that is not Django."""
    known = connection.get_connection_params()
    return {name: known[name] for name in ("host", "port", "user", "password", "dbname") if name in known}


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"PORT": "9"}, "onnection refused"), ({"PASSWORD": "wrong"}, "password authentication failed")],
)
def test_a_server_that_does_not_let_in_is_one_line(
    scratch: str, settings: Any, changes: dict[str, str], said: str
) -> None:
    settings.DATABASE_DIRECT = settings.DATABASE_DIRECT | changes
    with pytest.raises(CommandError, match=said) as refused:
        migrate()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("target", [("0009",), ("nonsense",)])
def test_a_migration_that_is_not_there_is_one_line(shop: str, target: tuple[str, ...]) -> None:
    assert_refused(*target, match="Cannot find a migration")
