"""Resident memory of web and worker over many jobs of every quick kind."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.bench import books
from tests.bench.accounts import Client
from tests.bench.house import House
from tests.bench.requests import mixed, send

NAMES = ("web", "worker")
# Below this a difference is the allocator's and the page counter's.
NOISE = 0.05
SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Growth:
    """MiB of one process (with its children) at the start, half-way and at the end."""

    name: str
    start: float
    half: float
    end: float

    @property
    def share(self) -> float:
        """By how much it grew in the second half; 0.05 is 5 %."""
        return (self.end - self.half) / self.half

    @property
    def has_grown(self) -> bool:
        """Beyond noise."""
        return self.share > NOISE


def measure(house: House, client: Client, jobs: int) -> list[Growth]:
    """Web and worker are started anew; half of the jobs, a look, the other half, a look."""
    house.renew()
    looks = [_look(house)]
    for _ in range(2):
        send(house, client, mixed(jobs // 2), clients=8)
        books.wait_until_ended(client.user)
        looks.append(_look(house))
    return [Growth(name, *(look[name] for look in looks)) for name in NAMES]


def text(growths: list[Growth], jobs: int) -> str:
    """A table and, for each process, a plain sentence."""
    head = f"resident memory, MiB, after  {'0':>8}  {jobs // 2:>8}  {jobs:>8}  jobs; the second half"
    lines = [head, "-" * len(head)]
    lines += [f"  {it.name:<27}{it.start:>8.1f}  {it.half:>8.1f}  {it.end:>8.1f}  {it.share:+.1%}" for it in growths]
    lines += [f"  {it.name} {'GREW' if it.has_grown else 'did not grow'} beyond {NOISE:.0%}" for it in growths]
    return "\n".join(lines)


def _look(house: House) -> dict[str, float]:
    time.sleep(SETTLE_SECONDS)
    return {name: house.rss_mib(name) for name in NAMES}
