"""What only the owner of the database can do, in the one place that says how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def as_owner() -> Iterator[Any]:
    """A cursor for which no trigger and no foreign key counts: for planting what the hub itself cannot write."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("SET session_replication_role = origin")
