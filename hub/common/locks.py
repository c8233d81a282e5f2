"""Locks of the database that end with the transaction: a pooler in transaction mode cannot lose or keep one."""

from __future__ import annotations

from hashlib import sha256

from django.db import connection


def try_transaction_lock(name: str) -> bool:
    """Takes the lock of that name until the end of the transaction; False when another transaction has it.

    Call it inside of `transaction.atomic()`. A session's lock would stay with the pooler's connection, whoever is next.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"The lock {name!r} needs a transaction to live in.")
    number = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        # The ORM has no word for it.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        [taken] = cursor.fetchone()
    return bool(taken)
