"""A bucket gives what it holds and what comes back, to all processes together, at the time of Redis."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.common.rate_limit import Bucket, Level, RateLimited, take
from hub.common.rates import Rate
from hub.common.redis import redis_client
from hub.env import BASE_DIR

New = Callable[..., Bucket]
PROCESSES, SECONDS = 8, 1.5


def redis_now() -> float:
    seconds, microseconds = redis_client().time()
    return float(seconds + microseconds / 1_000_000)


def test_it_gives_its_burst_and_then_nothing(bucket: New) -> None:
    own = bucket("3/60")
    levels = [take([own]) for _ in range(5)]
    assert [each.is_admitted for each in levels] == [True, True, True, False, False]
    assert [each.levels[0].remaining for each in levels] == [2, 1, 0, 0, 0]
    assert levels[0].levels[0] == Level("test", own.rate, 2, 20)
    assert all(0 < each.levels[0].seconds <= 20 for each in levels)
    assert [each.violated for each in levels[:3]] == [[], [], []]
    assert [level.policy for level in levels[3].violated] == ["test"]


def test_what_was_taken_comes_back_bit_by_bit(bucket: New) -> None:
    own = bucket("10/1/2")
    assert [take([own]).is_admitted for _ in range(3)] == [True, True, False]
    time.sleep(0.11)
    assert [take([own]).is_admitted for _ in range(2)] == [True, False]


def test_who_waits_as_long_as_it_says_is_admitted(bucket: New) -> None:
    own = bucket("1/1")
    assert take([own]).is_admitted
    wait = take([own]).levels[0].seconds
    assert wait == 1
    time.sleep(wait)
    assert take([own]).is_admitted


def test_it_takes_from_all_or_from_none(bucket: New) -> None:
    narrow, wide = bucket("1/60", "narrow"), bucket("5/60", "wide")
    assert take([narrow, wide]).is_admitted
    for order in ([narrow, wide], [wide, narrow]):
        refused = take(order)
        assert not refused.is_admitted
        assert [level.policy for level in refused.violated] == ["narrow"]
    assert take([wide]).levels[0].remaining == 3


def test_each_owner_has_its_own(bucket: New) -> None:
    mine, theirs = bucket("1/60"), bucket("1/60")
    assert take([mine]).is_admitted
    assert not take([mine]).is_admitted
    assert take([theirs]).is_admitted


def test_a_full_one_is_forgotten(bucket: New) -> None:
    own = bucket("20/1")
    take([own])
    assert 0 < redis_client().pttl(own.key) <= 50
    time.sleep(0.06)
    assert not redis_client().exists(own.key)


def test_a_stricter_rate_holds_at_once_and_locks_nobody_out(bucket: New) -> None:
    loose = bucket("100/60")
    for _ in range(100):
        take([loose])
    strict = replace(loose, rate=Rate.parse("2/1"))
    assert not take([strict]).is_admitted
    assert take([strict]).levels[0].seconds == 1


def test_a_clock_that_was_set_back_locks_nobody_out(bucket: New) -> None:
    own = bucket("2/1")
    redis_client().set(own.key, f"{(redis_now() + 3600) * 1_000_000:.0f}", ex=60)
    refused = take([own])
    assert (refused.is_admitted, refused.levels[0].seconds) == (False, 1)


@pytest.mark.parametrize("rate", ["50/1/20", "7/1/3"])
def test_eight_processes_get_what_one_would(bucket: New, rate: str) -> None:
    """Not one more than the burst and what came back meanwhile, and not one less."""
    own = bucket(rate)
    command = [sys.executable, "-m", "hub.common.tests.taker", own.owner, rate, str(SECONDS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    takers = [subprocess.Popen(command, cwd=BASE_DIR, **pipes) for _ in range(PROCESSES)]
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    started = redis_now()
    for taker in takers:
        taker.stdin.write("go\n")
        taker.stdin.flush()
    facts = [json.loads(taker.communicate(timeout=60)[0]) for taker in takers]
    admitted = sum(each[0] for each in facts)
    per_second = own.rate.requests / own.rate.seconds
    # It was opened before the first answer came, and asked once more after the last request was sent.
    busy = max(each[2] for each in facts) - min(each[1] for each in facts)
    assert math.floor(own.rate.burst + busy * per_second) <= admitted + 1
    assert admitted <= own.rate.burst + (redis_now() - started) * per_second
    assert admitted > own.rate.burst


def test_a_refusal_says_where_every_limit_stands(bucket: New) -> None:
    narrow, wide = bucket("1/60", "narrow"), bucket("6/60/8", "wide")
    take([narrow, wide])
    error = RateLimited(take([narrow, wide]))
    assert (error.status, error.code, error.headers) == (429, "rate_limited", {"Retry-After": "60"})
    assert error.facts["violated-policies"] == ["narrow"]
    assert error.facts["policies"] == [
        {
            "name": "narrow",
            "requests": 1,
            "window_seconds": 60,
            "burst": 1,
            "remaining": 0,
            "retry_after_seconds": 60,
        },
        {
            "name": "wide",
            "requests": 6,
            "window_seconds": 60,
            "burst": 8,
            "remaining": 7,
            "retry_after_seconds": 0,
        },
    ]
