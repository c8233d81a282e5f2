"""Each hold has its job and each row of the ledger its call, but for those of erased accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import QuerySet

from generations.models import Generation, GenerationAttempt
from hub.common.reconciling import Finding, Row, by_batches
from usage.models import QuotaHold, UsageLog
from users.models import User

# Under these the ledger goes on; jobs and calls were deleted.
ERASED = (User.Status.SURROGATE, User.Status.ANONYMISED)


class Origins:
    """An erasure deletes jobs and calls, and puts holds and ledger under a surrogate."""

    name = "origins"
    says = "each hold has its job and each row of the ledger its call"

    def findings(self) -> Iterator[Finding]:
        """Hold by hold, then row by row."""
        yield from self.of_holds()
        yield from self.of_rows()

    def of_holds(self) -> Iterator[Finding]:
        """Holds of no job."""
        holds = QuotaHold.objects.exclude(user__status__in=ERASED)
        return by_batches(holds.values("id", "reference"), _of_holds)

    def of_rows(self) -> Iterator[Finding]:
        """Rows of no call."""
        rows = UsageLog.objects.exclude(user__status__in=ERASED)
        return by_batches(rows.values("id", "attempt_id"), _of_rows)


def _of_holds(holds: Sequence[Row]) -> Iterator[Finding]:
    there = _there(Generation.objects.all(), [hold["reference"] for hold in holds])
    for hold in holds:
        if hold["reference"] not in there:
            facts = {"job": str(hold["reference"])}
            says = "there is no such job"
            yield Finding(kind="hold_without_job", table="quota_holds", row=str(hold["id"]), says=says, facts=facts)


def _of_rows(rows: Sequence[Row]) -> Iterator[Finding]:
    there = _there(GenerationAttempt.objects.all(), [row["attempt_id"] for row in rows])
    for row in rows:
        if row["attempt_id"] not in there:
            facts = {"attempt": str(row["attempt_id"])}
            says = "no such call was made"
            yield Finding(kind="row_without_attempt", table="usage_logs", row=str(row["id"]), says=says, facts=facts)


def _there(rows: QuerySet[Generation] | QuerySet[GenerationAttempt], ids: Sequence[UUID]) -> set[UUID]:
    """Those of `ids`. Not an EXISTS, for which PostgreSQL may read the whole table for each batch."""
    return set(rows.filter(id__in=ids).values_list("id", flat=True))
