"""`manage.py load_prices`: brings the prices in the database to those of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from hub.common.money import text
from usage.price_file import parse_prices
from usage.price_plan import Ending, NewPrice, PricePlan
from usage.services import load_prices, plan_prices


class Command(BaseCommand):
    """Shows the difference first, then asks. A second run finds nothing to do."""

    help = "Shows what a file of prices would change, asks, and loads it. Prices of the past are never edited."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --dry-run, --yes."""
        parser.add_argument("file", nargs="?", type=Path, default=settings.HUB_PRICES, help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="show the difference and stop")
        parser.add_argument("--yes", action="store_true", help="load without asking")

    def handle(self, *, file: Path, dry_run: bool, yes: bool, **options: Any) -> None:
        """Reads, shows, asks, loads; exits with 1 and one line when the file cannot be used."""
        try:
            plan = plan_prices(entries=parse_prices(_read(file)))
            self._show(plan, file)
            if plan.is_empty or dry_run or not (yes or self._confirmed()):
                return
            load_prices(plan=plan, source=file.name)
        except HubError as error:
            raise CommandError(f"{file}: {error.detail}") from error
        self.stdout.write(f"Loaded: {len(plan.new)} new, {len(plan.endings)} ended.")

    def _show(self, plan: PricePlan, file: Path) -> None:
        for ending in plan.endings:
            self.stdout.write(_ending_line(ending))
        for new in plan.new:
            self.stdout.write(_new_line(new))
        self.stdout.write(
            f"{file.name}: {len(plan.new)} new, {len(plan.endings)} closing, {plan.unchanged} unchanged"
            + (f", {plan.absent} loaded earlier and not in the file (kept)" if plan.absent else "")
            + "."
        )

    def _confirmed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Not a terminal, so nobody can confirm: pass --yes to load, or --dry-run to look.")
        if input("Load these prices? [y/N] ").strip().lower() in ("y", "yes"):
            return True
        self.stdout.write("Nothing was changed.")
        return False


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _ending_line(ending: Ending) -> str:
    known = ending.known
    former = f"{known.effective_to:%Y-%m-%d %H:%M}" if known.effective_to else "open"
    return f"~ {known.key}: {text(known.usd)} closes {former} -> {ending.at:%Y-%m-%d %H:%M}"


def _new_line(new: NewPrice) -> str:
    entry = new.entry
    until = f" until {new.effective_to:%Y-%m-%d %H:%M}" if new.effective_to else ""
    doubt = " (uncertain)" if entry.uncertain else ""
    return f"+ {entry.key}: {text(entry.usd)} from {entry.effective_from:%Y-%m-%d %H:%M}{until}{doubt}"
