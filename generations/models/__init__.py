"""The tables of the work, of the files it works with, and of its webhooks."""

from __future__ import annotations

from generations.models.inputs import GenerationInput
from generations.models.traces import ProviderTrace
from generations.models.webhooks import Event, WebhookDelivery, WebhookEndpoint
from generations.models.work import Generation, GenerationAttempt, GenerationQuerySet, Quote

__all__ = [
    "Event",
    "Generation",
    "GenerationAttempt",
    "GenerationInput",
    "GenerationQuerySet",
    "ProviderTrace",
    "Quote",
    "WebhookDelivery",
    "WebhookEndpoint",
]
