"""What the two halves share of HTTP: our requests as httpx2's, its answers and errors as ours."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx2

from generation_hub.errors import HubTimeout, HubUnreachable
from generation_hub.options import Options
from generation_hub.plan import Answer, Request


def _version() -> str:
    try:
        return version("ai-generation-hub-client")
    except PackageNotFoundError:  # run from its sources
        return "source"


USER_AGENT = f"ai-generation-hub-client/{_version()} python/{platform.python_version()}"


def defaults(options: Options) -> dict[str, Any]:
    """How either client of httpx2 is made: no redirect is followed, so that the key goes where it was meant to go."""
    return {"timeout": _timeout(options, None), "follow_redirects": False}


def request_of(
    client: httpx2.Client | httpx2.AsyncClient, options: Options, request: Request, *, pieces: bool
) -> httpx2.Request:
    """As httpx2 sends it. What is read in `pieces` is not compressed: ranges are of the bytes as they are."""
    return client.build_request(
        request.method,
        request.path if request.elsewhere else options.url(request.path),
        params=request.query or None,
        headers=_headers(options, request, pieces=pieces),
        json=request.body,
        files=None if request.upload is None else {"file": ("file", request.upload, "application/octet-stream")},
        timeout=_timeout(options, request.silence),
    )


def answer_of(response: httpx2.Response, body: bytes = b"") -> Answer:
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=body,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Raises our errors for those of httpx2's that say that there was no answer, or half of one."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise HubTimeout(f"The hub did not answer in time ({type(error).__name__}).") from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise HubUnreachable(f"The hub could not be reached, or broke off: {error}") from error


def _headers(options: Options, request: Request, *, pieces: bool) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, **request.headers}
    if pieces:
        headers["Accept-Encoding"] = "identity"
    else:
        headers["Accept"] = "application/json"
    if not request.elsewhere:
        headers["Authorization"] = f"Bearer {options.api_key}"
    return headers


def _timeout(options: Options, silence: float | None) -> httpx2.Timeout:
    times = options.timeouts
    read = times.read if silence is None else silence
    return httpx2.Timeout(connect=times.connect, read=read, write=times.write, pool=times.pool)
