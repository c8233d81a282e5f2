"""Django's side of the web process: a thread for each request, and for no longer than somebody wants the answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from hub.api.internal import INTERNAL
from hub.serving.body import AHEAD_BYTES
from hub.serving.tests.wire import GONE, Wire, piece, scope
from hub.serving.threads import PIECE_BYTES, Threads

Environ = dict[str, Any]
Start = Callable[..., Any]


class Echo:
    """A WSGI application that reads what it is told to read and keeps what it was called with."""

    def __init__(self) -> None:
        self.environs: list[Environ] = []
        self.bodies: list[bytes] = []
        self.error: OSError | None = None

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        self.environs.append(environ)
        try:
            self.bodies.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        except OSError as error:
            self.error = error
        start("200 OK", [("Content-Type", "text/plain"), ("X-Seen", "yes")])
        return [b"seen"]


def asked(application: Any, wire: Wire, request: dict[str, Any]) -> Wire:
    asyncio.run(Threads(application, threads=2)(request, wire.receive, wire.send))
    return wire


def test_a_request_reaches_the_application_and_its_answer_the_client() -> None:
    echo = Echo()
    wire = asked(echo, Wire([piece(b"hello")]), scope("/a%20b", query=b"c=d", Content_Length="5", X_Two="1"))

    [environ] = echo.environs
    assert echo.bodies == [b"hello"]
    assert (environ["PATH_INFO"], environ["QUERY_STRING"], environ["HTTP_X_TWO"]) == ("/a b", "c=d", "1")
    assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"]) == ("192.0.2.7", "hub.example.com")
    assert wire.status == 200
    assert (b"x-seen", b"yes") in wire.taken[0]["headers"]
    assert wire.body == b"seen"


def test_lines_of_one_name_are_one_list() -> None:
    echo = Echo()
    request = scope()
    request["headers"] = [(b"x-two", b"1"), (b"cookie", b"a=1"), (b"x-two", b"2"), (b"cookie", b"b=2")]
    asked(echo, Wire([piece(b"")]), request)
    assert echo.environs[0]["HTTP_X_TWO"] == "1,2"
    assert echo.environs[0]["HTTP_COOKIE"] == "a=1; b=2"


def test_no_header_makes_a_request_one_of_the_hubs_own() -> None:
    echo = Echo()
    asked(echo, Wire([piece(b"")]), scope(Hub_Internal="1"))
    assert INTERNAL not in echo.environs[0]


def test_a_body_in_chunks_has_the_length_that_it_has() -> None:
    echo = Echo()
    asked(echo, Wire([piece(b"hel", more=True), piece(b"lo")]), scope(Transfer_Encoding="chunked"))
    assert echo.bodies == [b"hello"]


def test_a_body_in_chunks_is_read_to_the_limit_and_one_byte(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * AHEAD_BYTES
    echo = Echo()
    endless = Wire([piece(b"x" * AHEAD_BYTES, more=True)] * 99)
    asked(echo, endless, scope(Transfer_Encoding="chunked"))
    assert len(echo.bodies[0]) == 3 * AHEAD_BYTES + 1
    assert endless.asked <= 4


def test_a_long_body_is_read_as_the_application_asks_for_it() -> None:
    echo = Echo()
    pieces = [piece(b"x" * AHEAD_BYTES, more=True), piece(b"y" * 10, more=True), piece(b"z")]
    asked(echo, Wire(pieces), scope(Content_Length=str(AHEAD_BYTES + 11)))
    assert echo.bodies[0] == b"x" * AHEAD_BYTES + b"y" * 10 + b"z"


def test_a_client_that_goes_before_its_request_is_whole_takes_no_thread() -> None:
    echo = Echo()
    wire = asked(echo, Wire([piece(b"half", more=True), GONE]), scope(Content_Length="8"))
    assert echo.environs == []
    assert wire.taken == []


def test_a_client_that_goes_in_the_middle_of_a_long_body_is_a_body_that_cannot_be_read() -> None:
    echo = Echo()
    asked(echo, Wire([piece(b"x" * AHEAD_BYTES, more=True), GONE]), scope(Content_Length=str(2 * AHEAD_BYTES)))
    assert isinstance(echo.error, OSError)


class Endless:
    """An application whose answer does not end by itself; it says when it was closed."""

    def __init__(self) -> None:
        self.pieces = 0
        self.closed = threading.Event()

    def __call__(self, environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        return self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        try:
            while True:
                self.pieces += 1
                yield b"x" * PIECE_BYTES
        finally:
            self.closed.set()


def test_a_long_answer_waits_for_a_slow_client() -> None:
    endless = Endless()

    async def slow() -> None:
        wire = Wire([piece(b"")])
        wire.takes.clear()
        answering = asyncio.create_task(Threads(endless)(scope(), wire.receive, wire.send))
        await asyncio.sleep(0.3)
        answering.cancel()

    asyncio.run(slow())
    assert endless.pieces == 1
    assert endless.closed.wait(5)


@pytest.mark.parametrize("takes", [True, False], ids=["reading", "stalled"])
def test_a_client_that_goes_in_the_middle_of_an_answer_frees_its_thread(takes: bool) -> None:
    endless = Endless()

    async def leaving() -> None:
        wire = Wire([piece(b"")])
        if not takes:
            wire.takes.clear()
        answering = asyncio.create_task(Threads(endless)(scope(), wire.receive, wire.send))
        await asyncio.sleep(0.2)
        answering.cancel()
        await asyncio.to_thread(endless.closed.wait, 5)

    asyncio.run(leaving())
    assert endless.closed.is_set()


def test_an_answer_is_closed_when_the_application_breaks_in_the_middle() -> None:
    closed = threading.Event()

    def breaking(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            yield b"x"
            raise ZeroDivisionError
        finally:
            closed.set()

    with pytest.raises(ZeroDivisionError):
        asked(breaking, Wire([piece(b"")]), scope())
    assert closed.is_set()
