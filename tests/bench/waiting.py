"""`python -m tests.bench.waiting [--waiters N]`: what a reader notices of N clients that wait, on one web process.

A reader asks for one generation again and again, for some seconds without and some seconds with N clients that wait for
a job of their own each (`Prefer: wait=60`), in turns. Exits with 1 when a waiter is not answered with its ended job. On
servers of its own in a fresh directory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import psutil
import redis

from hub.local.bootstrap import ensure_servers
from tests.bench.__main__ import OWN, ROOT

WAITERS, ROUNDS, SECONDS = 500, 3, 5.0
PATH = "/api/v1/generations"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.waiting", description=__doc__)
    parser.add_argument("--waiters", type=int, default=WAITERS)
    waiters = parser.parse_args().waiters
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as var:
        # PostgreSQL runs as another user when the benchmark is root's.
        Path(var).chmod(0o755)
        for name in OWN:
            os.environ.pop(name, None)
            os.environ.pop(f"{name}_FILE", None)
        os.environ |= {"HUB_VAR": var, "HUB_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "hub.settings"}
        os.environ |= {"LOG_LEVEL": "WARNING", "WEB_CONCURRENCY": "1"}
        with ensure_servers(["bench", "runstack"]):
            django.setup()
            # Models need settings, hence the servers that run only now.
            accounts, house = import_module("tests.bench.accounts"), import_module("tests.bench.house")
            accounts.prepare_database()
            client = accounts.make_client("waiting")
            with house.House(Path(var)) as running:
                return asyncio.run(Comparison(running, client.key_text, waiters).run())


class Comparison:
    """The reader's latencies by condition, and what the waiters cost the process."""

    def __init__(self, house: Any, key: str, waiters: int) -> None:
        self._house, self._key, self._count = house, key, waiters
        self._latencies: dict[str, list[float]] = {"alone": [], "beside": []}
        self._wrong: list[str] = []
        self._last_answer = 0.0

    async def run(self) -> int:
        [warm] = await self._submit(1)
        for _ in range(ROUNDS):
            await self._read(warm, "alone")
            await self._round(warm)
        self._print()
        for line in self._wrong[:3]:
            print(line, file=sys.stderr)
        return 1 if self._wrong else 0

    async def _round(self, warm: str) -> None:
        with self._house.worker_paused():
            jobs = await self._submit(self._count)
            waiting = [asyncio.create_task(self._wait(job)) for job in jobs]
            await self._until_all_wait()
            self._note_cost()
            await self._read(warm, "beside")
            assert not any(each.done() for each in waiting), "a waiter did not wait"
        woken = time.perf_counter()
        await asyncio.gather(*waiting)
        self._last_answer = time.perf_counter() - woken

    async def _until_all_wait(self) -> None:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            while len(client.pubsub_channels("hub:live:*")) < self._count:
                await asyncio.sleep(0.2)

    def _note_cost(self) -> None:
        root = self._house._process("web")
        [web] = root.children()
        before = web.cpu_times()
        time.sleep(2)
        after = web.cpu_times()
        self._cpu = (after.user + after.system - before.user - before.system) / 2
        self._threads, self._mib = web.num_threads(), web.memory_info().rss / 2**20
        self._connections = sum(each.raddr and each.raddr.port == _database_port() for each in _sockets(web))

    async def _submit(self, count: int) -> list[str]:
        limit = asyncio.Semaphore(8)

        async def one(number: int) -> str:
            async with limit:
                body = {"model": "gemini-3.8-flash", "prompt": f"Number {number}."}
                status, answer = await self._ask("POST", PATH, json.dumps(body).encode())
                assert status == 202, answer
                return str(json.loads(answer)["id"])

        return list(await asyncio.gather(*(one(number) for number in range(count))))

    async def _wait(self, job: str) -> None:
        status, answer = await self._ask("GET", f"{PATH}/{job}", Prefer="wait=60")
        if status != 200 or json.loads(answer)["status"] != "succeeded":
            self._wrong.append(f"{status} {answer[:200]!r}")

    async def _read(self, job: str, name: str) -> None:
        deadline = time.perf_counter() + SECONDS
        while time.perf_counter() < deadline:
            started = time.perf_counter()
            status, _ = await self._ask("GET", f"{PATH}/{job}")
            assert status == 200
            self._latencies[name].append((time.perf_counter() - started) * 1000)

    async def _ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._house.port)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
        lines += [f"Authorization: Bearer {self._key}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer = await reader.read()
        writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), content

    def _print(self) -> None:
        for name, values in self._latencies.items():
            values.sort()
            p50, p99 = values[len(values) // 2], values[int(len(values) * 0.99)]
            print(f"  a reader {name:<7} {len(values):>6} answers   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
        alone, beside = (values[len(values) // 2] for values in self._latencies.values())
        print(f"  p50 beside {self._count} waiters / alone: {beside / alone:.2f}")
        print(
            f"  the web process meanwhile: {self._cpu:.3f} s of CPU a second, {self._threads} threads, "
            f"{self._connections} database connections, {self._mib:.0f} MiB"
        )
        print(
            f"  the last waiter was answered {self._last_answer:.1f} s after the worker went on with {self._count} jobs"
        )


def _sockets(process: psutil.Process) -> list[Any]:
    return [each for each in process.net_connections(kind="all") if each.raddr and not isinstance(each.raddr, str)]


def _database_port() -> int:
    return int(django.db.connection.settings_dict["PORT"] or 5432)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
