"""`python -m tests.bench.export [--rows N]`: how fast a ledger is exported, and in how much memory.

On servers of its own in a fresh directory. Exits with 1 when a row is missing, comes twice, or the peak of memory grows
with the rows: after the first tenth of them it may rise by NOISE_MIB and no more.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import django

from hub.common.ids import uuid7
from hub.local.bootstrap import ensure_servers
from tests.bench.__main__ import OWN, ROOT

ROWS, PAGE = 1_000_000, 10_000
NOISE_MIB = 8


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
            return run(rows)


def run(rows: int) -> int:
    """Fills a ledger, exports it in each format, prints a line for each."""
    accounts = import_module("tests.bench.accounts")
    accounts.prepare_database()
    user = accounts.make_client("export").user
    _fill(user, rows)
    return max(_measured_apart(user.pk, name, rows) for name in ("csv", "jsonl"))


def _measured_apart(user_id: UUID, name: str, rows: int) -> int:
    """In a fresh process, whose memory has seen nothing but the export; 0 when all is well."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, user_id, name, rows).result()


def _fill(user: object, rows: int) -> None:
    usage_log = import_module("usage.models").UsageLog
    first = datetime(2026, 1, 1, tzinfo=UTC)
    price = {"variant": "", "price_id": str(uuid7()), "usd": "0.0000003"}
    for start in range(0, rows, PAGE):
        usage_log.objects.bulk_create(
            usage_log(
                # Five rows a moment, so that pages end among equals.
                **{"user": user, "created_at": first + timedelta(seconds=number // 5), "model": "gemini-3.8-flash"},
                **{"reference": uuid7(), "attempt_id": uuid7(), "kind": "text", "latency_ms": 800},
                **{"units": {"input_token": number, "output_token": 700}, "prices": {"input_token": price}},
                **{"cost": Decimal(number).scaleb(-9), "estimate": Decimal(1), "outcome": "succeeded"},
                **{"confirmed": True, "estimated": False, "over_hold": False, "tags": ["bench", "export"]},
            )
            for number in range(start, min(start + PAGE, rows))
        )


def _measured(user_id: UUID, name: str, rows: int) -> int:
    django.setup()
    ledger_query, export = import_module("usage.ledger_query"), import_module("usage.export")
    user = import_module("users.models").User.objects.get(pk=user_id)
    lines = export.FORMATS[name][1](ledger_query.LedgerFilter().rows(user))
    seen, size, early, started = 0, 0, 0.0, time.perf_counter()
    for piece in lines:
        seen, size = seen + piece.count(b"\n"), size + len(piece)
        if not early and seen > rows // 10:
            early = peak_mib()
    seconds, peak = time.perf_counter() - started, peak_mib()
    seen -= name == "csv"
    figures = f"{seen / seconds:>8,.0f} rows/s  {size / 2**20:>7.1f} MiB"
    memory = f"peak RSS {peak:.1f} MiB, {peak - early:+.1f} since the first tenth"
    print(f"{name:<6} {seen:>9,} rows  {figures}  {memory}", flush=True)
    return int(seen != rows or peak - early > NOISE_MIB)


def peak_mib() -> float:
    # Not getrusage: its figure is handed down from the process that started this one.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
