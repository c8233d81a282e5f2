"""What the server itself refuses, before there is a request: in the shape of every other error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus

from gunicorn.asgi.protocol import ASGIProtocol

from hub.api.handlers import TEXTS
from hub.api.problems import CONTENT_TYPE, problem
from hub.common.ids import uuid7
from hub.common.request_id import HEADER, working_for

logger = logging.getLogger(__name__)


class HubProtocol(ASGIProtocol):  # type: ignore[misc]
    """As gunicorn's, whose own refusals are plain text and may quote the request."""

    def _send_error_response(self, status: int, message: str, extra_headers: Iterable[tuple[str, str]] = ()) -> None:
        self._safe_write(refusal(status, extra_headers))


def refusal(status: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """The whole answer, after which the connection is closed: 400 for whatever has no text of its own."""
    status = status if status in TEXTS else 400
    code, title, detail = TEXTS[status]
    request_id = str(uuid7())
    with working_for(request_id):
        body = json.dumps(problem(code=code, status=status, title=title, detail=detail)).encode()
        if status == 500:
            logger.error("the server failed before it could answer")
    fields = [
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        (HEADER, request_id),
        *headers,
        ("Connection", "close"),
    ]
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
