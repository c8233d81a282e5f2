"""A database for the time of a measurement: made beside the connected one, with all tables, and dropped again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@contextmanager
def scratch_database() -> Iterator[None]:
    """Whatever the block asks of the default connection goes there. Not inside a transaction.

    Raises DatabaseError when the role may make no databases.
    """
    name, former = f"hub_scratch_{secrets.token_hex(6)}", connection.settings_dict["NAME"]
    quoted = connection.ops.quote_name(name)
    _execute(f"CREATE DATABASE {quoted} TEMPLATE template0")
    try:
        _lead_to(name)
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
        yield
    finally:
        _lead_to(former)
        _execute(f"DROP DATABASE {quoted} WITH (FORCE)")


def _lead_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
