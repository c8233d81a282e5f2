"""What the server itself refuses, before there is a request: in the shape of every other error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from gunicorn.asgi.protocol import ASGIProtocol

from hub.api.problems import CONTENT_TYPE, problem
from hub.common.errors import HeadersTooLarge, RequestUnreadable, UriTooLong
from hub.common.ids import uuid7
from hub.common.request_id import HEADER, working_for


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
