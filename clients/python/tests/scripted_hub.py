"""A server that says, byte for byte, what a test wants a hub to say, and that breaks off where the test wants it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """One request that came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """The body goes in its pieces. `hang_up`: the connection is closed where more was to come."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    between_seconds: float = 0
    hang_up: bool = False


class NoReply:
    """The connection is closed without a word."""


Say = Reply | NoReply
Script = Callable[[Seen], Say]


def says(body: Any, status: int = 200, **headers: str) -> Reply:
    """JSON; the names of headers have underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": "application/json", **named}, [json.dumps(body).encode()])


def problem(status: int, code: str, *, retry_after: str = "", **facts: Any) -> Reply:
    document = {
        "type": f"urn:ai-generation-hub:error:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": f"This is {code}.",
        "code": code,
        "request_id": "request-1",
        **facts,
    }
    headers = {"Content-Type": "application/problem+json"} | ({"Retry-After": retry_after} if retry_after else {})
    return Reply(status, headers, [json.dumps(document).encode()])


def events(*pieces: str, hang_up: bool = False, **headers: str) -> Reply:
    """A stream of events, in these pieces."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = [piece.encode() for piece in pieces]
    return Reply(200, {"Content-Type": "text/event-stream", **named}, content, hang_up=hang_up)


class ScriptedHub:
    """`seen` is what came, oldest first. Replies are given in order, the last one again and again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self._script: Script = lambda seen: NoReply()

    def will_say(self, *replies: Say) -> None:
        left = list(replies)
        self._script = lambda seen: left.pop(0) if len(left) > 1 else left[0]

    def will_follow(self, script: Script) -> None:
        self._script = script

    def reply_to(self, seen: Seen) -> Say:
        self.seen.append(seen)
        return self._script(seen)

    @property
    def asked(self) -> list[str]:
        """Method and path of each request, without the version."""
        return [f"{each.method} {each.path.removeprefix('/api/v1')}" for each in self.seen]


@contextmanager
def running_scripted_hub() -> Iterator[ScriptedHub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            url = urlsplit(self.path)
            reply = hub.reply_to(
                Seen(self.command, url.path, parse_qs(url.query), dict(self.headers.items()), self._body())
            )
            self.close_connection = True
            if isinstance(reply, Reply):
                self._send(reply)

        do_GET = do_POST = do_DELETE = do_PATCH = answer

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                pieces = []
                while size := int(self.rfile.readline(), 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            # Or the client may take the connection again in the moment before it sees that it is closed.
            self.send_header("Connection", "close")
            if reply.status not in (204, 304):
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if reply.status in (204, 304):
                return
            for piece in reply.pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
                time.sleep(reply.between_seconds)
            if not reply.hang_up:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Handler)
    hub = ScriptedHub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
