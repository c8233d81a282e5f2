"""The word of a job reaches its owner through real processes, though the worker that had it to tell was killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import pytest
from standardwebhooks import Webhook

from tests.receiver import Receiver, running_receiver
from tests.stack import HubStack, eventually
from tests.stack.nursery import Nursery

pytestmark = pytest.mark.stack

ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints", "/api/v1/webhook-deliveries"
MODEL = "gemini-3.5-flash-lite"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack(
        running=("simulator", "clock", "web"), WEBHOOK_ALLOWED_HOSTS="127.0.0.1", WEBHOOK_TIMEOUT_SECONDS="2"
    )


def told_of(receiver: Receiver, job: str, times: int) -> list[str]:
    def found() -> list[str]:
        bodies = [json.loads(request.body) for request in list(receiver.received)]
        return [body["type"] for body in bodies if body["data"]["id"] == job]

    eventually(lambda: len(found()) >= times, f"{times} webhooks of {job}", 30)
    return found()


def test_what_a_killed_worker_had_to_tell_is_told_and_what_fails_is_tried_again(
    stack: HubStack, receiver: Receiver
) -> None:
    made = stack.rich.call("POST", ENDPOINTS, {"url": f"{receiver.url}/hook", "events": ["generation.succeeded"]}).json
    with Nursery(stack) as nursery:
        worker = nursery.worker("the_word", "text")
        job = stack.rich.submit(MODEL, "A lighthouse at dusk.")
        eventually(lambda: not nursery.is_alive(worker), "the death of the worker", 30)
        assert nursery.ending(worker) == -signal.SIGKILL
    assert stack.state(job)["status"] == "succeeded"
    assert stack.value("SELECT state FROM webhook_deliveries") == "pending"
    assert receiver.received == []
    receiver.will_answer(500, 204)
    stack.start("worker")
    assert told_of(receiver, job, 2) == ["generation.succeeded"] * 2
    for request in receiver.received:
        Webhook(made["secret"]).verify(request.body, dict(request.headers))
    eventually(lambda: stack.value("SELECT state FROM webhook_deliveries") == "delivered", "the end of the delivery")
    [shown] = stack.rich.call("GET", DELIVERIES).json["results"]
    assert (shown["attempts"], shown["last_response_code"]) == (2, 204)
    assert len(stack.calls_of(job)) == 1
    stack.rich.call("DELETE", f"{ENDPOINTS}/{made['id']}")


def test_a_job_is_told_from_its_start_to_its_end(stack: HubStack, receiver: Receiver) -> None:
    made = stack.rich.call("POST", ENDPOINTS, {"url": f"{receiver.url}/all"}).json
    job = stack.rich.submit(MODEL, "A lighthouse at dawn.")
    assert sorted(told_of(receiver, job, 2)) == ["generation.started", "generation.succeeded"]
    [done] = stack.rich.call("GET", f"{DELIVERIES}?event=generation.succeeded&endpoint={made['id']}").json["results"]
    eventually(lambda: stack.redis.zcard("hub:webhooks:due") == 0, "an empty due set")
    again = stack.rich.call("POST", f"{DELIVERIES}/{done['id']}/redeliver", {})
    assert again.status == 202
    assert told_of(receiver, job, 3)[2] == "generation.succeeded"
    for part in ("web", "worker", "clock"):
        assert made["secret"] not in stack.log(part)
    stack.assert_the_books_balance()
