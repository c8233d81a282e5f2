"""Webhook endpoints, what is delivered to them, and how the deliveries went."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where the hub tells what becomes of generations."""

    id: str
    url: str
    events: tuple[str, ...]
    """Empty: all of them."""
    description: str
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str
    failing_since: datetime | None
    consecutive_failures: int
    previous_secret_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhookEndpoint(WebhookEndpoint):
    """An endpoint with its signing secret, which is shown this once and is no part of the repr."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSubject:
    """The generation that an event is about; fetch the rest with your key."""

    id: str
    status: str
    kind: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPayload:
    """The body of a webhook."""

    type: str
    timestamp: datetime
    data: WebhookSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent(WebhookPayload):
    """A webhook that was verified. `id` is the same at every attempt and redelivery."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One event on its way to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    event: str
    generation_id: str
    payload: WebhookPayload
    redelivery_of: str | None
    state: str
    """pending, delivered, failed or abandoned."""
    attempts: int
    next_attempt_at: datetime | None
    last_response_code: int | None
    last_error: str
    delivered_at: datetime | None
    created_at: datetime
