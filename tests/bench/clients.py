"""`python -m tests.bench.clients`: submits jobs over REST from several threads, as a process of its own.

Standard library only, one kept connection a thread. Reads {"port", "key", "clients", "bodies"} as JSON from stdin and
writes {"seconds", "ids", "refused": [first few answers], "p50_ms", "p95_ms"} to stdout.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any


class Load:
    """The bodies still to send, and what came back."""

    def __init__(self, port: int, key: str, bodies: list[dict[str, Any]]) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._bodies: SimpleQueue[bytes] = SimpleQueue()
        for body in bodies:
            self._bodies.put(json.dumps(body).encode())
        self.ids: list[str] = []
        self.refused: list[str] = []
        self.milliseconds: list[float] = []

    def send_all(self) -> None:
        """Sends until nothing is left; one thread's work."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while (body := self._next()) is not None:
            started = time.perf_counter()
            connection.request("POST", "/api/v1/generations", body, self._headers)
            answer = connection.getresponse()
            content = answer.read()
            self.milliseconds.append((time.perf_counter() - started) * 1000)
            if answer.status == http.client.ACCEPTED:
                self.ids.append(json.loads(content)["id"])
            else:
                self.refused.append(f"{answer.status} {content.decode(errors='replace')}")
        connection.close()

    def _next(self) -> bytes | None:
        try:
            return self._bodies.get_nowait()
        except Empty:
            return None


def main() -> None:
    order = json.load(sys.stdin)
    load = Load(order["port"], order["key"], order["bodies"])
    threads = [threading.Thread(target=load.send_all) for _ in range(order["clients"])]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    times = sorted(load.milliseconds)
    facts = {"seconds": seconds, "ids": load.ids, "refused": load.refused[:3]}
    facts |= {"p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)]}
    json.dump(facts, sys.stdout)


if __name__ == "__main__":
    main()
