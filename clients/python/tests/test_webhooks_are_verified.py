"""What claims to be a webhook of the hub is, or is refused."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from generation_hub import WebhookInvalid, verify_webhook

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret").decode()
BODY = json.dumps(
    {
        "type": "generation.succeeded",
        "timestamp": "2026-11-22T19:25:21.000000Z",
        "data": {"id": "g1", "status": "succeeded", "kind": "text", "model": "m", "new": 1},
    }
).encode()


def headers(body: bytes = BODY, *, secret: str = SECRET, age: int = 0, message_id: str = "msg_1") -> dict[str, str]:
    sent = datetime.fromtimestamp(int(time.time()) - age, UTC)
    return {
        "Webhook-Id": message_id,
        "WEBHOOK-TIMESTAMP": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, sent, body.decode()),
    }


def test_what_the_hub_has_signed_is_read() -> None:
    event = verify_webhook(BODY, headers(), SECRET)
    assert (event.id, event.type, event.data.id, event.data.status) == (
        *("msg_1", "generation.succeeded"),
        *("g1", "succeeded"),
    )
    assert event.timestamp.tzinfo is not None
    assert verify_webhook(BODY.decode(), headers(), SECRET) == event


def test_during_a_rotation_either_secret_fits() -> None:
    both = headers()
    both["webhook-signature"] = f"v1a,ignored {headers(secret=OTHER)['webhook-signature']} {both['webhook-signature']}"
    assert verify_webhook(BODY, both, SECRET)
    assert verify_webhook(BODY, both, OTHER)
    assert verify_webhook(BODY, headers(), [OTHER, SECRET])


@pytest.mark.parametrize(
    ("body", "changes", "secret"),
    [
        (BODY + b" ", {}, SECRET),
        (BODY, {"Webhook-Id": "msg_2"}, SECRET),
        (BODY, {"WEBHOOK-TIMESTAMP": str(int(time.time()) + 1)}, SECRET),
        (BODY, {"WEBHOOK-TIMESTAMP": "soon"}, SECRET),
        (BODY, {"webhook-signature": ""}, SECRET),
        (BODY, {"webhook-signature": "v1,"}, SECRET),
        (BODY, {"webhook-signature": "v1,ünfit"}, SECRET),
        (BODY, {}, OTHER),
        (BODY, {}, "whsec_"),
        (BODY, {}, ""),
        (BODY, {}, "not base64!"),
        (BODY, {}, []),
    ],
)
def test_anything_else_is_refused(body: bytes, changes: dict[str, str], secret: str | list[str]) -> None:
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers() | changes, secret)


@pytest.mark.parametrize("age", [301, -301])
def test_what_is_not_of_these_minutes_is_refused(age: int) -> None:
    with pytest.raises(WebhookInvalid, match="too old"):
        verify_webhook(BODY, headers(age=age), SECRET)
    assert verify_webhook(BODY, headers(age=age), SECRET, tolerance_seconds=400)
    assert verify_webhook(BODY, headers(age=age), SECRET, now=time.time() - age)


def test_headers_that_are_missing_are_refused() -> None:
    with pytest.raises(WebhookInvalid):
        verify_webhook(BODY, {}, SECRET)


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"type": 3}'])
def test_what_is_signed_and_no_event_is_refused_as_well(body: bytes) -> None:
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers(body), SECRET)
