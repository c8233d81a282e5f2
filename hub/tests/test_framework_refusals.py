"""What the framework refuses by itself is told by a code of ours, with the headers that go with it."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from rest_framework import exceptions

from hub.api.handlers import forbidden
from hub.api.problems import CONTENT_TYPE, exception_handler


@pytest.mark.parametrize(
    ("error", "status", "code", "headers"),
    [
        (exceptions.Throttled(wait=7), 429, "rate_limited", {"Retry-After": "7"}),
        (exceptions.PermissionDenied(), 403, "forbidden", {}),
        (exceptions.NotFound(), 404, "not_found", {}),
        (exceptions.NotAcceptable(), 406, "not_acceptable", {}),
        (exceptions.APIException(), 500, "error", {}),
    ],
)
def test_it_has_a_code_of_ours(error: Exception, status: int, code: str, headers: dict[str, str]) -> None:
    answer = exception_handler(error, {})
    assert answer is not None
    assert (answer.status_code, answer.content_type, answer.data["code"]) == (status, CONTENT_TYPE, code)
    assert {name: answer[name] for name in headers} == headers


def test_djangos_own_refusal_is_forbidden_too() -> None:
    answer = forbidden(RequestFactory().post("/api/v1/models"), PermissionDenied())
    assert (answer.status_code, answer["Content-Type"]) == (403, CONTENT_TYPE)
    assert b'"forbidden"' in answer.content
