"""What is to be told is written in the transaction that makes it true: both are there, or neither."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField
from django.db.models.functions import Now
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.webhooks import due, tasks
from generations.webhooks.errors import DeliveryPending, EndpointDisabled
from hub.common.ids import uuid7
from users.models import ApiKey

BATCH = 1000


def write(*, generation: Generation, event: Event) -> None:
    """One delivery for each endpoint of the owner that takes this event, in the caller's transaction.

    One query when there is none. They leave on commit; `dispatch` finds what did not.
    """
    endpoints = WebhookEndpoint.objects.enabled().filter(owner_id=generation.owner_id).subscribed(event)
    ids = list(endpoints.values_list("id", flat=True))
    if not ids:
        return
    event_id, payload = uuid7(), payload_of(generation, event)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            owner_id=generation.owner_id,
            endpoint_id=endpoint_id,
            event_id=event_id,
            event_type=event,
            generation=generation,
            payload=payload,
            # The database's clock: it is the one that says what is due.
            next_attempt_at=Now(output_field=DateTimeField()),
        )
        for endpoint_id in ids
    )
    # Not a partial: Django names the function when it logs that one failed, and a partial has no name.
    transaction.on_commit(lambda: dispatch(generation_id=generation.id), robust=True)


def payload_of(generation: Generation, event: Event) -> dict[str, object]:
    """Thin: what happened to which job. What it made is fetched through the API, by whoever has a key."""
    status = Generation.Status.RUNNING if event is Event.STARTED else event.partition(".")[2]
    return {
        "type": str(event),
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": {
            "id": str(generation.id),
            "status": str(status),
            "kind": generation.kind,
            "model": generation.model,
        },
    }


def dispatch(*, generation_id: UUID) -> None:
    """Sends off whatever of this job's was never tried: also what a worker wrote that died before it could send."""
    untried = WebhookDelivery.objects.pending().filter(generation_id=generation_id, attempts=0)
    for delivery_id in untried.order_by("id").values_list("id", flat=True):
        tasks.note_and_offer(delivery_id=delivery_id)


def repeat(*, delivery: WebhookDelivery, api_key: ApiKey) -> WebhookDelivery:
    """A new delivery of the same event to the same endpoint, as it is now; audited. A second call makes another one.

    Raises DeliveryPending while the former is still tried, and EndpointDisabled when its endpoint is off or deleted.
    """
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(id=delivery.endpoint_id)
        if not endpoint.is_enabled:
            raise EndpointDisabled
        if WebhookDelivery.objects.pending().filter(id=delivery.id).exists():
            raise DeliveryPending
        again = WebhookDelivery.objects.create(
            owner_id=delivery.owner_id,
            endpoint=endpoint,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            generation_id=delivery.generation_id,
            payload=delivery.payload,
            redelivery_of=delivery,
            next_attempt_at=timezone.now(),
        )
        audit.record(
            action=Action.WEBHOOK_DELIVERY_REPEATED,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
            target=("webhook_delivery", again.id),
            redelivery_of=str(delivery.id),
        )
        tasks.offer_on_commit(delivery_id=again.id)
    return again


def sweep() -> int:
    """Puts every pending delivery back into the due set; returns how many there are. May be repeated."""
    found = 0
    pending = WebhookDelivery.objects.pending().values_list("id", "next_attempt_at")
    for delivery_id, moment in pending.iterator(chunk_size=BATCH):
        seconds = (moment - timezone.now()).total_seconds() if moment else 0
        due.schedule(delivery_id=delivery_id, in_seconds=seconds)
        found += 1
    return found
