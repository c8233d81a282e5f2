"""`python -m tests.bench.export [--rows N]`: how fast a ledger is exported over REST, and in how much memory.

On servers of its own in a fresh directory. Exits with 1 when a row is missing, comes twice, or the peak of memory grows
with the rows: after the first tenth of them it may rise by NOISE_MIB and no more.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import django
from django.db import connection

from hub.common.time_limits import no_time_limit
from hub.local.bootstrap import ensure_servers
from tests.bench.__main__ import OWN, ROOT

ROWS = 1_000_000
PIECE_BYTES = 64 * 1024
NOISE_MIB = 8
# Five rows a moment, so that pages end among equals.
FILL = """
    INSERT INTO usage_logs (id, created_at, user_id, reference, attempt_id, model, kind, units, prices, cost, estimate,
        latency_ms, outcome, confirmed, estimated, over_hold, provider_request_id, request_id, tags)
    SELECT uuidv7(), timestamptz '2026-01-01 00:00Z' + make_interval(secs => number / 5), %(user)s, uuidv7(), uuidv7(),
        'gemini-3.8-flash', 'text', jsonb_build_object('input_token', number, 'output_token', 700),
        jsonb_build_object('input_token',
            jsonb_build_object('variant', '', 'price_id', uuidv7(), 'usd', '0.0000003')),
        number / 1e9, 1, 800, 'succeeded', true, false, false, '', '', '{bench,export}'
    FROM generate_series(0, %(rows)s - 1) AS number
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.export", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as var:
        # PostgreSQL runs as another user when the benchmark is root's.
        Path(var).chmod(0o755)
        for name in OWN:
            os.environ.pop(name, None)
            os.environ.pop(f"{name}_FILE", None)
        os.environ |= {"HUB_VAR": var, "HUB_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "hub.settings"}
        os.environ |= {"LOG_LEVEL": "WARNING"}
        with ensure_servers(["bench", "runstack"]):
            django.setup()
            # Models need settings, hence the servers that run only now.
            return run(rows, Path(var))


def run(rows: int, var: Path) -> int:
    """Fills a ledger, exports it over REST in each format from a fresh web process, prints a line for each."""
    accounts, house = import_module("tests.bench.accounts"), import_module("tests.bench.house").House(var)
    accounts.prepare_database()
    client = accounts.make_client("export")
    _fill(client.user.pk, rows)
    with house:
        return max(_measured(house, client.key_text, name, rows) for name in ("csv", "jsonl"))


def _fill(user_id: UUID, rows: int) -> None:
    """By one statement of PostgreSQL's own: a million rows through Django take longer than all that is measured."""
    with no_time_limit(), connection.cursor() as cursor:
        cursor.execute(FILL, {"user": user_id, "rows": rows})


def _measured(house: Any, key: str, name: str, rows: int) -> int:
    """0 when all is well."""
    house.renew()
    seen, size, early, started = -(name == "csv"), 0, 0.0, time.perf_counter()
    for piece in _pieces(house.port, f"/api/v1/usage/export?format={name}", key):
        seen, size = seen + piece.count(b"\n"), size + len(piece)
        if not early and seen > rows // 10:
            early = house.peak_mib("web")
    seconds, peak = time.perf_counter() - started, house.peak_mib("web")
    figures = f"{seen / seconds:>8,.0f} rows/s  {size / 2**20:>7.1f} MiB in {seconds:.0f} s"
    memory = f"peak RSS of web {peak:.1f} MiB, {peak - early:+.1f} since the first tenth"
    print(f"{name:<6} {seen:>9,} rows  {figures}  {memory}", flush=True)
    return int(seen != rows or peak - early > NOISE_MIB)


def _pieces(port: int, path: str, key: str) -> Iterator[bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    assert answer.status == http.client.OK, answer.read()
    while piece := answer.read1(PIECE_BYTES):
        yield piece
    connection.close()


if __name__ == "__main__":
    sys.exit(main())
