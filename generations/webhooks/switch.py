"""Turns an endpoint off. The endpoint's row comes first, then its deliveries: whoever writes both keeps that order."""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from audit import services as audit
from audit.actions import Action
from generations.models import WebhookDelivery, WebhookEndpoint

# Who acts when no person does, as the audit trail names it.
WORKER = "worker"


def disable(*, endpoint_id: UUID, reason: str, actor_id: UUID | None = None, actor_label: str = WORKER) -> bool:
    """Sends nothing there any more, audited; False, and nothing written, when it was off already.

    Runs inside the caller's transaction. What was to be sent is abandoned; it can be delivered again by hand.
    """
    enabled = WebhookEndpoint.objects.enabled().filter(id=endpoint_id)
    if not enabled.update(disabled_at=Now(), disabled_reason=reason):
        return False
    abandoned = abandon(endpoint_id=endpoint_id)
    audit.record(
        action=Action.WEBHOOK_ENDPOINT_DISABLED,
        actor_id=actor_id,
        actor_label=actor_label,
        target=("webhook_endpoint", endpoint_id),
        reason=reason,
        abandoned_deliveries=abandoned,
    )
    return True


def abandon(*, endpoint_id: UUID) -> int:
    """Gives up what was to be sent there; returns how many deliveries that were."""
    waiting = WebhookDelivery.objects.pending().filter(endpoint_id=endpoint_id)
    return waiting.update(state=WebhookDelivery.State.ABANDONED, next_attempt_at=None)
