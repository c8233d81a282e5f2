"""What a client may ask of webhooks, and how endpoints and deliveries are shown."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.models.webhooks import LONGEST_DESCRIPTION
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


class NewEndpointSerializer(StrictSerializer):
    """What an endpoint is made of."""

    url = StrictCharField(max_length=LONGEST_URL, help_text=URL_HELP)
    events = _events(required=False)
    description = StrictCharField(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)


class EndpointChangeSerializer(StrictSerializer):
    """What may be changed of an endpoint; what is left out stays."""

    url = StrictCharField(max_length=LONGEST_URL, required=False, help_text=URL_HELP)
    events = _events(required=False)
    description = StrictCharField(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)
    enabled = StrictBooleanField(required=False, help_text="False: nothing is sent, and what waits is abandoned.")


class RotationSerializer(StrictSerializer):
    """How long the former secret signs beside the new one."""

    overlap_seconds = serializers.IntegerField(
        min_value=0,
        max_value=LONGEST_OVERLAP_SECONDS,
        default=DAY_SECONDS,
        help_text="While it lasts each delivery has two signatures; 0: the former secret ends at once.",
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
