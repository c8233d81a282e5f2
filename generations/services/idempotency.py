"""One request for one Idempotency-Key: what was made stays found for 24 hours, what is being made is not made twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import redis
from django.utils import timezone

from generations.errors import IdempotencyInProgress
from generations.models import Generation
from hub.common.errors import ServiceUnavailable
from hub.common.redis import redis_client

KEPT = timedelta(hours=24)
# Longer than any submission takes: a process that died on the way is forgotten then.
IN_PROGRESS_SECONDS = 30


def earlier(owner_id: UUID, key: str) -> Generation | None:
    """The generation that was made with this key within 24 hours."""
    if not key:
        return None
    made = Generation.objects.filter(owner_id=owner_id, idempotency_key=key, created_at__gt=timezone.now() - KEPT)
    return made.first()


def release_old(owner_id: UUID, key: str) -> None:
    """Takes the key from a generation that has had it for 24 hours, in the caller's transaction.

    The row keeps everything else, and the unique constraint goes on deciding between two requests at once.
    """
    old = Generation.objects.filter(owner_id=owner_id, idempotency_key=key, created_at__lte=timezone.now() - KEPT)
    old.update(idempotency_key="")


@contextmanager
def in_progress(owner_id: UUID, key: str) -> Iterator[None]:
    """While this runs, another request with the key raises IdempotencyInProgress; without a key nothing happens.

    A courtesy that keeps requests from queueing at the database; the unique constraint is what keeps the promise.
    Raises ServiceUnavailable when the broker is away.
    """
    if not key:
        yield
        return
    name = f"hub:idempotency:{owner_id}:{hashlib.sha256(key.encode()).hexdigest()}"
    try:
        is_first = redis_client().set(name, "1", nx=True, ex=IN_PROGRESS_SECONDS)
    except redis.RedisError as error:
        raise ServiceUnavailable("The broker is away for the moment; nothing was held. Try again.") from error
    if not is_first:
        raise IdempotencyInProgress
    try:
        yield
    finally:
        _forget(name)


def _forget(name: str) -> None:
    try:
        redis_client().delete(name)
    except redis.RedisError:
        # It expires by itself.
        return
