"""Carries out plans and flows without holding a thread: the asynchronous half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx2

from generation_hub.binding import as_method
from generation_hub.errors import HubError
from generation_hub.options import Options
from generation_hub.plan import Answer, Course, Do, Emit, Flow, Open, Pause, Plan, Read, Request, Send, Step, as_flow
from generation_hub.shapes.common import Page
from generation_hub.wire import answer_of, request_of, translated

P = ParamSpec("P")
T = TypeVar("T")


class AsyncRunner:
    """Runs plans and flows over one client of httpx2, in one event loop."""

    def __init__(self, options: Options, client: httpx2.AsyncClient) -> None:
        self.options = options
        self.client = client

    async def run(self, plan: Plan[T]) -> T:
        [result] = [value async for value in self.emitted(as_flow(plan))]
        return result

    async def emitted(self, flow: Flow[T]) -> AsyncGenerator[T, None]:
        """What the flow emits; when it ends or is closed, so are the flow and its connection."""
        hands = _Hands(self)
        course = Course(flow)
        try:
            while (step := course.step) is not None:
                if isinstance(step, Emit):
                    yield step.value
                    course.go_on(None)
                else:
                    await hands.take(step, course)
        finally:
            course.close()
            await hands.close()


class _Hands:
    """Does the steps of one flow; holds what was opened last."""

    def __init__(self, runner: AsyncRunner) -> None:
        self._client = runner.client
        self._options = runner.options
        self._response: httpx2.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def take(self, step: Step, course: Course[Any]) -> None:
        """Does the step and tells the flow what came of it."""
        try:
            outcome = await self._do(step)
        except (HubError, OSError) as error:
            course.fail(error)
        else:
            course.go_on(outcome)

    async def close(self) -> None:
        if self._response is not None:
            await self._response.aclose()
            self._response = None

    async def _do(self, step: Step) -> object:
        match step:
            case Send(request):
                return await self._send(request)
            case Open(request):
                return await self._open(request)
            case Read():
                with translated():
                    return None if self._pieces is None else await anext(self._pieces, None)
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return None
            case Do(work):
                return await asyncio.to_thread(work)

    async def _send(self, request: Request) -> Answer:
        with translated():
            response = await self._client.send(request_of(self._client, self._options, request, pieces=False))
            return answer_of(response, response.content)

    async def _open(self, request: Request) -> Answer:
        await self.close()
        with translated():
            asked = request_of(self._client, self._options, request, pieces=True)
            self._response = response = await self._client.send(asked, stream=True)
            self._pieces = response.aiter_raw()
            return answer_of(response, await response.aread() if response.status_code >= 400 else b"")


class AsyncNamespace:
    """A part of the API."""

    def __init__(self, runner: AsyncRunner) -> None:
        self._runner = runner


class AsyncStream(Generic[T]):
    """What comes of a generation, to be iterated once, with `async with` when you may stop before the end."""

    def __init__(self, values: AsyncGenerator[T, None]) -> None:
        self._values = values

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return await anext(self._values)

    async def aclose(self) -> None:
        await self._values.aclose()

    async def __aenter__(self) -> AsyncStream[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AsyncListing(Generic[T]):
    """A list that fetches its pages as it is iterated, anew each time."""

    def __init__(self, runner: AsyncRunner, new_flow: Callable[[], Flow[Page[T]]]) -> None:
        self._runner = runner
        self._new_flow = new_flow

    async def __aiter__(self) -> AsyncIterator[T]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for each in page.results:
                    yield each

    def pages(self) -> AsyncGenerator[Page[T], None]:
        return self._runner.emitted(self._new_flow())

    async def first_page(self) -> Page[T]:
        """One request; `list(cursor=page.cursor)` goes on from there."""
        async with aclosing(self.pages()) as pages:
            return await anext(pages)


def acall(
    operation: Callable[Concatenate[Options, P], Plan[T]],
) -> Callable[Concatenate[AsyncNamespace, P], Coroutine[Any, Any, T]]:
    """An operation with one result, as a method of a namespace."""

    async def method(self: AsyncNamespace, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._runner.run(operation(self._runner.options, *args, **kwargs))

    return as_method(operation, method)


def alisted(
    operation: Callable[Concatenate[Options, P], Flow[Page[T]]],
) -> Callable[Concatenate[AsyncNamespace, P], AsyncListing[T]]:
    """An operation with a list in pages, as a method of a namespace."""

    def method(self: AsyncNamespace, /, *args: P.args, **kwargs: P.kwargs) -> AsyncListing[T]:
        return AsyncListing(self._runner, lambda: operation(self._runner.options, *args, **kwargs))

    return as_method(operation, method)


def astreamed(
    operation: Callable[Concatenate[Options, P], Flow[T]],
) -> Callable[Concatenate[AsyncNamespace, P], AsyncStream[T]]:
    """An operation with results that come one after the other, as a method of a namespace."""

    def method(self: AsyncNamespace, /, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[T]:
        return AsyncStream(self._runner.emitted(operation(self._runner.options, *args, **kwargs)))

    return as_method(operation, method)
