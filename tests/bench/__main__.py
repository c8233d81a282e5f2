"""`python -m tests.bench [--quick]`: what the hub does per second, beside what its parts could do at most.

Starts servers and processes of its own on a fresh directory and prints figures. No figure makes it fail: it exits with
1 only when the work went wrong, such as a job that did not succeed or books that do not balance.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django

from hub.local.bootstrap import ensure_servers
from tests.bench.wrong import WorkWentWrong

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("rates", "limits", "memory", "fairness", "routes")
FLOOD, QUICK_FLOOD = 10_000, 40
# The benchmark is never run on anybody's database, broker or account at Google.
OWN = ("DATABASE_URL", "REDIS_URL", "HUB_EMBEDDED", "GEMINI_API_KEY", "VERTEX_API_KEY", "GOOGLE_CLOUD_PROJECT")


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
        # One client does here in seconds what others do in minutes.
        os.environ |= dict.fromkeys(("RATE_LIMIT_KEY", "RATE_LIMIT_USER"), "1000000/1")
        os.environ |= {"PROVIDER_POLL_SECONDS": "0.3", "LOG_LEVEL": "WARNING"}
        os.environ |= {"WEBHOOK_ALLOWED_HOSTS": "127.0.0.1"}
        with ensure_servers(["bench", "runstack"]):
            django.setup()
            try:
                # Its modules need models, hence the settings, hence the servers that run only now.
                program = import_module("tests.bench.program")
                parts = [options.only] if options.only else PARTS
                flood = options.flood or (QUICK_FLOOD if options.quick else FLOOD)
                program.run(Path(var), quick=options.quick, parts=parts, flood=flood)
            except WorkWentWrong as error:
                print(f"\nThe work went wrong: {error}", file=sys.stderr)
                return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of everything: that it runs, not how fast")
    parser.add_argument("--only", choices=PARTS, help="default: all")
    parser.add_argument("--flood", type=int, help=f"jobs of the first user in the part fairness; default {FLOOD:,}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
