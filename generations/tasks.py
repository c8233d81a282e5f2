"""What workers do: the next step of a job, and once a day a purge."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task, signals

from generations.dispatch import ADVANCE
from generations.providers import registry
from generations.purging.daily import PURGE, purge_as_set
from generations.services.advance import advance as advance_generation


@signals.worker_init.connect
def prepare_the_adapters(**_: object) -> None:
    """A worker loads the provider's SDK before its threads begin."""
    registry.prepare()


@shared_task(name=ADVANCE)
def advance(*, generation_id: str, **_: object) -> None:
    """Takes the next step of one job. A second run finds the job leased, not due or ended, and does nothing."""
    advance_generation(generation_id=UUID(generation_id))


@shared_task(name=PURGE)
def purge(*, name: str, **_: object) -> None:
    """Runs one of the daily purges. A second run takes up what is left, or finds the first one at work and ends."""
    purge_as_set(name=name)
