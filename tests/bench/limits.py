"""What it costs to count a request: one light read with the rate limits on and off by turns, and the script alone."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.test.client import RequestFactory

from hub.common.rate_limit import Bucket, take
from hub.common.rates import Rate
from hub.common.redis import impatient_client
from tests.bench.accounts import Client
from tests.bench.figures import Figures
from tests.bench.house import House
from tests.bench.wrong import WorkWentWrong

READ = "GET /api/v1/quotas in one process, without HTTP, rate limits"
ALONE = "one call from one process to Valkey"
RATIO = "ours beside the floor, round by round "
PATH = "/api/v1/quotas"
STATES = ("off", "on")
OFF = {"RATE_LIMIT_KEY": None, "RATE_LIMIT_USER": None}
# So short a turn that both states see the same load from others.
TURN = 25
ROUNDS, TURNS, QUICK_TURNS = 3, 40, 2


def measure(house: House, client: Client, *, quick: bool) -> Figures:
    """The figures; raises WorkWentWrong when a read is refused."""
    figures = Figures()
    turns = QUICK_TURNS if quick else TURNS
    read = _reader(client)
    for _ in range(1 if quick else ROUNDS):
        _by_turns(figures, read, turns)
        _alone(figures, house, turns * TURN)
    for name in ("p50, ms", "CPU, ms"):
        _ratio(figures, f"{name}: on / off", (READ, f"{name}, on"), (READ, f"{name}, off"))
    _ratio(figures, "the script / a PING", (ALONE, "p50, ms, the script, two buckets"), (ALONE, "p50, ms, a PING"))
    return figures


def _ratio(figures: Figures, name: str, ours: tuple[str, str], floor: tuple[str, str]) -> None:
    for mine, theirs in zip(figures.rounds(*ours), figures.rounds(*floor), strict=True):
        figures.add(RATIO, name, mine / theirs)


def _reader(client: Client) -> Callable[[], None]:
    """One read, through the whole application, as a server calls it."""
    application = get_wsgi_application()
    request = RequestFactory(SERVER_NAME="localhost").get(PATH, headers={"Authorization": f"Bearer {client.key_text}"})

    def read() -> None:
        seen: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            seen.update(status=status, names={name for name, _ in headers})

        answer = application({**request.environ, "wsgi.input": io.BytesIO()}, start_response)
        b"".join(answer)
        answer.close()
        if seen["status"] != "200 OK" or ("RateLimit" in seen["names"]) != (settings.RATE_LIMIT_KEY is not None):
            raise WorkWentWrong(f"A read was answered with {seen}")

    return read


def _by_turns(figures: Figures, read: Callable[[], None], turns: int) -> None:
    walls: dict[str, list[float]] = {state: [] for state in STATES}
    used = dict.fromkeys(STATES, 0.0)
    for number in range(turns + 1):
        for state in STATES:
            with override_settings(**(OFF if state == "off" else {})):
                before = time.process_time()
                times = _times(read, TURN)
                # The first turns meet caches that are empty.
                if number:
                    used[state] += time.process_time() - before
                    walls[state] += times
    for state in STATES:
        figures.add(READ, f"p50, ms, {state}", median(walls[state]) * 1000)
        figures.add(READ, f"CPU, ms, {state}", used[state] * 1000 / len(walls[state]))


def _alone(figures: Figures, house: House, number: int) -> None:
    rate = Rate.parse("1000000/1")
    buckets = [Bucket(policy, str(uuid4()), rate) for policy in ("key", "user")]
    calls: dict[str, Callable[[], object]] = {
        "a PING": impatient_client().ping,
        "the script, two buckets": lambda: take(buckets),
    }
    for name, call in calls.items():
        call()
        before = house.cpu_seconds("valkey")
        times = _times(call, number)
        figures.add(ALONE, f"p50, ms, {name}", median(times) * 1000)
        figures.add(ALONE, f"CPU of Valkey, ms, {name}", (house.cpu_seconds("valkey") - before) * 1000 / number)


def _times(work: Callable[[], object], number: int) -> list[float]:
    seconds = []
    for _ in range(number):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds
