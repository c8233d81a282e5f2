"""Spans by OpenTelemetry over HTTP. Imported only when traces are on."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hub.common.request_id import current_request_id
from hub.redaction import redact
from hub.tracing import Attributes, Span

EXPORT_SECONDS = 5.0
_propagator = TraceContextTextMapPropagator()


class OtlpSpan(Span):
    """One that is sent."""

    def __init__(self, recorded: trace.Span) -> None:
        self._recorded = recorded

    def note(self, attributes: Attributes) -> None:
        safe = {name: redact(value) if isinstance(value, str) else value for name, value in attributes.items()}
        self._recorded.set_attributes(safe)

    def fail(self, code: str) -> None:
        self._recorded.set_attribute("error.type", code)
        self._recorded.set_status(Status(StatusCode.ERROR))

    def answered(self, *, route: str, status: int) -> None:
        self.note({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            self.fail(str(status))


class OtlpTracer:
    """Gathers spans and sends them from a thread of its own; at the end of the process, the rest.

    A collector that is away costs the spans, never the work: the queue is bounded and nobody waits for it.
    """

    def __init__(self, process: str, *, endpoint: str) -> None:
        named = {"service.name": "ai-generation-hub", "hub.process": process}
        if settings.RELEASE:
            named["service.version"] = settings.RELEASE
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=2000))
        self._tracer = self._provider.get_tracer("hub")
        atexit.register(self._provider.shutdown)

    @contextmanager
    def span(self, name: str, *, attributes: Attributes, kind: str, carried: Mapping[str, str]) -> Iterator[Span]:
        """As the protocol says. Of an exception only its class is told: its text may quote anything."""
        parent = _propagator.extract(carried) if carried else None
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=SpanKind[kind.upper()],
            record_exception=False,
            set_status_on_exception=False,
        ) as recorded:
            made = OtlpSpan(recorded)
            made.note({"hub.request_id": current_request_id(), **attributes})
            try:
                yield made
            except BaseException as error:
                made.fail(getattr(error, "code", None) or type(error).__name__)
                raise

    def carrier(self) -> dict[str, str]:
        """W3C's traceparent."""
        headers: dict[str, str] = {}
        _propagator.inject(headers)
        return headers

    def flush(self) -> None:
        """Returns when what has gathered was sent."""
        self._provider.force_flush()
