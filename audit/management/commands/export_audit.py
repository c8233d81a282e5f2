"""`manage.py export_audit FILE`: a signed checkpoint of the audit trail, to be kept elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoint_file import PURPOSE
from audit.exporting import Exported, export
from hub.common.errors import HubError
from hub.common.signing import public_keys, written


class Command(BaseCommand):
    """Writes the whole file or none. A second run to the same name is refused without --replace."""

    help = (
        "Writes a checkpoint: seals of the audit trail, signed with the first key of AUDIT_SIGNING_KEYS. "
        "`manage.py verify_audit --checkpoint FILE` checks it without the database, `verify_audit --against FILE` the "
        " database against it. Without options it holds the newest seal, which stands for the whole trail before; "
        "with --entries also the entries since the last such export, after which they may be purged. Keep it elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --entries, --first, --last, --replace, --public-keys."""
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what to write; .jsonl")
        parser.add_argument("--entries", action="store_true", help="with the entries (never with an IP address)")
        first = "the first seal; default: with --entries the first one not yet exported so, else the last"
        parser.add_argument("--first", type=_number, metavar="N", help=first)
        parser.add_argument("--last", type=_number, metavar="N", help="the last seal; default: the newest")
        parser.add_argument("--replace", action="store_true", help="overwrite FILE")
        keys = "print the public keys, for those who check without this hub's settings, and stop"
        parser.add_argument("--public-keys", action="store_true", help=keys)

    def handle(self, *, file: Path | None, public_keys: bool, **options: Any) -> None:
        """Exits with 1 and one line when there is nothing to export or the file cannot be written."""
        if public_keys:
            self._print_keys()
            return
        if file is None:
            raise CommandError("Name the file to write: manage.py export_audit FILE.")
        chosen = {name: options[name] for name in ("first", "last", "entries", "replace")}
        try:
            exported = export(path=file, **chosen)
        except HubError as error:
            raise CommandError(error.detail) from error
        except FileExistsError as error:
            raise CommandError(f"{file} is there already: name another one, or pass --replace.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(_summary(file, exported, with_entries=options["entries"]))

    def _print_keys(self) -> None:
        for kid, key in public_keys(purpose=PURPOSE).items():
            self.stdout.write(written(kid, key))


def _number(raw: str) -> int:
    number = int(raw) if raw.isascii() and raw.isdigit() else 0
    if not 1 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{raw!r} is not the number of a seal, 1 or more")
    return number


def _summary(file: Path, exported: Exported, *, with_entries: bool) -> str:
    what = f"{exported.count} entries" if with_entries else "no entries"
    return (
        f"{file}: seals {exported.first} to {exported.last}, {what}, signed with {exported.kid!r}\n"
        f"sha256 {exported.sha256.hex()} (of all lines but the last)"
    )
