"""How an event of a stream is described: what is left of it once a client has read its lines."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class EventSerializer(serializers.Serializer[Any]):
    """One server-sent event."""

    id = serializers.CharField(help_text="To go on from, as `Last-Event-ID`.")
    event = serializers.ChoiceField(choices=["status", "delta", "generation"])
    data = serializers.CharField(  # type: ignore[assignment]  # a field, which the metaclass takes out of the class
        help_text="A JSON object."
    )
