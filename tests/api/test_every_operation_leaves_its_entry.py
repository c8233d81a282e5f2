"""Every writing operation of the API leaves its entry: by whom, from where, to what; reading leaves none.

They are walked as the URL table has them; one that comes fails here until it is said what entry it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation
from tests.files import picture
from tests.rest import Caller
from tests.routes import Route, calls

pytestmark = pytest.mark.usefixtures("prices")
# What a writing operation leaves, by the route's name; and the one read that does: all data leave with it.
ENTRIES = {
    ("quotes", "POST"): "quote.made",
    ("generations", "POST"): "generation.submitted",
    ("generation-cancel", "POST"): "generation.cancel_requested",
    ("media-list", "POST"): "media.uploaded",
    ("media", "DELETE"): "media.deleted",
    # The example caps the key.
    ("api-keys", "POST"): "api_key.issued quota.set",
    ("api-key", "DELETE"): "api_key.revoked",
    ("api-key-rotate", "POST"): "api_key.rotated",
    ("me-export", "POST"): "privacy.export_requested",
    ("me-erasure", "POST"): "privacy.erasure_requested",
    ("webhook-endpoints", "POST"): "webhook_endpoint.created",
    ("webhook-endpoint", "PATCH"): "webhook_endpoint.changed",
    ("webhook-endpoint", "DELETE"): "webhook_endpoint.deleted",
    ("webhook-endpoint-rotate-secret", "POST"): "webhook_endpoint.secret_rotated",
    ("webhook-delivery-redeliver", "POST"): "webhook_delivery.repeated",
    ("privacy-request-content", "GET"): "privacy.export_downloaded",
}


def asked(route: Route, method: str, caller: Caller, path: str, body: Any) -> Any:
    """As the schema's example has it, but where that is not an order of this caller's."""
    if (route.name, method) == ("media-list", "POST"):
        return caller.upload(picture())
    if route.name == "generation-cancel":
        Generation.objects.update(status="running", finished_at=None, cost=None)
    if route.name == "me-erasure":
        body = {"confirm": str(caller.user.id)}
    if route.name.startswith("webhook-endpoint") and method in ("POST", "PATCH"):
        body = {} if route.names and method == "POST" else {"url": "http://127.0.0.1:9/hook"}
    return caller.call(method, path, body)


@pytest.mark.parametrize(("route", "method"), calls())
def test_it_leaves_its_entry_and_no_other(
    caller: Caller,
    make: Callable[[Route, Caller], dict[str, UUID]],
    body: Callable[[Route, str], Any],
    settings: Any,
    route: Route,
    method: str,
) -> None:
    assert method == "GET" or (route.name, method) in ENTRIES, "say in ENTRIES what entry it leaves"
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    path, sent = route.at(**make(route, caller)), body(route, method)
    if method == "GET":
        path, sent = path + {"usage-summary": "?group_by=day"}.get(route.name, ""), None
    began = timezone.now()
    answer = asked(route, method, caller, path, sent)
    assert answer.status_code < 400, answer
    entries = list(AuditLog.objects.filter(created_at__gte=began))
    assert sorted(entry.action for entry in entries) == ENTRIES.get((route.name, method), "").split()
    for entry in entries:
        assert (entry.actor_id, entry.ip, entry.request_id) == (caller.user.id, "127.0.0.1", answer["X-Request-ID"])
        assert entry.target_id is not None
    answer.close()


def test_no_operation_is_listed_that_is_gone() -> None:
    there = {(each.values[0].name, each.values[1]) for each in calls()}
    assert set(ENTRIES) <= there
