"""The processes of tests.bench.sealing: writers, a sealer, and what is measured in a process of its own."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402

from audit.checkpoint_file import PURPOSE, read_checkpoint  # noqa: E402
from audit.exporting import export  # noqa: E402
from audit.sealing import seal_next  # noqa: E402
from audit.services import record  # noqa: E402
from audit.verifying import Verification  # noqa: E402
from hub.common.ids import uuid7  # noqa: E402
from hub.common.signing import public_keys  # noqa: E402
from tests.bench.house import peak_mib  # noqa: E402

FILE = Path(os.environ["HUB_VAR"]) / "trail.jsonl"


def write(writers: int, seconds: float) -> None:
    """That many threads, each with a connection; says `ready`, waits for a line, prints how many entries they wrote."""
    ready, start, counts = threading.Barrier(writers + 1), threading.Event(), [0] * writers

    def work(place: int) -> None:
        connection.ensure_connection()
        ready.wait()
        start.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            record(action="quota.set", actor_label="bench", target=("user", uuid7()), ip="192.0.2.7", limit="5.0")
            counts[place] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(writers)]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    start.set()
    for thread in threads:
        thread.join()
    print(sum(counts))


def seal() -> None:
    """Seals without a rest until a line comes; prints how much."""
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    print("ready", flush=True)
    seals = entries = 0
    while not stopped.is_set():
        done = seal_next()
        seals, entries = seals + bool(done.number), entries + done.count
        if not done.is_full:
            time.sleep(0.1)
    print(f"{entries:,} entries under {seals} seals")


def seal_all() -> tuple[int, bool]:
    count = 0
    while (done := seal_next()).number is not None:
        count += done.count
    return count, True


def verify(noise: float) -> tuple[int, bool]:
    early = 0.0

    def look() -> None:
        nonlocal early
        early = early or (peak_mib() if check.tally.entries > 100_000 else 0)

    check = Verification(tick=look)
    found = list(check.findings())
    grown = peak_mib() - early if early else 0
    print(f"  peak RSS {peak_mib():.0f} MiB, {grown:+.1f} since the first 100,000; {len(found)} findings")
    return check.tally.entries, not found and grown <= noise


def export_all() -> tuple[int, bool]:
    return export(path=FILE, first=1, last=None, entries=True).count, True


def check_file() -> tuple[int, bool]:
    with FILE.open("rb") as file:
        return read_checkpoint(file, keys=public_keys(purpose=PURPOSE)).count, True


def measured(name: str, work: Callable[[], tuple[int, bool]]) -> int:
    started, used = time.perf_counter(), time.process_time()
    count, is_well = work()
    seconds, used = time.perf_counter() - started, time.process_time() - used
    facts = f"{count:,} in {seconds:.1f} s, {used / count * 1e6:.0f} us of CPU each, peak RSS {peak_mib():.0f} MiB"
    print(f"{name:<46} {count / seconds:>9,.0f}   ({facts})")
    return int(not is_well)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--noise", type=float, default=0)
    for name in ("--seal", "--seal-all", "--verify", "--export", "--check-file"):
        parser.add_argument(name, action="store_true")
    chosen = parser.parse_args()
    if chosen.write:
        write(chosen.write, chosen.seconds)
    if chosen.seal:
        seal()
    parts: dict[str, tuple[str, Callable[[], tuple[int, bool]]]] = {
        "seal_all": ("sealing, entries/s", seal_all),
        "verify": ("verify_audit, entries/s", lambda: verify(chosen.noise)),
        "export": ("export_audit --entries, entries/s", export_all),
        "check_file": ("verify_audit --checkpoint, entries/s", check_file),
    }
    return sum(measured(*part) for name, part in parts.items() if getattr(chosen, name))


if __name__ == "__main__":
    sys.exit(main())
