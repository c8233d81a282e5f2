"""What each of the hub's processes does when it starts, before its work: it begins to tell of itself."""

from __future__ import annotations

from hub import errors_reporting, tracing
from hub.logs import log_what_nobody_caught
from hub.metrics import publishing


def begin(process: str) -> None:
    """For web, worker and clock, once in each process (after a fork, not before). A second call changes nothing for
    metrics, and replaces the others."""
    log_what_nobody_caught(in_threads=True)
    errors_reporting.start(process)
    tracing.start(process)
    publishing.start(process)
