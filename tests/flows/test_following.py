"""Who waits for a job, or listens to it, is told at once, and holds nothing while nothing happens."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from tests.stack import Answer, Client, HubStack, eventually
from tests.stack.client import GENERATIONS
from tests.stack.events import EventStream, listen, stream

pytestmark = pytest.mark.stack

TEXT = "gemini-3.8-flash"
SLOW = "The sea. [[fault:slow seconds={}]]"
AT_ONCE_SECONDS = 2.0


@pytest.fixture(scope="module")
def hub(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack()


@pytest.fixture(autouse=True)
def nothing_is_left_over(hub: HubStack) -> Iterator[None]:
    yield
    hub.wait_until_all_have_ended()
    eventually(lambda: listened_to(hub) == 0, "the end of every subscription", 10)


def listened_to(hub: HubStack) -> int:
    channels: list[str] = hub.redis.pubsub_channels("hub:live:*")
    return len(channels)


def post(client: Client, prompt: str, *, wait: str, model: str = TEXT) -> Answer:
    return client.call("POST", GENERATIONS, {"model": model, "prompt": prompt}, Prefer=f"wait={wait}")


# --- waiting ---------------------------------------------------------------------------------------------------


def test_it_waits_for_the_end_and_answers_at_once_then(hub: HubStack) -> None:
    started = time.monotonic()
    answer = post(hub.rich, SLOW.format(2), wait="30")
    assert time.monotonic() - started < 2 + AT_ONCE_SECONDS + 3
    assert (answer.status, answer.json["status"]) == (202, "succeeded")
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == answer.json["links"]["self"]
    assert answer.json == hub.rich.generation(answer.json["id"])


def test_it_gives_the_job_as_it_is_when_the_time_is_over(hub: HubStack) -> None:
    answer = post(hub.rich, SLOW.format(4), wait="1")
    assert (answer.status, answer.json["status"]) == (202, "running")

    again = hub.rich.call("GET", f"{GENERATIONS}/{answer.json['id']}", Prefer="wait=30")
    assert (again.status, again.json["status"]) == (200, "succeeded")


def test_it_does_not_wait_for_what_has_ended(hub: HubStack) -> None:
    done = post(hub.rich, "The sea.", wait="30").json
    started = time.monotonic()
    again = hub.rich.call("GET", f"{GENERATIONS}/{done['id']}", Prefer="respond-async, wait=30")
    assert again.json == done
    assert time.monotonic() - started < AT_ONCE_SECONDS


@pytest.mark.parametrize("wait", ["0", "61", "soon", "-1", "1.5"])
def test_it_refuses_a_wait_that_it_cannot_grant_and_submits_nothing(hub: HubStack, wait: str) -> None:
    before = hub.value("SELECT count(*) FROM generations")
    answer = post(hub.rich, "The sea.", wait=wait)
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert answer.json["errors"][0]["field"] == "Prefer"
    assert hub.value("SELECT count(*) FROM generations") == before


def test_it_waits_without_redis_by_looking(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, SLOW.format(3))
    hub.wait_for(job, "running")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hub.rich.call, "GET", f"{GENERATIONS}/{job}", Prefer="wait=30")
        eventually(lambda: listened_to(hub) == 1, "the wait")
        hub.kill_valkey()
        try:
            answer = waiting.result()
        finally:
            hub.restart_valkey()
    assert answer.json["status"] == "succeeded"


def test_a_cancel_ends_the_wait(hub: HubStack) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, hub.rich, "A film. [[fault:never_ends]]", wait="30", model="gemini-omni-1.2-flash")
        job = eventually(lambda: hub.open_jobs()[0]["id"] if hub.open_jobs() else None, "the job")
        hub.wait_for(str(job), "running")
        assert hub.rich.cancel(str(job)).status == 200
        answer = waiting.result()
    assert answer.json["status"] == "canceled"


# --- events ----------------------------------------------------------------------------------------------------


def test_it_tells_every_status_and_then_the_generation(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, SLOW.format(1))
    with listen(hub.rich, job) as events:
        told = list(events)

    assert events.headers["content-type"] == "text/event-stream"
    assert [(event.id, event.name) for event in told] == [("1", "status"), ("2", "status"), ("3", "generation")]
    queued, running, ended = (event.data for event in told)
    assert (queued["status"], running["status"], ended["status"]) == ("queued", "running", "succeeded")
    assert (queued["id"], queued["at"]) == (job, ended["created_at"])
    assert ended == hub.rich.generation(job)


def test_a_text_comes_piece_by_piece_as_the_provider_writes_it(hub: HubStack) -> None:
    with stream(hub.rich, "Ten sentences about the sea. [[fault:slow seconds=3]]") as events:
        assert events.status == 200
        told = list(events)

    pieces = [event for event in told if event.name == "delta"]
    ended = told[-1]
    assert events.headers["location"] == ended.data["links"]["self"]
    assert "".join(piece.data["text"] for piece in pieces) == ended.data["outputs"][0]["text"]
    assert len(pieces) >= 3
    # While it was being written, not all at the end.
    assert pieces[-1].at - pieces[0].at > 1
    assert all(before.id < after.id for before, after in pairwise(told))


def test_a_stream_goes_on_after_the_event_that_was_received_last(hub: HubStack) -> None:
    with stream(hub.rich, "Ten sentences about the sea. [[fault:slow seconds=2]]") as events:
        seen = []
        for event in events:
            seen.append(event)
            if event.name == "delta":
                break
    job = seen[0].data["id"]
    with listen(hub.rich, job, after=seen[-1].id) as events:
        rest = list(events)

    text = "".join(event.data["text"] for event in [*seen, *rest] if event.name == "delta")
    assert text == rest[-1].data["outputs"][0]["text"]
    assert not {event.id for event in seen} & {event.id for event in rest}


def test_the_events_of_a_job_that_has_ended_can_still_be_had(hub: HubStack) -> None:
    with stream(hub.rich, "The sea.") as events:
        told = [(event.id, event.data) for event in events]
    with listen(hub.rich, told[0][1]["id"]) as events:
        again = [(event.id, event.data) for event in events]
    assert [each for each in again if each[0] != "2"] == [each for each in told if each[0] != "2"]

    with listen(hub.rich, told[0][1]["id"], after="3") as events:
        assert events.status == 204


def test_it_refuses_an_event_id_that_is_none_of_its_own(hub: HubStack) -> None:
    job = post(hub.rich, "The sea.", wait="30").json["id"]
    for wrong in ("4", "x", "2.5", "9" * 400):
        answer = hub.rich.call("GET", f"{GENERATIONS}/{job}/events", Last_Event_ID=wrong)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "Last-Event-ID")


def test_a_stream_that_is_refused_is_a_problem_document(hub: HubStack) -> None:
    with EventStream(hub.rich, "POST", GENERATIONS, {"model": "nothing", "prompt": "Hi"}) as events:
        assert (events.status, events.headers["content-type"]) == (422, "application/problem+json")


def test_another_users_events_are_not_there(hub: HubStack) -> None:
    job = post(hub.rich, "The sea.", wait="30").json["id"]
    with listen(hub.client("other"), job) as events:
        assert events.status == 404


def test_a_listener_that_goes_frees_everything_at_once(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, SLOW.format(8))
    streams = [listen(hub.rich, job) for _ in range(20)]
    eventually(lambda: listened_to(hub) == 1, "the subscription")
    for each in streams:
        next(iter(each))
        each.close()
    eventually(lambda: listened_to(hub) == 0, "the end of the subscription", AT_ONCE_SECONDS)
    assert hub.rich.cancel(job).status == 200


def test_those_who_wait_hold_no_connection_to_the_database(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, SLOW.format(6))
    hub.wait_for(job, "running")
    streams = [listen(hub.rich, job) for _ in range(40)]
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state <> 'idle' AND pid <> pg_backend_pid()"
    eventually(lambda: hub.value(query, hub.database) == 0, "a database at rest", 3)
    for each in streams:
        each.close()


def test_a_web_process_that_stops_lets_nobody_wait(hub: HubStack) -> None:
    job = hub.rich.submit(TEXT, SLOW.format(10))
    told: list[Any] = []
    with listen(hub.rich, job) as events, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hub.rich.call, "GET", f"{GENERATIONS}/{job}", Prefer="wait=60")
        reading = threading.Thread(target=lambda: told.extend(events))
        reading.start()
        eventually(lambda: listened_to(hub) == 1, "the wait")
        time.sleep(0.5)
        started = time.monotonic()
        hub.signal("web", signal.SIGTERM)
        answer = waiting.result()
        reading.join(10)
        took = time.monotonic() - started
    hub.kill("web")
    hub.start("web")
    assert took < 4
    assert answer.json["status"] == "running"
    assert [event.name for event in told] == ["status", "status"]
    with listen(hub.rich, job, after=told[-1].id) as events:
        assert [event.name for event in events] == ["generation"]
