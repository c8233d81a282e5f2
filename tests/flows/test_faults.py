"""Every fault of the provider, on every family of models: status, error, cost, calls, and nothing left held.

All jobs of a stack run at once. What hangs has a stack of its own, with a timeout that is worth waiting for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.stack import HubStack

pytestmark = pytest.mark.stack

TEXT, PICTURE, IMAGEN = "gemini-3.5-flash-lite", "gemini-2.5-flash-image", "imagen-4.0-generate-001"
OMNI, VEO = "gemini-omni-1.2-flash", "veo-3.1-lite-generate-001"
SONG, CLIP, LYRIA2 = "lyria-3.5", "lyria-3-clip-preview", "lyria-002"
# A call of these whose answer was lost may be made again; of the others never.
AGAIN = (TEXT, PICTURE, IMAGEN)
ONCE = (OMNI, VEO, SONG, CLIP, LYRIA2)
ALL = AGAIN + ONCE
LONG = (OMNI, VEO)
AT_ONCE = (TEXT, PICTURE, IMAGEN, SONG, CLIP, LYRIA2)
MAX_ATTEMPTS = 3
RETRY_SECONDS = 2
PARAMETERS: dict[str, dict[str, Any]] = {
    TEXT: {"max_output_tokens": 64},
    OMNI: {"duration_seconds": 3, "resolution": "360p"},
    VEO: {"duration_seconds": 4},
}


@dataclass(frozen=True)
class Case:
    """A fault on a model and what must become of the job; `unconfirmed` counts ledger rows that wait for proof."""

    fault: str
    model: str
    status: str
    error: str = ""
    calls: int = 1
    unconfirmed: int = 0
    charged: bool = False
    estimated: bool = False

    def __str__(self) -> str:
        return f"{self.fault} on {self.model}"

    @property
    def prompt(self) -> str:
        return f"[[fault:{self.fault}]] A song of the sea, seen by {self.model}."


def cases(fault: str, models: Sequence[str], status: str, error: str = "", **facts: Any) -> list[Case]:
    return [Case(fault, model, status, error, **facts) for model in models]


def refused(fault: str, models: Sequence[str], error: str, calls: int = 1) -> list[Case]:
    return cases(fault, models, "failed", error, calls=calls)


def finished(fault: str, models: Sequence[str], **facts: Any) -> list[Case]:
    return cases(fault, models, "succeeded", charged=True, **facts)


def lost(fault: str, again: Sequence[str] = AGAIN, once: Sequence[str] = ONCE) -> list[Case]:
    """The answer is lost each time: asked for again as often as may be, or never; nobody pays."""
    unknown = {"error": "outcome_unknown"}
    return [
        *cases(fault, again, "failed", **unknown, calls=MAX_ATTEMPTS, unconfirmed=MAX_ATTEMPTS),
        *cases(fault, once, "failed", **unknown, calls=1, unconfirmed=1),
        # Lost once: the second answer is paid, the first is not.
        *finished(f"{fault} times=1", again, calls=2, unconfirmed=1),
    ]


QUICK = [
    *refused("400", ALL, "provider_invalid_request"),
    *refused("403", ALL, "provider_denied"),
    *refused("429 retry=1", ALL, "provider_rate_limited", MAX_ATTEMPTS),
    *refused("500", ALL, "provider_error", MAX_ATTEMPTS),
    *refused("503", ALL, "provider_unavailable", MAX_ATTEMPTS),
    *finished(f"429 retry={RETRY_SECONDS} times=1", ALL, calls=2),
    *finished("500 times=1", ALL, calls=2),
    *finished("503 times=2", ALL, calls=3),
    *lost("reset_before"),
    *lost("reset_after"),
    *lost("truncated"),
    *lost("bad_json"),
    *cases("blocked_prompt", ALL, "blocked", "blocked_prompt"),
    *(
        case
        for fault in ("blocked_output", "filtered")
        for case in (
            *cases(fault, [TEXT], "blocked", "blocked_output", charged=True),
            *cases(fault, ALL[1:], "blocked", "blocked_output"),
        )
    ),
    *finished("no_usage", [TEXT, PICTURE, OMNI], estimated=True),
    # These are billed by the piece or by the second: there is no usage to miss.
    *finished("no_usage", [IMAGEN, VEO, SONG, CLIP, LYRIA2]),
    *finished("slow seconds=1", ALL),
    *finished("file_not_active polls=3", ALL),
    *refused("fails_late", [TEXT, PICTURE, IMAGEN, LYRIA2], "provider_error", MAX_ATTEMPTS),
    *refused("fails_late", [OMNI, VEO, SONG, CLIP], "provider_operation_failed"),
]
HANGING = [
    *lost("hang"),
    *lost("hang after=1"),
    *lost("never_ends", once=[SONG, CLIP, LYRIA2]),
    *cases("never_ends", LONG, "failed", "operation_timeout", unconfirmed=1),
]
TIMEOUT_SECONDS, DEADLINE_SECONDS = 2, 5


class Jobs:
    """The jobs of both stacks, all ended."""

    def __init__(self, quick: HubStack, hanging: HubStack) -> None:
        self.stacks = (quick, hanging)
        self.started = {stack: submitted(stack, found) for stack, found in ((hanging, HANGING), (quick, QUICK))}
        for stack in self.stacks:
            stack.wait_until_all_have_ended(90)

    def of(self, case: Case) -> tuple[HubStack, str]:
        [found] = [(stack, jobs[case]) for stack, jobs in self.started.items() if case in jobs]
        return found


def submitted(stack: HubStack, found: Sequence[Case]) -> dict[Case, str]:
    return {case: stack.rich.submit(case.model, case.prompt, **PARAMETERS.get(case.model, {})) for case in found}


@pytest.fixture(scope="module")
def jobs(new_stack: Callable[..., HubStack]) -> Jobs:
    quick = new_stack(PROVIDER_TIMEOUT_SECONDS="30")
    hanging = new_stack(PROVIDER_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS), OPERATION_DEADLINE_SECONDS=str(DEADLINE_SECONDS))
    return Jobs(quick, hanging)


@pytest.mark.parametrize("case", [*QUICK, *HANGING], ids=str)
def test_it_ends_as_it_should(jobs: Jobs, case: Case) -> None:
    stack, job = jobs.of(case)
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
    assert bool(shown["outputs"]) == (case.status == "succeeded")
    assert Decimal(shown["cost_usd"]) <= Decimal(shown["estimate_usd"])


@pytest.mark.parametrize("model", ALL)
def test_it_waits_as_long_as_a_429_asks(jobs: Jobs, model: str) -> None:
    [case] = [case for case in QUICK if case.fault == f"429 retry={RETRY_SECONDS} times=1" and case.model == model]
    stack, job = jobs.of(case)
    first, second = (datetime.fromisoformat(call["at"]) for call in stack.calls_of(job))
    assert second - first >= timedelta(seconds=RETRY_SECONDS)


@pytest.mark.parametrize("model", ALL)
def test_it_waits_before_every_retry(jobs: Jobs, model: str) -> None:
    [case] = [case for case in QUICK if case.fault == "503" and case.model == model]
    stack, job = jobs.of(case)
    moments = [datetime.fromisoformat(call["at"]) for call in stack.calls_of(job)]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    first, second = pauses
    assert first >= 0.2
    assert second >= 0.4


@pytest.mark.parametrize("model", LONG)
def test_it_gives_up_on_what_never_ends_not_before_the_deadline(jobs: Jobs, model: str) -> None:
    [case] = [case for case in HANGING if case.fault == "never_ends" and case.model == model]
    stack, job = jobs.of(case)
    row = stack.rows("SELECT created_at, finished_at FROM generation_attempts WHERE generation_id = %s", job)[0]
    assert DEADLINE_SECONDS <= (row["finished_at"] - row["created_at"]).total_seconds() < DEADLINE_SECONDS + 20


def test_nothing_is_held_and_the_books_balance(jobs: Jobs) -> None:
    for stack in jobs.stacks:
        assert stack.held() == 0
        stack.assert_the_books_balance()
