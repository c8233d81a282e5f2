"""Submitting, finding, awaiting and canceling generations."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TypedDict, Unpack

from generation_hub.decoding import decoded
from generation_hub.encoding import Known, at
from generation_hub.errors import BadAnswer, WaitTimeout
from generation_hub.exchange import exchange, fetched, pages
from generation_hub.operations.orders import GENERATIONS, Order, Work, order_request, work_body
from generation_hub.options import Options
from generation_hub.plan import Answer, Flow, Pause, Plan, Request
from generation_hub.shapes.common import Page
from generation_hub.shapes.work import Generation, Model, Quote

MOST_SECONDS = 60


class GenerationFilters(TypedDict, total=False):
    """Which generations. `created_after` is at or after, `created_before` before."""

    status: str | None
    kind: str | None
    model: str | None
    tag: str | None
    created_after: datetime | None
    created_before: datetime | None


def models(options: Options) -> Flow[Page[Model]]:
    """What is on offer, with parameters, limits and prices."""
    return pages(options, Model, "/models", {})


def quote(options: Options, **work: Unpack[Work]) -> Plan[Quote]:
    """The price without the generation; nothing is held."""
    return (yield from fetched(options, Quote, Request(method="POST", path="/quotes", body=work_body(work))))


def submit(options: Options, **order: Unpack[Order]) -> Plan[Generation]:
    """Submits a generation and returns at once; `wait` or `events` follow it."""
    return (yield from fetched(options, Generation, order_request(order)))


def get(options: Options, generation: Known) -> Plan[Generation]:
    """How a generation stands now."""
    return (yield from fetched(options, Generation, _get(generation)))


def list_(
    options: Options, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[GenerationFilters]
) -> Flow[Page[Generation]]:
    """Your generations, newest first; `limit` is the size of a page."""
    return pages(options, Generation, GENERATIONS, {**filters, "limit": limit, "cursor": cursor})


def cancel(options: Options, generation: Known) -> Plan[Generation]:
    """Free before it starts, best effort after; raises Conflict when it has ended."""
    request = Request(method="POST", path=at(GENERATIONS, generation, "/cancel"), body={})
    return (yield from fetched(options, Generation, request))


def wait(options: Options, generation: Known, *, timeout: float | None = None) -> Plan[Generation]:
    """The generation once it has ended, however it did; raises WaitTimeout after `timeout` seconds (None: never)."""
    deadline = _Deadline(timeout)
    return (yield from _until_ended(options, generation, deadline))


def generate(options: Options, *, timeout: float | None = 600.0, **order: Unpack[Order]) -> Plan[Generation]:
    """Submits a generation and waits until it has ended, however it did: `check()` raises when it did not succeed.

    Raises WaitTimeout after `timeout` seconds in all (None: never); the generation then goes on and is paid for.
    """
    deadline = _Deadline(timeout)
    answer = yield from _held(options, order_request(order), deadline)
    submitted = decoded(Generation, _success(answer).json())
    if submitted.ended:
        return submitted
    return (yield from _until_ended(options, submitted, deadline))


class _Deadline:
    """A total of seconds from now; None: as long as it takes."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._at = None if seconds is None else time.monotonic() + seconds

    def left(self, most: float) -> float:
        """Seconds until then, `most` at the most."""
        return most if self._at is None else max(0.0, min(most, self._at - time.monotonic()))


def _until_ended(options: Options, generation: Known, deadline: _Deadline) -> Plan[Generation]:
    """A hub that holds its answers is asked again at once; one that does not, after pauses that grow."""
    for number in count(1):
        asked_at = time.monotonic()
        answer = yield from _held(options, _get(generation), deadline)
        seen = decoded(Generation, _success(answer).json())
        if seen.ended:
            return seen
        if deadline.left(1.0) <= 0:
            raise WaitTimeout(seen, deadline.seconds or 0)
        # An answer that says it was held and came at once (the hub is being restarted) must not make a busy loop.
        if not _was_held(answer) or time.monotonic() - asked_at < options.polling.first_pause:
            yield Pause(deadline.left(options.polling.pause(number)))
    raise AssertionError("unreachable")


def _held(options: Options, request: Request, deadline: _Deadline) -> Plan[Answer]:
    """Asks the hub to hold the answer until the job has ended, for whole seconds that fit before the deadline."""
    seconds = int(deadline.left(min(max(options.polling.hold, 1), MOST_SECONDS)))
    if seconds:
        headers = {**request.headers, "Prefer": f"wait={seconds}"}
        request = replace(request, headers=headers, silence=options.timeouts.read + seconds)
    return (yield from exchange(options, request))


def _was_held(answer: Answer) -> bool:
    applied = answer.headers.get("preference-applied", "").lower().replace(" ", "")
    return any(each.startswith("wait=") for each in applied.split(","))


def _success(answer: Answer) -> Answer:
    if not 200 <= answer.status < 300:
        raise BadAnswer(f"The hub answered {answer.status}; is its address right?", status=answer.status)
    return answer


def _get(generation: Known) -> Request:
    return Request(method="GET", path=at(GENERATIONS, generation))
