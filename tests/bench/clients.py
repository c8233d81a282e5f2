"""`python -m tests.bench.clients`: sends requests over HTTP from several threads, as a process of its own.

Standard library only, one kept connection a thread. Reads {"port", "clients", "cores", "requests": [{"method", "path",
"headers", "body" (base64)}]} as JSON from stdin and writes {"seconds", "done", "refused": [first few answers],
"p50_ms", "p95_ms", "p99_ms"} to stdout. `cores` is where it may run, [] for anywhere; done is what was answered 2xx.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

Request = tuple[str, str, dict[str, str], bytes]


class Load:
    """The requests still to send, and what came back."""

    def __init__(self, port: int, requests: list[dict[str, Any]]) -> None:
        self._port = port
        self._requests: SimpleQueue[Request] = SimpleQueue()
        for each in requests:
            self._requests.put((each["method"], each["path"], each["headers"], base64.b64decode(each["body"])))
        self.refused: list[str] = []
        self.milliseconds: list[float] = []

    def send_all(self) -> None:
        """Sends until nothing is left; one thread's work."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while (request := self._next()) is not None:
            started = time.perf_counter()
            connection.request(request[0], request[1], request[3] or None, request[2])
            answer = connection.getresponse()
            content = answer.read()
            self.milliseconds.append((time.perf_counter() - started) * 1000)
            if not 200 <= answer.status < 300:
                self.refused.append(f"{answer.status} {content.decode(errors='replace')}")
        connection.close()

    def _next(self) -> Request | None:
        try:
            return self._requests.get_nowait()
        except Empty:
            return None


def main() -> None:
    order = json.load(sys.stdin)
    if order["cores"]:
        os.sched_setaffinity(0, order["cores"])
    load = Load(order["port"], order["requests"])
    threads = [threading.Thread(target=load.send_all) for _ in range(order["clients"])]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    times = sorted(load.milliseconds)
    facts = {"seconds": seconds, "done": len(times) - len(load.refused), "refused": load.refused[:3]}
    facts |= {f"p{part}_ms": times[min(len(times) * part // 100, len(times) - 1)] for part in (50, 95, 99)}
    json.dump(facts, sys.stdout)


if __name__ == "__main__":
    main()
