"""Carries out plans and flows with threads that wait: the synchronous half."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
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


class Runner:
    """Runs plans and flows over one client of httpx2; it may be used from any thread."""

    def __init__(self, options: Options, client: httpx2.Client) -> None:
        self.options = options
        self.client = client

    def run(self, plan: Plan[T]) -> T:
        [result] = self.emitted(as_flow(plan))
        return result

    def emitted(self, flow: Flow[T]) -> Generator[T, None, None]:
        """What the flow emits; when it ends or is closed, so are the flow and its connection."""
        hands = _Hands(self)
        course = Course(flow)
        try:
            while (step := course.step) is not None:
                if isinstance(step, Emit):
                    yield step.value
                    course.go_on(None)
                else:
                    hands.take(step, course)
        finally:
            course.close()
            hands.close()


class _Hands:
    """Does the steps of one flow; holds what was opened last."""

    def __init__(self, runner: Runner) -> None:
        self._client = runner.client
        self._options = runner.options
        self._response: httpx2.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def take(self, step: Step, course: Course[Any]) -> None:
        """Does the step and tells the flow what came of it."""
        try:
            outcome = self._do(step)
        except (HubError, OSError) as error:
            course.fail(error)
        else:
            course.go_on(outcome)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _do(self, step: Step) -> object:
        match step:
            case Send(request):
                return self._send(request)
            case Open(request):
                return self._open(request)
            case Read():
                with translated():
                    return next(self._pieces, None)
            case Pause(seconds):
                time.sleep(seconds)
                return None
            case Do(work):
                return work()

    def _send(self, request: Request) -> Answer:
        with translated():
            response = self._client.send(request_of(self._client, self._options, request, pieces=False))
            return answer_of(response, response.content)

    def _open(self, request: Request) -> Answer:
        self.close()
        with translated():
            asked = request_of(self._client, self._options, request, pieces=True)
            self._response = response = self._client.send(asked, stream=True)
            self._pieces = response.iter_raw()
            return answer_of(response, response.read() if response.status_code >= 400 else b"")


class Namespace:
    """A part of the API."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner


class Stream(Generic[T]):
    """What comes of a generation, to be iterated once; with `with` when you may stop before the end."""

    def __init__(self, values: Generator[T, None, None]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return next(self._values)

    def close(self) -> None:
        self._values.close()

    def __enter__(self) -> Stream[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Listing(Generic[T]):
    """A list that fetches its pages as it is iterated, anew each time."""

    def __init__(self, runner: Runner, new_flow: Callable[[], Flow[Page[T]]]) -> None:
        self._runner = runner
        self._new_flow = new_flow

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.results

    def pages(self) -> Generator[Page[T], None, None]:
        return self._runner.emitted(self._new_flow())

    def first_page(self) -> Page[T]:
        """One request; `list(cursor=page.cursor)` goes on from there."""
        with closing(self.pages()) as pages:
            return next(pages)


def call(operation: Callable[Concatenate[Options, P], Plan[T]]) -> Callable[Concatenate[Namespace, P], T]:
    """An operation with one result, as a method of a namespace."""

    def method(self: Namespace, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(operation(self._runner.options, *args, **kwargs))

    return as_method(operation, method)


def listed(
    operation: Callable[Concatenate[Options, P], Flow[Page[T]]],
) -> Callable[Concatenate[Namespace, P], Listing[T]]:
    """An operation with a list in pages, as a method of a namespace."""

    def method(self: Namespace, /, *args: P.args, **kwargs: P.kwargs) -> Listing[T]:
        return Listing(self._runner, lambda: operation(self._runner.options, *args, **kwargs))

    return as_method(operation, method)


def streamed(
    operation: Callable[Concatenate[Options, P], Flow[T]],
) -> Callable[Concatenate[Namespace, P], Stream[T]]:
    """An operation with results that come one after the other, as a method of a namespace."""

    def method(self: Namespace, /, *args: P.args, **kwargs: P.kwargs) -> Stream[T]:
        return Stream(self._runner.emitted(operation(self._runner.options, *args, **kwargs)))

    return as_method(operation, method)
