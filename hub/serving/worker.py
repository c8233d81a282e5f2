"""gunicorn's worker for ASGI, which ends what waits as soon as it is told to stop."""

from __future__ import annotations

from gunicorn.workers.gasgi import ASGIWorker

from hub import processes
from hub.serving import stopping


class HubWorker(ASGIWorker):  # type: ignore[misc]
    """As gunicorn's. Without this a client that listens for an hour would keep it for all of its graceful time."""

    def load_wsgi(self) -> None:
        """In the process that serves, once it was forked."""
        processes.begin("web")
        super().load_wsgi()

    def handle_exit_signal(self) -> None:
        """SIGTERM: no new connections, and those who wait are answered now."""
        super().handle_exit_signal()
        stopping.begin()
