"""Every route on one core: how long it takes, how many fit in a second, and what bare Django does beside it.

The web process has a core to itself; everybody else, those who ask and PostgreSQL, has the others. The worker stands
still. Right before each route the floor is measured, under the same server on the same core: the machine may be shared,
and what is compared was measured within the same seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench.accounts import Client
from tests.bench.asks import asks, operations
from tests.bench.house import House
from tests.bench.requests import Ask, Sent, ask
from tests.bench.rows import Rows, fill
from tests.routes import Route

CLIENTS = 8
WARM = 5
REST_OF_THE_HOUSE = ("worker", "clock", "simulator", "postgres", "valkey")
PLAIN, FRAMEWORK = [Ask("GET", "/plain")], [Ask("GET", "/drf")]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Requests of each route, by one client and by CLIENTS, and of each floor."""

    alone: int
    crowd: int
    floor: int


FULL = Sizes(alone=100, crowd=200, floor=200)
QUICK = Sizes(alone=4, crowd=8, floor=8)


@dataclass(frozen=True, slots=True)
class Door:
    """What one operation came to; `plain` and `framework` are the floors, measured right before it."""

    name: str
    alone: Sent
    crowd: Sent
    plain: Sent
    framework: Sent


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
        return list(_doors(house.port, floor, rows, sizes, others))


def _doors(port: int, floor: int, rows: Rows, sizes: Sizes, cores: list[int]) -> Iterator[Door]:
    ask(floor, (PLAIN + FRAMEWORK) * WARM, clients=1, cores=cores)
    for method, route in operations():
        plain, framework = (ask(floor, each * sizes.floor, clients=CLIENTS, cores=cores) for each in (PLAIN, FRAMEWORK))
        wanted = asks(rows, method, route, WARM + sizes.alone + sizes.crowd)
        ask(port, wanted[:WARM], clients=1, cores=cores)
        alone = ask(port, wanted[WARM : WARM + sizes.alone], clients=1, cores=cores)
        crowd = ask(port, wanted[WARM + sizes.alone :], clients=CLIENTS, cores=cores)
        path = route.path if isinstance(route, Route) else route
        yield Door(f"{method} {path.removeprefix('/api/v1')}", alone, crowd, plain, framework)


def text(doors: list[Door]) -> str:
    """A table, slowest last."""
    width = max(len(door.name) for door in doors)
    head = f"{'one core for web':<{width}}  {'p50 ms':>8}  {'p99 ms':>8}  {'req/s':>7}  {'/ Django':>8}  {'/ DRF':>6}"
    lines = [head, "-" * len(head)]
    for name, floor in (("bare Django", [door.plain for door in doors]), ("bare DRF", [it.framework for it in doors])):
        rate = median(each.per_second for each in floor)
        lines.append(f"{name:<{width}}  {'':>8}  {'':>8}  {rate:>7.0f}")
    for door in sorted(doors, key=lambda door: -door.crowd.per_second / door.framework.per_second):
        rate = door.crowd.per_second
        ratios = f"{rate / door.plain.per_second:>8.2f}  {rate / door.framework.per_second:>6.2f}"
        lines.append(
            f"{door.name:<{width}}  {door.alone.p50_ms:>8.1f}  {door.alone.p99_ms:>8.1f}  {rate:>7.0f}  {ratios}"
        )
    return "\n".join(lines)
