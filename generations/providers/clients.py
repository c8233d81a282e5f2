"""The SDK's clients: one per process, key and place, made when first needed, safe to share between threads."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2
from django.conf import settings
from google import genai
from google.genai import types

from generations.providers.base import ProviderError, ProviderRequest

ATTEMPT_HEADER = "x-hub-attempt"
CONNECT_SECONDS = 10.0

_lock = threading.Lock()
_sent: ContextVar[bool] = ContextVar("sent", default=False)
_clients: dict[Place, genai.Client] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Whom to speak to, as whom, and how long to wait. The process is part of it: a fork must not share connections."""

    enterprise: bool
    api_key: str | None
    project: str | None
    location: str | None
    base_url: str | None
    timeout_seconds: float
    process: int


def gemini_client() -> genai.Client:
    """Google's API by key. Raises ProviderError `provider_not_configured` without one."""
    if not settings.GEMINI_API_KEY:
        raise _not_configured("GEMINI_API_KEY")
    return _shared(_place(api_key=settings.GEMINI_API_KEY, base_url=settings.GEMINI_BASE_URL))


def vertex_client() -> genai.Client:
    """Enterprise mode: by key where there is one, else by project, location and the machine's own credentials."""
    base_url = settings.VERTEX_BASE_URL
    if settings.VERTEX_API_KEY:
        return _shared(_place(enterprise=True, api_key=settings.VERTEX_API_KEY, base_url=base_url))
    project, location = settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_CLOUD_LOCATION
    if not project or not location:
        raise _not_configured("VERTEX_API_KEY, or GOOGLE_CLOUD_PROJECT with GOOGLE_CLOUD_LOCATION,")
    return _shared(_place(enterprise=True, project=project, location=location, base_url=base_url))


def prepare(client: Callable[[], genai.Client]) -> None:
    """Opens the client now, when there are credentials for it."""
    with suppress(ProviderError):
        client()


def headers_of(request: ProviderRequest) -> dict[str, str]:
    """Google ignores the header; a provider that records it can be compared with our ledger."""
    return {ATTEMPT_HEADER: str(request.attempt_id)}


def options_of(request: ProviderRequest) -> types.HttpOptions:
    """What one call adds to the client's own options."""
    return types.HttpOptions(headers=headers_of(request))


@contextmanager
def watched() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether a request went out meanwhile: the SDK refuses some before it sends them."""
    token = _sent.set(False)
    try:
        yield _sent.get
    finally:
        _sent.reset(token)


def poll_seconds(usual: float) -> float:
    """How long to wait before the next look at a long operation."""
    return usual if settings.PROVIDER_POLL_SECONDS is None else float(settings.PROVIDER_POLL_SECONDS)


def _place(
    *,
    base_url: str | None,
    enterprise: bool = False,
    api_key: str | None = None,
    project: str | None = None,
    location: str | None = None,
) -> Place:
    seconds = float(settings.PROVIDER_TIMEOUT_SECONDS)
    return Place(enterprise, api_key, project, location, base_url, seconds, os.getpid())


def _shared(place: Place) -> genai.Client:
    with _lock:
        if place not in _clients:
            _clients[place] = _made(place)
        return _clients[place]


def _made(place: Place) -> genai.Client:
    """The SDK would read keys, modes and places from the environment; so all that it could guess is said here."""
    options = types.HttpOptions(
        base_url=place.base_url,
        api_version="v1beta1" if place.enterprise else "v1",
        timeout=math.ceil(place.timeout_seconds * 1000),
        # Interactions repeat a paid POST four times unless told not to. Celery owns retries.
        retry_options=types.HttpRetryOptions(attempts=1),
        client_args=_transport(),
    )
    client = genai.Client(
        enterprise=place.enterprise,
        api_key=place.api_key,
        project=place.project,
        location=place.location,
        http_options=options,
    )
    # The SDK loads this half of itself when it is first touched, in circles that deadlock when two threads do it.
    _ = client.interactions
    return client


def _transport() -> dict[str, Any]:
    """A connection for every call.

    One that is kept alive may be closed by the other end just as the next request goes out, and a paid request that met
    such a connection cannot know whether it was heard. A handshake is cheaper than a song.
    """
    return {
        "limits": httpx2.Limits(max_keepalive_connections=0),
        "event_hooks": {"request": [_note_sent, _hurry_the_connection]},
    }


def _note_sent(_request: httpx2.Request) -> None:
    _sent.set(True)


def _hurry_the_connection(request: httpx2.Request) -> None:
    """The SDK has one timeout for everything; a host that does not even answer the door is not worth minutes."""
    timeouts = request.extensions.get("timeout") or {}
    if timeouts.get("connect") is not None:
        timeouts["connect"] = min(timeouts["connect"], CONNECT_SECONDS)


def _not_configured(what: str) -> ProviderError:
    return ProviderError("provider_not_configured", f"The hub has no credentials for this provider: {what} is not set.")
