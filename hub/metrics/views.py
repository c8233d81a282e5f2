"""`/metrics`: for whoever has the token, or, without one, for this very machine."""

from __future__ import annotations

from ipaddress import ip_address

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST

from hub.api.handlers import not_found, only_reads
from hub.metrics import exposition

# Who asks through a proxy on this machine comes from loopback too; these say so.
OF_PROXIES = ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via")


@only_reads
def metrics(request: HttpRequest) -> HttpResponse:
    """200 with the text for Prometheus; 401 without the token, 404 to strangers where there is none; 503 without Redis.

    The database is not asked: a scrape wakes nobody.
    """
    if settings.METRICS_TOKEN:
        if not _has_token(request, settings.METRICS_TOKEN):
            headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return _line("Send the value of METRICS_TOKEN as Authorization: Bearer.", status=401, headers=headers)
    elif not _is_local(request):
        return not_found(request, PermissionError())
    try:
        return HttpResponse(exposition.text(), content_type=CONTENT_TYPE_LATEST)
    except redis.RedisError:
        return _line("Redis, where the metrics are, gives no answer.", status=503, headers={"Retry-After": "5"})


def _line(text: str, *, status: int, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, headers=headers, content_type="text/plain; charset=utf-8")


def _has_token(request: HttpRequest, wanted: str) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), wanted)


def _is_local(request: HttpRequest) -> bool:
    if any(name in request.headers for name in OF_PROXIES):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
