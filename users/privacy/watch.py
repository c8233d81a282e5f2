"""Tells the clock, which does not ask the database, that a request is under way."""

from __future__ import annotations

import logging

import redis

from hub.common.redis import redis_client

logger = logging.getLogger(__name__)
KEY = "hub:privacy:open"


def note() -> None:
    """Something is to be looked after until `clear`. A Redis that is away, or emptied, is made up for by the sweep."""
    try:
        redis_client().set(KEY, "1")
    except redis.RedisError as error:
        logger.info("a privacy request waits for the next sweep: %s", type(error).__name__)


def clear() -> None:
    """Nothing is. Raises redis.RedisError."""
    redis_client().delete(KEY)


def may_be_open() -> bool:
    """Whether the sweep may find something; asks Redis alone. Raises redis.RedisError."""
    return bool(redis_client().exists(KEY))
