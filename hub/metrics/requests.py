"""Requests, by the template of their route: an address with an id in it is one of a few."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.http import HttpRequest

from hub.metrics.catalogue import REQUEST_SECONDS, REQUESTS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOWHERE = "(none)"


@dataclass(slots=True)
class Timing:
    """What came of a request; 500 until somebody says otherwise."""

    status: int = 500


@contextmanager
def timed(request: HttpRequest) -> Iterator[Timing]:
    """Around a request: counted when it is answered, whatever the answer."""
    timing, started = Timing(), time.perf_counter()
    try:
        yield timing
    finally:
        route, method = route_of(request), method_of(request)
        REQUESTS.labels(route, method, str(timing.status)).inc()
        REQUEST_SECONDS.labels(route, method).observe(time.perf_counter() - started)


def route_of(request: HttpRequest) -> str:
    """As the URL table has it, such as `/api/v1/generations/<uuid:generation_id>`; "(none)" for an unknown address."""
    match = request.resolver_match
    return f"/{match.route}" if match is not None else NOWHERE


def method_of(request: HttpRequest) -> str:
    """One of HTTP's, or "other": a client may send any word."""
    return request.method if request.method in METHODS else "other"
