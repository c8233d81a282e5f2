"""The counts of all processes together, in Redis. Every function raises redis.RedisError."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hub.common.redis import impatient_client

TOTALS_KEY = "hub:metrics:totals"
PROCESSES_KEY = "hub:metrics:processes"
PROCESS_KEY = "hub:metrics:process:"
ASKED_KEY = "hub:metrics:asked"
# A process that has told nothing for so long is gone.
ALIVE_SECONDS = 60


class Sample(NamedTuple):
    """One value of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


def add(samples: Iterable[Sample], *, has_asked: bool) -> None:
    """Adds to the totals, all of them or none. `has_asked`: the database was in use since the last time."""
    commands = impatient_client().pipeline()
    for sample in samples:
        commands.hincrbyfloat(TOTALS_KEY, _field(sample), sample.value)
    if has_asked:
        commands.set(ASKED_KEY, str(time.time()))
    commands.execute()


def totals() -> list[Sample]:
    """What all processes counted since Redis was new, in no order."""
    return [_sample(field, value) for field, value in impatient_client().hgetall(TOTALS_KEY).items()]


def last_asked() -> float:
    """When somebody but the clock last used the database, in seconds since 1970; 0 when nobody did."""
    return float(str(impatient_client().get(ASKED_KEY) or 0))


def note_asked() -> None:
    """What the clock counts in the database has changed."""
    impatient_client().set(ASKED_KEY, str(time.time()))


def tell_of_process(name: str, gauges: Iterable[Sample]) -> None:
    """What one process is doing now; forgotten when it does not tell again within ALIVE_SECONDS."""
    key, now = f"{PROCESS_KEY}{name}", time.time()
    commands = impatient_client().pipeline()
    commands.delete(key)
    commands.hset(key, mapping={_field(gauge): gauge.value for gauge in gauges})
    commands.expire(key, ALIVE_SECONDS)
    commands.zadd(PROCESSES_KEY, {name: now})
    commands.zremrangebyscore(PROCESSES_KEY, "-inf", now - ALIVE_SECONDS)
    commands.execute()


def forget_process(name: str) -> None:
    """It has ended in good order."""
    commands = impatient_client().pipeline()
    commands.delete(f"{PROCESS_KEY}{name}")
    commands.zrem(PROCESSES_KEY, name)
    commands.execute()


def of_processes() -> list[Sample]:
    """What the living processes told, each its own."""
    alive = impatient_client().zrangebyscore(PROCESSES_KEY, time.time() - ALIVE_SECONDS, "+inf")
    commands = impatient_client().pipeline()
    for name in alive:
        commands.hgetall(f"{PROCESS_KEY}{name!s}")
    return [_sample(field, value) for told in commands.execute() for field, value in told.items()]


def _field(sample: Sample) -> str:
    return json.dumps([sample.name, dict(sorted(sample.labels.items()))], separators=(",", ":"))


def _sample(field: object, value: object) -> Sample:
    name, labels = json.loads(str(field))
    return Sample(name, labels, float(str(value)))
