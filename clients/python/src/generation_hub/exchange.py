"""One request and its answer, with whatever repetition it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from generation_hub.decoding import decoded
from generation_hub.encoding import Query, query
from generation_hub.errors import BadAnswer, HubError, HubUnreachable
from generation_hub.options import Options
from generation_hub.plan import Answer, Emit, Flow, Pause, Plan, Request, open_, send
from generation_hub.problems import error_of
from generation_hub.shapes.common import Page

T = TypeVar("T")
log = logging.getLogger("generation_hub")

# With Retry-After or without: it may pass.
PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    results: tuple[Any, ...]
    next: str | None = None


def exchange(options: Options, request: Request, *, by: Callable[[Request], Plan[Answer]] = send) -> Plan[Answer]:
    """The answer; raises the HubError of one that is no success, after the repetitions that `options.retry` allows.

    A deletion whose answer was lost is repeated; that the second time there is nothing to delete is its success.
    """
    lost = False
    error: HubError
    for attempt in count(1):
        try:
            answer = yield from by(request)
        except HubUnreachable as unreachable:
            lost, error = True, unreachable
        else:
            if answer.status < 400 or (lost and request.method == "DELETE" and answer.status == 404):
                return answer
            error = error_of(answer)
        pause = _pause(options, request, attempt, error)
        if pause is None:
            raise error
        log.info("%s %s, attempt %d: %s; again in %.1f s", request.method, _where(request), attempt, error, pause)
        yield Pause(pause)
    raise AssertionError("unreachable")


def _pause(options: Options, request: Request, attempt: int, error: HubError) -> float | None:
    """Before the next attempt; None when there is none."""
    passing = error.status is None or error.status in PASSING or error.code == "idempotency_in_progress"
    if not (passing and request.repeatable) or attempt >= options.retry.attempts:
        return None
    return options.retry.pause(attempt, error.retry_after)


def _where(request: Request) -> str:
    """For the log: the address of another server is a secret."""
    return "(object store)" if request.elsewhere else request.path


def fetched(options: Options, shape: type[T], request: Request) -> Plan[T]:
    """The answer's body as a `shape`."""
    answer = yield from exchange(options, request)
    if not 200 <= answer.status < 300:
        raise BadAnswer(f"The hub answered {answer.status}; is its address right?", status=answer.status)
    return decoded(shape, answer.json())


def opened(options: Options, request: Request) -> Plan[Answer]:
    """The answer without its body, which is to be read next."""
    return (yield from exchange(options, request, by=open_))


def pages(options: Options, shape: type[T], path: str, wanted: Query) -> Flow[Page[T]]:
    """A list, page by page. `next` is followed by its cursor alone: the key goes to no address that an answer names."""
    cursor: str | None = None
    while True:
        more = {**wanted, "cursor": cursor} if cursor else wanted
        answer = yield from exchange(options, Request(method="GET", path=path, query=query(more)))
        found = decoded(_Results, answer.json())
        page = Page(results=tuple(decoded(shape, each) for each in found.results), next=found.next)
        yield Emit(page)
        cursor = page.cursor
        if cursor is None:
            return
