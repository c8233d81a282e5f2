"""Endpoints, deliveries and a receiver for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.functions import Now

from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.webhooks import outbox, tasks
from generations.webhooks.due import DELIVERIES
from generations.webhooks.signing import make_secret
from hub.common.redis import redis_client
from tests.receiver import Receiver, running_receiver
from tests.rest import Caller

NewEndpoint = Callable[..., WebhookEndpoint]


@pytest.fixture(autouse=True)
def nothing_due(db: None) -> None:
    """An empty due set and an empty queue."""
    redis_client().delete(DELIVERIES.key, tasks.QUEUE)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.WEBHOOK_TIMEOUT_SECONDS = 1
    with running_receiver() as running:
        yield running


@pytest.fixture
def new_endpoint(caller: Caller, receiver: Receiver) -> NewEndpoint:
    """Makes rows as `create` would."""

    def new_endpoint(**changes: Any) -> WebhookEndpoint:
        facts = {"owner": caller.user, "url": f"{receiver.url}/hook", "secret": make_secret(), **changes}
        return WebhookEndpoint.objects.create(**facts)

    return new_endpoint


@pytest.fixture
def endpoint(new_endpoint: NewEndpoint) -> WebhookEndpoint:
    """Of the caller, for every event, at the receiver."""
    return new_endpoint()


@pytest.fixture
def new_delivery(
    caller: Caller, endpoint: WebhookEndpoint, new_generation: Callable[..., Generation]
) -> Callable[..., WebhookDelivery]:
    """An event of a job that succeeded, as the job would have written it."""

    def new_delivery(**changes: Any) -> WebhookDelivery:
        generation = new_generation(caller.user, status="succeeded")
        outbox.write(generation=generation, event=Event.SUCCEEDED)
        delivery = WebhookDelivery.objects.get(generation=generation, endpoint=endpoint)
        if changes:
            WebhookDelivery.objects.filter(id=delivery.id).update(**changes)
            delivery.refresh_from_db()
        return delivery

    return new_delivery


@pytest.fixture
def delivery(new_delivery: Callable[..., WebhookDelivery]) -> WebhookDelivery:
    """One that is due."""
    return new_delivery()


def make_due(delivery: WebhookDelivery) -> None:
    """Lets its pause be over."""
    WebhookDelivery.objects.filter(id=delivery.id).update(next_attempt_at=Now())
