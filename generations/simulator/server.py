"""The HTTP server: reads a request, asks the application, delivers the answer, whole or spoilt."""

from __future__ import annotations

import os
import selectors
import socket
import socketserver
import struct
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from generations.simulator import app
from generations.simulator.errors import Refusal, error_answer
from generations.simulator.state import Simulator
from generations.simulator.wire import Answer, Delivery, Request

BODY_LIMIT = 100 * 1024 * 1024
READ_SECONDS = 0.05


class Server(ThreadingHTTPServer):
    """One thread a connection; none of them keeps the process alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        return f"http://{self.server_name}:{self.server_port}"

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which may wait for a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a traceback on stderr."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Keeps the connection open between requests; writes a small answer in one packet."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: requests carry keys and prompts."""

    def _serve(self) -> None:
        try:
            raw = b"".join(self._body())
        except ValueError:
            self.close_connection = True
            refusal = Refusal(413, f"Request payload size exceeds the limit: {BODY_LIMIT} bytes.")
            self._deliver(error_answer(refusal, interactions=False))
            return
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, url.path, dict(parse_qsl(url.query)), headers, raw)
        self._deliver(app.handle(self.server.simulator, request))

    def _body(self) -> Iterator[bytes]:
        """The body in pieces; raises ValueError when it is above the limit or its framing is not understood."""
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            yield self._exactly(int(self.headers.get("content-length") or 0))
            return
        total = 0
        while size := int(self.rfile.readline().split(b";")[0], 16):
            total += size
            yield self._exactly(size, already=total - size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _exactly(self, size: int, *, already: int = 0) -> bytes:
        if not 0 <= size <= BODY_LIMIT - already:
            raise ValueError(size)
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionResetError("the client left in the middle of its request")
        return data

    def _deliver(self, answer: Answer) -> None:
        """A client that left before its answer is noted with the call; what the work cost stays."""
        time.sleep(answer.delay)
        try:
            self._send(answer)
        except ConnectionError:
            self.close_connection = True
            if answer.call:
                self.server.simulator.calls.note(answer.call, status="gone")

    def _send(self, answer: Answer) -> None:
        if answer.delivery is Delivery.RESET:
            self._reset()
        elif answer.delivery is Delivery.HANG:
            self._hang(answer.hang)
        elif answer.events is None:
            self._send_body(answer)
        else:
            self._send_events(answer, answer.events)

    def _reset(self) -> None:
        """A real RST: with a linger time of zero the kernel throws away what was not sent and says so."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _hang(self, seconds: float) -> None:
        """Silence until the client leaves (or speaks again) or the time is over; then the connection closes."""
        self.close_connection = True
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            selector.select(seconds)

    def _send_body(self, answer: Answer) -> None:
        body = answer.body
        if answer.delivery is Delivery.TRUNCATED:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(self._head(answer, f"Content-Length: {len(answer.body)}") + body)

    def _send_events(self, answer: Answer, events: tuple[bytes, ...]) -> None:
        """Chunked, an event a chunk; one that is spoilt has no last chunk, and when truncated ends inside an event."""
        truncated = answer.delivery is Delivery.TRUNCATED
        whole = events[: len(events) // 2] if truncated else events
        self.wfile.write(self._head(answer, "Transfer-Encoding: chunked"))
        for event in whole:
            time.sleep(answer.pause)
            self.wfile.write(_chunk(event))
        if truncated:
            self.close_connection = True
            torn = events[len(whole)]
            self.wfile.write(_chunk(torn[: len(torn) // 2]))
        elif answer.delivery is Delivery.CUT:
            # A reset throws away what the client has not been given yet.
            time.sleep(READ_SECONDS)
            self._reset()
        elif answer.delivery is Delivery.STALL:
            self._hang(answer.hang)
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, answer: Answer, framing: str) -> bytes:
        status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
        lines = [status, f"Content-Type: {answer.content_type}", framing]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines += ["Connection: close"] if self.close_connection else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
