"""Puts right what a crash, a lost Redis or a lost message left open. Every run may be repeated; none guesses."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from generations import due
from generations.models import Generation
from generations.services import admission
from hub.common.money import ZERO
from media import removing as media
from usage import selectors as usage_selectors
from usage import services as usage
from usage.models import QuotaHold

logger = logging.getLogger(__name__)
BATCH = 1000


def sweep() -> int:
    """Admits those held back for whom there is room, puts every admitted job back into the due set, resolves holds that
    outlived theirs and removes objects that are to go from storage; returns how many jobs are in the set."""
    admission.wake_all()
    found = 0
    admitted = Generation.objects.open().admitted().only("kind", "lease_expires_at", "next_check_at")
    for job in admitted.iterator(chunk_size=BATCH):
        due.schedule(generation_id=job.id, kind=job.kind, in_seconds=_seconds_until_free(job))
        found += 1
    for hold in usage_selectors.expired_holds(now=timezone.now()):
        resolve_hold(hold)
    media.sweep()
    return found


def _seconds_until_free(job: Generation) -> float:
    moments = [moment for moment in (job.lease_expires_at, job.next_check_at) if moment is not None]
    return max([(moment - timezone.now()).total_seconds() for moment in moments], default=0)


def resolve_hold(hold: QuotaHold) -> None:
    """Looks at the job behind an expired hold: an open one keeps it, an ended one is settled at its cost."""
    generation = Generation.objects.filter(id=hold.reference).first()
    if generation is not None and generation.status in Generation.OPEN:
        return
    cost = ZERO if generation is None or generation.cost is None else generation.cost
    with transaction.atomic():
        settled = usage.settle_hold(reference=hold.reference, cost=cost)
    if settled:
        logger.error("hold of %s was left open after its job had ended; settled at %s", hold.reference, cost)
