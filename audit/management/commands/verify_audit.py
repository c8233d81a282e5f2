"""`manage.py verify_audit`: holds the audit trail against its seals, or checks an exported checkpoint."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.checkpoint_file import PURPOSE, read_checkpoint
from audit.comparing import compare
from audit.verifying import Finding, Verification
from hub.common.errors import HubError
from hub.common.signing import public_keys, read_public_keys

MOST_NAMED = 20
PROGRESS_SECONDS = 10.0


class Command(BaseCommand):
    """Reads and changes nothing. 0: all is well; 1: something is wrong, and every line before says what."""

    help = (
        "Checks the audit trail against its seals and names every row that was changed, removed, inserted or "
        "backdated, every gap and every broken seal; in constant memory, while the hub works. With --checkpoint it "
        "checks a file of `manage.py export_audit` instead, without the database. What was cut off together with its "
        "seals shows only against a checkpoint kept elsewhere: --against. Exit status 0 when all is well, else 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--from, --to, --checkpoint, --against, --public-key, --most."""
        since = "only seals with entries since then (2026-11-22[T10:00[Z]])"
        parser.add_argument("--from", dest="since", type=_moment, metavar="TIME", help=since)
        until = "only seals with entries before then"
        parser.add_argument("--to", dest="until", type=_moment, metavar="TIME", help=until)
        parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="check this file; no database is needed")
        parser.add_argument(
            "--against", type=Path, metavar="FILE", help="check the database, and that FILE is part of it"
        )
        public = "kid:base64url of who signed, in place of AUDIT_SIGNING_KEYS; may be repeated"
        parser.add_argument("--public-key", action="append", default=[], metavar="KEY", help=public)
        most = f"how many findings to print; default: {MOST_NAMED}"
        parser.add_argument("--most", type=_count, default=MOST_NAMED, metavar="N", help=most)

    def handle(self, *, checkpoint: Path | None, against: Path | None, **options: Any) -> None:
        """Exits with 1 when something is wrong or a file cannot be used."""
        _check_options(checkpoint, against, options)
        try:
            keys = _keys(options["public_key"])
            if checkpoint is not None:
                self._check_file(checkpoint, keys)
                return
            found = self._compared(against, keys) if against is not None else []
        except HubError as error:
            raise CommandError(f"{checkpoint or against}: {error.detail}") from error
        except OSError as error:
            raise CommandError(f"{checkpoint or against} cannot be read: {error.strerror}.") from error
        self._check_database(found, options)

    def _check_file(self, path: Path, keys: Mapping[str, bytes]) -> None:
        started = time.monotonic()
        with path.open("rb") as file:
            found = read_checkpoint(file, keys=keys)
        seconds = time.monotonic() - started
        what = (
            f"and their {found.count} entries ({found.count / seconds:,.0f}/s)" if found.entries else "without entries"
        )
        self.stdout.write(
            f"The checkpoint is whole: trail {found.trail}, seals {found.first} to {found.last} {what}, made "
            f"{found.made_at}, signed with {found.kid!r}.\nhash of seal {found.last}: {found.last_hash.hex()}"
        )

    def _compared(self, path: Path, keys: Mapping[str, bytes]) -> list[Finding]:
        with path.open("rb") as file:
            checkpoint, found = compare(file, keys=keys)
        if not found:
            self.stdout.write(f"Seals {checkpoint.first} to {checkpoint.last} are those of the checkpoint.")
        return found

    def _check_database(self, found: list[Finding], options: dict[str, Any]) -> None:
        started = self._said = time.monotonic()
        check = Verification(since=options["since"], until=options["until"], tick=lambda: self._progress(check))
        wrong = self._print_findings(found, check, options["most"])
        tally, seconds = check.tally, max(time.monotonic() - started, 1e-9)
        self.stdout.write(
            f"{tally.seals} seals, {tally.entries} sealed entries checked in {seconds:.1f} s "
            f"({tally.entries / seconds:,.0f}/s); {tally.pending} wait for their seal"
            + (f", {tally.purged} were purged" if tally.purged else "")
            + "."
        )
        if wrong:
            raise CommandError(f"The trail is broken: {wrong} finding{'s' if wrong > 1 else ''}.")
        empty = "Nothing is sealed yet, so nothing is proved." if not tally.seals else "The trail is whole."
        self.stdout.write(empty)

    def _print_findings(self, found: list[Finding], check: Verification, most: int) -> int:
        number = 0
        for number, finding in enumerate(_both(found, check), start=1):
            if number <= most:
                self.stdout.write(f"{finding.code}: {finding.text}")
        if number > most:
            self.stdout.write(f"... and {number - most} more")
        return number

    def _progress(self, check: Verification) -> None:
        if time.monotonic() - self._said > PROGRESS_SECONDS:
            self._said = time.monotonic()
            self.stderr.write(f"{check.tally.entries} entries so far ...")


def _both(found: list[Finding], check: Verification) -> Iterator[Finding]:
    yield from found
    yield from check.findings()


def _keys(given: list[str]) -> Mapping[str, bytes]:
    try:
        return read_public_keys(given) if given else public_keys(purpose=PURPOSE)
    except ValueError as error:
        raise CommandError(f"--public-key: {error} `manage.py export_audit --public-keys` prints them.") from error


def _check_options(checkpoint: Path | None, against: Path | None, options: dict[str, Any]) -> None:
    since, until = options["since"], options["until"]
    if checkpoint is not None and (against or since or until):
        raise CommandError("--checkpoint checks a file alone: leave --from, --to and --against out.")
    if since is not None and since > timezone.now():
        raise CommandError("--from is in the future: there is nothing to check.")
    if since is not None and until is not None and since >= until:
        raise CommandError("--from must be before --to.")


def _count(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit()):
        raise argparse.ArgumentTypeError(f"{raw!r} is not a whole number, zero or more")
    return int(raw)


def _moment(raw: str) -> datetime:
    """A day or a moment; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(raw)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{raw!r} is no time: write 2026-11-22 or 2026-11-22T10:00:00Z") from error
