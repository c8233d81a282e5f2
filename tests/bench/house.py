"""The processes under measurement: those of `make run`, with a simulator that answers at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import redis

from hub.local import parts
from hub.local.bootstrap import own_servers
from hub.local.ports import free_port, listen
from hub.local.ready import url_in, wait_until, web_is_ready
from hub.local.stack import Part, Stack
from tests.bench.noop import QUEUE

RENEWED = ("web", "worker")
STOP_ORDER = ("web", "clock", "worker", "noop", "simulator")


class House:
    """Used as a context manager; everything it started ends with it."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self._stack = Stack(var / "logs", print)
        self._listener = listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.simulator_url = ""

    def __enter__(self) -> House:
        self._start_simulator()
        env = self._env()
        self._stack.start(parts.clock(env, ()))
        self._stack.start(_noop_worker(parts.worker(env, ())))
        self.renew()
        return self

    def __exit__(self, *_: object) -> None:
        for name in STOP_ORDER:
            self._stack.stop(name)
        self._listener.close()

    def renew(self) -> None:
        """Starts web and worker, anew when they run; returns when they work."""
        for name in RENEWED:
            self._stack.stop(name)
        env = self._env()
        self._stack.start(parts.worker(env, ()))
        self._stack.start(parts.web(env, (), self._listener.fileno()))
        self._wait(lambda: web_is_ready(f"http://127.0.0.1:{self.port}"), "The start of web")
        self._wait(_both_workers_listen, "The start of the workers")

    @contextmanager
    def worker_paused(self) -> Iterator[None]:
        """The worker stands still meanwhile, and starts from where it was."""
        worker = self._stack.pids["worker"]
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    @contextmanager
    def floor(self) -> Iterator[int]:
        """Bare Django (tests/bench/floor.py) under the same server beside the hub; its port."""
        with listen(0) as listener:
            env = self._env() | {"DJANGO_SETTINGS_MODULE": "tests.bench.floor_settings"}
            self._stack.start(replace(parts.web(env, (), listener.fileno()), name="floor"))
            port: int = listener.getsockname()[1]
            try:
                self._wait(lambda: web_is_ready(f"http://127.0.0.1:{port}"), "The start of the floor")
                yield port
            finally:
                self._stack.stop("floor")

    def pin(self, cores: Sequence[int], *names: str) -> None:
        """Keeps these parts, all of their processes and threads, on these cores; what they start later stays there."""
        for name in names:
            root = self._process(name)
            for process in (root, *root.children(recursive=True)):
                for thread in process.threads():
                    os.sched_setaffinity(thread.id, cores)

    def cpu_seconds(self, name: str) -> float:
        """What the process and its children have used so far."""
        root = self._process(name)
        gone = root.cpu_times()
        now = sum(_used(each) for each in (root, *root.children(recursive=True)))
        return float(now + gone.children_user + gone.children_system)

    def rss_mib(self, name: str) -> float:
        """Resident memory of the process and its children; pages that they share count for each."""
        root = self._process(name)
        return float(sum(each.memory_info().rss for each in (root, *root.children(recursive=True))) / 2**20)

    def peak_mib(self, name: str) -> float:
        """The most that each process of the part has been resident with so far, added up."""
        root = self._process(name)
        return sum(peak_mib(each.pid) for each in (root, *root.children(recursive=True)))

    def _process(self, name: str) -> psutil.Process:
        servers = own_servers()
        pids = self._stack.pids | (servers.pids if servers else {})
        return psutil.Process(pids[name])

    def _env(self) -> dict[str, str]:
        own = {"HUB_VAR": str(self._var), "PYTHONUNBUFFERED": "1"}
        return dict(os.environ) | own | parts.provider(os.environ, self.simulator_url).env

    def _start_simulator(self) -> None:
        ready_file = self._var / "simulator.json"
        ready_file.unlink(missing_ok=True)
        part = parts.simulator(os.environ, (), ready_file, free_port())
        self._stack.start(replace(part, argv=[*part.argv, "--latency", "0", "--operation-seconds", "0.2"]))
        self._wait(lambda: url_in(ready_file) is not None, "The start of the simulator")
        self.simulator_url = url_in(ready_file) or ""

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        wait_until(holds, what, self._stack, threading.Event())


def _noop_worker(part: Part) -> Part:
    """The hub's own worker, for the one queue and the one task."""
    swap = {"hub": "tests.bench.noop", parts.QUEUES: QUEUE}
    argv = [swap.get(str(word), word) for word in part.argv]
    return replace(part, name="noop", argv=[sys.executable, *argv[1:]])


def _both_workers_listen() -> bool:
    with redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5) as client:
        return sum(line.get("cmd") == "brpop" for line in client.client_list()) >= 2


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def peak_mib(pid: int | str = "self") -> float:
    """The most that a process has had resident; not getrusage, whose figure is handed down from its parent."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024
