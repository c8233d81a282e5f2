"""docs/schema.sql is what the migrations make, and a database that differs from it is found out."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from hub.management.commands import schema_drift
from hub.neon.connections import direct_connection
from hub.neon.errors import OperationFailed
from hub.neon.schema_dump import differences, normalised, schema_of
from hub.neon.shadow import shadow_database
from hub.neon.tests.test_the_gate_of_migrate import as_app
from tests.owner import owner_connection

BY_HAND = {
    "an index": ("CREATE INDEX by_hand ON media (mime_type)", "+CREATE INDEX by_hand ON public.media"),
    "a column that may be empty": (
        "ALTER TABLE media ALTER COLUMN mime_type DROP NOT NULL",
        "+    mime_type character varying(100),",
    ),
    "a guard that is gone": ("DROP TRIGGER audit_logs_no_change ON audit_logs", "-CREATE TRIGGER audit_logs_no_change"),
    "a guard that sleeps": (
        "ALTER TABLE usage_logs DISABLE TRIGGER usage_logs_no_change",
        "+ALTER TABLE public.usage_logs DISABLE TRIGGER usage_logs_no_change",
    ),
    "a table": ("CREATE TABLE rows_by_hand (a int)", "+CREATE TABLE public.rows_by_hand"),
    "a schema": ("CREATE SCHEMA by_hand", "+CREATE SCHEMA by_hand"),
    "a rule that is not asked": (
        "ALTER TABLE media DROP CONSTRAINT media_kind",
        "-    CONSTRAINT media_kind CHECK",
    ),
}


@pytest.fixture
def copy(committed: None) -> Iterator[str]:
    """A database that the migrations made, without what tests need besides (tests/owner.py)."""
    template = str(connection.settings_dict["NAME"])
    # A pooler keeps connections of its own to it, and makes new ones by itself.
    with owner_connection() as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [template],
        )
    with direct_connection(), shadow_database(connection, purpose="copy", template=template) as name:
        with owner_connection() as owner:
            owner.execute("DROP SCHEMA tests CASCADE")
        yield name


@pytest.fixture
def empty(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database without anything."""
    with django_db_blocker.unblock(), direct_connection(), shadow_database(connection, purpose="empty") as name:
        yield name


def change(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def databases() -> set[str]:
    """Those that are made here; other test runs have their own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^(shadow_of_a_test|broken)_'")
        return {row[0] for row in cursor.fetchall()}


def test_the_committed_schema_is_what_the_migrations_make(copy: str) -> None:
    written = schema_drift.PATH.read_text(encoding="utf-8")
    found = list(differences(schema_of(connection), written, names=("the migrations", "docs/schema.sql")))
    assert found == [], "docs/schema.sql is not current: run `make schema`"


def test_what_was_changed_by_hand_is_found(copy: str) -> None:
    before = schema_of(connection)
    for what, (statement, shown) in BY_HAND.items():
        change(statement)
        after = schema_of(connection)
        found = differences(before, after, names=("before", "after"))
        assert any(line.startswith(shown) for line in found), what
        before = after


def test_the_command_compares_with_a_shadow_that_goes_again(
    copy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `makemigrations --check` cannot see; --write shows that it is the shadow that is written."""
    monkeypatch.setattr(schema_drift, "PATH", tmp_path / "schema.sql")
    monkeypatch.setattr(schema_drift, "PURPOSE", "shadow_of_a_test")
    change("CREATE INDEX by_hand ON media (mime_type)")
    before, out = databases(), StringIO()
    with pytest.raises(CommandError, match=f"the database {copy} is not what the migrations make"):
        call_command("schema_drift", stdout=out)
    assert "+CREATE INDEX by_hand" in out.getvalue()
    with pytest.raises(CommandError, match="not current: run `make schema`"):
        call_command("schema_drift", check=True, stdout=StringIO())
    call_command("schema_drift", write=True)
    assert "by_hand" not in (tmp_path / "schema.sql").read_text()
    assert databases() == before
    change("DROP INDEX by_hand")


def test_migrations_that_are_not_applied_are_no_drift(copy: str) -> None:
    change(
        "DELETE FROM django_migrations WHERE app = 'media' AND name = "
        "(SELECT max(name) FROM django_migrations WHERE app = 'media')"
    )
    with pytest.raises(CommandError, match="1 migrations are not applied here: migrate first"):
        call_command("schema_drift")


def test_a_role_that_may_make_no_database_is_one_line(empty: str, settings: Any) -> None:
    """And nothing is left of the attempt."""
    before = databases()
    settings.DATABASE_DIRECT = settings.DATABASE_DIRECT | as_app()
    with pytest.raises(CommandError, match="No shadow could be made: permission denied to create database"):
        call_command("schema_drift", check=True)
    assert databases() == before


def test_a_shadow_goes_when_its_making_fails(empty: str) -> None:
    before = databases()
    with pytest.raises(DatabaseError), shadow_database(connection, purpose="broken"):
        change("nonsense")
    assert databases() == before
    assert connection.settings_dict["NAME"] == empty


def test_a_server_that_is_away_is_one_line(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "PORT", "9")
        with pytest.raises(OperationFailed, match="pg_dump failed: .*onnection to server"):
            schema_of(connection)


def test_two_dumps_of_one_schema_are_the_same_text() -> None:
    head = "\\restrict {0}\n\n--\n-- Dumped from database version {0}\n--\n\nSET lock_timeout = 0;\n\n\n\n"
    dump = head + "CREATE TABLE a ();\n"
    assert normalised(dump.format("abc")) == normalised(dump.format("def")) == "CREATE TABLE a ();\n"


def test_the_body_of_a_function_is_left_whole() -> None:
    body = "CREATE FUNCTION f() RETURNS int AS $$\n-- a word\nSET search_path = x;\n$$;\n"
    assert normalised(body) == body


def test_a_restored_schema_is_the_migrated_one() -> None:
    migrated = "CHECK ((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))"
    restored = "CHECK ((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))"
    assert normalised(migrated) == normalised(restored)
