"""A receiver of webhooks on loopback, as another company would run one: it keeps what it gets and answers as told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Answer:
    """What to answer: a status with headers and a body, its pieces after so many seconds each."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    before_seconds: float = 0
    between_seconds: float = 0


class Receiver:
    """The answers are given in order, the last one again and again."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str = "http") -> None:
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        self.port = int(server.server_address[1])
        self.received: list[Received] = []
        self.answers: list[Answer] = [Answer()]
        self.server_names: list[str | None] = []

    def will_answer(self, *answers: Answer | int) -> None:
        self.answers = [Answer(each) if isinstance(each, int) else each for each in answers]

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Runs until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            receiver.received.append(Received(self.path, dict(self.headers.items()), body))
            answer = receiver.next_answer()
            time.sleep(answer.before_seconds)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in answer.pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(answer.between_seconds)
            except (BrokenPipeError, ConnectionResetError):
                return

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Handler)
    receiver = Receiver(server, "https" if tls else "http")
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: receiver.server_names.append(name)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
