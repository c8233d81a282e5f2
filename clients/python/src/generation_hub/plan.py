"""What the client does, without doing it.

An operation is a generator: it yields the steps that need the outside world and is sent what came of them. `sync.py`
and `aio.py` carry the steps out, each in its way; everything else is there once for both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar, cast

from generation_hub.errors import BadAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` is below /api/v1. At most one of `body` (goes as JSON) and `upload` is there."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    upload: bytes | BinaryIO | None = None
    silence: float | None = None
    """How long the hub may say nothing, where that is not the usual; in seconds."""
    elsewhere: bool = False
    """`path` is the whole address of another server, which is not shown the key."""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in ("GET", "DELETE") or "Idempotency-Key" in self.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Names of headers are in lower case; the body of an answer that was opened is empty and is read piece by piece."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """Raises BadAnswer when the body is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadAnswer(f"A body that is no JSON came with status {self.status}.", status=self.status) from error


@dataclass(frozen=True, slots=True)
class Send:
    """Gives the whole Answer; raises HubUnreachable."""

    request: Request


@dataclass(frozen=True, slots=True)
class Open:
    """Gives the Answer without its body, unless it is an error; raises HubUnreachable."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Gives the next piece of the body of what was opened last, None after the last; raises HubUnreachable."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Lets so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Do:
    """Gives what the function returns; it may block, on a file."""

    work: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """Hands a value to whoever iterates."""

    value: T


Step: TypeAlias = Send | Open | Read | Pause | Do
Plan: TypeAlias = Generator[Step, Any, T]
"""Ends with one result."""
Flow: TypeAlias = Generator[Step | Emit[T], Any, None]
"""Emits results as they come."""


def send(request: Request) -> Plan[Answer]:
    return cast(Answer, (yield Send(request)))


def open_(request: Request) -> Plan[Answer]:
    return cast(Answer, (yield Open(request)))


def read() -> Plan[bytes | None]:
    return cast("bytes | None", (yield Read()))


def done(work: Callable[[], T]) -> Plan[T]:
    return cast(T, (yield Do(work)))


def as_flow(plan: Plan[T]) -> Flow[T]:
    """Emits the one result."""
    result = yield from plan
    yield Emit(result)


class Course(Generic[T]):
    """A flow on its way: `step` is what to do next, None at the end. Closed or ended, it has let go of everything."""

    def __init__(self, flow: Flow[T]) -> None:
        self._flow = flow
        self.step: Step | Emit[T] | None = None
        self.go_on(None)

    def go_on(self, outcome: object) -> None:
        """The step was done; this came of it."""
        self._advance(lambda: self._flow.send(outcome))

    def fail(self, error: Exception) -> None:
        """The step failed."""
        self._advance(lambda: self._flow.throw(error))

    def close(self) -> None:
        self._flow.close()

    def _advance(self, resume: Callable[[], Step | Emit[T]]) -> None:
        try:
            self.step = resume()
        except StopIteration:
            self.step = None
