"""One run of the whole local stack, once the database is prepared: start, wait, watch, stop."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.local import parts
from hub.local.bootstrap import own_servers
from hub.local.errors import LocalServerError, file_errors_explained
from hub.local.parts import Provider
from hub.local.ports import LOOPBACK, free_port, listen
from hub.local.ready import url_in, wait_until, web_is_ready, worker_listens
from hub.local.stack import Patience, Stack

USUAL_PORT = 8000
TICK_SECONDS = 0.2
STOP_ORDER = ("clock", "worker", "simulator")
PIDS = ("web", "worker", "clock", "simulator", "postgres", "valkey")


class Runner:
    """Web, worker, clock and simulator on `var`, tied to this process; they inherit the descriptor `lock`.

    Used as a context manager: at its end everything is stopped, in the order web, clock, worker, simulator.
    """

    def __init__(self, var: Path, *, port: int | None, lock: int, say: Callable[[str], None], stopped: threading.Event):
        self._var = var
        self._lock = (lock,)
        self._simulator_file = var / "simulator.json"
        self._say = say
        self._stopped = stopped
        self._stack = Stack(var / "logs", say)
        self._patience = Patience()
        self._listener = usual_listener() if port is None else listen(port)
        self.simulator_url: str | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.stop("web")
        self._listener.close()
        for name in STOP_ORDER:
            self._stack.stop(name)
        self._simulator_file.unlink(missing_ok=True)

    @property
    def base_url(self) -> str:
        """Where the hub answers."""
        return f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"

    @property
    def pids(self) -> dict[str, int | None]:
        """The process id of each part; None for one that does not run here."""
        servers = own_servers()
        running: dict[str, int] = self._stack.pids | (servers.pids if servers else {})
        return {name: running.get(name) for name in PIDS}

    def start(self, env: Mapping[str, str], *, with_simulator: bool) -> Provider:
        """Starts the parts and returns when all of them work; says which provider they use. Raises LocalServerError."""
        own = dict(env) | {"HUB_VAR": str(self._var), "PYTHONUNBUFFERED": "1"}
        if with_simulator:
            self.simulator_url = self._start_simulator(own)
        provider = parts.provider(env, self.simulator_url)
        own |= provider.env
        self._stack.start(parts.worker(own, self._lock))
        self._stack.start(parts.clock(own, self._lock))
        self._stack.start(parts.web(own, self._lock, self._listener.fileno()))
        self._wait(lambda: web_is_ready(self.base_url), "The start of web")
        self._wait(lambda: worker_listens(env["REDIS_URL"]), "The start of worker")
        return provider

    def keep_running(self, changed: Callable[[], None]) -> None:
        """Watches until it is told to stop; calls `changed` when a process id is another one.

        A part or a server that ends is started again; raises LocalServerError when one keeps ending.
        """
        while not self._stopped.wait(TICK_SECONDS):
            if self._revive_servers() or self._stack.tend():
                changed()

    def _start_simulator(self, env: Mapping[str, str]) -> str:
        ready_file = self._simulator_file
        with file_errors_explained(self._var):
            ready_file.unlink(missing_ok=True)
        self._stack.start(parts.simulator(env, self._lock, ready_file, free_port()))
        self._wait(lambda: url_in(ready_file) is not None, "The start of simulator")
        return url_in(ready_file) or ""

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        wait_until(holds, what, self._stack, self._stopped)

    def _revive_servers(self) -> bool:
        servers = own_servers()
        if servers is None or servers.ended() == []:
            return False
        if self._patience.pause() is None:
            raise LocalServerError(f"{' and '.join(servers.ended())} keeps ending; look into {self._var / 'logs'}.")
        for name in servers.revive():
            self._say(f"{name} had ended and runs again.")
        return True


def usual_listener() -> socket.socket:
    """A socket on the usual port, so that bookmarks hold; on any free one when that is taken."""
    try:
        return listen(USUAL_PORT)
    except LocalServerError:
        return listen(0)


def simulator_is_wanted(without: list[str]) -> bool:
    """Unless it is declined, or a credential for Google is set in the environment or `.env`."""
    return parts.wants_simulator(os.environ, without="simulator" in without)
