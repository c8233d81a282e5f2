"""What a client may ask of webhooks, and how endpoints and deliveries are shown."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.models.webhooks import LONGEST_DESCRIPTION
from hub.api.examples import example_of, shown_as
from hub.api.pagination import PageQuery
from hub.api.serializers import StrictBooleanField, StrictCharField, StrictSerializer
from hub.common.http import LONGEST_URL

DAY_SECONDS = 24 * 3600
LONGEST_OVERLAP_SECONDS = 7 * DAY_SECONDS
EVENTS_HELP = "The events to be told of; empty: all, also those that the hub learns later."
URL_HELP = "https; its host must resolve to public addresses alone. Redirects are not followed."


def _events(**kwargs: Any) -> serializers.ListField:
    child = serializers.ChoiceField(choices=Event.choices)
    return serializers.ListField(child=child, max_length=len(Event.values), help_text=EVENTS_HELP, **kwargs)


@shown_as(url="https://example.org/hook", events=["generation.succeeded", "generation.failed"])
class NewEndpointSerializer(StrictSerializer):
    """What an endpoint is made of."""

    url = StrictCharField(max_length=LONGEST_URL, help_text=URL_HELP)
    events = _events(required=False)
    description = StrictCharField(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)


@shown_as(events=["generation.succeeded"], description="The studio's own server.")
class EndpointChangeSerializer(StrictSerializer):
    """What may be changed of an endpoint; what is left out stays."""

    url = StrictCharField(max_length=LONGEST_URL, required=False, help_text=URL_HELP)
    events = _events(required=False)
    description = StrictCharField(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)
    enabled = StrictBooleanField(required=False, help_text="False: nothing is sent, and what waits is abandoned.")


@shown_as(overlap_seconds=3600)
class RotationSerializer(StrictSerializer):
    """How long the former secret signs beside the new one."""

    overlap_seconds = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST_OVERLAP_SECONDS,
        default=DAY_SECONDS,
        help_text="While it lasts each delivery has two signatures; 0: the former secret ends at once.",
    )


@shown_as(
    id="01a204c8-77d0-7f02-8c1a-9e5b4d3a2c10",
    url="https://example.org/hook",
    events=["generation.succeeded", "generation.failed"],
    description="",
    enabled=True,
    disabled_at=None,
    disabled_reason="",
    failing_since=None,
    consecutive_failures=0,
    previous_secret_until=None,
    created_at="2026-11-22T19:30:00.120000Z",
)
class EndpointSerializer(serializers.Serializer[Any]):
    """One webhook endpoint."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=Event.choices), help_text=EVENTS_HELP)
    description = serializers.CharField(allow_blank=True)
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.ChoiceField(
        choices=WebhookEndpoint.Disabled.choices,
        allow_blank=True,
        help_text="`gone`: the receiver answered 410; `failing`: it failed for days; `paused`: its owner's wish.",
    )
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Since when no attempt has succeeded.")
    consecutive_failures = serializers.IntegerField(help_text="Attempts that failed since.")
    previous_secret_until = serializers.SerializerMethodField(help_text="Until when the former secret signs as well.")
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_previous_secret_until(self, endpoint: WebhookEndpoint) -> Any:
        until = endpoint.previous_secret_until
        if until is None or until <= timezone.now():
            return None
        return serializers.DateTimeField().to_representation(until)


@shown_as(**example_of(EndpointSerializer), secret="whsec_<base64, shown this once>")
class EndpointWithSecretSerializer(EndpointSerializer):
    """A webhook endpoint with its new secret, which is shown this once."""

    secret = serializers.CharField(help_text="`whsec_` and base64: verify signatures with it. It is not shown again.")


class DeliveryQuery(PageQuery):
    """The query of the list of deliveries."""

    endpoint = serializers.UUIDField(required=False, help_text="The id of an endpoint.")
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices, required=False)
    event = serializers.ChoiceField(choices=Event.choices, required=False)


class PayloadDataSerializer(serializers.Serializer[Any]):
    """Which job, and what became of it."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Generation.Status.choices)
    kind = serializers.ChoiceField(choices=Generation.Kind.choices)
    model = serializers.CharField()


class PayloadSerializer(serializers.Serializer[Any]):
    """The body of a webhook."""

    type = serializers.ChoiceField(choices=Event.choices)
    timestamp = serializers.DateTimeField(help_text="When it happened.")
    data = PayloadDataSerializer()  # type: ignore[assignment]  # a field, which the metaclass takes out of the class


@shown_as(
    id="01a204d1-3f50-7ad3-b0c4-1f6e5d4c3b2a",
    endpoint_id="01a204c8-77d0-7f02-8c1a-9e5b4d3a2c10",
    event_id="01a204d1-3f4f-7e11-9d2c-8a7b6c5d4e3f",
    event="generation.succeeded",
    generation_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    payload={
        "type": "generation.succeeded",
        "timestamp": "2026-11-22T19:41:01.950000Z",
        "data": {
            "id": "01a204d1-382c-7601-9a4a-659f913aebb6",
            "status": "succeeded",
            "kind": "text",
            "model": "gemini-3.8-flash",
        },
    },
    redelivery_of=None,
    state="delivered",
    attempts=1,
    next_attempt_at=None,
    last_response_code=204,
    last_error="",
    delivered_at="2026-11-22T19:41:02.310000Z",
    created_at="2026-11-22T19:41:01.952000Z",
)
class DeliverySerializer(serializers.Serializer[Any]):
    """One event for one endpoint."""

    id = serializers.UUIDField()
    endpoint_id = serializers.UUIDField()
    event_id = serializers.UUIDField(help_text="`webhook-id`: the same at every attempt and redelivery.")
    event = serializers.ChoiceField(choices=Event.choices, source="event_type")
    generation_id = serializers.UUIDField()
    payload = serializers.SerializerMethodField()
    redelivery_of = serializers.UUIDField(source="redelivery_of_id", allow_null=True)
    state = serializers.ChoiceField(
        choices=WebhookDelivery.State.choices,
        help_text="`failed`: every attempt failed, or the receiver is gone; `abandoned`: the endpoint was turned off.",
    )
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    last_response_code = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField(
        allow_blank=True,
        help_text="`status`, `redirect_not_followed`, `address_refused`, `dns`, `connection`, `tls`, `timeout`, "
        "`protocol` or `interrupted`.",
    )
    delivered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(PayloadSerializer)
    def get_payload(self, delivery: WebhookDelivery) -> Any:
        return delivery.payload
