"""SIGTERM, as a deploy sends it, loses nothing: what was begun is finished or answered, the rest waits for the next."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.stack import HubStack, eventually
from tests.stack.client import GENERATIONS
from tests.stack.events import listen

pytestmark = pytest.mark.stack

TEXT, VIDEO = "gemini-3.5-flash-lite", "veo-3.1-lite-generate-001"
CALL_SECONDS = 4


@pytest.fixture(scope="module")
def hub(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack(operation_seconds=3)


@pytest.fixture(autouse=True)
def the_books_balance(hub: HubStack) -> Iterator[None]:
    yield
    hub.wait_until_all_have_ended()
    hub.assert_the_books_balance()


def ends(hub: HubStack, part: str, seconds: float) -> None:
    """By itself; a kill would come from nobody here."""
    eventually(lambda: not hub.runs(part), f"the end of {part}", seconds)
    hub.kill(part)


def test_a_worker_finishes_the_call_that_it_is_in_and_leaves_the_rest(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, f"[[fault:slow seconds={CALL_SECONDS}]] Paid for.")
    eventually(lambda: hub.calls_of(job), "the call to the provider")
    hub.signal("worker", signal.SIGTERM)
    time.sleep(0.5)
    later = hub.rich.submit(TEXT, "For the next worker.")
    ends(hub, "worker", CALL_SECONDS + 10)
    assert hub.state(job)["status"] == "succeeded"
    assert hub.state(later)["status"] == "queued"
    # What it counted was handed over with its end.
    metrics = hub.rich.call("GET", "/metrics").body.decode()
    assert 'hub_jobs_ended_total{kind="text",process="worker",status="succeeded"} 1.0' in metrics
    assert 'hub_processes{process="worker"}' not in metrics
    hub.start("worker")
    hub.wait_for(later, "succeeded")
    assert [len(hub.calls_of(each)) for each in (job, later)] == [1, 1]


def test_a_worker_gives_an_operation_to_the_next(hub: HubStack) -> None:
    job = hub.rich.submit(VIDEO, "Long work.", duration_seconds=4)
    eventually(lambda: hub.value("SELECT count(*) AS n FROM generation_attempts WHERE state = 'pending'"), "its name")
    hub.signal("worker", signal.SIGTERM)
    ends(hub, "worker", 10)
    hub.start("worker")
    assert hub.wait_for(job, "succeeded")["attempts_made"] == 1


def test_a_web_process_answers_whoever_it_has_let_in(hub: HubStack) -> None:
    """One whose body is on its way, one that waits for its job, and one that listens."""
    job = hub.rich.submit(TEXT, f"[[fault:slow seconds={CALL_SECONDS}]] Slow.")
    body = json.dumps({"model": TEXT, "prompt": "Half of this came before the signal."}).encode()
    url = urlsplit(hub.base_url)
    told: list[str] = []
    with (
        ThreadPoolExecutor(2) as pool,
        closing(http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)) as connection,
        listen(hub.rich, job) as events,
    ):
        waiting = pool.submit(hub.rich.call, "GET", f"{GENERATIONS}/{job}", Prefer="wait=60")
        listening = pool.submit(lambda: told.extend(event.name for event in events))
        connection.putrequest("POST", GENERATIONS)
        headers = {"Authorization": f"Bearer {hub.rich.api_key}", "Content-Type": "application/json"}
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body[:20])
        eventually(lambda: hub.redis.pubsub_channels("hub:live:*"), "somebody who listens")
        time.sleep(0.5)
        hub.signal("web", signal.SIGTERM)
        time.sleep(0.5)
        connection.send(body[20:])
        answer = connection.getresponse()
        submitted = json.loads(answer.read())
        assert answer.status == 202, submitted
        assert waiting.result(10).status == 200
        listening.result(10)
    assert told[-1] == "status"
    ends(hub, "web", 15)
    hub.start("web")
    assert hub.wait_for(submitted["id"], "succeeded")["attempts_made"] == 1


def test_a_clock_hands_its_lock_over_and_forgets_no_job(hub: HubStack) -> None:
    job = hub.rich.submit(VIDEO, "While no clock is there.", duration_seconds=4)
    hub.wait_for(job, "running")
    hub.signal("clock", signal.SIGTERM)
    ends(hub, "clock", 10)
    assert not hub.redis.exists("hub:clock:leader")
    assert hub.redis.zcard("hub:due") == 1
    hub.start("clock")
    hub.wait_for(job, "succeeded")
