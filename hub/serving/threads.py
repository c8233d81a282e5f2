"""Runs the WSGI application in a fixed set of threads, each with a database connection that it keeps.

asgiref's adapter takes in a whole body, of any size, before anybody has looked at the key; a2wsgi's leaves its thread
waiting for ever when a client goes in the middle of a long answer. So this one is ours.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings

from hub.metrics.pool import POOL, Place
from hub.serving.asgi import Message, Receive, Scope, Send
from hub.serving.body import Body, ClientGone, piece_of, read_ahead
from hub.serving.environ import HANDOVER, environ_of
from hub.serving.handover import Answer, Exchange, Handover

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

T = TypeVar("T")
THREADS = 16
# A long answer goes out in pieces of this size or more, each when the client has taken the one before.
PIECE_BYTES = 64 * 1024


class Threads:
    """An ASGI application for HTTP: the WSGI application, one of `threads` threads for each request."""

    def __init__(self, application: WSGIApplication, *, threads: int = THREADS) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")
        POOL.size = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. When its task is cancelled, the thread is free at its next step."""
        try:
            ahead, has_more = await read_ahead(receive)
        except ClientGone:
            return
        call = _Call(self._application, scope, receive, send)
        run = contextvars.copy_context().run
        with Place() as place:
            work = partial(place.work, call.run, ahead, has_more)
            try:
                handover = await asyncio.get_running_loop().run_in_executor(self._pool, run, work)
            finally:
                call.abandon()
        if handover is None:
            await call.send_piece(has_more=False)
        else:
            await handover(Exchange(call.answer, scope, receive, send, application=self))


class _Call:
    """One request on its way through a thread: `run` happens there, everything else in the event loop."""

    def __init__(self, application: WSGIApplication, scope: Scope, receive: Receive, send: Send) -> None:
        self.answer = Answer()
        self._application = application
        self._scope = scope
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._environ: dict[str, Any] = {}
        self._is_started = False
        self._is_abandoned = False
        self._waited_for: Future[Any] | None = None

    def run(self, ahead: bytes, has_more: bool) -> Handover | None:
        """Calls the application. A long answer leaves piece by piece; its end, or all of it, stays in `answer`."""
        body = Body(ahead, self._receive_more if has_more else None)
        limit = settings.LARGE_BODIES.get(self._scope["path"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        self._environ = environ_of(self._scope, body, limit=limit)
        pieces = self._application(self._environ, self._start)
        try:
            with suppress(ClientGone):
                for piece in pieces:
                    self._take(piece)
        finally:
            # PEP 3333: what has a `close` is closed, however the iteration ends.
            getattr(pieces, "close", lambda: None)()
        handover: Handover | None = self._environ.get(HANDOVER)
        return handover

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        self.answer.status = int(status.partition(" ")[0])
        self.answer.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self._take

    def _take(self, piece: bytes) -> None:
        if self._is_abandoned:
            raise ClientGone
        self.answer.body += piece
        if len(self.answer.body) >= PIECE_BYTES and HANDOVER not in self._environ:
            self._wait_for(self.send_piece(has_more=True))

    def _receive_more(self) -> tuple[bytes, bool]:
        return piece_of(self._wait_for(self._received()))

    async def _received(self) -> Message:
        return await self._receive()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Has the event loop do it; raises ClientGone when the request is given up meanwhile."""
        self._waited_for = future = asyncio.run_coroutine_threadsafe(work, self._loop)
        if self._is_abandoned:
            future.cancel()
        try:
            return future.result()
        except CancelledError:
            raise ClientGone from None

    def abandon(self) -> None:
        """Wakes the thread if it waits. After its end there is nothing to wake."""
        self._is_abandoned = True
        if self._waited_for is not None:
            self._waited_for.cancel()

    async def send_piece(self, *, has_more: bool) -> None:
        """Sends what has gathered, behind status and headers if those have not left yet."""
        answer = self.answer
        if not self._is_started:
            self._is_started = True
            await self._send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        body, answer.body = bytes(answer.body), bytearray()
        await self._send({"type": "http.response.body", "body": body, "more_body": has_more})
