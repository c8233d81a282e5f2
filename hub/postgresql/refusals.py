"""Why a connection was refused: for now, or for good."""

from __future__ import annotations

from psycopg import OperationalError

# A compute that wakes up, restarts or moves, and a network that hiccups.
FOR_NOW = (
    "connection refused",
    "connection reset",
    "server closed the connection",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery",
    "not yet accepting connections",
    "terminating connection due to administrator command",
    "ssl syscall error",
    "ssl connection has been closed",
    "ssl error: unexpected eof",
    "couldn't connect to compute node",
    "could not connect to compute",
    "server login has been failing",
    "server_login_retry",
    "pgbouncer cannot connect to server",
    "network is unreachable",
    "no route to host",
    "temporary failure in name resolution",
)
# Each of several addresses is tried: one that refuses beside one that does not know the password.
FOR_GOOD = ("password authentication failed", "does not exist", "no password supplied", "not permitted to log in")


def may_pass(error: OperationalError) -> bool:
    """Whether another try may go better. A wrong password, role, database, host or option will not; nor a time-out,
    whose wait was the patience."""
    said = str(error).lower()
    return any(words in said for words in FOR_NOW) and not any(words in said for words in FOR_GOOD)


def cannot_connect(error: Exception) -> str:
    """One line for the reader of an error of connecting, without a password: libpq never quotes one."""
    said = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
    return f"The database cannot be used: {said}. Look at DATABASE_URL and DATABASE_URL_DIRECT, and at the server."


def is_refused(error: Exception) -> bool:
    """Whether there was no connection to be had, by an error of Django's."""
    return isinstance(error.__cause__, OperationalError) and is_of_connecting(error.__cause__)


def is_of_connecting(error: OperationalError) -> bool:
    """Whether it is the connection that failed, and not a statement: psycopg knows no SQLSTATE of the former."""
    return error.sqlstate is None or error.sqlstate[:2] in ("08", "28", "3D")
