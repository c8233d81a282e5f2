"""The tables of the work and of its webhooks."""

from __future__ import annotations

from generations.models.webhooks import Event, WebhookDelivery, WebhookEndpoint
from generations.models.work import Generation, GenerationAttempt, GenerationQuerySet, Quote

__all__ = [
    "Event",
    "Generation",
    "GenerationAttempt",
    "GenerationQuerySet",
    "Quote",
    "WebhookDelivery",
    "WebhookEndpoint",
]
