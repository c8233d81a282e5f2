"""A database for the time of a measurement: made beside the connected one, with all tables, and dropped again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

from hub.common.errors import HubError


class ScratchImpossible(HubError):
    """No scratch database could be made; nothing was done."""

    code = "scratch_impossible"
    status = 409
    title = "No scratch database"
    remedy = "Connect as a role that may create databases, not through a pooler: set DATABASE_URL_DIRECT."
    is_for_operators = True


@contextmanager
def scratch_database() -> Iterator[None]:
    """Whatever the block asks of the default connection goes there. Raises ScratchImpossible."""
    own = connection.settings_dict["NAME"]
    test = connection.settings_dict["TEST"]
    former, test["NAME"] = test.get("NAME"), f"hub_scratch_{secrets.token_hex(4)}"
    try:
        _make()
        yield
    finally:
        if connection.settings_dict["NAME"] == test["NAME"]:
            connection.creation.destroy_test_db(own, verbosity=0)
        test["NAME"] = former


def _make() -> None:
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
    except DatabaseError as error:
        # The first line alone: it says what, the next ones where.
        raise ScratchImpossible(f"No scratch database could be made: {str(error).splitlines()[0]}") from error
    except SystemExit as error:
        raise ScratchImpossible("No scratch database could be made: the server refused it.") from error
