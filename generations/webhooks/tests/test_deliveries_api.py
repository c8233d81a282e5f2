"""A client sees what was sent to it and how that went, and has it sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from audit.models import AuditLog
from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.webhooks import outbox, tasks
from generations.webhooks.delivery import deliver
from hub.common.redis import redis_client
from tests.receiver import Receiver
from tests.rest import Caller, assert_problem, world

DELIVERIES = "/api/v1/webhook-deliveries"
NewDelivery = Callable[..., WebhookDelivery]


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


def test_it_shows_one_as_it_stands(caller: Caller, delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.will_answer(503)
    deliver(delivery_id=delivery.id)
    body = caller.get(f"{DELIVERIES}/{delivery.id}").json()
    assert body == {
        "id": str(delivery.id),
        "endpoint_id": str(delivery.endpoint_id),
        "event_id": str(delivery.event_id),
        "event": "generation.succeeded",
        "generation_id": str(delivery.generation_id),
        "payload": delivery.payload,
        "redelivery_of": None,
        "state": "pending",
        "attempts": 1,
        "next_attempt_at": body["next_attempt_at"],
        "last_response_code": 503,
        "last_error": "status",
        "delivered_at": None,
        "created_at": body["created_at"],
    }
    assert caller.get(DELIVERIES).json() == {"results": [body], "next": None}


def test_it_filters(
    caller: Caller,
    endpoint: WebhookEndpoint,
    new_delivery: NewDelivery,
    new_endpoint: Callable[..., WebhookEndpoint],
    new_generation: Callable[..., Generation],
) -> None:
    first = new_delivery(state="failed", next_attempt_at=None)
    second = new_delivery()
    other = new_endpoint(events=["generation.started"])
    outbox.write(generation=new_generation(caller.user), event=Event.STARTED)
    to_other = WebhookDelivery.objects.get(endpoint=other)
    to_first = WebhookDelivery.objects.get(endpoint=endpoint, event_type="generation.started")
    expected = {
        f"endpoint={other.id}": [to_other],
        f"endpoint={endpoint.id}&event=generation.started": [to_first],
        "state=failed": [first],
        "event=generation.succeeded&state=pending": [second],
        f"endpoint={uuid4()}": [],
    }
    for query, found in expected.items():
        assert ids(caller.get(f"{DELIVERIES}?{query}")) == [str(each.id) for each in found]


@pytest.mark.parametrize("query", ["state=done", "event=x", "endpoint=1", "limit=0", "cursor=x", "page=2"])
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"{DELIVERIES}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [query.partition("=")[0]]


def test_a_page_takes_two_queries_however_long_it_is(
    caller: Caller, new_delivery: NewDelivery, django_assert_max_num_queries: Any
) -> None:
    made = [new_delivery() for _ in range(9)]
    caller.get(DELIVERIES)
    with django_assert_max_num_queries(2):
        assert ids(caller.get(f"{DELIVERIES}?limit=100")) == [str(each.id) for each in reversed(made)]
    first = caller.get(f"{DELIVERIES}?limit=5&state=pending").json()
    assert [each["id"] for each in first["results"]] + ids(caller.get(first["next"])) == [
        str(each.id) for each in reversed(made)
    ]


def test_a_redelivery_is_a_new_delivery_of_the_same_event(
    caller: Caller,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    receiver: Receiver,
    django_capture_on_commit_callbacks: Any,
) -> None:
    deliver(delivery_id=delivery.id)
    with django_capture_on_commit_callbacks(execute=True):
        answer = caller.post(f"{DELIVERIES}/{delivery.id}/redeliver")
    body = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"http://testserver{DELIVERIES}/{body['id']}"
    assert (body["state"], body["attempts"], body["redelivery_of"]) == ("pending", 0, str(delivery.id))
    assert (body["event_id"], body["payload"]) == (str(delivery.event_id), delivery.payload)
    assert redis_client().llen(tasks.QUEUE) == 1
    again = WebhookDelivery.objects.get(id=body["id"])
    deliver(delivery_id=again.id)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    Webhook(endpoint.secret).verify(second.body, dict(second.headers))
    assert AuditLog.objects.get(action="webhook_delivery.repeated").target_id == again.id
    assert caller.post(f"{DELIVERIES}/{again.id}/redeliver").status_code == 202


def test_one_that_is_still_tried_is_not_doubled(caller: Caller, delivery: WebhookDelivery) -> None:
    before = world()
    assert_problem(caller.post(f"{DELIVERIES}/{delivery.id}/redeliver"), 409, "webhook_delivery_pending")
    assert world() == before


@pytest.mark.parametrize(
    "changes",
    [{"disabled_at": "2026-01-01T00:00:00Z", "disabled_reason": "gone"}, {"deleted_at": "2026-01-01T00:00:00Z"}],
)
def test_one_to_an_endpoint_that_is_off_is_not_sent(
    caller: Caller, new_delivery: NewDelivery, changes: dict[str, Any]
) -> None:
    delivery = new_delivery(state="abandoned", next_attempt_at=None)
    WebhookEndpoint.objects.update(**changes)
    before = world()
    assert_problem(caller.post(f"{DELIVERIES}/{delivery.id}/redeliver"), 409, "webhook_endpoint_disabled")
    assert world() == before


def test_a_field_is_refused(caller: Caller, new_delivery: NewDelivery) -> None:
    delivery = new_delivery(state="failed", next_attempt_at=None)
    before = world()
    answer = caller.post(f"{DELIVERIES}/{delivery.id}/redeliver", {"url": "https://example.org"})
    assert_problem(answer, 422, "invalid_request")
    assert world() == before


def test_anothers_is_not_found(caller: Caller, stranger: Caller, new_delivery: NewDelivery) -> None:
    delivery = new_delivery(state="failed", next_attempt_at=None)
    before = world()
    for name in (delivery.id, uuid4(), "abc"):
        assert_problem(stranger.get(f"{DELIVERIES}/{name}"), 404, "not_found")
        assert_problem(stranger.post(f"{DELIVERIES}/{name}/redeliver"), 404, "not_found")
    assert ids(stranger.get(DELIVERIES)) == []
    assert ids(stranger.get(f"{DELIVERIES}?endpoint={delivery.endpoint_id}")) == []
    assert world() == before
