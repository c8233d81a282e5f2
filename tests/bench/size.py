"""`python -m tests.bench.size [--rows N]`: what questions cost with ten million rows in the ledger, each beside the
naive way of asking, and what a partition a month would change.

On servers of its own in a fresh directory. The rows are made by the server itself: a year of them, of ten thousand
accounts. Exits with 1 when an answer is not the naive one's, or when the first two questions take more than 50 ms.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django

from tests.bench.__main__ import OWN, ROOT
from tests.bench.servers import own_servers

MOST_MILLISECONDS = 50


def main() -> int:
    options = _options()
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as var:
        # PostgreSQL runs as another user when the benchmark is root's.
        Path(var).chmod(0o755)
        for name in OWN:
            os.environ.pop(name, None)
            os.environ.pop(f"{name}_FILE", None)
        os.environ |= {"HUB_VAR": var, "HUB_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "hub.settings"}
        os.environ |= {"LOG_LEVEL": "WARNING"}
        with own_servers(Path(var), connections=20, as_owner=True):
            django.setup()
            import_module("django.core.management").call_command("migrate", interactive=False, verbosity=0)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
            wrong = import_module("tests.bench.size_parts").measure(options.rows, most=MOST_MILLISECONDS)
            print(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(wrong > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.size", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
