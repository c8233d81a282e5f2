"""Jobs and submissions per second, beside a no-op task and bare statements, round by round in turn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from django.test import override_settings

from generations.services.advance import advance
from generations.services.submit import Order, submit
from hub.local import parts
from tests.bench import bare, books
from tests.bench.accounts import Client
from tests.bench.figures import Figures
from tests.bench.house import House
from tests.bench.noop import QUEUE, noop
from tests.bench.requests import PROMPT, send, texts
from usage.models import UsageDaily
from usage.models.ledger import SHARDS

SUBMIT = "submissions per second (the worker stands still)"
JOBS = "text jobs per second, from the first submission to the last success"
FLOOR = "measured beside them"
CPU = "CPU milliseconds per job (provider answers at once)"
STATEMENTS = "round trips to PostgreSQL, BEGIN and COMMIT included"
RATIO = "ours beside the floor, round by round"
CLIENTS = (1, 8, 16)
LATENCIES = (0.0, 0.05)
PARTS = ("web", "worker", "postgres", "valkey", "simulator", "clock")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything one round does."""

    rounds: int
    submissions: int
    jobs: int
    noops: int
    replays: int


FULL = Sizes(rounds=3, submissions=150, jobs=300, noops=1000, replays=200)
QUICK = Sizes(rounds=1, submissions=16, jobs=20, noops=50, replays=10)


def measure(house: House, client: Client, replayed: Client, sizes: Sizes) -> tuple[Figures, int]:
    """The figures, and how many jobs were only replayed."""
    figures = Figures()
    submitting, replay = _record(house, replayed)
    figures.add(STATEMENTS, "submit", submitting)
    figures.add(STATEMENTS, "run one text job", len(replay) - submitting)
    _warm_up(house, client)
    for _ in range(sizes.rounds):
        _replay(figures, replay, submitting, sizes.replays)
        _submit_only(figures, house, client, sizes)
        _noops(figures, house, sizes.noops)
        _end_to_end(figures, house, client, sizes)
    return figures, sizes.rounds * sizes.replays


def ratios(figures: Figures) -> None:
    """Adds ours beside the floors: 0.50 is half as fast."""

    def ratio(name: str, ours: tuple[str, str], floor: str) -> None:
        # Within a round: the two were measured one after the other, under about the same load from others.
        for mine, most in zip(figures.rounds(*ours), figures.rounds(FLOOR, floor), strict=True):
            figures.add(RATIO, name, mine / most)

    ratio("service alone / bare statements of submit", (SUBMIT, "service alone, one process"), BARE_SUBMIT)
    ratio("jobs, 0 s latency / no-op tasks", (JOBS, _latency_name(0.0)), NOOPS)
    ratio("jobs, 0.05 s latency / no-op tasks", (JOBS, _latency_name(0.05)), NOOPS)
    ratio("jobs, 0 s latency / bare statements of a job", (JOBS, _latency_name(0.0)), BARE_JOB)


NOOPS = "no-op Celery tasks, published by one and run by 16 threads"
BARE_SUBMIT = "bare psycopg, the statements of submit, one process"
BARE_JOB = "bare psycopg, those of submit and of the job, one process"


def _order() -> Order:
    return Order(model="gemini-3.8-flash", prompt=PROMPT)


def _record(house: House, replayed: Client) -> tuple[int, bare.Replay]:
    """How many statements a submission sends, and the replay of a whole job. The job runs here, through the SDK."""

    def recorded_job() -> tuple[list[bare.Statement], list[bare.Statement]]:
        jobs: list[UUID] = []
        submitted = bare.recorded(lambda: jobs.append(submit(api_key=replayed.key, order=_order())[0].id))
        return submitted, bare.recorded(lambda: advance(generation_id=jobs[0]))

    with house.worker_paused(), override_settings(**parts.provider({}, house.simulator_url).env):
        # The first ones open the period of the quota and the rows of the day's sums, which no later job does.
        while UsageDaily.objects.count() < SHARDS:
            recorded_job()
        first, second = recorded_job(), recorded_job()
    books.wait_until_ended(replayed.user)
    return len(second[0]), bare.Replay(first[0] + first[1], second[0] + second[1])


def _warm_up(house: House, client: Client) -> None:
    send(house, client, texts(32), clients=16)
    books.wait_until_ended(client.user)


def _submit_only(figures: Figures, house: House, client: Client, sizes: Sizes) -> None:
    started = 0.0
    with house.worker_paused():
        rate = _rate(sizes.submissions, lambda: submit(api_key=client.key, order=_order()))
        figures.add(SUBMIT, "service alone, one process", rate)
        for clients in CLIENTS:
            sent = send(house, client, texts(sizes.submissions), clients=clients)
            figures.add(SUBMIT, f"REST, {clients} client{'s' if clients > 1 else ''}", sent.per_second)
            figures.add(SUBMIT, f"  its p50, ms, at {clients}", sent.p50_ms)
        started = time.perf_counter()
    backlog = sizes.submissions * (1 + len(CLIENTS))
    ended = books.wait_until_ended(client.user)
    figures.add(JOBS, "a backlog that was waiting, 0 s latency", backlog / (ended - started))


def _end_to_end(figures: Figures, house: House, client: Client, sizes: Sizes) -> None:
    for latency in LATENCIES:
        before = {name: house.cpu_seconds(name) for name in PARTS}
        started = time.perf_counter()
        send(house, client, texts(sizes.jobs, latency=latency), clients=8)
        ended = books.wait_until_ended(client.user)
        figures.add(JOBS, _latency_name(latency), sizes.jobs / (ended - started))
        if not latency:
            for name, seconds in before.items():
                figures.add(CPU, name, (house.cpu_seconds(name) - seconds) * 1000 / sizes.jobs)


def _latency_name(latency: float) -> str:
    return f"submitted by 8 clients, provider answers after {latency:g} s"


def _noops(figures: Figures, house: House, number: int) -> None:
    used = house.cpu_seconds("noop")
    started = time.perf_counter()
    for _ in range(number):
        noop.apply_async(queue=QUEUE)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        while client.llen(QUEUE) or client.hlen("unacked"):
            time.sleep(0.002)
    figures.add(FLOOR, NOOPS, number / (time.perf_counter() - started))
    figures.add(CPU, "a no-op task, its worker", (house.cpu_seconds("noop") - used) * 1000 / number)


def _replay(figures: Figures, replay: bare.Replay, submitting: int, number: int) -> None:
    """A submission and its job in turn; the clock runs for each of the two apart."""
    seconds = [0.0, 0.0]
    halves = (slice(0, submitting), slice(submitting, None))
    with bare.bare_connection() as connection:
        for _ in range(number):
            keys: dict[UUID, UUID] = {}
            for half, part in enumerate(halves):
                started = time.perf_counter()
                replay.run(connection, keys, part)
                seconds[half] += time.perf_counter() - started
    figures.add(FLOOR, BARE_SUBMIT, number / seconds[0])
    figures.add(FLOOR, BARE_JOB, number / sum(seconds))


def _rate(number: int, work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    for _ in range(number):
        work()
    return number / (time.perf_counter() - started)
