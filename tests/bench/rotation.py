"""`python -m tests.bench.rotation [--values N] [--batch N] [--only PART]`: how fast values come under new keys.

So many accounts, each with a sealed email, on servers of its own in a fresh directory. The bare cipher opens and seals
the like in memory, before and after; then the command does it in the database, and then it brings the indexes to a
new key, each run for good and once more with nothing to do; or one PART of the two. Exits with 1 when a value is not
what it was.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import django

from tests.bench.__main__ import OWN, ROOT
from tests.bench.house import peak_mib
from tests.bench.servers import own_servers
from tests.rotation.keys import indexing, ring, sealing

SAMPLE = 100_000
PARTS = ("sealing", "indexing")
COLUMNS = (
    "id, created_at, password, is_superuser, is_staff, status, legal_hold_reason, email, email_index, email_index_next"
)


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
            wrong = _measured(options)
            print(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(wrong > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rotation", description=__doc__)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--only", choices=PARTS, help="default: both, one after the other")
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> int:
    """Returns how much was wrong."""
    values, batch, right = options.values, options.batch, list[bool]()
    first = "new" if options.only == "indexing" else "old"
    with sealing(first), indexing("old"):
        _fill(values)
    if options.only != "indexing":
        right += _sealed(values, batch)
    if options.only != "sealing":
        right += _indexed(values, batch)
    print(f"peak memory so far {peak_mib():,.0f} MiB", flush=True)
    right.append(_is_whole(values))
    if not all(right):
        print("The work went wrong: not every value was rewritten once, or one is not what it was.", file=sys.stderr)
    return right.count(False)


def _sealed(values: int, batch: int) -> list[bool]:
    with sealing("new", "old"), indexing("old"):
        before = _bare()
        sealed, rate = _run("sealing", "sealed anew in the database", values, batch)
        again, _ = _run("sealing", "once more, with nothing to do", values, batch)
        after = _bare()
    _print_beside(rate, before, after)
    return [sealed == values, again == 0]


def _indexed(values: int, batch: int) -> list[bool]:
    before = _bare()
    with sealing("new"), indexing("old", "new", following="new"):
        indexed, rate = _run("indexing", "hashed anew under a second index key", values, batch)
        again, _ = _run("indexing", "once more, with nothing to do", values, batch)
    _print_beside(rate, before, _bare())
    return [indexed == values, again == 0]


def _print_beside(rate: float, before: float, after: float) -> None:
    bare = (before + after) / 2
    print(f"{'the bare cipher: opened and sealed':<42} {bare:>9,.0f}/s   ({before:,.0f} before, {after:,.0f} after)")
    print(f"{'rotation / bare cipher':<42} {rate / bare:>9.4f}", flush=True)


def _fill(values: int) -> None:
    connection = import_module("django.db").connection
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY users ({COLUMNS}) FROM STDIN") as copy:
        for row in _accounts(values):
            copy.write_row(row)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE users")


def _accounts(values: int) -> Iterator[tuple[object, ...]]:
    user = import_module("users.models").User
    email, now = user._meta.get_field("email"), import_module("django.utils.timezone").now()
    for number in range(values):
        plain = _email(number)
        hashes = user.INDEX_PAIRS[0].values(plain)
        key = import_module("hub.common.ids").uuid7()
        yield key, now, "!", False, False, "active", "", email._dump(plain), *hashes.values()


def _email(number: int) -> str:
    return f"account.{number}@bench.example"


def _bare() -> float:
    """Values a second: what `unseal` and `seal` do without the hub's own work around them, with the keys derived."""
    keyring = import_module("hub.common.keyring")
    old, new = (
        keyring._cipher(keyring._parse_ring("bench", ring(kid)).first.secret, "users.email") for kid in ("old", "new")
    )
    plain, nonce, bound = b'"account.123456@bench.example"'.ljust(32), os.urandom(12), b"\x01\x03oldusers.email"
    stored = [old.encrypt(nonce, plain, bound)] * SAMPLE
    began = time.process_time()
    for each in stored:
        new.encrypt(os.urandom(12), old.decrypt(nonce, each, bound), bound)
    return SAMPLE / (time.process_time() - began)


def _run(part: str, title: str, values: int, batch: int) -> tuple[int, float]:
    """Prints and returns how many were rewritten, and the rate of that part of the run."""
    out = io.StringIO()
    words = ("--json", "--batch", str(batch), "--table", "users")
    import_module("django.core.management").call_command("rotate_encryption", *words, stdout=out, stderr=io.StringIO())
    done = json.loads(out.getvalue())
    seconds = done["seconds"][part]
    count = sum(each["values"] for each in [*done["sealed"], *done["indexed"]])
    print(f"{title:<42} {values / seconds:>9,.0f}/s   ({count:,} rewritten in {seconds:.1f} s)", flush=True)
    return count, values / seconds


def _is_whole(values: int) -> bool:
    """Every address is there once, and can be read with the new key alone."""
    user = import_module("users.models").User
    with sealing("new"):
        found = {each for [each] in user.objects.values_list("email").iterator(chunk_size=2000)}
    return found == {_email(number) for number in range(values)}


if __name__ == "__main__":
    sys.exit(main())
