"""The database backend: connecting is tried again for a moment, nothing else is.

Neon's compute sleeps, and is restarted for updates: the first connection may be refused or cut off. A statement is
never repeated: what it did is not known. psycopg gives a refused connection no SQLSTATE, so that what will never work
is told from what may by the server's words.
"""

from __future__ import annotations

import random
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError

from hub.metrics import failures
from hub.postgresql.refusals import may_pass

TRIES = 5
FIRST_PAUSE_SECONDS = 0.1


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's; `get_new_connection` tries up to TRIES times, which takes 3 seconds at most."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises the last OperationalError, and at once one that says that it will never work; counts what it raises,
        for an error of connecting passes no statement's wrapper."""
        try:
            return self._connected(conn_params)
        except OperationalError as error:
            failures.note(error)
            raise

    def _connected(self, conn_params: dict[str, Any]) -> Any:
        for number in range(1, TRIES):
            try:
                return super().get_new_connection(conn_params)
            except OperationalError as error:
                if not may_pass(error):
                    raise
            # Full jitter between half and all of a pause that doubles: those who wait do not come back together.
            time.sleep(FIRST_PAUSE_SECONDS * 2**number * random.uniform(0.5, 1))  # noqa: S311
        return super().get_new_connection(conn_params)
