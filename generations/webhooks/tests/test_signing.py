"""A receiver verifies what it gets with the specification's own library, also while a secret is being replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from generations.models import WebhookDelivery, WebhookEndpoint
from generations.webhooks.delivery import deliver
from generations.webhooks.signing import make_secret
from generations.webhooks.tests.conftest import make_due
from tests.receiver import Receiver
from tests.rest import Caller

ENDPOINTS = "/api/v1/webhook-endpoints"


def test_what_arrives_verifies_and_is_thin(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    deliver(delivery_id=delivery.id)
    [request] = receiver.received
    payload = Webhook(endpoint.secret).verify(request.body, dict(request.headers))
    generation = delivery.generation
    assert payload == {
        "type": "generation.succeeded",
        "timestamp": payload["timestamp"],
        "data": {"id": str(generation.id), "status": "succeeded", "kind": "text", "model": "gemini-3.8-flash"},
    }
    assert list(payload) == ["type", "timestamp", "data"]
    assert request.headers["webhook-id"] == str(delivery.event_id)
    assert request.headers["Content-Type"] == "application/json"
    assert request.path == "/hook"
    assert generation.prompt.encode() not in request.body


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_whatever_is_changed_on_the_way_does_not_verify(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, receiver: Receiver, change: str
) -> None:
    deliver(delivery_id=delivery.id)
    [request] = receiver.received
    headers, body = {name.lower(): value for name, value in request.headers.items()}, request.body
    if change == "body":
        body = body.replace(b"succeeded", b"failed")
    elif change == "webhook-timestamp":
        headers[change] = str(int(headers[change]) + 1)
    elif change == "webhook-id":
        headers[change] = "other"
    secret = make_secret() if change == "secret" else endpoint.secret
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_each_attempt_has_its_own_time_and_the_same_id_and_body(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    receiver.will_answer(500, 204)
    deliver(delivery_id=delivery.id)
    make_due(delivery)
    deliver(delivery_id=delivery.id)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for request in (first, second):
        assert abs(int(request.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 10
        Webhook(endpoint.secret).verify(request.body, dict(request.headers))


def test_a_rotated_secret_signs_beside_the_former_until_the_overlap_ends(
    caller: Caller, receiver: Receiver, endpoint: WebhookEndpoint, new_delivery: Callable[..., WebhookDelivery]
) -> None:
    former = endpoint.secret
    answer = caller.post(f"{ENDPOINTS}/{endpoint.id}/rotate-secret", {"overlap_seconds": 3600})
    newer = answer.json()["secret"]
    assert answer.status_code == 200
    assert newer != former
    deliver(delivery_id=new_delivery().id)
    during = receiver.received[0]
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    for secret in (former, newer):
        Webhook(secret).verify(during.body, dict(during.headers))
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
    deliver(delivery_id=new_delivery().id)
    after = receiver.received[1]
    assert len(after.headers["webhook-signature"].split(" ")) == 1
    Webhook(newer).verify(after.body, dict(after.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(after.body, dict(after.headers))
    assert caller.get(f"{ENDPOINTS}/{endpoint.id}").json()["previous_secret_until"] is None


def test_a_rotation_without_overlap_ends_the_former_at_once(
    caller: Caller, receiver: Receiver, endpoint: WebhookEndpoint, new_delivery: Callable[..., WebhookDelivery]
) -> None:
    answer = caller.post(f"{ENDPOINTS}/{endpoint.id}/rotate-secret", {"overlap_seconds": 0})
    deliver(delivery_id=new_delivery().id)
    [request] = receiver.received
    Webhook(answer.json()["secret"]).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(request.body, dict(request.headers))


def test_a_second_rotation_leaves_the_last_two(caller: Caller, endpoint: WebhookEndpoint) -> None:
    path = f"{ENDPOINTS}/{endpoint.id}/rotate-secret"
    first, second = (caller.post(path).json()["secret"] for _ in range(2))
    stored = WebhookEndpoint.objects.get()
    assert (stored.secret, stored.previous_secret) == (second, first)


def test_secrets_are_long_and_differ() -> None:
    made = {make_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in made)


def test_the_body_is_compact_json(delivery: WebhookDelivery, receiver: Receiver) -> None:
    deliver(delivery_id=delivery.id)
    body = receiver.received[0].body
    assert body == json.dumps(json.loads(body), separators=(",", ":")).encode()
