"""A text that is streamed, and every way in which its stream breaks: status, error, cost, calls, and what is kept.

All jobs run at once; each is one of a model whose jobs are streamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from generations.live import feed
from tests.stack import HubStack, eventually

pytestmark = pytest.mark.stack

TEXT, THINKER = "gemini-3.5-flash-lite", "gemini-3.8-flash"
PICTURE = "gemini-2.5-flash-image"
MAX_ATTEMPTS = 3
TIMEOUT_SECONDS = 3


@dataclass(frozen=True)
class Case:
    """A fault and what must become of a streamed job; `unconfirmed` counts ledger rows that wait for proof."""

    fault: str
    status: str
    error: str = ""
    calls: int = 1
    unconfirmed: int = 0
    charged: bool = False
    estimated: bool = False
    model: str = TEXT
    # What was sent is what is billed, so the ledger must have it to the last token.
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.fault} on {self.model}"

    @property
    def prompt(self) -> str:
        return f"[[fault:{self.fault}]] A song of the sea, seen by {self.model}."


def finished(fault: str, **facts: Any) -> Case:
    return Case(fault, "succeeded", charged=True, **facts)


def broken(fault: str, **facts: Any) -> Case:
    return Case(fault, "failed", "stream_broken", unconfirmed=1, charged=True, **facts)


def lost(fault: str) -> list[Case]:
    """Before the first piece: asked for again, as an answer in one piece is."""
    return [
        Case(fault, "failed", "outcome_unknown", calls=MAX_ATTEMPTS, unconfirmed=MAX_ATTEMPTS),
        finished(f"{fault} times=1", calls=2, unconfirmed=1),
    ]


CASES = [
    finished("slow seconds=1 pieces=10"),
    finished("slow seconds=1 pieces=10", model=THINKER),
    finished("no_usage", estimated=True),
    *(broken(f"{name} after=3 pieces=8") for name in ("stream_cut", "stream_short", "stream_error", "stream_hang")),
    broken("stream_cut after=2 pieces=8", model=THINKER),
    *(broken(f"{name} usage=0", estimated=True) for name in ("stream_cut", "stream_error")),
    broken("truncated", exact=False),
    broken("bad_json", exact=False),
    # The provider's error says that it is not billed; what it had counted by then was received.
    broken("fails_late", exact=False),
    *lost("stream_cut after=0"),
    *lost("stream_hang after=0"),
    *lost("reset_before"),
    Case("400", "failed", "provider_invalid_request"),
    Case("500", "failed", "provider_error", calls=MAX_ATTEMPTS),
    finished("503 times=2", calls=3),
    finished("429 retry=1 times=1", calls=2),
    Case("blocked_prompt", "blocked", "blocked_prompt"),
    Case("blocked_output", "blocked", "blocked_output", charged=True),
    # Asked for as a stream, answered in one piece.
    finished("slow seconds=0", model=PICTURE),
    finished("stream_cut", model=PICTURE),
]
BROKEN = [case for case in CASES if case.error == "stream_broken"]
WHOLE = [case for case in CASES if case.status == "succeeded" and case.model != PICTURE]


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    stack = new_stack(PROVIDER_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS))
    stack.stream_the_texts_of(TEXT, THINKER, PICTURE)
    return stack


@pytest.fixture(scope="module")
def jobs(stack: HubStack) -> dict[Case, str]:
    """Every case's job, ended."""
    jobs = {case: stack.rich.submit(case.model, case.prompt) for case in CASES}
    stack.wait_until_all_have_ended(90)
    return jobs


def told(stack: HubStack, job: str) -> tuple[list[str], list[feed.Piece]]:
    """The statuses and the pieces of text that its followers were told, each in order."""
    entries = [fields for _, fields in stack.redis.xrange(f"hub:live:{job}")]
    pieces = [feed.opened(fields[feed.TEXT]) for fields in entries if feed.TEXT in fields]
    return [fields[feed.STATUS] for fields in entries if feed.STATUS in fields], pieces


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_ends_as_it_should(stack: HubStack, jobs: dict[Case, str], case: Case) -> None:
    job = jobs[case]
    shown, ledger, calls = stack.rich.generation(job), stack.usage(job), stack.calls_of(job)
    error = shown["error"] or {"code": "", "charged": case.charged}
    assert {
        "status": shown["status"],
        "error": error["code"],
        "charged": Decimal(shown["cost_usd"]) > 0,
        "told as charged": error["charged"],
        "calls": (len(calls), shown["attempts"], len(ledger)),
        "unconfirmed": sum(not row["confirmed"] for row in ledger),
        "estimated": any(row["estimated"] for row in ledger),
    } == {
        "status": case.status,
        "error": case.error,
        "charged": case.charged,
        "told as charged": case.charged,
        "calls": (case.calls,) * 3,
        "unconfirmed": case.unconfirmed,
        "estimated": case.estimated,
    }
    assert bool(shown["outputs"]) == (case.status == "succeeded" or case in BROKEN)
    assert Decimal(shown["cost_usd"]) <= Decimal(shown["estimate_usd"])


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_a_broken_stream_keeps_what_came_and_costs_what_was_counted(
    stack: HubStack, jobs: dict[Case, str], case: Case
) -> None:
    job = jobs[case]
    shown, [ledger], [call] = stack.rich.generation(job), stack.usage(job), stack.calls_of(job)
    _, pieces = told(stack, job)
    assert shown["error"]["stage"] == "provider"
    assert shown["error"]["retryable"] is True
    assert shown["outputs"] == [{"text": "".join(piece.text for piece in pieces)}]
    assert (ledger["outcome"], shown["usage"]) == ("failed", ledger["units"])
    if case.exact and not case.estimated:
        assert ledger["units"] == call["units"]


@pytest.mark.parametrize("case", WHOLE, ids=str)
def test_the_pieces_that_were_told_are_the_text(stack: HubStack, jobs: dict[Case, str], case: Case) -> None:
    shown = stack.rich.generation(jobs[case])
    statuses, pieces = told(stack, jobs[case])
    assert statuses == ["running", "succeeded"]
    assert [{"text": "".join(piece.text for piece in pieces)}] == shown["outputs"]
    if "slow" in case.fault:
        assert len(pieces) > 5
    if not case.estimated:
        assert pieces[-1].units == shown["usage"]


@pytest.mark.parametrize("case", [case for case in CASES if case.model == PICTURE], ids=str)
def test_a_picture_has_no_pieces(stack: HubStack, jobs: dict[Case, str], case: Case) -> None:
    assert told(stack, jobs[case]) == (["running", "succeeded"], [])


@pytest.mark.parametrize("case", [case for case in CASES if case.status != "succeeded"], ids=str)
def test_every_end_is_told_once_and_last(stack: HubStack, jobs: dict[Case, str], case: Case) -> None:
    entries = [fields for _, fields in stack.redis.xrange(f"hub:live:{jobs[case]}")]
    assert entries[0] == {feed.STATUS: "running"}
    assert entries[-1] == {feed.STATUS: case.status}
    assert told(stack, jobs[case])[0] == ["running", case.status]


def test_a_wish_to_stop_before_the_start_is_told(stack: HubStack, jobs: dict[Case, str]) -> None:
    stack.kill("worker")
    job = stack.rich.submit(TEXT, "Wait.")
    assert stack.rich.cancel(job).json["status"] == "canceled"
    assert told(stack, job) == (["canceled"], [])
    stack.start("worker")


def test_a_redis_that_goes_away_in_the_middle_costs_the_text_nothing(stack: HubStack, jobs: dict[Case, str]) -> None:
    job = stack.rich.submit(TEXT, "[[fault:slow seconds=3 pieces=30]] A song of the storm.")
    eventually(lambda: told(stack, job)[1], "the first piece", pause=0.02)
    stack.kill_valkey()
    try:
        row = stack.wait_for(job, "succeeded", "failed")
    finally:
        stack.restart_valkey()
    assert (row["status"], row["attempts_made"]) == ("succeeded", 1)
    [output] = stack.rich.generation(job)["outputs"]
    assert len(output["text"]) > 100
    stack.wait_until_all_have_ended()


def test_nothing_is_held_and_the_books_balance(stack: HubStack, jobs: dict[Case, str]) -> None:
    assert stack.held() == 0
    stack.assert_the_books_balance()
