"""The pieces of a text reach those who follow it, all and in order, and never keep the provider waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from generations.live import feed
from generations.live.feed import Received
from generations.models import Generation
from generations.providers.base import ProviderError
from generations.services import lease
from generations.services.lease import Job, LeaseLost
from generations.services.pieces import Pieces
from hub.common.ids import uuid7
from hub.common.redis import redis_client
from tests.rest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(caller: Caller, new_generation: Callable[..., Generation]) -> Job:
    generation = new_generation(caller.user, streamed=True)
    taken = lease.take(generation_id=generation.id)
    assert taken is not None
    return taken


def entries(job: Job) -> list[Any]:
    return redis_client().xrange(feed.key_of(job.generation.id))


def test_all_pieces_are_told_in_order_when_it_is_left(job: Job) -> None:
    words = [f"word {number}, " for number in range(1000)]

    with Pieces(job) as pieces:
        for number, word in enumerate(words):
            pieces.take(word, {"output_token": number})

    told = feed.received(generation_id=job.generation.id)
    assert "".join(told.texts) == "".join(words)
    assert told.units == {"output_token": 999}
    assert pieces.received == Received(tuple(words), {"output_token": 999})


def test_pieces_that_come_close_together_are_told_together(job: Job) -> None:
    with Pieces(job) as pieces:
        for _ in range(1000):
            pieces.take("a", None)

    assert len(entries(job)) < 100


def test_a_piece_is_told_while_the_next_one_is_waited_for(job: Job) -> None:
    with Pieces(job) as pieces:
        for text in ("The ", "sea"):
            pieces.take(text, None)
            deadline = time.monotonic() + 2
            while "".join(feed.received(generation_id=job.generation.id).texts) != "".join(pieces.received.texts):
                assert time.monotonic() < deadline
                time.sleep(0.005)

    assert len(entries(job)) == 2


def test_a_count_that_a_piece_does_not_bring_is_that_of_the_piece_before(job: Job) -> None:
    with Pieces(job) as pieces:
        pieces.take("The ", {"output_token": 1})
        pieces.take("sea", None)

    assert pieces.received.units == feed.received(generation_id=job.generation.id).units == {"output_token": 1}


def test_what_was_taken_before_an_error_is_told(job: Job) -> None:
    def break_off() -> None:
        with Pieces(job) as pieces:
            pieces.take("The sea", None)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()

    assert feed.received(generation_id=job.generation.id).texts == ("The sea",)


def test_a_call_that_streams_nothing_makes_no_thread_and_tells_nothing(job: Job) -> None:
    before = threading.active_count()

    with Pieces(job) as pieces:
        assert threading.active_count() == before

    assert pieces.received == Received()
    assert entries(job) == []


def test_a_redis_that_is_slow_does_not_keep_the_provider_waiting(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def slowly(*, generation_id: UUID, text: str, units: Mapping[str, int] | None) -> None:
        time.sleep(0.3)
        told.append(text)

    monkeypatch.setattr(feed, "add_text", slowly)
    with Pieces(job) as pieces:
        began = time.monotonic()
        for _ in range(100):
            pieces.take("a", None)
        assert time.monotonic() - began < 0.2

    assert "".join(told) == "a" * 100
    assert len(told) <= 3


def test_it_asks_the_database_nothing_while_pieces_come(
    job: Job, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), Pieces(job) as pieces:
        for _ in range(100):
            pieces.take("a", None)


def test_after_a_long_silence_it_goes_on_when_the_job_is_still_its_own(job: Job, settings: Any) -> None:
    settings.LEASE_SECONDS = 0

    with Pieces(job) as pieces:
        pieces.take("The sea", None)

    assert feed.received(generation_id=job.generation.id).texts == ("The sea",)


def test_a_worker_that_was_stopped_meanwhile_adds_nothing_to_what_another_one_tells(job: Job, settings: Any) -> None:
    settings.LEASE_SECONDS = 0
    Generation.objects.filter(id=job.generation.id).update(lease_token=uuid7())

    with pytest.raises(LeaseLost), Pieces(job) as pieces:
        pieces.take("The sea", None)

    assert pieces.received == Received()
    assert entries(job) == []


def test_a_text_that_does_not_end_is_broken_off_at_the_deadline_with_what_came(job: Job, settings: Any) -> None:
    settings.OPERATION_DEADLINE_SECONDS = 0
    pieces = Pieces(job)

    with pytest.raises(ProviderError) as caught, pieces:
        pieces.take("The sea", None)

    assert caught.value.code == "provider_timeout"
    assert pieces.received.texts == feed.received(generation_id=job.generation.id).texts == ("The sea",)


def test_the_end_of_a_job_is_told_again_when_somebody_looks_at_it(
    caller: Caller, new_generation: Callable[..., Generation]
) -> None:
    ended = new_generation(caller.user, status="succeeded", cost=0)

    lease.look_later(generation_id=ended.id)

    assert [fields for _, fields in redis_client().xrange(feed.key_of(ended.id))] == [{feed.STATUS: "succeeded"}]
