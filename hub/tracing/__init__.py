"""Traces of requests, tasks and calls to providers, sent by OpenTelemetry's protocol when an endpoint is configured.

Off, which is the default, a span is nothing and OpenTelemetry is not even imported. What a span says is closed: names,
codes, routes, models, and the request id, by which it is found beside log lines and ledger; never a text, an address or
an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from django.http import HttpRequest

TRACER = "hub.tracing.otlp.OtlpTracer"
Attributes = Mapping[str, str | int | float | bool]


class Span:
    """One that is not recorded; those that are have the same methods."""

    def note(self, attributes: Attributes) -> None:
        """Says more about it."""

    def fail(self, code: str) -> None:
        """It ended in this error."""

    def answered(self, *, route: str, status: int) -> None:
        """A request's: where it led and what was answered."""


class Tracer(Protocol):
    """Where spans go."""

    def span(
        self, name: str, *, attributes: Attributes, kind: str, carried: Mapping[str, str]
    ) -> AbstractContextManager[Span]:
        """Around some work; below the span that `carried` names, else below the one around it."""
        ...

    def carrier(self) -> dict[str, str]:
        """The headers by which another process finds the present span."""
        ...

    def flush(self) -> None:
        """Sends what has gathered."""
        ...


NOTHING = Span()
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_tracer: Tracer | None = None


def start(process: str) -> None:
    """Begins to send when OTEL_EXPORTER_OTLP_ENDPOINT is set; `process` is web, worker or clock."""
    global _tracer
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        made: Tracer = import_string(TRACER)(process, endpoint=settings.OTEL_EXPORTER_OTLP_ENDPOINT)
        _tracer = made


def span(
    name: str, *, attributes: Attributes, kind: str = "internal", carried: Mapping[str, str] | None = None
) -> AbstractContextManager[Span]:
    """Around some work; `kind` is internal, server, client, producer or consumer. An exception ends it as failed."""
    if _tracer is None:
        return nullcontext(NOTHING)
    return _tracer.span(name, attributes=attributes, kind=kind, carried=carried or {})


def request_span(request: HttpRequest) -> AbstractContextManager[Span]:
    """Around a request of the web process, below the client's own span when it sent one."""
    if _tracer is None:
        return nullcontext(NOTHING)
    # Not `tracestate`, which is any text: it would go on into messages and to the collector.
    carried = {"traceparent": request.headers["traceparent"]} if "traceparent" in request.headers else {}
    # As OpenTelemetry has it: what is no method of HTTP is somebody's text.
    method = request.method if request.method in METHODS else "_OTHER"
    return _tracer.span(method, attributes={"http.request.method": method}, kind="server", carried=carried)


def carrier() -> dict[str, str]:
    """What goes along with a message, so that its task's span is below the present one; nothing when traces are off."""
    return {} if _tracer is None else _tracer.carrier()
