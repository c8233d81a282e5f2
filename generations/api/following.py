"""The answers that go on while a job does: one that waits for its end, and one that tells every event until then.

Each runs in the event loop, on what the view has answered already: the job as it was when it was asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from generations.live.follow import BEGINNING, Told, Written, entries, follow
from generations.models import Generation
from hub.api import event_stream
from hub.serving.handover import Answer, Exchange, hand_over

LAST_EVENT = "Last-Event-ID"
QUEUED, RUNNING, ENDED = "1", "2", "3"
EVENT_ID = r"^([1-3]|2\.\d{1,15}-\d{1,9})$"
# What a client may send: a browser whose last event had an empty id may send just that.
EVENT_ID_OR_NONE = EVENT_ID.replace(")$", ")?$")
_OF_THE_BODY = frozenset({b"content-type", b"content-length"})


def answer_when_ended(request: Request, *, generation_id: UUID, seconds: int) -> None:
    """Has the answer wait for the job's end, at most so many seconds; status and headers stay those of the view."""

    async def wait(exchange: Exchange) -> None:
        found = exchange.answer

        async def work() -> None:
            nonlocal found
            found = await _ended(exchange, generation_id, seconds)

        await exchange.while_wanted(work())
        await exchange.respond(_with_body(exchange.answer, found))

    hand_over(request._request, wait)


async def _ended(exchange: Exchange, generation_id: UUID, seconds: int) -> Answer:
    """The job when it has ended, or as it is when the time is over."""
    if _is_final(exchange.answer):
        return exchange.answer
    path = _path_of(generation_id)
    try:
        async with asyncio.timeout(seconds):
            return await _end_of(exchange, generation_id)
    except TimeoutError:
        return await exchange.get(path)


async def _end_of(exchange: Exchange, generation_id: UUID) -> Answer:
    path = _path_of(generation_id)
    async with aclosing(follow(generation_id=generation_id, look=lambda: exchange.get(path))) as changes:
        async for change in changes:
            if isinstance(change, Told) and change.status not in Generation.OPEN:
                return await exchange.get(path)
            if not isinstance(change, Told | Written) and _is_final(change.found):
                return change.found
    raise AssertionError("a follower is told until it stops listening")


def answer_with_events(request: Request, *, generation_id: UUID, after: str = "") -> None:
    """Has the answer be a stream of the job's events, from the one after `after` to its end."""

    async def stream(exchange: Exchange) -> None:
        kept = [(name, value) for name, value in exchange.answer.headers if name not in _OF_THE_BODY]
        await exchange.start(200, [*kept, *event_stream.HEADERS])
        await exchange.write(event_stream.first_words())
        async with _beating(exchange):
            await exchange.while_wanted(_Telling(exchange, generation_id, after).tell())
        await exchange.write(b"", is_last=True)

    hand_over(request._request, stream)


def last_event_id(request: Request) -> str:
    """The header's value, "" without one; raises ValidationError for one that no event of ours has."""
    value = request.headers.get(LAST_EVENT, "").strip()
    if value and not re.match(EVENT_ID, value):
        raise serializers.ValidationError(
            {LAST_EVENT: ["No event has this id: leave the header out to have them all."]}
        )
    return value


@asynccontextmanager
async def _beating(exchange: Exchange) -> AsyncIterator[None]:
    """Writes a comment from time to time, so that nobody on the way takes silence for death."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(event_stream.HEARTBEAT_SECONDS)
            await exchange.write(event_stream.HEARTBEAT)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


class _Telling:
    """What one stream has told, and what it tells next."""

    def __init__(self, exchange: Exchange, generation_id: UUID, after: str) -> None:
        self._exchange = exchange
        self._id = generation_id
        stage, _, entry = after.partition(".")
        self._stage = int(stage or "0")
        self._after = entry or BEGINNING

    async def tell(self) -> None:
        """Every event from here to the end."""
        now = _resource(self._exchange.answer)
        await self._tell_status(Generation.Status.QUEUED, now["created_at"])
        await self._tell_start(self._exchange.answer)
        if now["status"] not in Generation.OPEN:
            for entry in await entries(generation_id=self._id, after=self._after):
                await self._take(entry)
            await self._tell_end(self._exchange.answer)
            return
        await self._tell_on()

    async def _tell_on(self) -> None:
        path = _path_of(self._id)
        changes = follow(generation_id=self._id, look=lambda: self._exchange.get(path), after=self._after)
        async with aclosing(changes):
            async for change in changes:
                if isinstance(change, Told) and change.status not in Generation.OPEN:
                    await self._tell_end(await self._exchange.get(path))
                    return
                if isinstance(change, Told | Written):
                    await self._take(change)
                elif await self._has_told_end(change.found):
                    return

    async def _take(self, entry: Told | Written) -> None:
        if isinstance(entry, Written):
            data = {"text": entry.text}
            await self._exchange.write(event_stream.event("delta", data, number=f"{RUNNING}.{entry.entry}"))
        elif entry.status == Generation.Status.RUNNING:
            moment = datetime.fromtimestamp(int(entry.entry.partition("-")[0]) / 1000, UTC)
            await self._tell_status(entry.status, moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    async def _tell_status(self, status: str, moment: str) -> None:
        number = RUNNING if status == Generation.Status.RUNNING else QUEUED
        if self._stage < int(number):
            self._stage = int(number)
            data = {"id": str(self._id), "status": str(status), "at": moment}
            await self._exchange.write(event_stream.event("status", data, number=number))

    async def _has_told_end(self, found: Answer) -> bool:
        """Tells what a look has found; whether that was the last thing to tell."""
        if _is_final(found):
            await self._tell_end(found)
            return True
        await self._tell_start(found)
        return False

    async def _tell_start(self, found: Answer) -> None:
        started_at = _resource(found)["started_at"]
        if started_at:
            await self._tell_status(Generation.Status.RUNNING, started_at)

    async def _tell_end(self, found: Answer) -> None:
        """The job as it ended; or why it may not be seen any more, as a problem document."""
        if found.status >= 300:
            await self._exchange.write(event_stream.event("problem", bytes(found.body)))
            return
        await self._tell_start(found)
        await self._exchange.write(event_stream.event("generation", bytes(found.body), number=ENDED))


def _path_of(generation_id: UUID) -> str:
    return reverse("generation", args=[generation_id])


def _resource(answer: Answer) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads(bytes(answer.body))
    return resource


def _is_final(answer: Answer) -> bool:
    """Whether there is nothing to wait for: the job has ended, or may not be looked at any more."""
    return answer.status >= 300 or _resource(answer)["status"] not in Generation.OPEN


def _with_body(first: Answer, last: Answer) -> Answer:
    """The first answer with the job as it is now, if that could be had."""
    if last.status >= 300:
        return first
    length = (b"content-length", str(len(last.body)).encode())
    return Answer(first.status, [*(each for each in first.headers if each[0] != length[0]), length], last.body)
