"""`python -m tests.bench.dormant [--users N] [--dormant N] [--erased N] [--batch N]`: accounts that nobody uses.

So many accounts, of which so many are dormant: so many of these are to be erased, the others in equal parts to be told,
told again and suspended. The command runs over them with a mail server on loopback, is killed with -9 twice (among the
erasures, and half way) and run again. Prints its rates, its peak memory and the longest transactions. Exits with 1 when
an account was not dealt with exactly once, or one that is in use was touched.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import django
import psycopg

from tests.bench.__main__ import OWN, ROOT
from tests.bench.house import peak_mib
from tests.bench.servers import own_servers
from tests.purging.mailbox import Mailbox, running_mailbox

LOOK_SECONDS = 0.02
PAUSE_SECONDS = 5
# (what the run does, the standing before, the standing after), in the order in which it does it.
STEPS = (
    ("erased", ("suspended", "suspended"), ("anonymised", "")),
    ("suspended", ("notified", "reminded"), ("suspended", "suspended")),
    ("reminded", ("notified", "notified"), ("notified", "reminded")),
    ("notified", ("active", ""), ("notified", "notified")),
)
ENTRIES = ("user.dormancy_told", "user.suspended", "user.anonymised")
COLUMNS = (
    "id, created_at, password, is_superuser, is_staff, status, legal_hold_reason, email, email_index, "
    "email_index_next, last_active_at, dormancy_step, dormancy_step_at"
)
# The longest transaction at this moment, of those that have written and of all.
_LONGEST = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE backend_xid IS NOT NULL), 0),
        coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'bench'"""


@dataclass
class Seen:
    """What was looked at while the command ran; seconds from the first account of each run to its end."""

    seconds: float = 0
    peak_mib: float = 0
    writing: float = 0
    any: float = 0
    kills: list[int] = field(default_factory=list)


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
        os.environ |= {"LOG_LEVEL": "ERROR"}
        with own_servers(Path(var), connections=20, as_owner=True), running_mailbox() as mailbox:
            os.environ |= mailbox.settings
            django.setup()
            import_module("django.core.management").call_command("migrate", interactive=False, verbosity=0)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
            wrong = _measured(options, mailbox)
            print(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(wrong > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dormant", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--dormant", type=int, default=30_000)
    parser.add_argument("--erased", type=int, help="of the dormant; default: a quarter")
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    if max(_sizes(options).values()) > options.users // len(STEPS):
        parser.error("of the accounts at most a quarter can be at each step: give more --users")
    return options


def _measured(options: argparse.Namespace, mailbox: Mailbox) -> int:
    sizes = _sizes(options)
    ids, total = _fill(options.users, sizes), sum(sizes.values())
    told = ", ".join(f"{number:,} {what}" for what, number in sizes.items())
    print(f"{options.users:,} accounts, of which {total:,} are dormant, to be: {told}", flush=True)
    seen = Seen()
    for kill_at in (sizes["erased"] // 2, total // 2, None):
        _run(options.batch, seen, kill_at)
    print(f"killed with -9 after {' and '.join(f'{n:,}' for n in seen.kills)}, then run to the end")
    print(f"{'accounts dealt with':<44}{total / seen.seconds:>9,.0f}/s   (in {seen.seconds:.0f} s)")
    _print_rates()
    print(f"{'peak memory of the command':<44}{seen.peak_mib:>9,.0f} MiB")
    print(f"{'longest transaction that writes':<44}{seen.writing:>9,.2f} s")
    print(f"{'longest one, which holds the lock for a batch':<44}{seen.any:>9,.2f} s", flush=True)
    return _wrong(ids, mailbox, len(seen.kills))


def _sizes(options: argparse.Namespace) -> dict[str, int]:
    erased = options.dormant // len(STEPS) if options.erased is None else options.erased
    others = (options.dormant - erased) // (len(STEPS) - 1)
    return {"erased": erased} | {what: others for what, _, _ in STEPS[1:]}


def _print_rates() -> None:
    """Of each step, by the moments of its entries; a pause of PAUSE_SECONDS is a start of the command."""
    entries = import_module("audit.models").AuditLog.objects
    for action in reversed(ENTRIES):
        moments = list(entries.filter(action=action).order_by("created_at").values_list("created_at", flat=True))
        gaps = [(after - before).total_seconds() for before, after in pairwise(moments)]
        short = [gap for gap in gaps if gap < PAUSE_SECONDS]
        print(f"{'  ' + action:<44}{len(short) / (sum(short) or 1):>9,.1f}/s")


def _fill(users: int, sizes: dict[str, int]) -> dict[str, set[Any]]:
    """Makes the accounts; the ids by what is to be done, "" for those in use."""
    ids: dict[str, set[Any]] = {what: set() for what, _, _ in STEPS} | {"": set()}
    connection = import_module("django.db").connection
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY users ({COLUMNS}) FROM STDIN") as copy:
        for number in range(users):
            what, row = _account(number, users, sizes)
            ids[what].add(row[0])
            copy.write_row(row)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE users")
    return ids


def _account(number: int, users: int, sizes: dict[str, int]) -> tuple[str, tuple[Any, ...]]:
    """Those of each step lie spread over the table, as they do in one that has grown."""
    user = import_module("users.models").User
    now = import_module("django.utils.timezone").now()
    what, (status, step) = "", ("active", "")
    for place, (name, before, _) in enumerate(STEPS):
        # Evenly: where the count of them so far passes a whole number.
        turn, turns = number // len(STEPS), users // len(STEPS)
        if number % len(STEPS) == place and (turn + 1) * sizes[name] // turns > turn * sizes[name] // turns:
            what, (status, step) = name, before
    plain = f"account.{number}@bench.example"
    hashes = user.INDEX_PAIRS[0].values(plain)
    seen_at = now - timedelta(days=800 if what else 3)
    fixed = ("!", False, False, status, "", user._meta.get_field("email")._dump(plain))
    step_at = now - timedelta(days=40) if step else None
    key = import_module("hub.common.ids").uuid7()
    return what, (key, now - timedelta(days=900), *fixed, *hashes.values(), seen_at, step, step_at)


def _run(batch: int, seen: Seen, kill_at: int | None) -> None:
    """The command, to its end or until so many are done."""
    argv = [sys.executable, "manage.py", "purge_dormant_users", "--batch", str(batch)]
    before, began = _done(), None
    with _watched(seen), subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            seen.peak_mib = max(seen.peak_mib, _peak(process.pid))
            done = _done()
            if began is None and done > before:
                began = time.perf_counter()
            if kill_at is not None and done >= kill_at:
                process.send_signal(signal.SIGKILL)
                seen.kills.append(done)
                kill_at = None
            time.sleep(LOOK_SECONDS)
    seen.seconds += time.perf_counter() - (began or time.perf_counter())


def _peak(pid: int) -> float:
    try:
        return peak_mib(pid)
    except (OSError, ValueError):
        return 0


def _done() -> int:
    return int(import_module("audit.models").AuditLog.objects.filter(action__in=ENTRIES).count())


@contextmanager
def _watched(seen: Seen) -> Iterator[None]:
    """Looks at the transactions of the database all the while."""
    stop = threading.Event()

    def look() -> None:
        url = os.environ["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True, application_name="bench") as connection:
            while not stop.wait(LOOK_SECONDS):
                [writing, longest] = connection.execute(_LONGEST).fetchone() or (0, 0)
                seen.writing, seen.any = max(seen.writing, float(writing)), max(seen.any, float(longest))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _wrong(ids: dict[str, set[Any]], mailbox: Mailbox, kills: int) -> int:
    """How much is not as it should be; each with a line."""
    entries = Counter(
        import_module("audit.models").AuditLog.objects.filter(action__in=ENTRIES).values_list("target_id", flat=True)
    )
    dormant = set().union(*(ids[what] for what, _, _ in STEPS))
    twice = sum(1 for count in entries.values() if count != 1)
    told = Counter(mailbox.recipients)
    standing = {row[0]: row[1:] for row in import_module("users.models").User.objects.values_list(*_STANDING)}
    found = {
        "accounts with no entry": len(dormant - set(entries)),
        "accounts with more than one": twice,
        "accounts in use that were touched": len(ids[""] & set(entries)),
        "accounts that stand elsewhere": sum(standing[id] != after for what, _, after in STEPS for id in ids[what])
        + sum(standing[id] != ("active", "") for id in ids[""]),
        "accounts that were not told": abs(len(told) - len(ids["reminded"] | ids["notified"])),
        "mails too many, beside one for each kill": max(0, sum(told.values()) - len(told) - kills),
    }
    for name, number in found.items():
        print(f"{name:<44}{number:>9,}")
    return sum(found.values())


_STANDING = ("id", "status", "dormancy_step")


if __name__ == "__main__":
    sys.exit(main())
