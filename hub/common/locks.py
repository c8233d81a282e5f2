"""Locks of the database that end with the transaction: a pooler in transaction mode cannot lose or keep one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections


def try_transaction_lock(name: str) -> bool:
    """Takes the lock of that name until the end of the transaction; False when another transaction has it.

    Call it inside of `transaction.atomic()`. A session's lock would stay with the pooler's connection, whoever is next.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"The lock {name!r} needs a transaction to live in.")
    with connection.cursor() as cursor:
        return _took(cursor, name)


def _took(cursor: Any, name: str) -> bool:
    number = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    # The ORM has no word for it.
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
    [taken] = cursor.fetchone()
    return bool(taken)


class SideLock:
    """A lock for pieces of work that are many transactions, or none: each piece holds it in a transaction of its own.

    It lives on a connection beside the one that does the work. Between two pieces it is free, and the next one asks
    again; when the process dies, the connection ends and the lock with it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection = connections.create_connection(DEFAULT_DB_ALIAS)

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether the lock was got; held until the end of the block."""
        self._connection.set_autocommit(False)
        try:
            with self._connection.cursor() as cursor:
                # It is idle on purpose: while it is held the work goes on elsewhere. For this transaction alone.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield _took(cursor, self._name)
        finally:
            self._connection.rollback()
            self._connection.set_autocommit(True)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
