"""What the hub's own role may not do, and a test must: the owner of the server, over connections of its own.

The tests' connection is `app`, as in production. Here is the one place where it is otherwise: the flush after a test
whose rows were committed, an administrator who tampers with rows, and changes of the schema.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection, connections
from django.db.models import Model
from django.test.utils import setup_databases
from psycopg import sql

from hub.local.pytest_plugin import OWNER_URL
from hub.neon.access import ONLY_READ
from hub.neon.connections import direct_connection

# Within a test's transaction another connection sees nothing: there the owner is a function of the test database.
_FUNCTION = """
CREATE FUNCTION tests.{name}(statement text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER {setting} AS $$
DECLARE touched bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END
$$;
"""
AS_OWNER = (
    "CREATE SCHEMA tests; GRANT USAGE ON SCHEMA tests TO app;"
    + _FUNCTION.format(name="as_owner", setting="")
    + _FUNCTION.format(name="as_owner_past_triggers", setting="SET session_replication_role = replica")
)
# A test that leaves a transaction open fails here, and not by a time-out of the whole run.
FLUSH_SECONDS = 30


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def owner_url(database: str | None = None) -> str:
    """The administrator's way to a database; to the cluster's own, which no test uses, when none is named."""
    url = os.environ[OWNER_URL]
    return url if database is None else named(url, database)


@contextmanager
def owner_connection(**options: Any) -> Iterator[psycopg.Connection[Any]]:
    """One to the test database, in autocommit; of rows that a test has not committed it sees nothing."""
    url = owner_url(str(connection.settings_dict["NAME"]))
    with psycopg.connect(url, autocommit=True, **options) as opened:
        yield opened


def as_owner(statement: str, parameters: Any = None, *, past_triggers: bool = False) -> int:
    """One statement within the test's own transaction; the number of rows that it touched."""
    function = "as_owner_past_triggers" if past_triggers else "as_owner"
    with connection.cursor() as cursor:
        said = psycopg.ClientCursor(connection.connection).mogrify(statement, parameters)
        cursor.execute(f"SELECT tests.{function}(%s)", [said])
        [touched] = cursor.fetchone()
        return int(touched)


def create_table(model: type[Model]) -> None:
    """Makes the table of a test's own model within the test's transaction, for `app` to use like any other."""
    with connection.schema_editor(collect_sql=True) as editor:
        editor.create_model(model)
    grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {model._meta.db_table} TO app"
    for statement in [*editor.collected_sql, grant]:
        as_owner(statement)


@contextmanager
def made_test_database(verbosity: int) -> Iterator[None]:
    """The test database: made and migrated by the migrator, which gives `app` its rights, and dropped at the end."""
    _drop(_test_name())
    with direct_connection():
        setup_databases(verbosity=verbosity, interactive=False, serialized_aliases=set())
    with owner_connection() as owner:
        owner.execute(AS_OWNER)
    be_patient(str(connection.settings_dict["NAME"]))
    yield
    connections.close_all()
    _drop(str(connection.settings_dict["NAME"]))


def be_patient(database: str) -> None:
    """Lets `app` wait longer in this database than its role does: a busy machine is not what is tested."""
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            change = sql.SQL("ALTER ROLE app IN DATABASE {} SET {} = '120s'")
            owner.execute(change.format(sql.Identifier(database), sql.Identifier(name)))


def _test_name() -> str:
    """As Django and pytest-xdist choose it."""
    return str(connection.settings_dict["TEST"]["NAME"] or f"test_{connection.settings_dict['NAME']}")


def _drop(database: str) -> None:
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def flush() -> None:
    """Empties every table but those that migrations fill."""
    connections.close_all()
    with owner_connection() as owner:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        names = [name for [name] in owner.execute(query) if name not in ONLY_READ]
        owner.execute(f"SET session_replication_role = replica; SET lock_timeout = '{FLUSH_SECONDS}s'")
        owner.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))
