"""The process's connection to Redis (or Valkey): broker, due set and locks live there; the truth does not."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
# What those wait who can do without an answer.
IMPATIENT_SECONDS = 0.5


@cache
def redis_client() -> redis.Redis:
    """The one client of this process (thread-safe, pooled); texts come back as str. No retries: callers decide."""
    client: redis.Redis = redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=30,
    )
    return client


@cache
def impatient_client() -> redis.Redis:
    """As `redis_client`, for what every request asks: a Redis that hangs must not hold up the whole hub."""
    client: redis.Redis = redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=IMPATIENT_SECONDS,
        socket_timeout=IMPATIENT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return client
