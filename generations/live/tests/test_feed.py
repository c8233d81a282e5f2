"""What is told of a job reaches its log, readable for the hub alone, and is never worth a failure."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from generations.live import feed
from hub.common.ids import uuid7
from hub.common.redis import redis_client


@pytest.fixture
def redis_is_away(settings: Settings) -> Iterator[None]:
    redis_client.cache_clear()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
        yield
    redis_client.cache_clear()


def test_it_keeps_what_was_told_in_order_and_forgets_it_in_time() -> None:
    job = uuid7()

    feed.tell(generation_id=job, status="running")
    feed.tell(generation_id=job, status="succeeded")

    entries = redis_client().xrange(feed.key_of(job))
    assert [fields for _, fields in entries] == [{"status": "running"}, {"status": "succeeded"}]
    assert 0 < redis_client().ttl(feed.key_of(job)) <= feed.KEPT_SECONDS


def test_it_rings_for_each_thing_told() -> None:
    job = uuid7()
    listener = redis_client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(feed.key_of(job))
    listener.get_message(timeout=2)

    feed.tell(generation_id=job, status="running")
    feed.add_text(generation_id=job, text="The sea")

    assert [bool(listener.get_message(timeout=2)) for _ in range(2)] == [True, True]
    listener.close()


def test_a_text_lies_sealed_in_redis_and_comes_back_whole() -> None:
    job = uuid7()

    feed.add_text(generation_id=job, text="canary-7719 – ü", units={"output_token": 3})
    feed.add_text(generation_id=job, text=" sings")

    assert "canary" not in json.dumps(redis_client().xrange(feed.key_of(job)))
    assert feed.received(generation_id=job) == feed.Received(("canary-7719 – ü", " sings"), {"output_token": 3})


def test_a_job_of_which_nothing_was_told_has_received_nothing() -> None:
    assert feed.received(generation_id=uuid7()) == feed.Received()


@pytest.mark.usefixtures("redis_is_away")
def test_a_redis_that_is_away_costs_the_teller_nothing() -> None:
    job = uuid7()

    feed.tell(generation_id=job, status="running")
    feed.add_text(generation_id=job, text="lost")

    assert feed.received(generation_id=job) == feed.Received()
