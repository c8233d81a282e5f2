"""A reader of server-sent events on the wire."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.stack.client import GENERATIONS, Client


@dataclass(frozen=True)
class Event:
    """One event, and when it came (time.monotonic)."""

    id: str
    name: str
    data: Any
    at: float


class EventStream:
    """An open stream; a context manager. `comments` counts what is no event."""

    def __init__(self, client: Client, method: str, path: str, body: Any = None, **headers: str) -> None:
        url = urlsplit(client.base_url)
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
        sent = {"Authorization": f"Bearer {client.api_key}", "Accept": "text/event-stream"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), sent)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self.comments = 0

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Breaks the connection off, wherever it is."""
        self._answer.close()
        self._connection.close()

    def __iter__(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for raw in self._answer:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(":")
                self.comments += not name
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                yield Event(fields.get("id", ""), fields["event"], json.loads(fields["data"]), time.monotonic())
                fields = {}


def stream(client: Client, prompt: str, *, model: str = "gemini-3.8-flash") -> EventStream:
    """Submits a generation and listens to it."""
    return EventStream(client, "POST", GENERATIONS, {"model": model, "prompt": prompt})


def listen(client: Client, generation_id: str, *, after: str = "") -> EventStream:
    """Listens to a generation that is there."""
    headers = {"Last_Event_ID": after} if after else {}
    return EventStream(client, "GET", f"{GENERATIONS}/{generation_id}/events", **headers)
