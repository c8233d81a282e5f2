"""`manage.py clock`: the process that sends due jobs to the workers."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from generations.clock import Clock
from hub import processes


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT."""

    help = (
        "Sends jobs that are due to the workers and sweeps for what was lost. Run one; a second one waits behind a "
        "lock in Redis and takes over when the first is gone. Stops on SIGTERM."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        processes.begin("clock")
        clock = Clock()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: clock.stop())
        clock.run()
