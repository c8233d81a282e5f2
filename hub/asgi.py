"""The web process: Django in threads, and what Django hands over in the event loop."""

from __future__ import annotations

from hub.serving.asgi import Receive, Scope, Send
from hub.serving.threads import Threads
from hub.wsgi import application as django

_threads = Threads(django)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """HTTP and nothing else; the server is told to expect no lifespan."""
    if scope["type"] == "http":
        await _threads(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})
