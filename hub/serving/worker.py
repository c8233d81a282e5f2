"""gunicorn's worker for ASGI, which ends what waits as soon as it is told to stop."""

from __future__ import annotations

from importlib import import_module

from gunicorn.workers import gasgi

from hub import processes
from hub.serving import stopping


class HubWorker(gasgi.ASGIWorker):  # type: ignore[misc]
    """As gunicorn's. Without this a client that listens for an hour would keep it for all of its graceful time."""

    def load_wsgi(self) -> None:
        """In the process that serves, once it was forked."""
        processes.begin("web")
        super().load_wsgi()
        # By this name alone the worker knows who reads its connections. Ours needs the apps, which are there only now.
        gasgi.ASGIProtocol = import_module("hub.serving.refusals").HubProtocol

    def handle_exit_signal(self) -> None:
        """SIGTERM: no new connections, and those who wait are answered now."""
        super().handle_exit_signal()
        stopping.begin()
