"""What is told is written with what makes it true, for whoever wants it, and found again when its worker died."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from generations import due as jobs_due
from generations.clock import Clock
from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.periodic import run_sweep
from generations.services import attempts, books, lease
from generations.services.books import Failure
from generations.webhooks import outbox, tasks
from generations.webhooks.delivery import deliver
from generations.webhooks.due import DELIVERIES
from hub.common.redis import redis_client
from tests.receiver import Receiver
from tests.rest import Caller

NewEndpoint = Callable[..., WebhookEndpoint]
NewGeneration = Callable[..., Generation]
FAILURE = Failure(code="provider_error", message="No.")


def told() -> list[tuple[str, str]]:
    return list(WebhookDelivery.objects.order_by("id").values_list("event_type", "state"))


def queued() -> int:
    return int(redis_client().llen(tasks.QUEUE))


@pytest.fixture
def clock(no_jobs: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The only one. The test's connection is kept: its transaction looks old to the clock."""
    monkeypatch.setattr("generations.clock.close_old_connections", lambda: None)
    redis_client().delete("hub:clock:leader")
    return Clock()


@pytest.fixture
def job(caller: Caller, prices: None, no_jobs: None) -> Generation:
    return Generation.objects.get(id=caller.submit().json()["id"])


def leased(job: Generation) -> lease.Job:
    held = lease.take(generation_id=job.id)
    assert held is not None
    return held


def test_a_start_and_an_end_are_told(job: Generation, endpoint: WebhookEndpoint) -> None:
    held = leased(job)
    attempt = attempts.begin(held)
    assert told() == [("generation.started", "pending")]
    books.fail(held, FAILURE, attempt, attempts.State.FAILED)
    assert [event for event, _ in told()] == ["generation.started", "generation.failed"]
    started, failed = WebhookDelivery.objects.order_by("id")
    assert (started.payload["data"]["status"], failed.payload["data"]["status"]) == ("running", "failed")
    assert started.event_id != failed.event_id


def test_a_second_attempt_does_not_start_again(job: Generation, endpoint: WebhookEndpoint) -> None:
    held = leased(job)
    attempt = attempts.begin(held)
    books.close_for_retry(attempt, attempts.State.FAILED, error_code="provider_error")
    held.generation.refresh_from_db()
    attempts.begin(held)
    assert told() == [("generation.started", "pending")]


@pytest.mark.parametrize("is_running", [False, True])
def test_a_cancel_is_told_once(caller: Caller, job: Generation, endpoint: WebhookEndpoint, is_running: bool) -> None:
    if is_running:
        books.cancel(leased(job))
    else:
        caller.post(f"/api/v1/generations/{job.id}/cancel")
    caller.post(f"/api/v1/generations/{job.id}/cancel")
    assert told() == [("generation.canceled", "pending")]


def test_a_transaction_that_is_rolled_back_leaves_none(
    job: Generation, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise IntegrityError("the quota's row is away")

    held = leased(job)
    attempt = attempts.begin(held)
    monkeypatch.setattr(books.usage, "release_hold", fail)
    with pytest.raises(IntegrityError):
        books.fail(held, FAILURE, attempt, attempts.State.FAILED)
    assert told() == [("generation.started", "pending")]
    assert Generation.objects.get().status == "running"


def test_who_takes_the_event_gets_it_and_no_one_else(
    caller: Caller, stranger: Caller, new_endpoint: NewEndpoint, new_generation: NewGeneration
) -> None:
    every, wanted = new_endpoint(), new_endpoint(events=["generation.failed", "generation.succeeded"])
    new_endpoint(events=["generation.started"])
    new_endpoint(owner=stranger.user)
    new_endpoint(disabled_at="2026-01-01T00:00:00Z", disabled_reason="paused")
    new_endpoint(deleted_at="2026-01-01T00:00:00Z")
    outbox.write(generation=new_generation(caller.user, status="succeeded"), event=Event.SUCCEEDED)
    assert set(WebhookDelivery.objects.values_list("endpoint_id", flat=True)) == {every.id, wanted.id}
    assert WebhookDelivery.objects.values("event_id").distinct().count() == 1
    assert set(WebhookDelivery.objects.values_list("owner_id", flat=True)) == {caller.user.id}


def test_it_costs_one_query_without_endpoints_and_two_with_many(
    caller: Caller, new_endpoint: NewEndpoint, new_generation: NewGeneration
) -> None:
    generation = new_generation(caller.user, status="succeeded")
    with CaptureQueriesContext(
        connection,
    ) as none:
        outbox.write(generation=generation, event=Event.STARTED)
    for _ in range(5):
        new_endpoint()
    with CaptureQueriesContext(connection) as many, transaction.atomic():
        outbox.write(generation=generation, event=Event.SUCCEEDED)
    assert len(none) == 1
    assert len([each for each in many.captured_queries if "SAVEPOINT" not in each["sql"]]) == 2


def test_it_leaves_on_commit_and_not_before(
    endpoint: WebhookEndpoint, job: Generation, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        outbox.write(generation=job, event=Event.SUCCEEDED)
        assert (queued(), DELIVERIES.waiting()) == (0, 0)
    assert (queued(), DELIVERIES.waiting()) == (1, 1)


def test_a_redis_that_is_away_at_the_commit_harms_no_job(
    endpoint: WebhookEndpoint,
    job: Generation,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(tasks, "note_and_offer", away)
    held = leased(job)
    attempt = attempts.begin(held)
    with django_capture_on_commit_callbacks(execute=True):
        books.fail(held, FAILURE, attempt, attempts.State.FAILED)
    assert Generation.objects.get().status == "failed"
    assert [state for _, state in told()] == ["pending", "pending"]


def test_what_a_dead_worker_did_not_send_leaves_when_the_clock_looks_at_its_job(
    job: Generation, endpoint: WebhookEndpoint
) -> None:
    # The test's transaction never commits: what should happen on commit does not, as after kill -9.
    books.fail(held := leased(job), FAILURE, attempts.begin(held), attempts.State.FAILED)
    assert queued() == 0
    lease.look_later(generation_id=job.id)
    assert (queued(), DELIVERIES.waiting()) == (2, 2)
    assert jobs_due.waiting() == 0


def test_what_a_dead_worker_did_not_send_is_found_by_the_sweep(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    assert (queued(), DELIVERIES.waiting()) == (0, 0)
    run_sweep()
    assert DELIVERIES.waiting() == 1
    Clock()._send_due_webhooks()
    assert queued() == 1
    deliver(delivery_id=delivery.id)
    assert len(receiver.received) == 1
    assert DELIVERIES.waiting() == 0


def test_a_redis_that_was_emptied_is_filled_again_with_what_is_pending_and_when(
    new_delivery: Callable[..., WebhookDelivery], clock: Clock
) -> None:
    new_delivery()
    later = new_delivery(next_attempt_at="2999-01-01T00:00:00Z")
    new_delivery(state="failed", next_attempt_at=None)
    redis_client().delete(jobs_due.MARKER)
    clock.tick()
    assert DELIVERIES.waiting() == 2
    assert queued() == 1
    assert redis_client().zscore(DELIVERIES.key, str(later.id)) > 3e10


def test_the_clock_asks_the_database_nothing_when_nothing_or_something_is_due(
    delivery: WebhookDelivery, clock: Clock, django_assert_num_queries: Any
) -> None:
    clock.tick()
    with django_assert_num_queries(0):
        clock.tick()
    DELIVERIES.schedule(str(delivery.id), in_seconds=0)
    with django_assert_num_queries(0):
        clock.tick()
    assert queued() >= 1


def test_a_full_queue_is_not_filled_further(delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generations.clock.LONGEST_QUEUE", 0)
    DELIVERIES.schedule(str(delivery.id), in_seconds=0)
    Clock()._send_due_webhooks()
    assert (queued(), DELIVERIES.waiting()) == (0, 1)
