"""The one task, and the ways to send it."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task, signals
from django.db import transaction

from generations.providers import registry
from generations.services.advance import advance as advance_generation


@signals.worker_init.connect
def prepare_the_adapters(**_: object) -> None:
    """A worker loads the provider's SDK before its threads begin."""
    registry.prepare()


@shared_task(name="generations.advance")
def advance(*, generation_id: str, **_: object) -> None:
    """Takes the next step of one job. A second run finds the job leased, not due or ended, and does nothing."""
    advance_generation(generation_id=UUID(generation_id))


def offer(*, generation_id: UUID, kind: str) -> None:
    """Sends the job to the workers of its kind, now."""
    advance.apply_async(kwargs={"generation_id": str(generation_id)}, queue=kind)


def offer_on_commit(*, generation_id: UUID, kind: str) -> None:
    """Sends the job once its row can be seen. A broker that is away then is logged: the due set has the job too."""
    transaction.on_commit(lambda: offer(generation_id=generation_id, kind=kind), robust=True)
