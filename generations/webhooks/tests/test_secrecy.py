"""A secret is in the answer that made it and in the signature it makes; a URL is its owner's. Both nowhere else."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.models import AuditLog
from generations.models import WebhookDelivery, WebhookEndpoint
from generations.webhooks.delivery import deliver
from hub.logs import redact
from tests.receiver import Receiver
from tests.rest import Caller
from users.models import User

ENDPOINTS = "/api/v1/webhook-endpoints"
TOKEN = "c4n4ryt0k3n"


def stored(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
        rows = " ".join(row[0] for row in cursor.fetchall())
        columns = {"webhook_endpoints": "url, secret, previous_secret"}.get(table)
        if columns:
            cursor.execute(f"SELECT {columns} FROM {table}")
            rows += repr([bytes(value) for row in cursor.fetchall() for value in row if value is not None])
    return rows


def test_nothing_of_it_is_in_clear_where_it_should_not_be(
    caller: Caller, receiver: Receiver, new_delivery: Callable[..., WebhookDelivery], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = caller.post(ENDPOINTS, {"url": f"{receiver.url}/{TOKEN}"}).json()
    rotated = caller.post(f"{ENDPOINTS}/{made['id']}/rotate-secret").json()
    receiver.will_answer(500, 204)
    new_delivery()
    for row in WebhookDelivery.objects.all():
        deliver(delivery_id=row.id)
    assert any(request.path == f"/{TOKEN}" for request in receiver.received)
    secrets = [made["secret"], rotated["secret"], *WebhookEndpoint.objects.values_list("secret", flat=True)]
    raw = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    places = [stored("webhook_endpoints"), stored("webhook_deliveries"), stored("audit_logs"), caplog.text]
    places += [json.dumps(list(AuditLog.objects.values_list("data", flat=True)))]
    for place in places:
        assert TOKEN not in place
        for secret, plain in zip(secrets, raw, strict=True):
            assert secret.removeprefix("whsec_") not in place
            assert repr(plain)[2:-1] not in place
    for path in (ENDPOINTS, f"{ENDPOINTS}/{made['id']}", "/api/v1/webhook-deliveries"):
        assert "whsec" not in caller.get(path).content.decode()


def test_the_transport_stays_quiet_however_much_is_logged(settings: Any) -> None:
    assert settings.LOGGING["loggers"]["httpcore2"] == {"level": "WARNING"}


def test_a_secret_in_a_log_line_is_redacted(endpoint: WebhookEndpoint) -> None:
    assert redact(f"the secret {endpoint.secret}, that is") == "the secret [redacted], that is"


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("staff@example.org", "a long password"))
    return client


@pytest.mark.parametrize("model", ["webhookendpoint", "webhookdelivery"])
def test_the_staff_read_and_change_nothing(
    model: str, staff: Client, delivery: WebhookDelivery, endpoint: WebhookEndpoint
) -> None:
    row = endpoint if model == "webhookendpoint" else delivery
    listed = reverse(f"admin:generations_{model}_changelist")
    page = reverse(f"admin:generations_{model}_change", args=[row.pk])
    for answer in (staff.get(listed), staff.get(page), staff.get(listed, {"q": str(row.pk)})):
        assert answer.status_code == 200
        assert str(row.pk) in answer.content.decode()
        assert "whsec" not in answer.content.decode()
        assert endpoint.url not in answer.content.decode()
    assert staff.post(page, {}).status_code == 403
    assert staff.post(reverse(f"admin:generations_{model}_add"), {}).status_code == 403
