"""The clock: a second one takes over, and what was lost on its way to a worker is sent again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.stack import HubStack, eventually

pytestmark = pytest.mark.stack

TEXT, VIDEO = "gemini-3.5-flash-lite", "veo-3.1-lite-generate-001"
# generations.clock.LEADER_SECONDS, after which the lock of a clock that was killed ends.
LOCK_SECONDS = 10
LEADER, DUE = "hub:clock:leader", "hub:due"


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack()


def test_a_job_whose_message_was_lost_is_sent_again(stack: HubStack) -> None:
    stack.kill("worker")
    jobs = [stack.rich.submit(TEXT, f"Lost on the way {n}.") for n in range(5)]
    assert stack.redis.delete("text")
    stack.start("worker")
    seconds = stack.wait_until_all_have_ended(20)
    print(f"{len(jobs)} lost messages made good in {seconds:.1f} s")
    assert all(stack.state(job)["status"] == "succeeded" and len(stack.calls_of(job)) == 1 for job in jobs)
    stack.assert_the_books_balance()


def test_a_message_that_comes_many_times_does_its_work_once(stack: HubStack) -> None:
    stack.kill("worker")
    jobs = {stack.rich.submit(TEXT, "Said often."): "text", stack.rich.submit(VIDEO, "Shown often."): "video"}
    for job, kind in jobs.items():
        for _ in range(20):
            stack.offer(job, kind)
    stack.start("worker")
    stack.wait_until_all_have_ended(20)
    for job, kind in jobs.items():
        stack.offer(job, kind)
        assert (stack.state(job)["status"], len(stack.calls_of(job))) == ("succeeded", 1)
    eventually(lambda: not stack.redis.llen("text") and not stack.redis.llen("video"), "the end of the messages")
    stack.assert_the_books_balance()


def test_a_second_clock_waits_and_takes_over_when_the_first_is_killed(stack: HubStack) -> None:
    first = stack.redis.get(LEADER)
    stack.start("second_clock")
    time.sleep(2)
    assert stack.redis.get(LEADER) == first
    assert "sweep:" not in stack.log("second_clock")

    stack.kill("clock")
    started = time.monotonic()
    video = stack.rich.submit(VIDEO, "Over to you.")
    second = eventually(
        lambda: holder if (holder := stack.redis.get(LEADER)) not in (None, first) else None,
        "a new leader",
        LOCK_SECONDS + 5,
    )
    print(f"the second clock led after {time.monotonic() - started:.1f} s")
    assert stack.wait_for(video, "succeeded")["attempts_made"] == 1
    assert "sweep: 1 admitted jobs" in stack.log("second_clock")

    stack.start("clock")
    time.sleep(2)
    assert stack.redis.get(LEADER) == second
    # One that is told to stop hands over at once.
    stack.signal("second_clock", signal.SIGTERM)
    eventually(lambda: stack.redis.get(LEADER) not in (None, second), "the first one's return", LOCK_SECONDS / 2)
    stack.kill("second_clock")
    stack.assert_the_books_balance()


def test_a_clock_that_is_new_finds_every_open_job_without_the_due_set(stack: HubStack) -> None:
    stack.kill("clock")
    stack.kill("worker")
    jobs = [stack.rich.submit(model, "Forgotten.") for model in (TEXT, VIDEO)]
    stack.redis.delete("text", "video", DUE)
    stack.start("worker", "clock")
    stack.wait_until_all_have_ended(LOCK_SECONDS + 15)
    assert all(stack.state(job)["status"] == "succeeded" for job in jobs)
    stack.assert_the_books_balance()
