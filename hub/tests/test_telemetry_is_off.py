"""Traces and reports are off until somebody says where to; a wrong place costs the telling, never the work."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from generations.providers.base import Finished, Output, ProviderError, ProviderRequest
from generations.providers.measured import MeasuredAdapter
from hub import tracing
from hub.common.ids import uuid7
from hub.env import BASE_DIR
from hub.errors_reporting.scrubbing import scrub
from hub.metrics.catalogue import PROVIDER_CALLS
from hub.redaction import REDACTED

PROGRAM = """
import sys, django
django.setup()
from hub import errors_reporting, tracing
tracing.start("web")
errors_reporting.start("web")
import hub.wsgi
# The client of Redis imports a part of OpenTelemetry's SDK wherever it is installed; this is ours.
ours = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "sentry_sdk")
print(sorted(name for name in ours if name in sys.modules))
"""


@pytest.fixture
def free_port() -> Iterator[int]:
    """Nobody listens there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]


@pytest.fixture
def tracer(settings: Any, monkeypatch: pytest.MonkeyPatch, free_port: int) -> Iterator[Any]:
    """Sends to nobody."""
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://127.0.0.1:{free_port}"
    monkeypatch.setattr(tracing, "_tracer", None)
    tracing.start("web")
    made: Any = tracing._tracer
    yield made
    atexit.unregister(made._provider.shutdown)
    made._provider.shutdown()


@pytest.mark.parametrize(
    ("set_to", "imported"),
    [
        ({}, "[]"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SENTRY_DSN": "http://abc@127.0.0.1:9/1"},
            "['opentelemetry.exporter', 'opentelemetry.sdk.trace', 'sentry_sdk']",
        ),
    ],
    ids=["off", "on"],
)
def test_what_is_off_is_not_even_imported(set_to: dict[str, str], imported: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "SENTRY_"))}
    env = {**clean, "DJANGO_SETTINGS_MODULE": "hub.settings", **set_to}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=BASE_DIR, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == imported


def test_without_an_endpoint_a_span_is_nothing() -> None:
    with tracing.span("any", attributes={"a": 1}) as span:
        span.note({"b": 2})
        span.fail("code")
    assert tracing.carrier() == {}


def test_a_collector_that_is_away_costs_no_request(tracer: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert Client().get("/livez").status_code == 200
    with tracing.span("outer", attributes={}):
        [name] = tracing.carrier()
    assert name == "traceparent"
    assert tracing.carrier() == {}


def test_an_error_in_a_span_passes_and_is_told_by_its_class(tracer: Any) -> None:
    told: dict[str, Any] = {}

    class Spy:
        def on_start(self, *_: Any, **__: Any) -> None: ...
        def _on_ending(self, *_: Any) -> None: ...
        def shutdown(self) -> None: ...
        def force_flush(self, *_: Any) -> bool:
            return True

        def on_end(self, span: Any) -> None:
            told.update(span.attributes, events=list(span.events), status=span.status)

    tracer._provider.add_span_processor(Spy())
    with pytest.raises(RuntimeError), tracing.span("any", attributes={"who": "alice@example.org"}):
        raise RuntimeError("the prompt was: c4n4ry")
    assert told["error.type"] == "RuntimeError"
    assert told["who"] == REDACTED
    assert told["events"] == []
    assert "c4n4ry" not in str(told)


class Provider:
    """What an adapter does, in one word."""

    def __init__(self, does: Any) -> None:
        self.does = does

    def start(self, request: ProviderRequest, on_text: Any = None) -> Any:
        if isinstance(self.does, BaseException):
            raise self.does
        return self.does


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        (Finished((Output(text="x"),), None), "finished"),
        (ProviderError("provider_timeout", "late"), "provider_timeout"),
        (KeyError("the caller's own"), "broken_off"),
    ],
)
def test_each_call_to_a_provider_is_counted_with_what_came_of_it(does: Any, outcome: str) -> None:
    counted = PROVIDER_CALLS.labels("test", "m", "start", outcome)
    before = counted._value.get()
    measured = MeasuredAdapter("test", Provider(does))  # type: ignore[arg-type]
    request = ProviderRequest(attempt_id=uuid7(), model="m", kind="text", prompt="c4n4ry")
    if isinstance(does, BaseException):
        with pytest.raises(type(does)) as raised:
            measured.start(request)
        assert raised.value is does
    else:
        assert measured.start(request) is does
    assert counted._value.get() == before + 1


def test_a_report_is_scrubbed_wherever_something_stands() -> None:
    """Also what a newer SDK might put there."""
    secret = "c4n4ry"
    frame = {"function": "f", "vars": {"password": secret}}
    event = {
        "event_id": "1",
        "message": f"for {secret}@example.org",
        "user": {"email": secret, "ip_address": secret},
        "server_name": secret,
        "extra": {"celery-job": {"args": [secret]}},
        "breadcrumbs": {"values": [{"message": secret}]},
        "request": {
            **{"method": "POST", "url": f"http://h/api?key={secret}", "query_string": secret, "data": secret},
            **{"headers": {"Authorization": secret}, "cookies": {"sessionid": secret}, "env": {"REMOTE_ADDR": secret}},
        },
        "exception": {
            "values": [
                {
                    "type": "IntegrityError",
                    "value": f"duplicate\nDETAIL:  Key (email)=({secret}) already exists.",
                    "stacktrace": {"frames": [frame]},
                }
            ]
        },
        "contexts": {"any": {"api_key": secret}},
        "tags": {"process": "web"},
    }
    scrubbed = scrub(event)
    assert secret not in str(scrubbed)
    assert scrubbed["request"] == {"method": "POST", "url": "http://h/api"}
    assert scrubbed["exception"]["values"][0]["type"] == "IntegrityError"
    assert scrubbed["tags"] == {"process": "web", "request_id": "-"}


def test_the_log_of_the_exporter_is_quiet() -> None:
    """It would tell of every batch that a collector did not take."""
    assert logging.getLogger("opentelemetry").level == logging.WARNING


def test_words_of_a_client_in_the_place_of_a_method_or_a_state_are_not_sent(tracer: Any, rf: Any) -> None:
    """A method may be any word, and the state of a trace any text."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "x=c4n4ry"}
    with tracing.request_span(rf.generic("C4N4RY", "/", headers=headers)) as span:
        carried = tracing.carrier()
    assert (span._recorded.name, span._recorded.attributes["http.request.method"]) == ("_OTHER", "_OTHER")
    assert carried["traceparent"].split("-")[1] == "a" * 32
    assert "c4n4ry" not in f"{carried}{span._recorded.get_span_context().trace_state}"
