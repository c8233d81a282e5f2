"""SQL by hand loses nothing when every statement of it is known to; what is not understood is not safe."""

from __future__ import annotations

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL

from hub.common.triggers import append_only, functions_that_refuse_erased, refuse_erased
from hub.neon.gate.sql import SAFE_MIGRATIONS, is_safe, statements

FUNCTION = "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
SAFE = [
    f"{FUNCTION} $$ BEGIN DELETE FROM x; END $$;",
    f"{FUNCTION} $body$ BEGIN RAISE 'no; $$ way'; END $body$",
    f"{FUNCTION} 'BEGIN; DROP TABLE x; it''s'",
    "CREATE TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION f()",
    "create constraint trigger t after insert on x execute function f()",
    "-- DROP TABLE x;\nCREATE EXTENSION IF NOT EXISTS pg_trgm;",
    "/* DROP TABLE x; */ COMMENT ON TABLE x IS 'drop; it'",
    "CREATE UNIQUE INDEX CONCURRENTLY i ON x (a)",
    'ALTER TABLE "x" VALIDATE CONSTRAINT "y;z"',
    "SET LOCAL lock_timeout = '2s'",
    "",
]
UNSAFE = [
    "DROP TABLE x",
    "DELETE FROM x",
    "TRUNCATE x",
    "SELECT drop_everything()",
    "DO $$ BEGIN DROP TABLE x; END $$",
    f"{FUNCTION} $$ BEGIN END $$; DROP TABLE x",
    f"{FUNCTION} 'BEGIN END; DROP TABLE x;",
    f"{FUNCTION} E'it\\'; DROP TABLE x; --'; DROP TABLE y",
    f"{FUNCTION} $a$ BEGIN END $b$; DROP TABLE x",
    "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM x; END",
    "/* CREATE TRIGGER t BEFORE INSERT ON x */ DROP TABLE x",
    "/* /* */ CREATE TRIGGER t BEFORE INSERT ON x EXECUTE FUNCTION f() */",
    "/* CREATE TRIGGER t BEFORE INSERT ON x EXECUTE FUNCTION f();",
    "ALTER TABLE x VALIDATE CONSTRAINT y, DROP COLUMN z",
    "ALTER TABLE x DISABLE TRIGGER y",
    "CREATE INDEX i ON x (a)",
    "SET LOCAL session_replication_role = replica",
    "DROP TRIGGER t ON x",
]


@pytest.mark.parametrize("sql", SAFE)
def test_what_only_adds_is_safe(sql: str) -> None:
    assert is_safe(RunSQL(sql))


@pytest.mark.parametrize("sql", UNSAFE)
def test_everything_else_is_not(sql: str) -> None:
    assert not is_safe(RunSQL(sql))


def test_one_statement_that_is_not_safe_spoils_the_rest() -> None:
    assert not is_safe(RunSQL([SAFE[0], ("DELETE FROM x WHERE a = %s", [1])]))


@pytest.mark.parametrize(
    "operation", [append_only("x"), refuse_erased("x", column="y"), functions_that_refuse_erased()]
)
def test_the_triggers_of_this_repository_are_safe_and_taking_them_away_is_not(operation: RunSQL) -> None:
    assert list(statements(operation.sql))
    assert is_safe(operation)
    assert not is_safe(RunSQL(operation.reverse_sql))


def test_every_migration_on_the_list_is_there_needs_to_be_and_says_why() -> None:
    disk = MigrationLoader(None).disk_migrations
    for key, reason in SAFE_MIGRATIONS.items():
        sql = [each for each in disk[key].operations if isinstance(each, RunSQL)]
        assert any(not is_safe(each) for each in sql), f"{key} needs no place on the list"
        assert len(reason) > 20
