"""A body that comes in chunks counts like any other, through the application that the web server runs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from hub.wsgi import application
from tests.rest import Caller


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The test's own, with its transaction: Django would look after it at the start and the end of each request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def post(caller: Caller, body: bytes, **environ: Any) -> tuple[str, dict[str, Any]]:
    """A POST as the server hands it on: a body that ends by itself, without a length."""
    seen: list[str] = []
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/generations",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {caller.text}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        **environ,
    }
    answer = application(request, lambda status, headers, exc_info=None: seen.append(status))
    return seen[0], json.loads(b"".join(answer))


def test_a_chunked_body_is_read(caller: Caller) -> None:
    status, problem = post(caller, b'{"model": "nothing", "prompt": "Hi"}')
    assert (status[:3], problem["code"]) == ("422", "unknown_model")


def test_a_chunked_body_over_the_limit_is_refused(caller: Caller) -> None:
    source = io.BytesIO(b'{"prompt": "' + b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE * 3))
    status, problem = post(caller, b"", **{"wsgi.input": source})
    assert (status[:3], problem["code"]) == ("413", "body_too_large")
    assert source.tell() <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1


def test_a_body_shorter_than_its_length_is_malformed(caller: Caller) -> None:
    status, problem = post(caller, b'{"model": "nothi', HTTP_TRANSFER_ENCODING="", CONTENT_LENGTH="400")
    assert (status[:3], problem["code"]) == ("400", "malformed_json")


def test_a_body_longer_than_its_length_is_cut_there(caller: Caller) -> None:
    body = b'{"model": "nothing", "prompt": "Hi"}'
    status, problem = post(caller, body + b"x" * 99, HTTP_TRANSFER_ENCODING="", CONTENT_LENGTH=str(len(body)))
    assert (status[:3], problem["code"]) == ("422", "unknown_model")
