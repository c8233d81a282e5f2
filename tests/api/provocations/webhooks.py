"""Errors of webhook endpoints and deliveries."""

from __future__ import annotations

from generations.models import Event, WebhookDelivery, WebhookEndpoint
from generations.webhooks import outbox
from generations.webhooks.endpoints import MOST_ENDPOINTS
from tests.api.conftest import new_delivery, new_endpoint
from tests.api.provocations.scene import Ask, Scene, provokes

ENDPOINTS = "/api/v1/webhook-endpoints"
DELIVERIES = "/api/v1/webhook-deliveries"


def redelivered(scene: Scene, delivery: WebhookDelivery) -> Ask:
    return lambda: scene.caller.post(f"{DELIVERIES}/{delivery.id}/redeliver")


@provokes("webhook_url_refused")
def an_address_inside_the_house(scene: Scene) -> Ask:
    return lambda: scene.caller.post(ENDPOINTS, {"url": "https://10.0.0.7/hook"})


@provokes("too_many_webhook_endpoints")
def one_endpoint_more_than_there_may_be(scene: Scene) -> Ask:
    order = {"url": "https://93.184.216.34/hook"}
    for _ in range(MOST_ENDPOINTS):
        assert scene.caller.post(ENDPOINTS, order).status_code == 201
    return lambda: scene.caller.post(ENDPOINTS, order)


@provokes("webhook_endpoint_disabled")
def a_delivery_to_one_that_is_off(scene: Scene) -> Ask:
    delivery = new_delivery(new_endpoint(scene.caller), scene.new_generation)
    assert scene.caller.patch(f"{ENDPOINTS}/{delivery.endpoint_id}", {"enabled": False}).status_code == 200
    return redelivered(scene, delivery)


@provokes("webhook_delivery_pending")
def a_delivery_that_is_on_its_way(scene: Scene) -> Ask:
    endpoint: WebhookEndpoint = new_endpoint(scene.caller)
    generation = scene.new_generation(scene.caller.user, status="succeeded", cost="0")
    outbox.write(generation=generation, event=Event.SUCCEEDED)
    return redelivered(scene, WebhookDelivery.objects.get(endpoint=endpoint))
