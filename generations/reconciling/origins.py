"""Each hold has its job and each row of the ledger its call, but for those of erased accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef

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
        """Hold by hold, row by row."""
        has_job = Exists(Generation.objects.filter(id=OuterRef("reference")))
        holds = QuotaHold.objects.exclude(user__status__in=ERASED).annotate(is_whole=has_job)
        yield from by_batches(holds.values("id", "reference", "is_whole"), _of_holds)
        has_call = Exists(GenerationAttempt.objects.filter(id=OuterRef("attempt_id")))
        rows = UsageLog.objects.exclude(user__status__in=ERASED).annotate(is_whole=has_call)
        yield from by_batches(rows.values("id", "attempt_id", "is_whole"), _of_rows)


def _of_holds(holds: Sequence[Row]) -> Iterator[Finding]:
    for hold in holds:
        if not hold["is_whole"]:
            facts = {"job": str(hold["reference"])}
            says = "there is no such job"
            yield Finding(kind="hold_without_job", table="quota_holds", row=str(hold["id"]), says=says, facts=facts)


def _of_rows(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        if not row["is_whole"]:
            facts = {"attempt": str(row["attempt_id"])}
            says = "no such call was made"
            yield Finding(kind="row_without_attempt", table="usage_logs", row=str(row["id"]), says=says, facts=facts)
