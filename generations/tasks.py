"""The one task."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task, signals

from generations.dispatch import ADVANCE
from generations.providers import registry
from generations.services.advance import advance as advance_generation


@signals.worker_init.connect
def prepare_the_adapters(**_: object) -> None:
    """A worker loads the provider's SDK before its threads begin."""
    registry.prepare()


@shared_task(name=ADVANCE)
def advance(*, generation_id: str, **_: object) -> None:
    """Takes the next step of one job. A second run finds the job leased, not due or ended, and does nothing."""
    advance_generation(generation_id=UUID(generation_id))
