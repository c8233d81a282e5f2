"""What processes count becomes one in Redis, is read without the database, and by nobody who may not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from hub.common.redis import impatient_client
from hub.metrics import catalogue, exposition, figures, store
from hub.metrics.pool import POOL, Place
from hub.metrics.publishing import Publisher
from hub.metrics.store import Sample
from hub.tests.metrics.conftest import value_in

SPENT = 'hub_spent_usd_total{kind="text",model="m",process="%s"}'


@pytest.fixture
def publisher(no_metrics: None) -> Publisher:
    """One that has handed over whatever was counted before."""
    made = Publisher("worker")
    made.publish()
    for key in (store.TOTALS_KEY, store.ASKED_KEY):
        impatient_client().delete(key)
    return made


def text() -> str:
    return exposition.text().decode()


def test_the_counts_of_two_processes_become_one(publisher: Publisher) -> None:
    other = Publisher("worker")
    other._told = dict(publisher._told)
    catalogue.SPENT.labels("text", "m").inc(0.25)
    for _ in range(3):
        publisher.publish()
    # In this test both count in the same memory: the second one brings its own quarter.
    other.publish()
    assert value_in(text(), SPENT % "worker") == 0.5


def test_what_redis_did_not_take_comes_with_the_next(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = redis.Redis(port=nobody.getsockname()[1], socket_connect_timeout=0.5)
        monkeypatch.setattr(store, "impatient_client", lambda: away)
        catalogue.SPENT.labels("text", "m").inc(1)
        publisher.publish()
        publisher.publish()
    monkeypatch.undo()
    assert [record.getMessage() for record in caplog.records] == ["metrics wait for Redis: ConnectionError"]
    catalogue.SPENT.labels("text", "m").inc(1)
    publisher.publish()
    assert value_in(text(), SPENT % "worker") == 2


def test_a_process_that_does_nothing_writes_no_counts(publisher: Publisher) -> None:
    publisher.publish()
    before = store.totals()
    for _ in range(10):
        publisher.publish()
    assert store.totals() == before == []
    assert store.last_asked() == 0


def test_the_clock_is_told_when_others_used_the_database(publisher: Publisher) -> None:
    clock = Publisher("clock")
    clock._told = dict(publisher._told)
    catalogue.QUERIES.labels("read").inc()
    clock.publish()
    assert store.last_asked() == 0
    publisher.publish()
    assert time.time() - store.last_asked() < 5


def test_processes_are_counted_while_they_tell_of_themselves(publisher: Publisher, monkeypatch: Any) -> None:
    second = Publisher("worker")
    second.publish()
    assert value_in(text(), 'hub_processes{process="worker"}') == 2
    second.stop()
    assert value_in(text(), 'hub_processes{process="worker"}') == 1
    later = time.time() + store.ALIVE_SECONDS + 1
    monkeypatch.setattr(store.time, "time", lambda: later)
    assert value_in(text(), 'hub_processes{process="worker"}') is None


def test_threads_in_use_and_requests_that_wait_are_told(publisher: Publisher) -> None:
    before = (POOL.in_use, POOL.waiting)
    with Place() as place:
        assert (POOL.in_use, POOL.waiting) == (before[0], before[1] + 1)
        place.work(lambda: publisher.publish())
        assert (POOL.in_use, POOL.waiting) == before
    with Place():
        # Its client left before a thread was free.
        pass
    assert (POOL.in_use, POOL.waiting) == before


def test_it_is_what_prometheus_reads(publisher: Publisher, client: Client) -> None:
    client.get("/livez")
    catalogue.PROVIDER_SECONDS.labels("gemini", "start").observe(3)
    publisher.publish()
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    assert families["hub_http_requests"].type == "counter"
    assert families["hub_processes"].type == "gauge"
    buckets = [s for s in families["hub_provider_call_seconds"].samples if s.name.endswith("_bucket")]
    counts = [sample.value for sample in buckets]
    assert counts == sorted(counts)
    assert buckets[-1].labels["le"] == "+Inf"
    assert {sample.name for family in families.values() for sample in family.samples} <= catalogue.names()


def test_requests_are_counted_by_route_and_not_by_address(publisher: Publisher, client: Client, db: None) -> None:
    for address in ("/api/v1/generations/0198c9a2-5b1e-7c33-9d0a-0f6f3f2a1b1c", "/no/such/thing-4711"):
        client.get(address)
    client.generic("BREW", "/livez")
    publisher.publish()
    said = text()
    for route, method, status in (
        ("/api/v1/generations/<uuid:generation_id>", "GET", 401),
        ("(none)", "GET", 404),
        ("/livez", "other", 405),
    ):
        labels = f'method="{method}",process="worker",route="{route}",status="{status}"'
        assert value_in(said, f"hub_http_requests_total{{{labels}}}") == 1, said
    assert "0198c9a2" not in said
    assert "thing-4711" not in said


def test_figures_have_their_time_and_ages_grow(no_metrics: None) -> None:
    now = time.time()
    job = {"kind": "text", "state": "queued"}
    figures.keep(
        [Sample(catalogue.OLDEST_JOB.name, job, now - 100), Sample(catalogue.SEAL_LAG.name, {}, 0)], at=now - 50
    )
    said = text()
    assert 100 <= (value_in(said, 'hub_jobs_oldest_age_seconds{kind="text",state="queued"}') or 0) < 110
    assert value_in(said, "hub_audit_seal_lag_seconds") == 0
    assert value_in(said, "hub_figures_timestamp_seconds") == pytest.approx(now - 50, abs=0.001)


def test_a_scrape_asks_the_database_nothing(no_metrics: None, client: Client) -> None:
    """Without the db fixture any use of it is an error."""
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "right"}, {"Authorization": "Basic right"}],
)
def test_with_a_token_nobody_reads_it_without(client: Client, settings: Any, sent: dict[str, str]) -> None:
    settings.METRICS_TOKEN = "right"
    answer = client.get("/metrics", headers=sent)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"hub_" not in answer.content


def test_with_a_token_it_is_read_from_anywhere(no_metrics: None, client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "right"
    answer = client.get("/metrics", headers={"Authorization": "Bearer right"}, REMOTE_ADDR="203.0.113.7")
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.7", "10.0.0.1", "2001:db8::1", ""])
def test_without_a_token_strangers_find_nothing_there(client: Client, address: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=address)
    assert answer.status_code == 404
    assert b"hub_" not in answer.content


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_nor_do_those_who_come_through_a_proxy_on_this_machine(client: Client, header: str) -> None:
    assert client.get("/metrics", headers={header: "203.0.113.7"}).status_code == 404


def test_without_redis_it_says_so(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = redis.Redis(port=nobody.getsockname()[1], socket_connect_timeout=0.5)
        monkeypatch.setattr(store, "impatient_client", lambda: away)
        answer = client.get("/metrics")
    assert answer.status_code == 503
    assert b"Redis" in answer.content


def test_every_counter_is_of_few_kinds() -> None:
    """A label whose values are ids or texts would fill Redis and Prometheus without end."""
    allowed = {"route", "method", "status", "task", "outcome", "adapter", "model", "verb", "kind", "error", "pool"}
    counters: list[Callable[..., Any]] = [each for each in vars(catalogue).values() if hasattr(each, "_labelnames")]
    assert counters
    assert {label for each in counters for label in each._labelnames} <= allowed
