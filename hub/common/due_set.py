"""A set of names in Redis, each with the moment at which somebody should look: waiting costs the database nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from hub.common.redis import redis_client

# Takes what is due and puts it off in the same step, so that two clocks, or one that dies, lose and double nothing.
_TAKE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], member) end
return due
"""


@dataclass(frozen=True, slots=True)
class DueSet:
    """The set under one key. Every method raises redis.RedisError."""

    key: str

    def schedule(self, member: str, *, in_seconds: float) -> None:
        """Wants a look in so many seconds (or at once); replaces what was wanted before."""
        redis_client().zadd(self.key, {member: time.time() + max(in_seconds, 0)})

    def put_off(self, members: Iterable[str], *, in_seconds: float) -> None:
        """As `schedule`, for many in one command."""
        moment = time.time() + in_seconds
        scores = dict.fromkeys(members, moment)
        if scores:
            redis_client().zadd(self.key, scores)

    def add_missing(self, members: Iterable[str]) -> None:
        """Wants a look at once at those that are not in the set; for the others nothing changes."""
        scores = dict.fromkeys(members, time.time())
        if scores:
            redis_client().zadd(self.key, scores, nx=True)

    def replace(self, member: str | None, *, by: Iterable[str], in_seconds: float) -> None:
        """`put_off` and `remove` in one step: both are done, or neither."""
        moment = time.time() + in_seconds
        scores = dict.fromkeys(by, moment)
        commands = redis_client().pipeline()
        if scores:
            commands.zadd(self.key, scores)
        if member is not None:
            commands.zrem(self.key, member)
        commands.execute()

    def remove(self, member: str) -> None:
        """Wants no look any more."""
        redis_client().zrem(self.key, member)

    def take(self, *, limit: int, put_off_seconds: float) -> list[str]:
        """At most `limit` that are due now; each comes again in `put_off_seconds` unless somebody says otherwise."""
        now = time.time()
        members = redis_client().eval(_TAKE, 1, self.key, now, now + put_off_seconds, limit)
        return [str(member) for member in members]

    def waiting(self) -> int:
        """How many are in the set."""
        return int(redis_client().zcard(self.key))
