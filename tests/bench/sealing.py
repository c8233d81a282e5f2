"""`python -m tests.bench.sealing [--writers N] [--seconds S] [--rounds R] [--rows N]`: what sealing costs.

First so many writers of audit entries at once, each with a connection of its own, without a sealer and beside one that
never rests, in turn; then a trail of so many rows is sealed, verified, exported, and the export checked. On servers of
its own in a fresh directory. Exits with 1 when an entry is lost, is under no seal at the end, or does not verify, or
when the memory of the check grows with the rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from statistics import median

import django

from tests.bench.__main__ import OWN, ROOT
from tests.bench.servers import own_servers

PROCESSES = 4
NOISE_MIB = 16
SETTLE_SECONDS = "0.5"
_FILL = """
    INSERT INTO audit_logs (id, created_at, actor_id, actor_label, action, target_type, target_id, request_id,
        subject_id, ip, ip_digest, data)
    SELECT uuidv7(), now() + n * interval '1 microsecond', uuidv7(), 'key 3kq8Zt1mWc5x', 'generation.submitted',
        'generation', uuidv7(), uuidv7()::text, uuidv7(), NULL, sha256('bench'),
        '{"kind": "text", "model": "gemini-3.8-flash", "estimate_usd": "0.05"}'
    FROM generate_series(1, %s) AS n"""


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
        os.environ |= {"LOG_LEVEL": "WARNING", "AUDIT_SETTLE_SECONDS": SETTLE_SECONDS}
        with own_servers(Path(var), connections=options.writers + 20):
            django.setup()
            import_module("django.core.management").call_command("migrate", interactive=False, verbosity=0)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
            wrong = _writers(options) + _trail(options.rows)
            print(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(wrong > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sealing", description=__doc__)
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    return parser.parse_args()


def _writers(options: argparse.Namespace) -> int:
    """Rounds without and beside a sealer, in turn; prints their rates. Returns how much was wrong."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    wrong = 0
    for number in range(options.rounds):
        # Neither way always comes first, with the smaller table; and no round begins with work of the one before.
        for is_sealed in (number % 2 == 1, number % 2 == 0):
            rates[is_sealed].append(_round(options, is_sealed))
            wrong += _seal_the_rest()
    for is_sealed, title in ((False, "without a sealer"), (True, "beside a sealer")):
        _print(f"{options.writers} writers {title}, entries/s", rates[is_sealed])
    _print("ratio, round by round", [beside / without for without, beside in zip(*rates.values(), strict=True)])
    return wrong + _verified()


def _print(name: str, values: list[float]) -> None:
    form = ",.0f" if median(values) >= 10 else ".2f"
    low, high = format(min(values), form), format(max(values), form)
    print(f"{name:<46} {format(median(values), form):>9}   ({low} to {high})", flush=True)


def _round(options: argparse.Namespace, is_sealed: bool) -> float:
    each = options.writers // PROCESSES
    words = ["--write", str(each), "--seconds", str(options.seconds)]
    writers = [_start(*words) for _ in range(PROCESSES)]
    sealer = _start("--seal") if is_sealed else None
    for process in [*writers, *([sealer] if sealer else [])]:
        assert process.stdout is not None
        process.stdout.readline()
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [int(process.communicate(timeout=600)[0]) for process in writers]
    if sealer is not None:
        print(f"  sealed meanwhile: {sealer.communicate('stop', timeout=600)[0].strip()}", flush=True)
    return sum(counts) / options.seconds


def _start(*words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "tests.bench.sealing_parts", *words]
    return subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _seal_the_rest() -> int:
    """Returns how many entries are under no seal."""
    time.sleep(2 * float(SETTLE_SECONDS))
    while import_module("audit.sealing").seal_next().number is not None:
        pass
    return int(import_module("audit.models").AuditLog.objects.waiting().count())


def _verified() -> int:
    check = import_module("audit.verifying").Verification()
    findings = list(check.findings())
    print(f"{check.tally.entries:,} entries under {check.tally.seals} seals, {len(findings)} findings")
    return len(findings) + int(check.tally.entries != import_module("audit.models").AuditLog.objects.count())


def _trail(rows: int) -> int:
    """Fills, seals, verifies, exports, checks; a line for each."""
    if not rows:
        return 0
    _fill(rows)
    done = [_measured("--seal-all"), _measured("--verify"), _measured("--export"), _measured("--check-file")]
    return sum(done)


def _fill(rows: int) -> None:
    """By the server itself, with the columns of a submission, a microsecond apart."""
    started = time.perf_counter()
    with import_module("django.db").connection.cursor() as cursor:
        cursor.execute(_FILL, [rows])
    print(f"{rows:,} rows more, made in {time.perf_counter() - started:.0f} s", flush=True)
    time.sleep(2 * float(SETTLE_SECONDS))


def _measured(what: str) -> int:
    """In a fresh process, whose memory has seen nothing else."""
    with _start(what, "--noise", str(NOISE_MIB)) as process:
        out, _ = process.communicate(timeout=3600)
    print(out, end="", flush=True)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
