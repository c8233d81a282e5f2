"""The database by its direct address: what dumps it and what restores it must not go through a pooler."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from hub.neon.connections import POOLER, is_pooled
from hub.neon.errors import OperationFailed

DIRECT = "DATABASE_URL_DIRECT"


def direct_wrapper(name: str = "") -> BaseDatabaseWrapper:
    """A connection of the caller's own to the database of the hub, or to another one (`name`) on the same server.

    Raises OperationFailed for a pooled address.
    """
    own: dict[str, Any] = {**connection.settings_dict}
    database = {**own, **settings.DATABASE_DIRECT, "NAME": name or own["NAME"]}
    _refuse_pooled(str(database["HOST"]))
    return ConnectionHandler({"default": database})["default"]


def _refuse_pooled(host: str) -> None:
    if is_pooled(host):
        raise OperationFailed(
            f"{host} is a pooler, which pg_dump and pg_restore cannot go through: set {DIRECT} to the same address "
            f"without {POOLER}."
        )


def url_of(wrapper: BaseDatabaseWrapper) -> str:
    """The same connection as a URL, for a process of the hub."""
    part = wrapper.settings_dict
    options = {key: value for key, value in part["OPTIONS"].items() if isinstance(value, str | int)}
    user = f"{quote(part['USER'], safe='')}:{quote(part['PASSWORD'], safe='')}"
    return f"postgresql://{user}@{part['HOST']}:{part['PORT'] or 5432}/{part['NAME']}?{urlencode(options)}"
