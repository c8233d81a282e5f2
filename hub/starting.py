"""What keeps a process from working, in one line instead of a stack of calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from hub.postgresql.refusals import cannot_connect, is_of_connecting

# The status by which a worker tells gunicorn that another one would fare no better.
NEVER_BOOTS = 3


@contextmanager
def explained(*, status: int = 1) -> Iterator[None]:
    """Ends the process with `status` and one line for a wrong setting, a database that cannot be reached, or a role
    without rights; every other error passes."""
    try:
        yield
    except ImproperlyConfigured as error:
        raise Ended(str(error), status) from error
    except DatabaseError as error:
        line = _line(error)
        if line is None:
            raise
        raise Ended(line, status) from error


class Ended(SystemExit):
    """Says why on standard error, as it is raised."""

    def __init__(self, line: str, status: int) -> None:
        super().__init__(status)
        sys.stderr.write(f"error: {line}\n")


def _line(error: BaseException | None) -> str | None:
    """Of the first error in the chain of causes that has one."""
    if error is None:
        return None
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        said = error.diag.message_primary
        return f"The database refuses it: {said}. Has `manage.py db_grants --verify` anything to say?"
    if isinstance(error, psycopg.OperationalError) and is_of_connecting(error):
        return cannot_connect(error)
    return _line(error.__cause__ or error.__context__)
