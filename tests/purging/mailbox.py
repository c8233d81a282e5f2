"""A mail server on loopback that keeps what it was given, and can hold back its answer to one mail."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


class Mailbox(socketserver.ThreadingTCPServer):
    """`recipients` has an address for each mail that came in whole, in that order.

    The answer to the mail number `hold_at` waits: `is_holding` is set then, and it comes when `go_on` is.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.recipients: list[str] = []
        self.hold_at: int | None = None
        self.is_holding, self.go_on = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    @property
    def settings(self) -> dict[str, str]:
        """For the environment of a hub that sends its mail here."""
        return {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.server_address[1]), "EMAIL_USE_TLS": "false"}

    def take(self, recipient: str) -> None:
        """One more; may wait."""
        with self._lock:
            self.recipients.append(recipient)
            is_held = len(self.recipients) == self.hold_at
        if is_held:
            self.is_holding.set()
            self.go_on.wait(60)


class _Conversation(socketserver.StreamRequestHandler):
    """SMTP (RFC 5321) as far as a client that sends one mail needs it."""

    def handle(self) -> None:
        self._say("220 ready")
        recipient = ""
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            if verb == b"DATA":
                self._say("354 go ahead")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                cast(Mailbox, self.server).take(recipient)
            self._say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return

    def _say(self, line: str) -> None:
        try:
            self.wfile.write(f"{line}\r\n".encode())
        except OSError:
            # The client was killed.
            return


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """For as long as the context lasts."""
    mailbox = Mailbox()
    thread = threading.Thread(target=mailbox.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        mailbox.go_on.set()
        mailbox.shutdown()
        mailbox.server_close()
        thread.join(5)
