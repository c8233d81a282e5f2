"""`manage.py seal_audit`: seals now what the clock would seal at its time."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from audit.sealing import seal_next


class Command(BaseCommand):
    """A second run finds nothing to do. Killed at any moment, it leaves whole seals and nothing else."""

    help = (
        "Seals the audit entries that have no seal yet and are AUDIT_SETTLE_SECONDS old, batch after batch, each "
        "chained to the one before. The clock does so by itself; run it before an export, or after the clock stood "
        "still."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each seal, and the rate."""
        started, count, done = time.monotonic(), 0, seal_next()
        while done.number is not None:
            count += done.count
            self.stdout.write(f"seal {done.number}: {done.count} entries")
            if not done.is_full:
                break
            done = seal_next()
        if done.is_busy:
            self.stdout.write(
                "Another transaction is at work on these entries (a sealer, an erasure); it was left to it."
            )
        elif count == 0:
            self.stdout.write(f"Nothing to seal: no unsealed entry is {settings.AUDIT_SETTLE_SECONDS:g} s old.")
        if count:
            seconds = time.monotonic() - started
            self.stdout.write(f"{count} entries sealed in {seconds:.1f} s ({count / seconds:,.0f}/s).")
