"""`manage.py reconcile_usage`: holds the books against each other, and names what does not agree."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generations.reconciling import CHECKS, NAMES, Found, reconcile
from hub.common.errors import HubError

MOST_NAMED = 100


class Command(BaseCommand):
    """Without --fix it reads and changes nothing. 0: all agrees, or was put right; 1: something is wrong."""

    help = (
        "Compares holds, quotas, sums by day, ledger, jobs, calls and stored files with each other, to the last digit, "
        "in constant memory, while the hub works, and names each thing that does not agree. --fix puts right what is "
        "certain and writes it into the audit trail. Exit status 0 when all agrees, else 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--fix, --json, --only, --most."""
        parser.add_argument("--fix", action="store_true", help="put right what is certain; the rest stays and is named")
        parser.add_argument("--json", action="store_true", help="one JSON object a finding, and at the end the counts")
        parser.add_argument(
            "--only", action="append", choices=NAMES, metavar="CHECK", help=f"of {', '.join(NAMES)}; may be repeated"
        )
        most = f"how many findings to print; all are counted; default: {MOST_NAMED}"
        parser.add_argument("--most", type=_count, default=MOST_NAMED, metavar="N", help=most)

    def handle(self, *, fix: bool, only: list[str] | None, most: int, **options: Any) -> None:
        """Exits with 1 when something is left, or could not be looked at."""
        names = only or NAMES
        try:
            found, mended = self._print(reconcile(only=names, fix=fix), most, options["json"])
        except HubError as error:
            raise CommandError(f"Not everything could be looked at: {error.detail}") from error
        self._print_end(names, found, mended, options["json"])
        if left := found - mended:
            raise CommandError(f"The books do not agree: {left} finding{'s' if left > 1 else ''} left.")

    def _print(self, findings: Iterable[Found], most: int, as_json: bool) -> tuple[int, int]:
        number = mended = 0
        for number, each in enumerate(findings, start=1):
            mended += each.is_mended
            if number <= most:
                self.stdout.write(_line(each, as_json))
        if number > most and not as_json:
            self.stdout.write(f"... and {number - most} more")
        return number, mended

    def _print_end(self, names: Iterable[str], found: int, mended: int, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"checks": list(names), "found": found, "mended": mended}))
        elif not found:
            agreed = "\n".join(f"- {check.says}" for check in CHECKS if check.name in names)
            self.stdout.write(f"{agreed}\nThe books agree.")
        elif mended:
            self.stdout.write(f"{mended} of {found} put right.")


def _line(found: Found, as_json: bool) -> str:
    if as_json:
        return json.dumps({**found.finding.as_json(), "mended": found.is_mended}, ensure_ascii=False)
    return f"{found.finding}{': put right' if found.is_mended else ''}"


def _count(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit()):
        raise argparse.ArgumentTypeError(f"{raw!r} is not a whole number, zero or more")
    return int(raw)
