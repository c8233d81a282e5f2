"""The task that sends a delivery, and the ways to send the task."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction

from generations.webhooks import due
from generations.webhooks.delivery import deliver as deliver_now

QUEUE = "webhooks"


@shared_task(name="generations.deliver_webhook")
def deliver(*, delivery_id: str, **_: object) -> None:
    """Sends one delivery once. A second run finds it claimed, not due or ended, and sends nothing."""
    deliver_now(delivery_id=UUID(delivery_id))


def offer(*, delivery_id: UUID) -> None:
    """Sends the delivery to the workers, now."""
    deliver.apply_async(kwargs={"delivery_id": str(delivery_id)}, queue=QUEUE)


def note_and_offer(*, delivery_id: UUID) -> None:
    """As `offer`, and the clock offers it again if no worker takes it. Raises redis.RedisError."""
    due.schedule(delivery_id=delivery_id, in_seconds=settings.REDISPATCH_SECONDS)
    offer(delivery_id=delivery_id)


def offer_on_commit(*, delivery_id: UUID) -> None:
    """Sends the delivery once its row can be seen. A broker that is away then is logged: the sweep finds the row."""
    transaction.on_commit(lambda: note_and_offer(delivery_id=delivery_id), robust=True)
