"""What the server itself refuses, before there is a request: in the shape of every other error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from gunicorn.asgi.protocol import ASGIProtocol

from hub.api.problems import CONTENT_TYPE, problem
from hub.common.errors import HubError
from hub.common.ids import uuid7
from hub.common.request_id import HEADER, working_for


class UriTooLong(HubError):
    """The address is too long to be read, with its query. Nothing was done."""

    code = "uri_too_long"
    status = 414
    title = "The address is too long"
    remedy = "Send less in the query; ask for a part of it at a time."


class HeadersTooLarge(HubError):
    """The header fields are too many or too long to be read. Nothing was done."""

    code = "headers_too_large"
    status = 431
    title = "The header fields are too large"
    remedy = "Send fewer or shorter header fields."


class RequestUnreadable(HubError):
    """This is no HTTP request that the hub can read. Nothing was done."""

    code = "request_unreadable"
    title = "The request cannot be read"
    remedy = "Use an HTTP client that keeps to RFC 9112."


class HubProtocol(ASGIProtocol):  # type: ignore[misc]
    """As gunicorn's, whose own refusals are plain text and may quote the request."""

    def _send_error_response(self, status: int, message: str, extra_headers: Iterable[tuple[str, str]] = ()) -> None:
        self._safe_write(refusal(status, extra_headers))


def refusal(status: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """The whole answer, after which the connection is closed."""
    error = next((kind() for kind in (UriTooLong, HeadersTooLarge) if kind.status == status), RequestUnreadable())
    request_id = str(uuid7())
    with working_for(request_id):
        body = json.dumps(problem(code=error.code, status=status, title=error.title, detail=error.detail)).encode()
    fields = [
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        (HEADER, request_id),
        *headers,
        ("Connection", "close"),
    ]
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
