"""Each call to a provider that is over has its row in the ledger, under its job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from generations.models import Generation, GenerationAttempt
from hub.common.reconciling import Finding, Row, by_batches, keyed
from usage.models import UsageLog
from usage.reconciling.purged import purged_before

COLUMNS = ("id", "generation_id", "state", "created_at", "generation__status")


class Attempts:
    """The row of a call that was made long ago may have been purged."""

    name = "attempts"
    says = "each call that is over has its row in the ledger, and no ended job has an open one"

    def findings(self) -> Iterator[Finding]:
        """Call by call."""
        return by_batches(GenerationAttempt.objects.values(*COLUMNS), partial(_examine, purged_before()))


def _examine(purged: datetime, attempts: Sequence[Row]) -> Iterator[Finding]:
    ids = [attempt["id"] for attempt in attempts]
    rows = keyed(UsageLog.objects.filter(attempt_id__in=ids).values("attempt_id", "reference"), "attempt_id")
    for attempt in attempts:
        yield from _compare(attempt, rows.get(attempt["id"]), purged)


def _compare(attempt: Row, row: Row | None, purged: datetime) -> Iterator[Finding]:
    is_open = attempt["state"] in GenerationAttempt.OPEN
    if is_open and attempt["generation__status"] not in Generation.OPEN:
        yield _finding(attempt, "attempt_left", "its job has ended, and it is open")
    if row is None and not is_open and attempt["created_at"] >= purged:
        yield _finding(attempt, "attempt_without_row", "it is over, and has no row in the ledger")
    if row is not None and is_open:
        yield _finding(attempt, "attempt_early_row", "it is open, and has its row in the ledger already")
    if row is not None and row["reference"] != attempt["generation_id"]:
        yield _finding(attempt, "attempt_elsewhere", f"its row in the ledger is of the job {row['reference']}")


def _finding(attempt: Row, kind: str, says: str) -> Finding:
    facts = {"job": str(attempt["generation_id"]), "state": attempt["state"]}
    return Finding(kind=kind, table="generation_attempts", row=str(attempt["id"]), says=says, facts=facts)
