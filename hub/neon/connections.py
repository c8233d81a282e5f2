"""Which of the two ways to the database a process takes: pooled as `app`, or direct as `migrator`.

There is one alias, `default`. It is the pooled way, until a `DirectCommand` turns it for as long as it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from hub.postgresql.refusals import cannot_connect

POOLER = "-pooler"
# What leads to a server and says who asks. The database's name stays: a test has one of its own.
WAY = ("HOST", "PORT", "USER", "PASSWORD", "OPTIONS")


def is_pooled(host: str) -> bool:
    """Whether it is Neon's pooler: `-pooler` ends the first label, the name of the compute endpoint."""
    return host.partition(".")[0].endswith(POOLER)


def direct_url() -> str:
    """The URL of the direct way, for programs such as pg_dump: DATABASE_URL_DIRECT, else DATABASE_URL."""
    url: str = settings.DATABASE_URL_DIRECT
    return url


@contextmanager
def opened(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own by that way, in autocommit, to the database that the process works on.

    Raises CommandError with one line when there is none to be had.
    """
    try:
        connection = psycopg.connect(
            url, dbname=connections[DEFAULT_DB_ALIAS].settings_dict["NAME"], connect_timeout=10, autocommit=True
        )
    except psycopg.OperationalError as error:
        raise CommandError(cannot_connect(error)) from error
    with connection:
        yield connection


@contextmanager
def direct_connection() -> Iterator[None]:
    """Turns the default connection into the direct one; outside of transactions, and for commands alone.

    The connection is closed on both ends of the block. A block within a block does nothing.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        raise RuntimeError("The connection has a transaction open: it cannot become the direct one.")
    connection.close()
    kept = {name: connection.settings_dict[name] for name in WAY}
    connection.settings_dict.update({name: settings.DATABASE_DIRECT[name] for name in WAY})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)


class DirectCommand(BaseCommand):
    """A command, or the first base of one of Django's, that works over the direct way as the role that migrates."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """As the command's own, checks included."""
        with direct_connection():
            return super().execute(*args, **options)
