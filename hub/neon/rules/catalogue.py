"""What PostgreSQL's own catalogue says of the connected database, of which the ORM knows nothing."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def tables(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of those in the current schema."""
    return {name for [name] in _rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}


def columns_of(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """The names of those that are there."""
    query = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
    return {name for [name] in _rows(connection, query, table)}


def checks_of(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """The definitions of the CHECK constraints of a table that hold for every row."""
    query = """
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'c' AND convalidated AND conrelid = to_regclass(%s)"""
    return [definition for [definition] in _rows(connection, query, table)]


def unique_columns_of(connection: BaseDatabaseWrapper, table: str) -> set[tuple[str, ...]]:
    """The columns of each unique index of a table that has all rows."""
    query = """
        SELECT ARRAY(SELECT pg_get_indexdef(indexrelid, n, true) FROM generate_series(1, indnkeyatts) AS n)
        FROM pg_index WHERE indisunique AND indisvalid AND indpred IS NULL AND indrelid = to_regclass(%s)"""
    return {tuple(columns) for [columns] in _rows(connection, query, table)}


def triggers_of(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """Which of UPDATE, DELETE and TRUNCATE an enabled trigger of the table's own is asked about beforehand."""
    query = """
        SELECT event FROM pg_trigger, LATERAL (VALUES (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) e(bit, event)
        WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgenabled IN ('O', 'A')
        AND tgtype & 2 <> 0 AND tgtype & bit <> 0"""
    return {event for [event] in _rows(connection, query, table)}


def _rows(connection: BaseDatabaseWrapper, query: str, *values: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
