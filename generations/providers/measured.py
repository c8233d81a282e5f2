"""An adapter as its callers have it: each call is counted, timed, and a span when traces are on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from generations.providers.base import Adapter, OnText, Outcome, Output, ProviderError, ProviderRequest
from hub import tracing
from hub.metrics.catalogue import PROVIDER_CALLS, PROVIDER_SECONDS

# Of what is fetched the adapter is not told whose it is.
NO_MODEL = ""


class _Call:
    """One on its way; what came of it is said before it ends."""

    outcome = "done"


class MeasuredAdapter:
    """Passes every call on to the adapter of that name, and adds nothing to it."""

    def __init__(self, name: str, adapter: Adapter) -> None:
        self.name = name
        self._adapter = adapter

    def prepare(self) -> None:
        """As the adapter's; it speaks to nobody, so it is no call."""
        self._adapter.prepare()

    def start(self, request: ProviderRequest, on_text: OnText | None = None) -> Outcome:
        with self._call("start", request.model) as call:
            outcome = self._adapter.start(request, on_text)
            call.outcome = type(outcome).__name__.lower()
        return outcome

    def poll(self, request: ProviderRequest, operation: str) -> Outcome:
        with self._call("poll", request.model) as call:
            outcome = self._adapter.poll(request, operation)
            call.outcome = type(outcome).__name__.lower()
        return outcome

    def fetch(self, output: Output, destination: BinaryIO) -> None:
        with self._call("fetch", NO_MODEL):
            self._adapter.fetch(output, destination)

    def cancel(self, request: ProviderRequest, operation: str) -> bool:
        with self._call("cancel", request.model):
            return self._adapter.cancel(request, operation)

    def forget(self, request: ProviderRequest, operation: str) -> bool:
        with self._call("forget", request.model):
            return self._adapter.forget(request, operation)

    @contextmanager
    def _call(self, verb: str, model: str) -> Iterator[_Call]:
        call, started = _Call(), time.perf_counter()
        attributes = {"hub.adapter": self.name, "hub.model": model, "hub.verb": verb}
        try:
            with tracing.span(f"provider {verb}", attributes=attributes, kind="client") as span:
                yield call
                span.note({"hub.outcome": call.outcome})
        except ProviderError as error:
            call.outcome = error.code
            raise
        except BaseException:
            # The caller's own: a lease that was lost while text came in, a disk that is full.
            call.outcome = "broken_off"
            raise
        finally:
            PROVIDER_CALLS.labels(self.name, model, verb, call.outcome).inc()
            PROVIDER_SECONDS.labels(self.name, verb).observe(time.perf_counter() - started)
