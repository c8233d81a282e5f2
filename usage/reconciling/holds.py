"""What was settled on a hold is what the ledger charged for its job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db.models import Sum

from hub.common.money import ZERO, text
from hub.common.reconciling import Finding, Row, by_batches
from usage.models import QuotaHold, UsageLog
from usage.reconciling.purged import purged_before


class Holds:
    """An open or released hold cost nothing. Rows of the ledger may lack where they were purged, none is too many."""

    name = "holds"
    says = "what was settled on a hold is what the ledger charged for its job"

    def findings(self) -> Iterator[Finding]:
        """Hold by hold."""
        holds = QuotaHold.objects.values("id", "reference", "state", "cost", "created_at")
        return by_batches(holds, partial(_examine, purged_before()))


def charged_for(references: Iterable[UUID]) -> dict[UUID, Decimal]:
    """What the ledger charged for each of these jobs; none that is in no row."""
    rows = UsageLog.objects.filter(reference__in=list(references)).order_by()
    return dict(rows.values("reference").annotate(charged=Sum("cost")).values_list("reference", "charged"))


def is_wrong(charged: Decimal, cost: Decimal, *, since: datetime, purged: datetime) -> bool:
    """Whether the ledger's sum for a job that began at `since` is not its cost, whatever was purged of it."""
    return charged > cost or (charged < cost and since >= purged)


def _examine(purged: datetime, holds: Sequence[Row]) -> Iterator[Finding]:
    charges = charged_for(hold["reference"] for hold in holds)
    for hold in holds:
        charged, cost = charges.get(hold["reference"], ZERO), hold["cost"] or ZERO
        if is_wrong(charged, cost, since=hold["created_at"], purged=purged):
            yield Finding(
                kind="hold_cost",
                table="quota_holds",
                row=str(hold["id"]),
                says="what was settled is not what the ledger charged for its job",
                facts={
                    "job": str(hold["reference"]),
                    "state": hold["state"],
                    "settled": text(cost),
                    "ledger": text(charged),
                },
            )
