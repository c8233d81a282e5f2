"""What comes in and what goes out: requests with their keys in one case, answers with their way of delivery."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from generations.simulator.calls import Call

CLIENTS_OWN = {"response_schema", "response_json_schema", "schema", "labels", "args"}
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""


class Delivery(StrEnum):
    """How an answer reaches its client; all but `whole` are faults."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    RESET = "reset"
    HANG = "hang"
    # Of a stream, when its events have been sent.
    CUT = "cut"
    STALL = "stall"


@dataclass(slots=True)
class Answer:
    """`events` makes it a stream, sent one by one with `pause` seconds between them; `delay` comes before everything.

    `hang` is how long one that hangs or stalls keeps silent; `call` is the listed call it answers. Times in seconds.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    events: tuple[bytes, ...] | None = None
    delivery: Delivery = Delivery.WHOLE
    delay: float = 0.0
    pause: float = 0.0
    hang: float = 0.0
    call: Call | None = None

    @property
    def outcome(self) -> int | str:
        """What the call list says: the status, or how the answer was spoilt."""
        return self.status if self.delivery is Delivery.WHOLE else self.delivery.value


def as_json(payload: Mapping[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=status, body=_dump(payload), headers=headers or {})


def as_stream(events: list[bytes]) -> Answer:
    return Answer(content_type="text/event-stream", events=tuple(events))


def plain_event(payload: Mapping[str, Any]) -> bytes:
    """As generateContent streams: data only, CRLF."""
    return b"data: " + _dump(payload) + b"\r\n\r\n"


def named_event(name: str, payload: Mapping[str, Any] | str) -> bytes:
    """As interactions stream: an event name, then its data; a string is sent as it is."""
    data = payload.encode() if isinstance(payload, str) else _dump(payload)
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _dump(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def snake_keys(value: Any) -> Any:
    """The same JSON with every key in snake_case, save inside what is the client's own (schemas, labels)."""
    if isinstance(value, list):
        return [snake_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for key, inner in value.items():
        name = _HUMP.sub(r"_\1", key).lower()
        renamed[name] = inner if name in CLIENTS_OWN else snake_keys(inner)
    return renamed
