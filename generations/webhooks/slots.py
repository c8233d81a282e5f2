"""How many deliveries of one account are on their way at once: slow receivers of one must not keep all workers busy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import redis
from django.conf import settings

from hub.common.redis import redis_client

MOST_AT_ONCE = 4
# Beyond the time that sending may take: a slot whose worker died is free again by itself.
MARGIN_SECONDS = 30

_TAKE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], math.ceil(ARGV[2] * 1000))
return 1
"""


def key_of(owner_id: UUID) -> str:
    """Where an account's slots are kept."""
    return f"hub:webhooks:busy:{owner_id}"


@contextmanager
def slot(*, owner_id: UUID, delivery_id: UUID) -> Iterator[bool]:
    """Whether there was a slot; it is given back at the end. While Redis is away there always is one."""
    key, name, now = key_of(owner_id), str(delivery_id), time.time()
    until = now + settings.WEBHOOK_TIMEOUT_SECONDS + MARGIN_SECONDS
    try:
        has_slot = bool(redis_client().eval(_TAKE, 1, key, now, until, name, MOST_AT_ONCE))
    except redis.RedisError:
        yield True
        return
    try:
        yield has_slot
    finally:
        if has_slot:
            _give_back(key, name)


def _give_back(key: str, name: str) -> None:
    try:
        redis_client().zrem(key, name)
    except redis.RedisError:
        # Free again when its time is over.
        return
