"""How a view leaves the rest of its answer to a coroutine: while that waits, no thread and no connection is held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.api.internal import INTERNAL
from hub.serving import stopping
from hub.serving.asgi import Application, Message, Receive, Scope, Send
from hub.serving.environ import HANDOVER

if TYPE_CHECKING:
    from django.http import HttpRequest

Headers = Sequence[tuple[bytes, bytes]]
# What says who asks and where; whatever else was asked for was asked of the first request.
CARRIED = frozenset({b"authorization", b"x-goog-api-key", b"host", b"x-forwarded-for", b"x-forwarded-proto"})


@dataclass(slots=True)
class Answer:
    """A whole answer of Django's."""

    status: int = 500
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)

    def header(self, name: str) -> str | None:
        """The first of that name."""
        wanted = name.lower().encode("latin-1")
        return next((value.decode("latin-1") for key, value in self.headers if key == wanted), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose view has answered, and the connection on which that answer has not been sent."""

    answer: Answer
    scope: Scope
    receive: Receive
    send: Send
    application: Application

    async def respond(self, answer: Answer) -> None:
        """Sends a whole answer."""
        await self.start(answer.status, answer.headers)
        await self.write(bytes(answer.body), is_last=True)

    async def start(self, status: int, headers: Headers) -> None:
        """Sends the status and the headers; `write` follows, at least once."""
        await self.send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, piece: bytes, *, is_last: bool = False) -> None:
        """Sends some of the body; waits while the client is slow to take it."""
        await self.send({"type": "http.response.body", "body": piece, "more_body": not is_last})

    async def get(self, path: str) -> Answer:
        """What a GET of the same client finds there now: its key, its address and its rights are looked at again."""
        taken = Answer()

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                taken.status, taken.headers = message["status"], message["headers"]
            else:
                taken.body += message["body"]

        await self.application(self._scope_of(path), receive, send)
        return taken

    def _scope_of(self, path: str) -> Scope:
        return {
            **self.scope,
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name, value) for name, value in self.scope["headers"] if name in CARRIED],
            "state": {INTERNAL: True},
        }

    async def while_wanted(self, work: Coroutine[Any, Any, None]) -> bool:
        """Does the work and says whether it came to its end: it is dropped at once when the client goes or the process
        is told to stop."""
        tasks = [asyncio.ensure_future(each) for each in (work, self._gone(), stopping.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(ends[0], Exception):
            raise ends[0]
        return not isinstance(ends[0], asyncio.CancelledError)

    async def _gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


Handover = Callable[[Exchange], Awaitable[None]]


def hand_over(request: HttpRequest, handover: Handover) -> None:
    """Has `handover` send the answer, in the event loop, once the view has returned its own to it.

    Only where the hub's own web process runs the view; under another WSGI server the view's answer is sent as it is.
    """
    request.META[HANDOVER] = handover
