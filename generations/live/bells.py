"""Hears of the jobs that somebody in this process follows: one connection to Redis for all, none while nobody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.client import PubSub

from hub.common.redis import ANSWER_SECONDS, CONNECT_SECONDS

logger = logging.getLogger(__name__)
CONNECTIONS = 8
LISTEN_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0


@cache
def async_redis() -> redis.asyncio.Redis:
    """The one client of this process's event loop: at most CONNECTIONS connections, for which callers wait in turn."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=CONNECTIONS,
        timeout=ANSWER_SECONDS,
        decode_responses=True,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )
    return redis.asyncio.Redis(connection_pool=pool)


class Bells:
    """The bells that are listened to. All methods run in one event loop."""

    def __init__(self) -> None:
        self._rings: dict[str, set[asyncio.Event]] = {}
        self._pubsub: PubSub | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def are_heard(self) -> bool:
        """Whether the connection stands; without it nothing rings."""
        return self._pubsub is not None

    @property
    def listened_to(self) -> int:
        """How many bells somebody listens to."""
        return len(self._rings)

    @asynccontextmanager
    async def listening(self, key: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the bell rings, and whenever something may have been missed; clear it to go on.

        It is set for the first time when Redis has confirmed that it will ring from now on.
        """
        ring = asyncio.Event()
        is_new = key not in self._rings
        self._rings.setdefault(key, set()).add(ring)
        try:
            await self._begin(key, is_new=is_new)
            yield ring
        finally:
            await self._end(key, ring)

    async def _begin(self, key: str, *, is_new: bool) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        elif is_new and self._pubsub is not None:
            await self._tell(self._pubsub.subscribe(key))

    async def _end(self, key: str, ring: asyncio.Event) -> None:
        self._rings[key].discard(ring)
        if self._rings[key]:
            return
        del self._rings[key]
        if not self._rings and self._listener is not None:
            self._listener.cancel()
        elif self._pubsub is not None:
            await self._tell(self._pubsub.unsubscribe(key))

    async def _tell(self, wish: object) -> None:
        try:
            await wish  # type: ignore[misc]  # redis-py types its commands for both of its clients at once
        except redis.RedisError:
            # The listener meets the same trouble, connects again and subscribes to what is followed then.
            return

    async def _listen(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with async_redis().pubsub() as pubsub:
                    await self._subscribe_to_all(pubsub)
                    self._pubsub, pause = pubsub, FIRST_PAUSE_SECONDS
                    await self._hear(pubsub)
            except redis.RedisError as error:
                logger.warning("followers look for themselves meanwhile: Redis is away (%s)", type(error).__name__)
            finally:
                self._pubsub = None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _subscribe_to_all(self, pubsub: PubSub) -> None:
        """Also to those that somebody begins to follow meanwhile: nobody else tells Redis of them yet."""
        told: set[str] = set()
        while missing := self._rings.keys() - told:
            await pubsub.subscribe(*missing)
            told |= missing

    async def _hear(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=LISTEN_SECONDS)
            # A confirmed subscription rings too: what was told before it was not heard.
            if message is not None and message["type"] in ("message", "subscribe"):
                for ring in self._rings.get(message["channel"], ()):
                    ring.set()


@cache
def bells() -> Bells:
    """The bells of this process."""
    return Bells()
