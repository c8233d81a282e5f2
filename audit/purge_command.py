"""What every `manage.py purge_...` is made from."""

from __future__ import annotations

import argparse
import time
from abc import abstractmethod
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.purge_runs import OPERATOR, run_audited
from hub.common.errors import HubError
from hub.common.periods import whole_days, whole_days_before
from hub.common.purging import DEFAULT_BATCH, Outcome, Purge

LARGEST_BATCH = 10_000


class PurgeCommand(BaseCommand):
    """A second run takes up what the first one left; two at once: the second exits with 1.

    `setting` names the period in days that --days stands in for, `at_least` how short it may be.
    """

    setting: ClassVar[str]
    at_least: ClassVar[int] = 1
    default_batch: ClassVar[int] = DEFAULT_BATCH

    @abstractmethod
    def purge(self, *, days: int) -> Purge:
        """What goes now, under that period."""

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run, --batch, --ceiling, and --days or --before."""
        parser.add_argument("--dry-run", action="store_true", help="say exactly what it would do, and do nothing")
        parser.add_argument("--batch", type=_batch, default=self.default_batch, help="how many at a time")
        parser.add_argument("--ceiling", type=_ceiling, help="do nothing at all when there are more than so many")
        period = parser.add_mutually_exclusive_group()
        period.add_argument(
            "--days", type=self._days, default=getattr(settings, self.setting), help=f"instead of {self.setting}"
        )
        before = "the same by a day, such as 2026-06-30: what is of that day or later stays"
        period.add_argument("--before", type=self._before, dest="days", metavar="DAY", help=before)

    def handle(
        self, *args: Any, dry_run: bool, batch: int, ceiling: int | None, days: int, verbosity: int, **options: Any
    ) -> None:
        """Exits with 1 and one line when it could not run, or not deal with everything."""
        started = time.monotonic()
        try:
            purge = self.purge(days=days)
            self.stdout.write(f"{purge.name}: {purge.says}")
            outcome = run_audited(
                purge, asked_by=OPERATOR, batch=batch, ceiling=ceiling, dry_run=dry_run, tell=self._progress
            )
        except HubError as error:
            raise CommandError(f"{error.detail} {error.remedy}".strip()) from error
        self._say(outcome)
        seconds = time.monotonic() - started
        self.stdout.write("Dry run: nothing was changed." if dry_run else f"Done in {seconds:.1f} s.")
        if outcome.failed:
            raise CommandError(f"{outcome.failed} could not be dealt with; the next run tries them again.")

    def _progress(self, line: str) -> None:
        self.stdout.write(f"... {line}")
        self.stdout.flush()

    def _say(self, outcome: Outcome) -> None:
        for name, number in outcome.counts.items():
            self.stdout.write(f"{name}: {number}")
        if not any(outcome.counts.values()):
            self.stdout.write("Nothing to purge.")

    def _days(self, raw: str) -> int:
        try:
            return whole_days(raw, at_least=self.at_least)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"a period is {error}; it is {raw!r}") from None

    def _before(self, raw: str) -> int:
        try:
            return whole_days_before(raw, now=timezone.now(), at_least=self.at_least)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"wanted is {error}; it is {raw!r}") from None


def _batch(raw: str) -> int:
    return _whole(raw, 1, LARGEST_BATCH)


def _ceiling(raw: str) -> int:
    return _whole(raw, 0, 10**12)


def _whole(raw: str, least: int, most: int) -> int:
    if not raw.isdecimal() or not least <= int(raw) <= most:
        raise argparse.ArgumentTypeError(f"wanted is a whole number from {least} to {most}; it is {raw!r}")
    return int(raw)
