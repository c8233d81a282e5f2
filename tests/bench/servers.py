"""Servers of a measurement's own, on a directory that goes with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.local.files import lay_out
from hub.local.pytest_plugin import export
from hub.local.servers import LocalServers


@contextmanager
def own_servers(var: Path, *, connections: int, as_owner: bool = False) -> Iterator[None]:
    """PostgreSQL, which waits for its disk, and Valkey, named to the settings and to child processes.

    `as_owner` for what fills tables by millions of rows or changes them: the role app has neither the time nor the
    right. What a statement costs does not depend on whose it is.
    """
    lay_out(var)
    servers = LocalServers(var, postgres=True, valkey=True, postgres_options={"max_connections": str(connections)})
    servers.start()
    try:
        export(["DATABASE_URL", "REDIS_URL"], servers)
        if as_owner:
            os.environ["DATABASE_URL"] = servers.database_url_owner
        yield
    finally:
        servers.stop()
