"""A process that keeps servers: `python -m hub.local.tests.supervisor VAR [pooled]`.

It says when they run, and ends with its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub.local.errors import LocalServerError
from hub.local.servers import LocalServers
from hub.local.tests.tools import FAST


def main() -> None:
    servers = LocalServers(Path(sys.argv[1]), postgres_options=FAST, pooled="pooled" in sys.argv)
    try:
        servers.start()
    except LocalServerError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write("running\n")
    sys.stdout.flush()
    sys.stdin.read()
    servers.stop()


if __name__ == "__main__":
    main()
