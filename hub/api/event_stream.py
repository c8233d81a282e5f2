"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rest_framework.renderers import JSONRenderer

MEDIA_TYPE = "text/event-stream"
# What a stream is sent with: kept by nobody, and held back by no proxy.
HEADERS = (
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
RETRY_MILLISECONDS = 2000
HEARTBEAT = b": \n\n"
HEARTBEAT_SECONDS = 15.0


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for events. What a view returns itself, a refusal above all, is JSON all the same."""

    media_type = MEDIA_TYPE
    format = "events"


def first_words() -> bytes:
    """How soon the client shall come back when the connection breaks."""
    return f"retry: {RETRY_MILLISECONDS}\n\n".encode()


def event(name: str, data: bytes | Mapping[str, object], *, number: str = "") -> bytes:
    """One event; `data` is JSON without line ends, or what becomes it; `number` is its id."""
    payload = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    identity = f"id: {number}\n" if number else ""
    return f"{identity}event: {name}\ndata: ".encode() + payload + b"\n\n"
