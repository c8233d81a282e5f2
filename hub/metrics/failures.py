"""Which failures of the database are counted as what."""

from __future__ import annotations

import psycopg
import psycopg_pool
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from hub.metrics.catalogue import CONNECTIONS_DROPPED, EXHAUSTED, QUERY_ERRORS

CONNECT = "connect"
# In the words of libpq, PostgreSQL, PgBouncer and Neon's proxy.
DROPPED = (
    "server closed the connection",
    "ssl syscall error",
    "ssl connection has been closed",
    "terminating connection",
    "consuming input failed",
    "connection already closed",
    "the connection is closed",
    "the connection is lost",
    "connection reset by peer",
)
EXHAUSTIONS = {
    "server": ("remaining connection slots", "too many clients", "too many connections for"),
    "pooler": ("query_wait_timeout", "no more connections allowed", "max_client_conn"),
}
OF_CONNECTIONS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_COUNTED = "_hub_is_counted"


def note(error: DatabaseError | psycopg.Error, *, verb: str = CONNECT) -> None:
    """Counts an error, Django's or the driver's own behind it, once, however many doors it passes: by verb and kind,
    and as a drop or an exhaustion if it is one."""
    cause = error.__cause__ or error
    if getattr(cause, _COUNTED, False):
        return
    setattr(cause, _COUNTED, True)
    QUERY_ERRORS.labels(verb, type(error).__name__).inc()
    if not isinstance(error, OF_CONNECTIONS):
        return
    said = str(error).lower()
    if pool := _exhausted(cause, said):
        EXHAUSTED.labels(pool).inc()
    elif any(words in said for words in DROPPED):
        CONNECTIONS_DROPPED.inc()


def _exhausted(cause: BaseException, said: str) -> str:
    if isinstance(cause, psycopg_pool.PoolTimeout | psycopg_pool.TooManyRequests):
        return "client"
    found = (pool for pool, words in EXHAUSTIONS.items() if any(each in said for each in words))
    return next(found, "")
