"""A database of its own beside the one in use, for as long as it is needed: the shadow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def shadow_database(connection: BaseDatabaseWrapper, *, purpose: str, template: str = "template0") -> Iterator[str]:
    """Leads `connection` to a new database on the same server; gives its name, and drops it at the end.

    It is empty, or a copy of `template`, to which nobody else may be connected.

    The connection itself is led there, and no second one is made, because migrations of data write through the default
    one. Not inside of a transaction. Raises DatabaseError when the role may make no databases.
    """
    name, former = f"{purpose}_{uuid4().hex[:12]}", connection.settings_dict["NAME"]
    quoted = connection.ops.quote_name(name)
    _execute(connection, f"CREATE DATABASE {quoted} TEMPLATE {connection.ops.quote_name(template)}")
    try:
        with _led_to(connection, name):
            yield name
    finally:
        connection.settings_dict["NAME"] = former
        _drop(connection, quoted)


@contextmanager
def _led_to(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()


def _drop(connection: BaseDatabaseWrapper, quoted: str) -> None:
    """Waits for who is on the way out, the server's own housekeeping among them, which FORCE may not end."""
    try:
        _execute(connection, f"DROP DATABASE {quoted}")
    except OperationalError:
        _execute(connection, f"DROP DATABASE {quoted} WITH (FORCE)")


def _execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
