"""More time than the database role has, for statements that read a table whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def no_time_limit() -> Iterator[None]:
    """The statements of the block, which is one transaction, may take as long as they take.

    For operators' commands alone: the role's timeout (docs/DATABASE.md) is what keeps a request from holding a
    connection for ever. Within a transaction of the caller's the limit stays off until that one ends.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The ORM has no word for it.
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield
