"""Every route on one core: how long it takes, how many fit in a second, and what bare Django does beside it.

The web process has a core to itself; everybody else, those who ask and PostgreSQL, has the others. The worker stands
still. Right before each route (once in a quick run) the floor is measured, under the same server on the same core: the
machine may be shared, and what is compared was measured within the same seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.accounts import Client
from tests.bench.asks import asks, operations
from tests.bench.house import House
from tests.bench.requests import Ask, Sent, ask
from tests.bench.rows import Rows, fill
from tests.routes import Route

CLIENTS = 8
REST_OF_THE_HOUSE = ("worker", "clock", "simulator", "postgres", "valkey")
PLAIN, FRAMEWORK = [Ask("GET", "/plain")], [Ask("GET", "/drf")]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Requests of each route, to warm it, by one client and by CLIENTS; of each floor, which so many routes share."""

    warm: int
    alone: int
    crowd: int
    floor: int
    routes_a_floor: int


FULL = Sizes(warm=5, alone=100, crowd=200, floor=200, routes_a_floor=1)
QUICK = Sizes(warm=0, alone=4, crowd=8, floor=8, routes_a_floor=1000)


@dataclass(frozen=True, slots=True)
class Rush:
    """What CLIENTS saw together, and what a request of theirs cost the processes that answered."""

    per_second: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Door:
    """What one operation came to; `plain` and `framework` are the floors, measured right before it."""

    name: str
    alone: Sent
    rush: Rush
    plain: Rush
    framework: Rush


def measure(house: House, client: Client, sizes: Sizes) -> list[Door]:
    """Each operation in the order of the URL table; raises WorkWentWrong when a request is refused."""
    rows = fill(client)
    web_core, *others = sorted(os.sched_getaffinity(0))
    others = others or [web_core]
    os.sched_setaffinity(0, others)
    house.pin(others, *REST_OF_THE_HOUSE)
    house.pin([web_core], "web")
    with house.floor() as floor, house.worker_paused():
        house.pin([web_core], "floor")
        return list(_doors(Crowd(house, others), floor, rows, sizes))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Those who ask, on `cores`."""

    house: House
    cores: Sequence[int]

    def alone(self, port: int, asks: Sequence[Ask]) -> Sent:
        return ask(port, asks, clients=1, cores=self.cores)

    def rush(self, part: str, port: int, asks: Sequence[Ask]) -> Rush:
        before = self.house.cpu_seconds(part)
        sent = ask(port, asks, clients=CLIENTS, cores=self.cores)
        return Rush(sent.per_second, (self.house.cpu_seconds(part) - before) * 1000 / len(asks))


def _doors(crowd: Crowd, floor: int, rows: Rows, sizes: Sizes) -> Iterator[Door]:
    port = crowd.house.port
    crowd.alone(floor, (PLAIN + FRAMEWORK) * max(sizes.warm, 1))
    for number, (method, route) in enumerate(operations()):
        if number % sizes.routes_a_floor == 0:
            plain, framework = (crowd.rush("floor", floor, each * sizes.floor) for each in (PLAIN, FRAMEWORK))
        wanted = asks(rows, method, route, sizes.warm + sizes.alone + sizes.crowd)
        if sizes.warm:
            crowd.alone(port, wanted[: sizes.warm])
        alone = crowd.alone(port, wanted[sizes.warm : sizes.warm + sizes.alone])
        rush = crowd.rush("web", port, wanted[sizes.warm + sizes.alone :])
        path = route.path if isinstance(route, Route) else route
        yield Door(f"{method} {path.removeprefix('/api/v1')}", alone, rush, plain, framework)


def text(doors: list[Door]) -> str:
    """A table, dearest last. The ratios are those of CPU time, which a busy machine disturbs least."""
    width = max(len(door.name) for door in doors)
    titles = f"{'p50 ms':>8}  {'p99 ms':>8}  {'req/s':>7}  {'CPU ms':>7}  {'/ Django':>8}  {'/ DRF':>6}"
    head = f"{'one core for web':<{width}}  {titles}"
    lines = [head, "-" * len(head)]
    for name, floor in (("bare Django", [door.plain for door in doors]), ("bare DRF", [it.framework for it in doors])):
        rate, cpu = median(each.per_second for each in floor), median(each.cpu_ms for each in floor)
        lines.append(f"{name:<{width}}  {'':>8}  {'':>8}  {rate:>7.0f}  {cpu:>7.2f}")
    return "\n".join([*lines, *(_row(door, width) for door in sorted(doors, key=lambda door: door.rush.cpu_ms))])


def _row(door: Door, width: int) -> str:
    rush = door.rush
    ratios = "  ".join(f"{_ratio(each, rush):>{room}.2f}" for each, room in ((door.plain, 8), (door.framework, 6)))
    times = f"{door.alone.p50_ms:>8.1f}  {door.alone.p99_ms:>8.1f}  {rush.per_second:>7.0f}  {rush.cpu_ms:>7.2f}"
    return f"{door.name:<{width}}  {times}  {ratios}"


def _ratio(floor: Rush, rush: Rush) -> float:
    """0.10: a tenth as many requests from the same CPU time."""
    return floor.cpu_ms / rush.cpu_ms if rush.cpu_ms else float("nan")
