"""Which deliveries want to be sent, and when. As with jobs, Redis knows when and PostgreSQL stays the truth."""

from __future__ import annotations

from uuid import UUID

from hub.common.due_set import DueSet

DELIVERIES = DueSet("hub:webhooks:due")


def schedule(*, delivery_id: UUID, in_seconds: float) -> None:
    """Wants to be sent in so many seconds; replaces what was wanted before. Raises redis.RedisError."""
    DELIVERIES.schedule(str(delivery_id), in_seconds=in_seconds)


def remove(*, delivery_id: UUID) -> None:
    """Wants nothing any more. Raises redis.RedisError."""
    DELIVERIES.remove(str(delivery_id))


def take(*, limit: int, put_off_seconds: float) -> list[UUID]:
    """At most `limit` that are due now; each comes again in `put_off_seconds`. Raises redis.RedisError."""
    return [UUID(member) for member in DELIVERIES.take(limit=limit, put_off_seconds=put_off_seconds)]
