"""What operators see of a hub at work: metrics that agree with the books, traces that hang together, reports of errors,
and log lines; and in none of it a text, an address or a key."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.owner import owner_url
from tests.receiver import Received, Receiver, running_receiver
from tests.stack import HubStack, eventually
from tests.stack.client import GENERATIONS
from users.keys import KeyText

pytestmark = pytest.mark.stack

TEXT, IMAGE, VIDEO, SONG = "gemini-3.5-flash-lite", "gemini-2.5-flash-image", "veo-3.1-lite-generate-001", "lyria-3.5"
CANARY = "c4n4ry-of-a-prompt"
REQUEST_ID = "seen-everywhere-1"
# A process hands over its counts every three seconds, spans every two.
SOON = 15


@dataclass(frozen=True)
class World:
    """A stack, and those to whom it tells."""

    hub: HubStack
    collector: Receiver
    sentry: Receiver

    def metrics(self) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
        answer = self.hub.rich.call("GET", "/metrics")
        assert answer.status == 200
        samples = [s for family in text_string_to_metric_families(answer.body.decode()) for s in family.samples]
        found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
        for sample in samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
        return found

    def total(self, name: str, **labels: str) -> float:
        return sum(value for key, value in self.metrics().get(name, {}).items() if frozenset(labels.items()) <= key)

    def spans(self) -> list[Any]:
        """With what their process says of itself."""
        found = []
        for received in list(self.collector.received):
            for resource in ExportTraceServiceRequest.FromString(unpacked(received)).resource_spans:
                process = {each.key: each.value.string_value for each in resource.resource.attributes}["hub.process"]
                found += [(process, span) for scope in resource.scope_spans for span in scope.spans]
        return found

    def reports(self) -> list[dict[str, Any]]:
        """The events in the envelopes that came."""
        return [event for received in list(self.sentry.received) for event in events_of(unpacked(received))]


def unpacked(received: Received) -> bytes:
    encoding = {name.lower(): value for name, value in received.headers.items()}.get("content-encoding", "")
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(encoding, bytes)
    return unpack(received.body)


def events_of(envelope: bytes) -> Iterator[dict[str, Any]]:
    _, *rest = envelope.split(b"\n")
    for header, item in zip(rest[::2], rest[1::2], strict=False):
        if header and json.loads(header).get("type") == "event":
            yield json.loads(item)


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


@pytest.fixture(scope="module")
def world(new_stack: Callable[..., HubStack]) -> Iterator[World]:
    with running_receiver() as collector, running_receiver() as sentry:
        for receiver in (collector, sentry):
            receiver.will_answer(200)
        hub = new_stack(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            SENTRY_DSN=f"http://0123456789abcdef@127.0.0.1:{sentry.port}/1",
            HUB_RELEASE="r-42",
            LOG_FORMAT="json",
            METRICS_SECONDS="1",
            SLOW_QUERY_MS="1",
        )
        yield World(hub, collector, sentry)


def test_metrics_agree_with_the_books(world: World) -> None:
    hub = world.hub
    for number in range(3):
        hub.rich.submit(TEXT, f"{CANARY} {number}")
    for model in (IMAGE, VIDEO, SONG):
        hub.rich.submit(model, CANARY)
    hub.rich.submit(TEXT, f"[[fault:429 times=1]] {CANARY}")
    hub.rich.submit(TEXT, f"[[fault:400]] {CANARY}")
    hub.wait_until_all_have_ended()
    hub.assert_the_books_balance()
    eventually(lambda: world.total("hub_jobs_ended_total") == 8, "the count of eight jobs", SOON)
    assert world.total("hub_jobs_ended_total", status="succeeded") == 7
    spent = float(hub.value("SELECT sum(cost) AS spent FROM usage_logs"))
    assert world.total("hub_spent_usd_total") == pytest.approx(spent)
    calls = Counter(row["model"] for row in hub.calls() if row.get("attempt"))
    assert calls
    starts = hub.value("SELECT count(*) AS n FROM generation_attempts")
    assert world.total("hub_provider_calls_total", verb="start") == starts
    assert world.total("hub_provider_call_seconds_count", verb="start") == starts
    assert world.total("hub_provider_calls_total", outcome="provider_rate_limited") == 1
    assert world.total("hub_provider_calls_total", outcome="provider_invalid_request") == 1
    assert world.total("hub_http_requests_total", route="/api/v1/generations", method="POST", status="202") == 8
    assert world.total("hub_tasks_total", task="generations.advance", outcome="success") >= 8
    for process, kind in (("web", "write"), ("web", "read"), ("worker", "write"), ("worker", "read")):
        assert world.total("hub_db_queries_total", process=process, verb=kind) > 0
    assert world.total("hub_db_slow_queries_total") > 0


def test_figures_of_the_database_are_counted_by_the_clock(world: World) -> None:
    hub = world.hub
    hub.kill("worker")
    try:
        for _ in range(3):
            hub.rich.submit(TEXT, CANARY)
        eventually(lambda: world.total("hub_jobs", kind="text", state="queued") == 3, "three queued jobs", SOON)
        held = float(hub.value("SELECT sum(amount) AS held FROM quota_holds WHERE state = 'held'"))
        assert world.total("hub_held_usd") == pytest.approx(held)
        assert world.total("hub_holds") == 3
        assert world.total("hub_queue_messages", queue="text") >= 3
        assert world.total("hub_jobs_admitted") == 3
        assert 0 < world.total("hub_jobs_oldest_age_seconds") < 60
        assert world.total("hub_audit_seal_lag_seconds") > 0
        eventually(lambda: world.total("hub_db_connections_open", process="web") > 0, "the web's connections", SOON)
        assert world.total("hub_pool_size", process="web") == 2 * 16
    finally:
        hub.start("worker")
    hub.wait_until_all_have_ended()
    eventually(lambda: world.total("hub_jobs") == 0, "no open job", SOON)
    assert world.total("hub_holds") == 0


def test_every_process_tells_that_it_lives(world: World) -> None:
    expected = {"web": 2, "worker": 1, "clock": 1}

    def living() -> dict[str, float]:
        return {process: world.total("hub_processes", process=process) for process in expected}

    # The worker of the test before was killed; it is forgotten within a minute.
    eventually(lambda: living()["worker"] >= 1 and living()["web"] == 2 and living()["clock"] == 1, "all four", SOON)


def test_one_trace_goes_from_the_request_to_the_provider(world: World) -> None:
    body = {"model": TEXT, "prompt": CANARY}
    answer = world.hub.rich.call("POST", GENERATIONS, body, X_Request_ID=REQUEST_ID)
    assert answer.status == 202
    world.hub.wait_until_all_have_ended()

    def found() -> dict[str, Any]:
        mine = [
            (process, span) for process, span in world.spans() if attributes(span).get("hub.request_id") == REQUEST_ID
        ]
        return {f"{process} {span.name}": span for process, span in mine}

    wanted = {"web POST", "worker generations.advance", "worker provider start"}
    eventually(lambda: wanted <= found().keys(), "the three spans", SOON)
    spans = found()
    request, task, call = (spans[name] for name in sorted(wanted))
    assert request.trace_id == task.trace_id == call.trace_id
    assert (task.parent_span_id, call.parent_span_id) == (request.span_id, task.span_id)
    assert attributes(request)["http.route"] == "/api/v1/generations"
    assert attributes(request)["http.response.status_code"] == 202
    assert attributes(call) == {
        "hub.request_id": REQUEST_ID,
        "hub.adapter": "gemini",
        "hub.model": TEXT,
        "hub.verb": "start",
        "hub.outcome": "finished",
    }


def test_what_nobody_handles_is_reported_by_web_and_worker_and_clean(world: World) -> None:
    """Two tables go away; what then fails is a real bug to the hub."""
    hub = world.hub
    with psycopg.connect(owner_url(hub.database), autocommit=True) as database:
        for table in ("quotas", "generation_attempts"):
            database.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            secrets = {"Cookie": f"sessionid={CANARY}", "X_Goog_Api_Key": CANARY, "X_Request_ID": "broken-1"}
            assert hub.rich.call("GET", f"/api/v1/quotas?secret={CANARY}", **secrets).status in (401, 422, 500)
            assert hub.rich.call("GET", "/api/v1/quotas", X_Request_ID="broken-2").status == 500
            database.execute("ALTER TABLE quotas_away RENAME TO quotas")
            hub.rich.submit(TEXT, CANARY)
            eventually(
                lambda: {report["tags"]["process"] for report in world.reports()} >= {"web", "worker"},
                "reports of both",
                SOON,
            )
        finally:
            for table in ("quotas", "generation_attempts"):
                database.execute(f"ALTER TABLE IF EXISTS {table}_away RENAME TO {table}")
    hub.wait_until_all_have_ended()
    reports = world.reports()
    [web] = [each for each in reports if each["tags"].get("request_id") == "broken-2"]
    assert web["exception"]["values"][-1]["type"] == "ProgrammingError"
    assert web["release"] == "r-42"
    assert set(web["request"]) == {"method", "url"}
    assert "user" not in web
    assert all("vars" not in frame for entry in web["exception"]["values"] for frame in entry["stacktrace"]["frames"])


def test_nothing_of_it_says_who_or_what(world: World) -> None:
    """After all of the above: no prompt, no key, no mail address."""
    hub = world.hub
    told = {f"sentry {n}": unpacked(each) for n, each in enumerate(world.sentry.received)}
    told |= {f"collector {n}": unpacked(each) for n, each in enumerate(world.collector.received)}
    told |= {path.name: path.read_bytes() for path in hub.logs.glob("*.log") if path.stem != "simulator"}
    told["metrics"] = hub.rich.call("GET", "/metrics").body
    assert any(name.startswith("sentry") for name in told)
    assert any(name.startswith("collector") for name in told)
    assert {"web.log", "worker.log", "clock.log"} <= told.keys()
    database = hub.env["DATABASE_URL"].split("://")[1].partition("@")[0]
    key = KeyText.parse(hub.rich.api_key)
    assert key
    for secret in (CANARY, hub.rich.api_key, key.secret, "rich@example.org", database):
        assert [name for name, content in told.items() if secret.encode() in content] == []


def test_every_line_is_json_with_a_request_id(world: World) -> None:
    lines = [
        (name, json.loads(line))
        for name in ("web", "worker", "clock")
        for line in world.hub.log(name).splitlines()
        if line.strip()
    ]
    assert {name for name, _ in lines} == {"web", "worker", "clock"}
    assert all({"timestamp", "level", "logger", "event", "request_id"} <= line.keys() for _, line in lines)
    assert any(name == "web" and line["request_id"] == "broken-2" and "exception" in line for name, line in lines)
    slow = [line for name, line in lines if line["logger"] == "hub.slow_queries" and name == "worker"]
    assert any(line["request_id"] == REQUEST_ID for line in slow) or slow
    assert all("%s" not in line["sql"] and "'" not in line["sql"] for line in slow)
