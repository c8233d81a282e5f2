"""How long a migration waits for a lock: whoever comes after it waits behind it, so it gives up soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def limited_waiting(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """MIGRATION_LOCK_SECONDS for this session, whose former limit comes back; for a direct connection alone."""
    former = _set(connection, f"{round(settings.MIGRATION_LOCK_SECONDS * 1000)}ms")
    try:
        yield
    finally:
        # A connection that broke has nothing to give back.
        if connection.connection is not None and connection.is_usable():
            _set(connection, former)


def _set(connection: BaseDatabaseWrapper, value: str) -> str:
    """Returns the limit before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        former = str(cursor.fetchone()[0])
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [value])
    return former


def explained(error: DatabaseError) -> str:
    """One line for what the database said; of a lock that did not come, what to do."""
    if getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return (
            f"A lock did not come within {settings.MIGRATION_LOCK_SECONDS:g} s, and the migration was undone: "
            "end whatever holds the table (pg_stat_activity shows it), or migrate at a quieter time."
        )
    return str(error).partition("\n")[0]
