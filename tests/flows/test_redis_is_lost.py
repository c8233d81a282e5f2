"""Valkey is emptied, or killed, while jobs are queued, wait for a retry, and run at the provider."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.stack import HubStack, eventually
from tests.stack.client import GENERATIONS

pytestmark = pytest.mark.stack

TEXT, PICTURE, SONG = "gemini-3.5-flash-lite", "gemini-2.5-flash-image", "lyria-3.5"
VIDEOS = {
    "gemini-omni-1.2-flash": {"duration_seconds": 3, "resolution": "360p"},
    "veo-3.1-lite-generate-001": {"duration_seconds": 4},
}
OPERATION_SECONDS = 4.0
RETRY_SECONDS = 4
# Well above a third of itself and one wait for an answer of Valkey (hub.common.redis), and well below the hang.
HANG_LEASE_SECONDS, HANG_SECONDS = 12, 16
# How many reads, and what each would lose that waited for a Valkey that hangs.
READS, WAIT_SECONDS = 20, 0.5
# What a refused request must not add to.
TABLES = ("generations", "quota_holds", "audit_logs", "generation_attempts", "usage_logs", "media")


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack(operation_seconds=OPERATION_SECONDS)


def fill(stack: HubStack) -> list[str]:
    """Jobs in every state that waits: at the provider, for a retry, in the middle of a call, and in the queue.

    The clock stands still meanwhile: however slow the machine is, nobody who waits goes on before the others do.
    """
    stack.signal("clock", signal.SIGSTOP)
    waiting = [stack.rich.submit(model, "The tide.", **options) for model, options in VIDEOS.items() for _ in range(3)]
    again = f"[[fault:429 retry={RETRY_SECONDS} times=1]]"
    waiting += [stack.rich.submit(model, f"{again} Wave {n} {time.time()}") for model in (TEXT, SONG) for n in range(3)]
    eventually(lambda: all(stack.state(job)["next_check_at"] for job in waiting), "the wait of those that wait")
    working = [stack.rich.submit(PICTURE, f"[[fault:slow seconds=3]] Wave {n}") for n in range(3)]
    eventually(lambda: all(stack.calls_of(job) for job in working), "the calls of those that work", pause=0.02)
    stack.kill("worker")
    queued = [stack.rich.submit(TEXT, f"Queued {n}") for n in range(10)]
    stack.signal("clock", signal.SIGCONT)
    return waiting + working + queued


def end_of(stack: HubStack, jobs: list[str]) -> float:
    seconds = stack.wait_until_all_have_ended(120)
    for job in jobs:
        # The calls for pictures died with their worker, and may be made again.
        assert stack.state(job)["status"] == "succeeded", stack.state(job)
    for job in jobs[: 3 * len(VIDEOS)]:
        assert len(stack.calls_of(job)) == 1
    stack.assert_the_books_balance()
    return seconds


def counts(stack: HubStack) -> dict[str, Any]:
    return {table: stack.value(f"SELECT count(*) FROM {table}") for table in TABLES} | {"held": stack.held()}


def test_all_jobs_end_when_it_is_emptied(stack: HubStack) -> None:
    jobs = fill(stack)
    stack.redis.flushall()
    stack.start("worker")
    print(f"emptied: {len(jobs)} jobs ended in {end_of(stack, jobs):.1f} s")


def test_all_jobs_end_when_it_is_emptied_under_a_running_worker(stack: HubStack) -> None:
    jobs = fill(stack)
    stack.start("worker")
    stack.redis.flushall()
    jobs += [stack.rich.submit(TEXT, f"Afterwards {n}") for n in range(3)]
    print(f"emptied under the worker: {len(jobs)} jobs ended in {end_of(stack, jobs):.1f} s")


def test_all_jobs_end_when_it_is_killed_and_comes_back_empty(stack: HubStack) -> None:
    jobs = fill(stack)
    stack.start("worker")
    stack.kill_valkey()
    before = counts(stack)

    for _ in range(3):
        refused = stack.rich.post(TEXT, "Nobody will hear this.")
        assert refused.status == 503, refused.body
        assert refused.json["code"] == "service_unavailable"
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["content-type"].startswith("application/problem+json")
    for path in (GENERATIONS, f"{GENERATIONS}/{jobs[0]}", "/api/v1/quotas", "/api/v1/usage", "/api/v1/models"):
        answer = stack.rich.call("GET", path)
        assert (answer.status, "ratelimit" in answer.headers) == (200, False), path
    assert stack.rich.call("GET", "/livez").status == 200
    assert stack.rich.call("GET", "/readyz").status == 503
    assert {name: counts(stack)[name] for name in ("generations", "quota_holds")} == {
        name: before[name] for name in ("generations", "quota_holds")
    }

    stack.restart_valkey()
    assert stack.rich.call("GET", "/readyz").status == 200
    jobs.append(stack.rich.submit(TEXT, "And again."))
    print(f"killed: {len(jobs)} jobs ended in {end_of(stack, jobs):.1f} s")


def test_paid_calls_keep_their_leases_while_it_hangs(new_stack: Callable[..., HubStack]) -> None:
    """Longer than a lease: a worker that is only waiting for Valkey must not be taken for dead."""
    stack = new_stack(LEASE_SECONDS=str(HANG_LEASE_SECONDS), PROVIDER_TIMEOUT_SECONDS="60")
    slow = f"[[fault:slow seconds={HANG_SECONDS + 1}]]"
    jobs = [stack.rich.submit(SONG, f"{slow} Verse {n}") for n in range(8)]
    eventually(lambda: all(stack.calls_of(job) for job in jobs), "their calls", pause=0.05)
    os.kill(stack.servers.pids["valkey"], signal.SIGSTOP)
    try:
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline:
            run_out = "SELECT count(*) FROM generations WHERE status = 'running' AND lease_expires_at <= now()"
            assert stack.value(run_out) == 0
            time.sleep(0.2)
    finally:
        os.kill(stack.servers.pids["valkey"], signal.SIGCONT)
    stack.wait_until_all_have_ended()
    for job in jobs:
        assert (stack.state(job)["status"], len(stack.calls_of(job))) == ("succeeded", 1)
    stack.assert_the_books_balance()


def test_nobody_waits_for_it_while_it_hangs(stack: HubStack) -> None:
    def seconds_of_reading(*, limited: bool) -> float:
        started = time.monotonic()
        for _ in range(READS):
            answer = stack.rich.call("GET", "/api/v1/quotas")
            assert (answer.status, "ratelimit" in answer.headers) == (200, limited)
        return time.monotonic() - started

    eventually(lambda: "ratelimit" in stack.rich.call("GET", "/api/v1/quotas").headers, "the limits")
    before, usual = counts(stack), seconds_of_reading(limited=True)
    os.kill(stack.servers.pids["valkey"], signal.SIGSTOP)
    try:
        # Each process waits for it once, and not again for a while.
        assert seconds_of_reading(limited=False) < 2 * usual + READS * WAIT_SECONDS / 2
        refused = stack.rich.post(TEXT, "Nobody will hear this.")
        assert (refused.status, refused.json["code"]) == (503, "service_unavailable")
    finally:
        os.kill(stack.servers.pids["valkey"], signal.SIGCONT)
    assert counts(stack) == before
    eventually(lambda: "ratelimit" in stack.rich.call("GET", "/api/v1/quotas").headers, "the limits", 10)


def test_a_refused_request_writes_nothing_while_it_is_away(stack: HubStack) -> None:
    eventually(lambda: stack.redis.zcard("hub:due") == 0, "rest")
    stack.kill_valkey()
    before = counts(stack)
    assert stack.rich.post(TEXT, "Nobody will hear this.").status == 503
    assert stack.rich.call("POST", GENERATIONS, {"model": TEXT, "prompt": "x"}, Idempotency_Key="k1").status == 503
    assert counts(stack) == before
    stack.restart_valkey()
    again = stack.rich.call("POST", GENERATIONS, {"model": TEXT, "prompt": "x"}, Idempotency_Key="k1")
    assert again.status == 202
    end_of(stack, [again.json["id"]])


def test_a_job_can_be_cancelled_while_it_is_away(stack: HubStack) -> None:
    stack.kill("worker")
    job = stack.rich.submit(TEXT, "Never mind.")
    stack.kill_valkey()
    assert stack.rich.cancel(job).status == 200
    assert stack.state(job)["status"] == "canceled"
    assert stack.held() == 0
    stack.restart_valkey()
    stack.start("worker")
    stack.assert_the_books_balance()
