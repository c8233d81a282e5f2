"""Token buckets in Redis: who may make how many requests, counted for all processes at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import redis

from hub.common.errors import HubError
from hub.common.rates import MICROSECONDS, Rate
from hub.common.redis import impatient_client

logger = logging.getLogger(__name__)

# For so long Redis is not asked again after it gave no answer, but by those who cannot do without one.
PAUSE_SECONDS = 3.0
# A bucket is one number, the moment at which it will be full; how far off that is says how much was taken. A request
# moves it on by one interval, in all of the buckets or in none. No bucket lags by more than all it holds: not when the
# rate was another one before, nor when the clock was set back. A full bucket is forgotten. Times are microseconds.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local admitted, lags = 1, {}
for i, key in ipairs(KEYS) do
  local interval, fill = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local lag = tonumber(redis.call('GET', key) or now) - now
  lags[i] = math.min(math.max(lag, 0), fill)
  if lags[i] + interval > fill then admitted = 0 end
end
if admitted == 1 then
  for i, key in ipairs(KEYS) do
    lags[i] = lags[i] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', key, string.format('%.0f', now + lags[i]), 'PX', math.ceil(lags[i] / 1000))
  end
end
return {admitted, unpack(lags)}
"""


class LimiterAway(Exception):
    """Redis gave no answer; nothing is known and nothing was taken."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket of one `owner` (an id, or a stand-in for what must not be read) under the policy of that name."""

    policy: str
    owner: str
    rate: Rate

    @property
    def key(self) -> str:
        """Its name in Redis."""
        return f"hub:rate:{self.policy}:{self.owner}"


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket was left: `remaining` requests now, and one more in `seconds` (a whole number, at least 1)."""

    policy: str
    rate: Rate
    remaining: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a request: whether it was admitted, and the level of each bucket afterwards, in their order."""

    is_admitted: bool
    levels: tuple[Level, ...]

    @property
    def violated(self) -> list[Level]:
        """Those that refused."""
        return [] if self.is_admitted else [level for level in self.levels if not level.remaining]


class RateLimited(HubError):
    """Too many requests in too short a time; nothing was done. `policies` says where each limit stands."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"
    remedy = "Wait as long as `Retry-After` says, then send the request again."
    header_names = ("Retry-After",)
    fact_names = {
        "policies": "each limit, `[{name, requests, window_seconds, burst, remaining, retry_after_seconds}]`",
        "violated-policies": "the names of those that refused",
    }

    def __init__(self, taken: Taken, detail: str | None = None) -> None:
        wait = max(level.seconds for level in taken.violated)
        violated = [level.policy for level in taken.violated]
        policies = [_standing(level) for level in taken.levels]
        facts = {"violated-policies": violated, "policies": policies}
        super().__init__(detail, headers={"Retry-After": str(wait)}, **facts)


def _standing(level: Level) -> dict[str, str | int]:
    return {
        "name": level.policy,
        "requests": level.rate.requests,
        "window_seconds": level.rate.seconds,
        "burst": level.rate.burst,
        "remaining": level.remaining,
        "retry_after_seconds": 0 if level.remaining else level.seconds,
    }


@dataclass(slots=True)
class _Pause:
    """Of this process: while Redis is away, one looks after each pause whether it is back, and nobody waits for it."""

    _until: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_over(self) -> bool:
        """Whether to ask; whoever is told so after a pause starts the next one, which an answer ends."""
        with self._lock:
            if self._until is None:
                return True
            if time.monotonic() < self._until:
                return False
            self._until = time.monotonic() + PAUSE_SECONDS
            return True

    def begin(self) -> bool:
        """Nobody asks for a while; says whether this is the first."""
        with self._lock:
            is_first = self._until is None
            self._until = time.monotonic() + PAUSE_SECONDS
            return is_first

    def end(self) -> None:
        """There was an answer."""
        self._until = None


_pause = _Pause()


def take(buckets: Sequence[Bucket], *, insist: bool = False) -> Taken:
    """Takes one request out of every bucket, or out of none: one round trip, at Redis's own time.

    Raises LimiterAway, after half a second at most; then it is raised at once for PAUSE_SECONDS, but for those who
    `insist`.
    """
    if not insist and not _pause.is_over():
        raise LimiterAway
    numbers = [number for bucket in buckets for number in (bucket.rate.interval, bucket.rate.fill)]
    try:
        answer = impatient_client().eval(_TAKE, len(buckets), *(bucket.key for bucket in buckets), *numbers)
    except redis.RedisError as error:
        if _pause.begin():
            logger.warning("the rate limits cannot be asked: %s", type(error).__name__)
        raise LimiterAway from error
    _pause.end()
    admitted, *lags = answer
    return Taken(bool(admitted), tuple(_levels(buckets, lags)))


def _levels(buckets: Sequence[Bucket], lags: Sequence[int]) -> Iterable[Level]:
    for bucket, lag in zip(buckets, lags, strict=True):
        interval = bucket.rate.interval
        missing = -(-lag // interval)
        until_one_more = lag - (missing - 1) * interval
        yield Level(bucket.policy, bucket.rate, bucket.rate.burst - missing, -(-until_one_more // MICROSECONDS))
