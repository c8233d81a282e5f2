"""The due set: which open jobs want a look, and when. It lives in Redis, so that waiting costs the database nothing.

PostgreSQL stays the truth: an entry too many costs one fruitless look, an entry too few is put back by the sweep
(`services.recover`), which the clock runs at its start, hourly, and when it finds that Redis was emptied.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from hub.common.redis import redis_client

KEY = "hub:due"
MARKER = "hub:due:kept"

# Takes what is due and puts it off in the same step, so that two clocks, or one that dies, lose and double nothing.
_TAKE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], member) end
return due
"""


@dataclass(frozen=True, slots=True)
class Due:
    """An open job that wants a look."""

    kind: str
    generation_id: UUID


def _member(generation_id: UUID, kind: str) -> str:
    return f"{kind}:{generation_id}"


def schedule(*, generation_id: UUID, kind: str, in_seconds: float) -> None:
    """Wants a look in so many seconds (or at once); replaces what was wanted before. Raises redis.RedisError."""
    redis_client().zadd(KEY, {_member(generation_id, kind): time.time() + max(in_seconds, 0)})


def put_off(jobs: Iterable[Due], *, in_seconds: float) -> None:
    """As `schedule`, for many in one command: a Redis that hangs is waited for once. Raises redis.RedisError."""
    moment = time.time() + in_seconds
    scores = {_member(job.generation_id, job.kind): moment for job in jobs}
    if scores:
        redis_client().zadd(KEY, scores)


def remove(*, generation_id: UUID, kind: str) -> None:
    """Wants no look any more. Raises redis.RedisError."""
    redis_client().zrem(KEY, _member(generation_id, kind))


def take(*, limit: int, put_off_seconds: float) -> list[Due]:
    """At most `limit` jobs that are due now; each comes again in `put_off_seconds` unless somebody says otherwise."""
    now = time.time()
    members = redis_client().eval(_TAKE, 1, KEY, now, now + put_off_seconds, limit)
    parts = (str(member).partition(":") for member in members)
    return [Due(kind=kind, generation_id=UUID(generation_id)) for kind, _, generation_id in parts]


def was_lost() -> bool:
    """Redis was emptied (or is new) since `mark_kept`."""
    return not redis_client().exists(MARKER)


def mark_kept() -> None:
    """From now on the set is whole; the mark goes with the set when Redis is emptied."""
    redis_client().set(MARKER, "1")


def waiting() -> int:
    """How many jobs are in the set."""
    return int(redis_client().zcard(KEY))
