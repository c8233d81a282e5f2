"""Secrets and signatures as the Standard Webhooks specification (version 1, symmetric) has them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import digest
from uuid import UUID

from generations.models import WebhookEndpoint

PREFIX = "whsec_"
SECRET_BYTES = 32


def make_secret() -> str:
    """A new one: `whsec_` and the base64 of 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secrets_in_force(endpoint: WebhookEndpoint, *, at: datetime) -> Sequence[str]:
    """Those that sign at that moment, the newest first."""
    until = endpoint.previous_secret_until
    if endpoint.previous_secret is None or until is None or until <= at:
        return (endpoint.secret,)
    return (endpoint.secret, endpoint.previous_secret)


def signed_headers(*, event_id: UUID, at: datetime, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    """`webhook-id`, `webhook-timestamp` (the moment of this attempt) and `webhook-signature`, one for each secret."""
    timestamp = int(at.timestamp())
    content = f"{event_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return f"v1,{base64.b64encode(digest(key, content, sha256)).decode()}"
