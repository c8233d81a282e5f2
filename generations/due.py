"""The due set: which open jobs want a look, and when. It lives in Redis, so that waiting costs the database nothing.

PostgreSQL stays the truth: an entry too many costs one fruitless look, an entry too few is put back by the sweep
(`services.recover`), which the clock runs at its start, hourly, and when it finds that Redis was emptied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from hub.common.due_set import DueSet
from hub.common.redis import redis_client

KEY = "hub:due"
MARKER = "hub:due:kept"

JOBS = DueSet(KEY)


@dataclass(frozen=True, slots=True)
class Due:
    """An open job that wants a look."""

    kind: str
    generation_id: UUID


def _member(generation_id: UUID, kind: str) -> str:
    return f"{kind}:{generation_id}"


def schedule(*, generation_id: UUID, kind: str, in_seconds: float) -> None:
    """Wants a look in so many seconds (or at once); replaces what was wanted before. Raises redis.RedisError."""
    JOBS.schedule(_member(generation_id, kind), in_seconds=in_seconds)


def put_off(jobs: Iterable[Due], *, in_seconds: float) -> None:
    """As `schedule`, for many in one command: a Redis that hangs is waited for once. Raises redis.RedisError."""
    JOBS.put_off((_member(job.generation_id, job.kind) for job in jobs), in_seconds=in_seconds)


def remove(*, generation_id: UUID, kind: str) -> None:
    """Wants no look any more. Raises redis.RedisError."""
    JOBS.remove(_member(generation_id, kind))


def add_missing(generation_ids: Iterable[UUID], *, kind: str) -> None:
    """Wants a look at once at those of them that are not in the set. Raises redis.RedisError."""
    JOBS.add_missing(_member(each, kind) for each in generation_ids)


def replace(ended: UUID | None, *, by: Iterable[UUID], kind: str, in_seconds: float) -> None:
    """Wants no look at the one any more, and a look at the others in so many seconds: all of it or nothing.

    Raises redis.RedisError.
    """
    member = None if ended is None else _member(ended, kind)
    JOBS.replace(member, by=[_member(each, kind) for each in by], in_seconds=in_seconds)


def take(*, limit: int, put_off_seconds: float) -> list[Due]:
    """At most `limit` jobs that are due now; each comes again in `put_off_seconds` unless somebody says otherwise."""
    parts = (member.partition(":") for member in JOBS.take(limit=limit, put_off_seconds=put_off_seconds))
    return [Due(kind=kind, generation_id=UUID(generation_id)) for kind, _, generation_id in parts]


def was_lost() -> bool:
    """Redis was emptied (or is new) since `mark_kept`."""
    return not redis_client().exists(MARKER)


def mark_kept() -> None:
    """From now on the set is whole; the mark goes with the set when Redis is emptied."""
    redis_client().set(MARKER, "1")


def waiting() -> int:
    """How many jobs are in the set."""
    return JOBS.waiting()
