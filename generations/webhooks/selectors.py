"""Reads of webhooks, scoped by their owner."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from generations.models import WebhookDelivery, WebhookEndpoint
from hub.common.errors import NotFound
from users.models import User


def endpoints_of(*, user: User) -> QuerySet[WebhookEndpoint]:
    """The user's, newest first; deleted ones are gone."""
    return WebhookEndpoint.objects.kept().filter(owner=user).order_by("-created_at", "-id")


def endpoint_of(*, user: User, endpoint_id: UUID) -> WebhookEndpoint:
    """One of the user's; raises NotFound, also for another user's."""
    found = endpoints_of(user=user).filter(id=endpoint_id).first()
    if found is None:
        raise NotFound("There is no such webhook endpoint, or it is not yours.")
    return found


def deliveries_of(
    *, user: User, endpoint: UUID | None = None, state: str | None = None, event: str | None = None
) -> QuerySet[WebhookDelivery]:
    """The user's, newest first; those to deleted endpoints too."""
    rules = {"endpoint_id": endpoint, "state": state, "event_type": event}
    given: dict[str, Any] = {name: value for name, value in rules.items() if value is not None}
    return WebhookDelivery.objects.filter(owner=user, **given).order_by("-created_at", "-id")


def delivery_of(*, user: User, delivery_id: UUID) -> WebhookDelivery:
    """One of the user's; raises NotFound, also for another user's."""
    found = deliveries_of(user=user).filter(id=delivery_id).first()
    if found is None:
        raise NotFound("There is no such webhook delivery, or it is not yours.")
    return found
