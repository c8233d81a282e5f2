"""What happens around every request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from hub import tracing
from hub.api import rate_limit_fields
from hub.api.internal import INTERNAL
from hub.common import client_address, request_id
from hub.metrics import requests


class RequestIdMiddleware:
    """Takes the client's `X-Request-ID` when it is a safe one, else makes one; sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        value = request_id.accepted(request.headers.get(request_id.HEADER))
        with request_id.working_for(value):
            response = self.get_response(request)
        response[request_id.HEADER] = value
        return response


class ObserveMiddleware:
    """Counts and times each request, and puts a span around it when traces are on. What the hub asks itself, for those
    who follow a job, is not a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if INTERNAL in request.META:
            return self.get_response(request)
        with tracing.request_span(request) as span, requests.timed(request) as timing:
            response = self.get_response(request)
            timing.status = response.status_code
            span.answered(route=requests.route_of(request), status=response.status_code)
        return response


class ClientAddressMiddleware:
    """Notes where the request came from, for the audit entries that it leaves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with client_address.working_from(client_address.address_in(request.META)):
            return self.get_response(request)


class RateLimitFieldsMiddleware:
    """Tells the caller where its rate limits stand, on every answer to a request that was counted, a 500 too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in rate_limit_fields.noted(request).items():
            response[name] = value
        return response
