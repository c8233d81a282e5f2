"""Tells an owner that the hub has stopped sending to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from generations.models import WebhookEndpoint
from users.notices import tell

SUBJECT = "A webhook endpoint was disabled"
WHY: Mapping[str, str] = {
    WebhookEndpoint.Disabled.GONE: "its receiver answered 410 Gone",
    WebhookEndpoint.Disabled.FAILING: "every attempt to reach it has failed for days",
}
BODY = """The hub no longer sends events to your webhook endpoint {id}: {why}.

What was waiting to be sent is listed under GET /api/v1/webhook-deliveries as abandoned. Once the receiver works again,
turn the endpoint on by PATCH /api/v1/webhook-endpoints/{id} with {{"enabled": true}}, and deliver again what you need
by POST /api/v1/webhook-deliveries/<delivery>/redeliver.
"""


def tell_owner(*, endpoint_id: UUID) -> bool:
    """By mail when the hub has any; whether it left. The endpoint shows its state in any case. Twice tells twice."""
    endpoint = WebhookEndpoint.objects.select_related("owner").get(id=endpoint_id)
    why = WHY.get(endpoint.disabled_reason, "it was turned off")
    return tell(user=endpoint.owner, subject=SUBJECT, body=BODY.format(id=endpoint.id, why=why))
