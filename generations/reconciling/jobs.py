"""Each job has its hold; when it has ended, the hold, the job and the ledger say the same cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.actions import Action
from audit.services import record
from generations.models import Generation
from hub.common.money import ZERO, text
from hub.common.reconciling import Finding, Mend, Row, by_batches, keyed
from usage.enums import HoldState
from usage.models import QuotaHold
from usage.reconciling.holds import charged_for, is_wrong
from usage.reconciling.purged import purged_before
from usage.services import settle_hold

COLUMNS = ("id", "owner_id", "status", "estimate", "cost", "created_at")


class Jobs:
    """A hold that was left open by an ended job is settled at the job's cost: that is certain."""

    name = "jobs"
    says = "each job has its hold, and when it has ended both and the ledger say the same cost"

    def findings(self) -> Iterator[Finding]:
        """Job by job."""
        return by_batches(Generation.objects.values(*COLUMNS), partial(_examine, purged_before()))


def _examine(purged: datetime, jobs: Sequence[Row]) -> Iterator[Finding]:
    ids = [job["id"] for job in jobs]
    held = QuotaHold.objects.filter(reference__in=ids).values("reference", "amount", "state", "cost")
    holds, charges = keyed(held, "reference"), charged_for(ids)
    for job in jobs:
        yield from _of_hold(job, holds.get(job["id"]))
        yield from _of_cost(job, charges, purged)


def _of_hold(job: Row, hold: Row | None) -> Iterator[Finding]:
    if hold is None:
        yield _finding(job, "job_without_hold", "nothing was held for it")
        return
    if hold["amount"] != job["estimate"]:
        facts = {"estimate": text(job["estimate"]), "held": text(hold["amount"])}
        yield _finding(job, "job_hold_amount", "what was held is not its estimate", facts)
    is_held, has_ended = hold["state"] == HoldState.HELD, job["status"] not in Generation.OPEN
    if is_held and has_ended:
        mend = None if job["cost"] is None else partial(_settle, job["id"], job["owner_id"], job["cost"])
        yield _finding(job, "job_hold_left", "it has ended, and its hold is open", {"held": text(hold["amount"])}, mend)
    elif not is_held and not has_ended:
        yield _finding(job, "job_hold_early", f"it is {job['status']}, and its hold is {hold['state']}")
    elif has_ended and job["cost"] is not None and (hold["cost"] or ZERO) != job["cost"]:
        facts = {"cost": text(job["cost"]), "settled": text(hold["cost"] or ZERO)}
        yield _finding(job, "job_hold_cost", "what was settled is not its cost", facts)


def _of_cost(job: Row, charges: Mapping[UUID, Decimal], purged: datetime) -> Iterator[Finding]:
    has_ended = job["status"] not in Generation.OPEN
    if has_ended and job["cost"] is None:
        yield _finding(job, "job_without_cost", "it has ended, and nobody knows at which cost")
        return
    charged, cost = charges.get(job["id"], ZERO), job["cost"] or ZERO
    if is_wrong(charged, cost, since=job["created_at"], purged=purged):
        facts = {"cost": text(cost), "ledger": text(charged)}
        yield _finding(job, "job_cost", "its cost is not what the ledger charged for it", facts)


def _finding(
    job: Row, kind: str, says: str, facts: Mapping[str, str] | None = None, mend: Mend | None = None
) -> Finding:
    return Finding(kind=kind, table="generations", row=str(job["id"]), says=says, facts=facts or {}, mend=mend)


@transaction.atomic
def _settle(job_id: UUID, owner_id: UUID, cost: Decimal) -> bool:
    """An ended job never changes: its cost is as it was read."""
    if not settle_hold(reference=job_id, cost=cost):
        return False
    data: dict[str, Any] = {"kind": "job_hold_left", "cost_usd": text(cost)}
    record(
        action=Action.USAGE_RECONCILED,
        actor_label="operator",
        target=("generation", job_id),
        subject_id=owner_id,
        **data,
    )
    return True
