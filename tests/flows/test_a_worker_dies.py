"""kill -9 of the worker at every step of `advance`, for every family of models; then a new worker.

The clock stands still while the workers die, so that nothing is sent again before every death has happened; then it
goes on from where it was, without a sweep: what it knows is the due set alone.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.owner import owner_url
from tests.stack import HubStack, eventually
from tests.stack.nursery import Nursery

pytestmark = pytest.mark.stack

TEXT, IMAGE, IMAGEN = "gemini-3.5-flash-lite", "gemini-2.5-flash-image", "imagen-4.0-generate-001"
OMNI, VEO = "gemini-omni-1.2-flash", "veo-3.1-lite-generate-001"
SONG, CLIP = "lyria-3.5", "lyria-002"
# Its jobs are streamed.
STREAM = "gemini-3.8-flash"
KINDS = {
    TEXT: "text",
    STREAM: "text",
    IMAGE: "image",
    IMAGEN: "image",
    OMNI: "video",
    VEO: "video",
    SONG: "music",
    CLIP: "music",
}
RESENDABLE, LONG = (TEXT, STREAM, IMAGE, IMAGEN), (OMNI, VEO)
PARAMETERS: dict[str, dict[str, Any]] = {
    OMNI: {"duration_seconds": 3, "resolution": "360p"},
    VEO: {"duration_seconds": 4},
}

# The steps that lie between the call on its way and its answer in the journal: what was answered is lost.
LOST = ("the_attempt_row", "the_first_answer", "the_bytes")
SAFE = ("the_claim", "the_journal", "the_settlement", "the_commit")
STEPS_OF_ONE_CALL = (*SAFE, *LOST)
STEPS_OF_A_LONG_CALL = (*SAFE, *LOST, "the_operation_name", "the_last_answer")
# From the first piece on a part of the answer is safe, and is all that there will be.
BROKEN = ("the_first_piece", "the_first_answer", "the_bytes")
STEPS = dict.fromkeys(LONG, STEPS_OF_A_LONG_CALL) | {STREAM: (*SAFE, *LOST, "the_first_piece")}
DEATH_SECONDS = 60.0


@dataclass(frozen=True)
class Story:
    """A model, and the step at which its worker dies."""

    model: str
    step: str

    def __str__(self) -> str:
        return f"{self.model} after {self.step}"

    @property
    def prompt(self) -> str:
        return f"[[fault:slow seconds=0.6 pieces=12]] {self}" if self.model == STREAM else f"{self}"

    @property
    def is_broken(self) -> bool:
        return self.model == STREAM and self.step in BROKEN

    @property
    def is_lost(self) -> bool:
        """Nobody can know what the provider did. A long call is known by its operation's name, once that is saved."""
        return self.step in LOST and not (self.model in LONG and self.step == "the_bytes")

    @property
    def expected(self) -> dict[str, Any]:
        """Status, error, whether it is charged; attempts; calls that reached the provider; unconfirmed ledger rows."""
        if self.is_broken:
            return facts("failed", "stream_broken", attempts=1, calls=1, unconfirmed=1)
        calls = 0 if self.step == "the_attempt_row" else 1
        if not self.is_lost:
            return facts("succeeded", attempts=1, calls=1, unconfirmed=0)
        if self.model in RESENDABLE:
            return facts("succeeded", attempts=2, calls=calls + 1, unconfirmed=1)
        return facts("failed", "outcome_unknown", charged=False, attempts=1, calls=calls, unconfirmed=1)


def facts(
    status: str, error: str = "", *, charged: bool = True, attempts: int, calls: int, unconfirmed: int
) -> dict[str, Any]:
    return {
        "status": status,
        "error": error,
        "charged": charged,
        "attempts": attempts,
        "calls": calls,
        "unconfirmed": unconfirmed,
    }


STORIES = [
    Story(model, step)
    for model in KINDS
    for step in STEPS.get(model, STEPS_OF_ONE_CALL)
    # One model of pictures is enough for the steps that are the same code for both.
    if not (model == IMAGEN and step in SAFE)
]


@dataclass
class Aftermath:
    stack: HubStack
    jobs: dict[Story, str]
    seconds: float


@pytest.fixture(scope="module")
def aftermath(new_stack: Callable[..., HubStack]) -> Aftermath:
    """Every story told: all deaths first, one a kind at a time, then one ordinary worker for what they left."""
    # The dead hold on to their jobs while the clock stands still: a smaller share would keep the next one waiting.
    stack = new_stack(running=("simulator", "clock", "web"), CONCURRENCY_SHARE="100")
    stack.signal("clock", signal.SIGSTOP)
    stack.stream_the_texts_of(STREAM)
    jobs: dict[Story, str] = {}
    waiting = {kind: deque(each for each in STORIES if KINDS[each.model] == kind) for kind in set(KINDS.values())}
    with Nursery(stack) as nursery:
        while any(waiting.values()):
            jobs |= let_die(stack, nursery, {kind: each.popleft() for kind, each in waiting.items() if each})
    stack.start("worker")
    stack.signal("clock", signal.SIGCONT)
    seconds = stack.wait_until_all_have_ended(60)
    assert stack.log("clock").count("sweep:") == 1, "the sweep at the clock's start alone"
    return Aftermath(stack, jobs, seconds)


def let_die(stack: HubStack, nursery: Nursery, stories: dict[str, Story]) -> dict[Story, str]:
    """A worker for each of these stories of different kinds, with one job that it meets its end with."""
    jobs, workers = {}, {}
    for kind, story in stories.items():
        stack.redis.delete(kind)
        workers[kind] = nursery.worker(story.step, kind)
        jobs[story] = stack.rich.submit(story.model, story.prompt, **PARAMETERS.get(story.model, {}))
    deadline = time.monotonic() + DEATH_SECONDS
    while alive := [kind for kind, worker in workers.items() if nursery.is_alive(worker)]:
        assert time.monotonic() < deadline, [str(stories[kind]) for kind in alive]
        for kind in alive:
            # In the place of the clock: a long job needs more than one look before it comes to its step.
            if stack.redis.llen(kind) == 0:
                stack.offer(jobs[stories[kind]], kind)
        time.sleep(0.2)
    for kind, worker in workers.items():
        assert nursery.ending(worker) == -signal.SIGKILL, (str(stories[kind]), stack.log("dying")[-2000:])
    return jobs


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_job_ends_right_and_is_paid_once(aftermath: Aftermath, story: Story) -> None:
    stack, job = aftermath.stack, aftermath.jobs[story]
    row, calls, ledger = stack.state(job), stack.calls_of(job), stack.usage(job)
    assert {
        "status": row["status"],
        "error": row["error_code"],
        "charged": row["cost"] > 0,
        "attempts": row["attempts_made"],
        "calls": len(calls),
        "unconfirmed": sum(not each["confirmed"] for each in ledger),
    } == story.expected
    if story.model not in RESENDABLE:
        assert sum(call["billable"] for call in calls) <= 1


@pytest.mark.parametrize("story", [story for story in STORIES if story.is_broken], ids=str)
def test_what_a_stream_had_brought_is_kept_and_paid_as_it_was_counted(aftermath: Aftermath, story: Story) -> None:
    stack, job = aftermath.stack, aftermath.jobs[story]
    shown, [ledger], [call] = stack.rich.generation(job), stack.usage(job), stack.calls_of(job)
    [output] = shown["outputs"]
    assert output["text"]
    assert shown["error"]["charged"] is True
    assert shown["usage"] == ledger["units"]
    assert not ledger["estimated"]
    told, made = ledger["units"]["output_token"], call["units"]["output_token"]
    if story.step == "the_first_piece":
        assert told < made, "it died in the middle"
    elif story.step == "the_first_answer":
        assert told <= made, "the last piece may have been on its way to Redis"
    else:
        assert told == made


def test_they_ended_in_bounded_time(aftermath: Aftermath) -> None:
    print(f"{len(aftermath.jobs)} jobs whose worker was killed ended {aftermath.seconds:.1f} s after a new one came")
    assert aftermath.seconds < 60


def test_no_hold_no_file_and_no_row_is_left_over(aftermath: Aftermath) -> None:
    assert len(aftermath.jobs) == len(STORIES)
    aftermath.stack.assert_the_books_balance()


def test_a_worker_that_renews_too_late_does_not_take_itself_for_dead(aftermath: Aftermath) -> None:
    stack = aftermath.stack
    jobs = [stack.rich.submit(SONG, f"[[fault:slow seconds=6]] Late {number}.") for number in range(4)]
    eventually(lambda: all(stack.calls_of(job) for job in jobs), "their calls", pause=0.02)
    with psycopg.connect(owner_url(stack.database)) as connection:
        # Whoever renews them all at once waits for this row, with those that come after it.
        connection.execute("SELECT id FROM generations WHERE id = %s FOR UPDATE", [jobs[0]])
        held = "SELECT count(*) FROM generations WHERE status = 'running' AND lease_expires_at > now()"
        eventually(lambda: stack.value(held) == 0, "the end of their leases", pause=0.02)
        for job in jobs:
            stack.offer(job, "music")
        eventually(lambda: stack.redis.llen("music") == 0, "the looks at them", pause=0.02)
    stack.wait_until_all_have_ended()
    for job in jobs:
        assert (stack.state(job)["status"], len(stack.calls_of(job))) == ("succeeded", 1)
    stack.assert_the_books_balance()


def test_a_worker_that_was_taken_for_dead_takes_back_the_file_that_it_stored_too_late(aftermath: Aftermath) -> None:
    stack = aftermath.stack
    job = stack.rich.submit(IMAGE, "[[fault:slow seconds=1]] It only slept.")
    eventually(lambda: stack.calls_of(job), "its call", pause=0.02)
    stack.signal("worker", signal.SIGSTOP)
    try:
        stack.start("second_worker")
        stack.wait_for(job, "succeeded")
    finally:
        stack.signal("worker", signal.SIGCONT)
    eventually(lambda: "taken over by another worker" in stack.log("worker"), "the worker's waking", 20)
    assert (len(stack.calls_of(job)), [row["confirmed"] for row in stack.usage(job)]) == (2, [False, True])
    stack.assert_the_books_balance()
