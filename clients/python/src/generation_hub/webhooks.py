"""Whether a webhook is the hub's (the Standard Webhooks specification)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping

from generation_hub.decoding import decoded
from generation_hub.errors import BadAnswer, WebhookInvalid
from generation_hub.shapes.webhooks import WebhookEvent

TOLERANCE_SECONDS = 300


def verify_webhook(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> WebhookEvent:
    """The event of a request to your endpoint; raises WebhookInvalid for what is not the hub's, or too old.

    `payload` is the body as it came, byte for byte. `secret` is the endpoint's, `whsec_...`, or several of which one
    must fit. `now` is seconds since 1970, for tests. Remember `event.id` to do nothing twice: a webhook may come again.
    """
    body = payload.encode() if isinstance(payload, str) else payload
    named = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    _check_age(sent_at, time.time() if now is None else now, tolerance_seconds)
    signed = f"{message_id}.{sent_at}.".encode() + body
    secrets = [secret] if isinstance(secret, str) else list(secret)
    _check_signature(signed, named.get("webhook-signature", ""), secrets)
    return _event(message_id, body)


def _check_age(sent_at: str, now: float, tolerance: float) -> None:
    if not (sent_at.isascii() and sent_at.isdigit()):
        raise WebhookInvalid("The header webhook-timestamp is missing or malformed.")
    if abs(now - int(sent_at)) > tolerance:
        raise WebhookInvalid("The webhook is too old, or from the future.")


def _check_signature(signed: bytes, header: str, secrets: list[str]) -> None:
    """Every pair is compared, in constant time: how long it takes says nothing about which one fits."""
    given = [each.removeprefix("v1,").encode() for each in header.split(" ") if each.startswith("v1,")]
    expected = [base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)) for secret in secrets]
    fits = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(fits):
        raise WebhookInvalid("No signature of the webhook fits.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        # An empty key would make a signature that anybody can make.
        raise WebhookInvalid("The secret is none of a webhook endpoint: `whsec_` and base64.")
    return key


def _event(message_id: str, body: bytes) -> WebhookEvent:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise WebhookInvalid("The body of the webhook is no JSON.") from error
    try:
        return decoded(WebhookEvent, {**said, "id": message_id} if isinstance(said, dict) else said)
    except BadAnswer as error:
        raise WebhookInvalid(f"The webhook is none that this client knows. {error.detail}") from error
