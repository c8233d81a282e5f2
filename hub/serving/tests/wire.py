"""A client and a server's side of ASGI, without a network between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.serving.asgi import Message, Scope


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


def scope(path: str = "/", *, method: str = "POST", query: bytes = b"", **headers: str) -> Scope:
    """A request's; names of headers have underscores for dashes."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "server": ("hub.example.com", 80),
        "client": ("192.0.2.7", 4711),
        "headers": [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


@dataclass
class Wire:
    """What the client sends, in order; and what was sent to it. `takes` is cleared while it takes nothing."""

    sends: Sequence[Message]
    taken: list[Message] = field(default_factory=list)
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def __post_init__(self) -> None:
        self.takes.set()

    async def receive(self) -> Message:
        self.asked += 1
        if self.asked > len(self.sends):
            await asyncio.Event().wait()
        return self.sends[self.asked - 1]

    async def send(self, message: Message) -> None:
        self.taken.append(message)
        await self.takes.wait()

    @property
    def status(self) -> int:
        return int(self.taken[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.taken[1:])
