"""How Django connects to PostgreSQL, by a pooler in transaction mode or past it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# How long a thread of web or worker keeps a connection: a slot of the pooler, which has thousands, and not a server's.
KEPT_SECONDS = 60


def database_entry(parsed: Mapping[str, Any], *, process: str) -> dict[str, Any]:
    """The entry of DATABASES for a parsed URL; what the URL says of TLS and timeouts stays."""
    options = {"connect_timeout": 10, "application_name": process, **parsed.get("OPTIONS", {})}
    return {
        **parsed,
        "ENGINE": "hub.postgresql",
        "OPTIONS": options,
        # The pooler runs in transaction mode: a server-side cursor would be lost between two statements.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "CONN_MAX_AGE": KEPT_SECONDS,
        "CONN_HEALTH_CHECKS": True,
    }
