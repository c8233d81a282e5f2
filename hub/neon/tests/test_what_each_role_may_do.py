"""What PostgreSQL itself lets the roles do: told by asking it, table by table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from hub.local.secrets import server_passwords
from hub.neon.access import ONLY_READ, all_steps, compare, roles_differ
from hub.neon.connections import opened
from hub.neon.grants import append_only_models, table_rights
from hub.neon.roles import APP, READONLY
from tests.owner import named, owner_connection, owner_url

pytestmark = pytest.mark.django_db
TABLES = sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)} | ONLY_READ)
DDL = (
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE INDEX ON users (id)",
    "CREATE ROLE mine",
    "ALTER DATABASE postgres RENAME TO mine",
    "CREATE EXTENSION pg_trgm",
    "ALTER TABLE users ADD COLUMN mine int",
    "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
    "ALTER TABLE usage_logs OWNER TO app",
    "ALTER FUNCTION audit_logs_refuse_change() RENAME TO mine",
    "DROP TABLE users CASCADE",
    "DROP FUNCTION audit_logs_refuse_change() CASCADE",
    "SET session_replication_role = replica",
    "SET ROLE migrator",
    "SET SESSION AUTHORIZATION migrator",
)


def url_as(role: str) -> str:
    """A way to the test database for one of the roles."""
    passwords = server_passwords(Path(os.environ["HUB_VAR"])).roles
    host = re.sub(r"^.*@", "", os.environ["DATABASE_URL_DIRECT"])
    return named(f"postgresql://{role}:{passwords[role]}@{host}", str(connection.settings_dict["NAME"]))


@pytest.fixture(scope="module")
def ways(django_db_setup: None) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """A connection for each role that may not migrate, in autocommit."""
    with (
        psycopg.connect(url_as("app"), autocommit=True) as app,
        psycopg.connect(url_as("readonly"), autocommit=True) as r,
    ):
        yield {"app": app, "readonly": r}


def test_the_tests_themselves_are_the_role_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == ("app", "app")


def test_a_database_that_was_migrated_has_the_rights_that_it_should_have() -> None:
    with owner_connection() as owner:
        assert list(compare(owner, all_steps(table_rights)[1:]).lines()) == []
    with psycopg.connect(owner_url()) as elsewhere:
        assert list(roles_differ(elsewhere).lines()) == []


@pytest.mark.parametrize("role", [APP, READONLY], ids=["app", "readonly"])
def test_the_timeouts_come_with_the_connection(role: Any) -> None:
    # In the test database the tests have more patience.
    with psycopg.connect(named(url_as(role.name), urlsplit(owner_url()).path[1:])) as way:
        for name, value in role.settings.items():
            [[shown]] = way.execute(sql.SQL("SHOW {}").format(sql.Identifier(name)))
            assert shown == {"60s": "1min"}.get(value, value)


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("statement", DDL)
def test_the_schema_is_out_of_reach(ways: dict[str, psycopg.Connection[Any]], role: str, statement: str) -> None:
    with pytest.raises((InsufficientPrivilege, ReadOnlySqlTransaction)), ways[role].transaction(force_rollback=True):
        ways[role].execute(f"SET TRANSACTION READ WRITE; {statement}")


@pytest.mark.parametrize("table", TABLES)
def test_of_each_table_app_may_do_what_its_model_says_and_no_more(
    ways: dict[str, psycopg.Connection[Any]], table: str
) -> None:
    columns = columns_of(table)
    rights = {(privilege, column) for role, privilege, column in table_rights(table) if role == "app"}
    assert allowed(ways["app"], f"SELECT FROM {table} LIMIT 0")
    assert allowed(ways["app"], f"INSERT INTO {table} SELECT * FROM {table} WHERE false") == (("INSERT", "") in rights)
    assert allowed(ways["app"], f"DELETE FROM {table} WHERE false") == (("DELETE", "") in rights)
    assert not allowed(ways["app"], f"TRUNCATE {table} CASCADE")
    may_set = {name for name in columns if allowed(ways["app"], f'UPDATE {table} SET "{name}" = NULL WHERE false')}
    assert may_set == (columns if ("UPDATE", "") in rights else {column for verb, column in rights if verb == "UPDATE"})


@pytest.mark.parametrize("table", TABLES)
def test_of_each_table_readonly_may_only_read(ways: dict[str, psycopg.Connection[Any]], table: str) -> None:
    reader, column = ways["readonly"], min(columns_of(table))
    assert allowed(reader, f"SELECT FROM {table} LIMIT 0")
    for statement in (
        f"INSERT INTO {table} SELECT * FROM {table} WHERE false",
        f'UPDATE {table} SET "{column}" = NULL WHERE false',
        f"DELETE FROM {table} WHERE false",
        f"TRUNCATE {table} CASCADE",
        f"SELECT FROM {table} FOR UPDATE LIMIT 1",
    ):
        # Whoever turns the default off is refused by the rights.
        assert not allowed(reader, f"SET TRANSACTION READ WRITE; {statement}")
        with pytest.raises(ReadOnlySqlTransaction):
            reader.execute(statement)


def test_the_append_only_tables_are_these() -> None:
    assert set(append_only_models()) == {
        *("audit_logs", "audit_seals", "audit_exports", "usage_logs", "quota_grants", "model_prices"),
    }


@pytest.mark.parametrize("table", sorted(append_only_models()))
def test_the_rights_are_those_that_the_trigger_lets_pass(table: str) -> None:
    model = append_only_models()[table]
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [f"{table}_refuse_change"])
        [[source]] = cursor.fetchall()
    listed = re.search(r"ARRAY\[(.*?)\]", source)
    columns = set(re.findall(r"'(\w+)'", listed[1])) if listed else set()
    assert {str(model._meta.get_field(name).column) for name in model.MAY_SET} == columns
    may_go = re.search(r"TG_OP = 'DELETE' THEN\s+IF (\S+)", source)
    assert (may_go is not None and may_go[1] != "FALSE") == model.MAY_GO


def test_every_table_with_such_a_trigger_is_known() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%\\_no\\_change'")
        assert {table for (table,) in cursor.fetchall()} == set(append_only_models())


def test_a_table_to_come_is_covered() -> None:
    with opened(os.environ["DATABASE_URL_DIRECT"]) as migrator, psycopg.connect(url_as("app")) as app:
        migrator.execute("CREATE TABLE to_come (id int)")
        try:
            app.execute("INSERT INTO to_come VALUES (1); UPDATE to_come SET id = 2; DELETE FROM to_come")
            with pytest.raises(InsufficientPrivilege):
                app.execute("TRUNCATE to_come")
            app.rollback()
        finally:
            app.rollback()
            migrator.execute("DROP TABLE to_come")


def columns_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return {name for (name,) in cursor.fetchall()}


def allowed(way: psycopg.Connection[Any], statement: str) -> bool:
    """Whether the rights let it pass; whatever else there may be against it does not count, and nothing of it stays."""
    try:
        with way.transaction(force_rollback=True):
            way.execute(statement)
    except InsufficientPrivilege:
        return False
    except (psycopg.errors.NotNullViolation, psycopg.errors.GeneratedAlways):
        return True
    return True
