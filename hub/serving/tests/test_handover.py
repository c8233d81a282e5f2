"""A view may leave its answer to a coroutine, which holds no thread and ends when nobody wants it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory

from hub.api.internal import INTERNAL
from hub.serving import stopping
from hub.serving.environ import HANDOVER
from hub.serving.handover import Answer, Exchange, hand_over
from hub.serving.tests.wire import GONE, Wire, piece, scope
from hub.serving.threads import Threads


class Application:
    """Hands over at `/wait`; says elsewhere who it thinks is asking."""

    def __init__(self, handover: Callable[[Exchange], Any]) -> None:
        self.handover = handover
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        self.seen.append(environ)
        if environ["PATH_INFO"] == "/wait":
            environ[HANDOVER] = self.handover
        start("202 Accepted", [("X-From", "view")])
        return [b"now" * 100_000]


def run(application: Application, wire: Wire, **headers: str) -> Wire:
    stopping._stopped.cache_clear()
    asyncio.run(Threads(application)(scope("/wait", **headers), wire.receive, wire.send))
    return wire


def test_the_views_answer_is_not_sent_but_given_to_the_coroutine() -> None:
    async def later(exchange: Exchange) -> None:
        assert (exchange.answer.status, exchange.answer.header("X-From")) == (202, "view")
        assert len(exchange.answer.body) == 300_000
        await exchange.respond(Answer(200, [(b"x-from", b"loop")], bytearray(b"later")))

    wire = run(Application(later), Wire([piece(b"")]))
    assert (wire.status, wire.body) == (200, b"later")


def test_it_looks_again_as_the_same_client_and_asks_for_nothing_else() -> None:
    async def look(exchange: Exchange) -> None:
        await exchange.respond(await exchange.get("/there"))

    application = Application(look)
    wire = run(application, Wire([piece(b"")]), Authorization="Bearer k", Prefer="wait=5", Idempotency_Key="i")

    _, again = application.seen
    assert (again["REQUEST_METHOD"], again["PATH_INFO"]) == ("GET", "/there")
    assert (again["HTTP_AUTHORIZATION"], again["REMOTE_ADDR"]) == ("Bearer k", "192.0.2.7")
    assert again[INTERNAL]
    assert not {"HTTP_PREFER", "HTTP_IDEMPOTENCY_KEY"} & again.keys()
    assert wire.body == b"now" * 100_000


@pytest.mark.parametrize("end", ["the client goes", "the process stops"])
def test_what_nobody_wants_any_more_is_dropped_at_once(end: str) -> None:
    dropped: list[bool] = []

    async def forever(exchange: Exchange) -> None:
        asyncio.get_running_loop().call_later(0.1, (lambda: None) if end == "the client goes" else stopping.begin)
        dropped.append(await exchange.while_wanted(asyncio.sleep(60)))

    run(Application(forever), Wire([piece(b""), *([GONE] if end == "the client goes" else [])]))
    assert dropped == [False]


def test_work_that_ends_has_ended_and_work_that_breaks_says_so() -> None:
    async def breaking() -> None:
        raise ZeroDivisionError

    async def both(exchange: Exchange) -> None:
        assert await exchange.while_wanted(asyncio.sleep(0))
        await exchange.while_wanted(breaking())

    with pytest.raises(ZeroDivisionError):
        run(Application(both), Wire([piece(b"")]))


def test_a_view_hands_over_by_its_request(rf: RequestFactory) -> None:
    async def later(exchange: Exchange) -> None: ...

    request = rf.get("/")
    hand_over(request, later)
    assert request.META[HANDOVER] is later
