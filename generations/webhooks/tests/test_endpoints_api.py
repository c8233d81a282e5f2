"""A client keeps its endpoints itself; the secret is shown by the answer that made it, and by none after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.models import AuditLog
from generations.models import WebhookDelivery, WebhookEndpoint
from generations.webhooks import endpoints
from hub.common import http
from tests.receiver import Receiver
from tests.rest import Caller, assert_problem, world

ENDPOINTS = "/api/v1/webhook-endpoints"
NewEndpoint = Callable[..., WebhookEndpoint]


@pytest.fixture(autouse=True)
def public_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is somebody's on the Internet, except those that end in `inside`; `nobody` is none."""

    def resolve(host: str, port: int) -> list[str]:
        if host.startswith("nobody"):
            raise OSError
        return ["10.1.2.3"] if host.endswith("inside") else ["93.184.216.34"]

    monkeypatch.setattr(http, "resolve", resolve)


def audited(action: str) -> list[dict[str, Any]]:
    return list(AuditLog.objects.filter(action=f"webhook_endpoint.{action}").values_list("data", flat=True))


def test_it_makes_one_and_shows_its_secret_this_once(caller: Caller) -> None:
    order = {"url": "https://example.org/hook?token=abc", "events": ["generation.failed"], "description": "My shop"}
    answer = caller.post(ENDPOINTS, order)
    body = answer.json()
    assert answer.status_code == 201
    assert body.pop("secret") == WebhookEndpoint.objects.get().secret
    assert answer["Location"] == f"http://testserver{ENDPOINTS}/{body['id']}"
    assert body == {
        **{"id": body["id"], "created_at": body["created_at"], **order},
        **{"enabled": True, "disabled_at": None, "disabled_reason": ""},
        **{"failing_since": None, "consecutive_failures": 0, "previous_secret_until": None},
    }
    assert caller.get(f"{ENDPOINTS}/{body['id']}").json() == body
    assert caller.get(ENDPOINTS).json() == {"results": [body], "next": None}
    assert audited("created") == [{"events": ["generation.failed"]}]


def test_without_events_it_takes_all(caller: Caller) -> None:
    body = caller.post(ENDPOINTS, {"url": "https://example.org/"}).json()
    assert (body["events"], body["description"]) == ([], "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": None}, "url"),
        ({"url": 7}, "url"),
        ({"url": "https://example.org/" + "x" * 2000}, "url"),
        ({"url": "https://example.org/", "events": "generation.failed"}, "events"),
        ({"url": "https://example.org/", "events": ["generation.won"]}, "events.0"),
        ({"url": "https://example.org/", "events": [None]}, "events.0"),
        ({"url": "https://example.org/", "events": ["generation.failed"] * 6}, "events"),
        ({"url": "https://example.org/", "description": "x" * 201}, "description"),
        ({"url": "https://example.org/", "description": None}, "description"),
        ({"url": "https://example.org/", "secret": "whsec_mine"}, "secret"),
        ({"url": "https://example.org/", "enabled": False}, "enabled"),
    ],
)
def test_it_refuses_what_it_does_not_understand(caller: Caller, body: Any, field: str) -> None:
    before = world()
    problem = assert_problem(caller.post(ENDPOINTS, body), 422, "invalid_request")
    assert field in [error["field"] for error in problem["errors"]]
    assert world() == before


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "https://u:p@example.org/", "https://hooks.inside/", "https://nobody.example.org/"),
        *("ftp://example.org/", "not a url", "https://example.org:99999/", "https://example.org/#x"),
    ],
)
def test_it_refuses_a_url_that_it_would_not_send_to(caller: Caller, url: str) -> None:
    kept = caller.post(ENDPOINTS, {"url": "https://example.org/"}).json()
    before = world()
    answers = (caller.post(ENDPOINTS, {"url": url}), caller.patch(f"{ENDPOINTS}/{kept['id']}", {"url": url}))
    for answer in answers:
        problem = assert_problem(answer, 422, "webhook_url_refused")
        assert [error["field"] for error in problem["errors"]] == ["url"]
    assert world() == before
    assert WebhookEndpoint.objects.get().url == "https://example.org/"


def test_an_account_has_only_so_many(caller: Caller, stranger: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 2)
    ids = [caller.post(ENDPOINTS, {"url": "https://example.org/"}).json()["id"] for _ in range(2)]
    before = world()
    assert_problem(caller.post(ENDPOINTS, {"url": "https://example.org/"}), 409, "too_many_webhook_endpoints")
    assert world() == before
    assert stranger.post(ENDPOINTS, {"url": "https://example.org/"}).status_code == 201
    caller.delete(f"{ENDPOINTS}/{ids[0]}")
    assert caller.post(ENDPOINTS, {"url": "https://example.org/"}).status_code == 201


def test_it_changes_what_it_is_told_and_nothing_else(caller: Caller, endpoint: WebhookEndpoint) -> None:
    path = f"{ENDPOINTS}/{endpoint.id}"
    body = caller.patch(path, {"events": ["generation.failed", "generation.blocked", "generation.failed"]}).json()
    assert body["events"] == ["generation.blocked", "generation.failed"]
    assert body["url"] == endpoint.url
    body = caller.patch(path, {"url": "https://example.org/other"}).json()
    assert body["url"] == "https://example.org/other"
    assert caller.patch(path, {}).json() == body
    assert sorted(each["changed"] for each in audited("changed")) == [["events"], ["url"]]
    endpoint.refresh_from_db()
    assert endpoint.secret.startswith("whsec_")


def test_another_url_forgets_the_failures_of_the_former(caller: Caller, endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(failing_since=timezone.now(), consecutive_failures=7)
    body = caller.patch(f"{ENDPOINTS}/{endpoint.id}", {"description": "x"}).json()
    assert body["consecutive_failures"] == 7
    body = caller.patch(f"{ENDPOINTS}/{endpoint.id}", {"url": "https://example.org/"}).json()
    assert (body["consecutive_failures"], body["failing_since"]) == (0, None)


def test_it_turns_one_off_and_on(caller: Caller, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    path = f"{ENDPOINTS}/{endpoint.id}"
    for _ in range(2):
        body = caller.patch(path, {"enabled": False}).json()
        assert (body["enabled"], body["disabled_reason"]) == (False, "paused")
    delivery.refresh_from_db()
    assert delivery.state == "abandoned"
    assert audited("disabled") == [{"reason": "paused", "abandoned_deliveries": 1}]
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=9), consecutive_failures=99)
    for _ in range(2):
        body = caller.patch(path, {"enabled": True}).json()
        assert (body["enabled"], body["disabled_reason"], body["disabled_at"]) == (True, "", None)
        assert (body["consecutive_failures"], body["failing_since"]) == (0, None)
    assert len(audited("enabled")) == 1


@pytest.mark.parametrize("enabled", ["true", 1, 0, None, "", []])
def test_on_and_off_are_true_and_false(caller: Caller, endpoint: WebhookEndpoint, enabled: Any) -> None:
    before = world()
    assert_problem(caller.patch(f"{ENDPOINTS}/{endpoint.id}", {"enabled": enabled}), 422, "invalid_request")
    assert world() == before
    assert WebhookEndpoint.objects.get().is_enabled


def test_a_deleted_one_is_gone_with_its_secrets_and_its_deliveries_stay(
    caller: Caller, endpoint: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    path = f"{ENDPOINTS}/{endpoint.id}"
    caller.post(f"{path}/rotate-secret")
    assert caller.delete(path).status_code == 204
    for answer in (caller.get(path), caller.delete(path), caller.patch(path, {}), caller.post(f"{path}/rotate-secret")):
        assert_problem(answer, 404, "not_found")
    assert caller.get(ENDPOINTS).json()["results"] == []
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.secret, endpoint.previous_secret) == ("", "", None)
    [kept] = caller.get("/api/v1/webhook-deliveries").json()["results"]
    assert (kept["id"], kept["state"]) == (str(delivery.id), "abandoned")
    assert audited("deleted") == [{"abandoned_deliveries": 1}]


def test_a_rotation_is_audited_without_the_secret(caller: Caller, endpoint: WebhookEndpoint) -> None:
    body = caller.post(f"{ENDPOINTS}/{endpoint.id}/rotate-secret").json()
    assert body["previous_secret_until"] is not None
    [row] = audited("secret_rotated")
    assert list(row) == ["overlap_until"]
    assert "whsec" not in str(row)


@pytest.mark.parametrize("overlap", [-1, 7 * 86400 + 1, "soon", None, 1.5])
def test_an_overlap_is_a_week_at_most(caller: Caller, endpoint: WebhookEndpoint, overlap: Any) -> None:
    before = world()
    answer = caller.post(f"{ENDPOINTS}/{endpoint.id}/rotate-secret", {"overlap_seconds": overlap})
    assert_problem(answer, 422, "invalid_request")
    assert world() == before
    assert WebhookEndpoint.objects.get().secret == endpoint.secret


def test_anothers_is_not_found_and_stays_as_it_is(
    caller: Caller, stranger: Caller, endpoint: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    before = world()
    for name in (endpoint.id, uuid4(), "abc"):
        path = f"{ENDPOINTS}/{name}"
        answers = (
            *(stranger.get(path), stranger.patch(path, {"enabled": False}), stranger.delete(path)),
            stranger.post(f"{path}/rotate-secret"),
        )
        for answer in answers:
            assert_problem(answer, 404, "not_found")
    assert stranger.get(ENDPOINTS).json()["results"] == []
    assert world() == before
    endpoint.refresh_from_db()
    assert endpoint.is_enabled
    assert caller.get(f"{ENDPOINTS}/{endpoint.id}").status_code == 200


def test_each_verb_needs_its_scope(
    new_caller: Callable[..., Caller], endpoint: WebhookEndpoint, delivery: WebhookDelivery
) -> None:
    reader, writer = new_caller(scopes=("webhooks:read",)), new_caller(scopes=("webhooks:write",))
    one, deliveries = f"{ENDPOINTS}/{endpoint.id}", "/api/v1/webhook-deliveries"
    before = world()
    refused = [writer.get(path) for path in (ENDPOINTS, one, deliveries, f"{deliveries}/{delivery.id}")]
    refused += [
        reader.post(path) for path in (ENDPOINTS, f"{one}/rotate-secret", f"{deliveries}/{delivery.id}/redeliver")
    ]
    refused += [reader.patch(one, {}), reader.delete(one)]
    for answer in refused:
        assert_problem(answer, 403, "scope_missing")
    assert world() == before
    assert reader.get(ENDPOINTS).status_code == 200
    assert writer.post(ENDPOINTS, {"url": "https://example.org/"}).status_code == 201


def test_a_list_takes_two_queries_however_long_it_is(
    caller: Caller, new_endpoint: NewEndpoint, django_assert_max_num_queries: Any
) -> None:
    made = [new_endpoint() for _ in range(12)]
    caller.get(ENDPOINTS)
    with django_assert_max_num_queries(2):
        assert len(caller.get(f"{ENDPOINTS}?limit=100").json()["results"]) == 12
    first = caller.get(f"{ENDPOINTS}?limit=7").json()
    second = caller.get(first["next"]).json()
    shown = [each["id"] for each in first["results"] + second["results"]]
    assert shown == [str(each.id) for each in reversed(made)]
    assert second["next"] is None


def test_an_operator_may_name_a_host_inside(caller: Caller, receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["Hooks.Inside"]
    assert caller.post(ENDPOINTS, {"url": "http://hooks.inside:8080/"}).status_code == 201
    settings.WEBHOOK_ALLOWED_HOSTS = []
    assert_problem(caller.post(ENDPOINTS, {"url": "http://hooks.inside:8080/"}), 422, "webhook_url_refused")
