"""What happens to one job, from now to its end, for somebody who waits without a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast
from uuid import UUID

import redis

from generations.live import feed
from generations.live.bells import async_redis, bells
from generations.live.feed import key_of

T = TypeVar("T")
BEGINNING = "0-0"
# How long nothing may be heard before the truth is looked at: for a bell that rings it is a net beneath it, without one
# it is the only way. Each look doubles the pause.
FIRST_LOOK_SECONDS = {True: 15.0, False: 0.5}
LONGEST_LOOK_SECONDS = {True: 60.0, False: 8.0}


@dataclass(frozen=True, slots=True)
class Told:
    """A new status; `entry` is its place in the log, which begins with the milliseconds since 1970."""

    entry: str
    status: str


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of text."""

    entry: str
    text: str


@dataclass(frozen=True, slots=True)
class Looked(Generic[T]):
    """What a look at the truth found, after nothing had been heard for a while."""

    found: T


async def follow(
    *, generation_id: UUID, look: Callable[[], Awaitable[T]], after: str = BEGINNING
) -> AsyncGenerator[Told | Written | Looked[T], None]:
    """Everything told of the job after that entry of its log, and looks in between; the caller ends it, at the end."""
    looks = 0
    async with bells().listening(key_of(generation_id)) as ring:
        while True:
            ring.clear()
            for entry in await entries(generation_id=generation_id, after=after):
                after, looks = entry.entry, 0
                yield entry
            if not await _rings_within(ring, _pause(looks)):
                looks += 1
                yield Looked(await look())


async def entries(*, generation_id: UUID, after: str = BEGINNING) -> list[Told | Written]:
    """What the log holds after that entry; nothing when Redis is away."""
    try:
        found = cast(feed.Log, await async_redis().xrange(key_of(generation_id), min=f"({after}"))
    except redis.RedisError:
        return []
    return [
        Told(entry, fields[feed.STATUS])
        if feed.STATUS in fields
        else Written(entry, feed.opened(fields[feed.TEXT]).text)
        for entry, fields in found
    ]


def _pause(looks: int) -> float:
    is_heard = bells().are_heard
    return float(min(FIRST_LOOK_SECONDS[is_heard] * 2 ** min(looks, 10), LONGEST_LOOK_SECONDS[is_heard]))


async def _rings_within(ring: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await ring.wait()
    except TimeoutError:
        return False
    return True
