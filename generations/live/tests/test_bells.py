"""One connection hears all the bells that somebody in this process listens to, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from generations.live import feed
from generations.live.bells import Bells, async_redis
from generations.live.feed import key_of
from hub.common.ids import uuid7
from hub.common.redis import redis_client

Story = Callable[[Bells], Awaitable[None]]


@pytest.fixture
def run() -> Iterator[Callable[[Story], None]]:
    """Runs a story in an event loop of its own."""

    async def main(story: Story) -> None:
        try:
            await story(Bells())
        finally:
            await async_redis().aclose()

    async_redis.cache_clear()
    yield lambda story: asyncio.run(main(story))
    async_redis.cache_clear()


def channels() -> int:
    found: list[str] = redis_client().pubsub_channels("hub:live:*")
    return len(found)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_bell_rings_when_it_is_heard_and_each_time_something_is_told(run: Callable[[Story], None]) -> None:
    async def story(bells: Bells) -> None:
        job = uuid7()
        async with bells.listening(key_of(job)) as ring:
            for _ in range(2):
                async with asyncio.timeout(5):
                    await ring.wait()
                ring.clear()
                await asyncio.to_thread(feed.tell, generation_id=job, status="running")
        assert bells.listened_to == 0

    run(story)


def test_all_who_begin_at_once_are_heard(run: Callable[[Story], None]) -> None:
    async def story(bells: Bells) -> None:
        async with AsyncExitStack() as listeners:

            async def begin(number: int) -> None:
                # Some before the connection is there, some while it is being made, some after.
                await asyncio.sleep(number / 100_000)
                await listeners.enter_async_context(bells.listening(key_of(uuid7())))

            await asyncio.gather(*(begin(number) for number in range(300)))
            await until(lambda: channels() == 300)
        await until(lambda: channels() == 0)

    run(story)


def test_two_who_follow_one_job_share_its_bell_until_the_last_one_goes(run: Callable[[Story], None]) -> None:
    async def story(bells: Bells) -> None:
        key = key_of(uuid7())
        async with bells.listening(key):
            async with bells.listening(key):
                await until(lambda: channels() == 1)
                assert bells.listened_to == 1
            assert bells.listened_to == 1
        await until(lambda: channels() == 0)

    run(story)


def test_a_connection_that_breaks_is_made_again_and_rings_for_what_may_have_been_missed(
    run: Callable[[Story], None],
) -> None:
    async def story(bells: Bells) -> None:
        async with bells.listening(key_of(uuid7())) as ring:
            await until(lambda: bells.are_heard and channels() == 1)
            ring.clear()
            await asyncio.to_thread(redis_client().client_kill_filter, _type="pubsub")
            async with asyncio.timeout(5):
                await ring.wait()
            assert bells.are_heard

    run(story)
