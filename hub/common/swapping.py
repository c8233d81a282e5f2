"""Replaces stored bytes in batches while others read and write: only what is still as it was read is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Model
from psycopg.errors import DeadlockDetected


@dataclass(frozen=True, slots=True)
class Swap:
    """What one row is to get. For each column the bytes that were read, and the new ones; None leaves it alone."""

    key: Any
    former: tuple[bytes | None, ...]
    new: tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of bytes of one table. `are_unique`: they stand in unique indexes, which takes a stronger lock."""

    model: type[Model]
    names: tuple[str, ...]
    are_unique: bool = False

    @property
    def table(self) -> str:
        """Its name in the database."""
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        """The column of the primary key."""
        return str(self.model._meta.pk.column)

    def swap(self, rows: Sequence[Swap]) -> set[Any]:
        """Writes them in one statement, a transaction of its own; returns the keys of those that were replaced.

        Left out are rows that were changed since they were read, and rows that somebody has locked at this moment: it
        waits for nobody. None at all when the database ended it because of a deadlock over a unique value.
        """
        arrays = [[row.former[at] for row in rows] for at in range(len(self.names))]
        arrays += [[row.new[at] for row in rows] for at in range(len(self.names))]
        keys = [row.key for row in rows]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # The ORM has no word for SKIP LOCKED beside an UPDATE, nor for many rows with a value each.
                cursor.execute(self._statement(), [keys, *arrays, keys, keys])
                return {key for [key] in cursor.fetchall()}
        except OperationalError as error:
            if isinstance(error.__cause__, DeadlockDetected):
                return set()
            raise

    def _statement(self) -> str:
        quoted = connection.ops.quote_name
        table, key = quoted(self.table), quoted(self.key)
        names = [quoted(name) for name in self.names]
        numbers = range(len(names))
        key_type = self.model._meta.pk.rel_db_type(connection)
        given = ", ".join(["key", *(f"former{n}" for n in numbers), *(f"new{n}" for n in numbers)])
        arrays = ", ".join([f"%s::{key_type}[]", *("%s::bytea[]" for _ in range(2 * len(names)))])
        lock = "UPDATE" if self.are_unique else "NO KEY UPDATE"
        changes = ", ".join(f"{name} = COALESCE(given.new{n}, t.{name})" for n, name in enumerate(names))
        same = " AND ".join(
            f"(given.new{n} IS NULL OR t.{name} IS NOT DISTINCT FROM given.former{n})" for n, name in enumerate(names)
        )
        return (
            f"WITH given AS (SELECT * FROM unnest({arrays}) AS given({given})),"
            f" free AS (SELECT t.{key} AS key FROM {table} t WHERE t.{key} = ANY(%s::{key_type}[])"
            f" ORDER BY t.{key} FOR {lock} SKIP LOCKED)"
            f" UPDATE {table} t SET {changes} FROM given JOIN free ON free.key = given.key"
            # Said once more, or the planner may read the whole table to find the rows.
            f" WHERE t.{key} = ANY(%s::{key_type}[]) AND t.{key} = given.key AND {same} RETURNING t.{key}"
        )
