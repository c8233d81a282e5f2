"""Problem details (RFC 9457): the one shape of every error the API gives."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from hub.common.errors import HubError, NotFound, ServiceUnavailable
from hub.common.request_id import current_request_id

CONTENT_TYPE = "application/problem+json"

# What the framework itself raises, and the stable code and title that stand for it.
FRAMEWORK_CODES: Mapping[type[exceptions.APIException], tuple[str, str]] = {
    exceptions.ValidationError: ("invalid_request", "The request is not valid"),
    exceptions.ParseError: ("malformed_json", "The body is not valid JSON"),
    exceptions.NotAuthenticated: ("api_key_missing", "An API key is needed"),
    exceptions.AuthenticationFailed: ("api_key_unknown", "The API key is not valid"),
    exceptions.PermissionDenied: ("forbidden", "Not allowed"),
    exceptions.NotFound: ("not_found", "Not found"),
    exceptions.MethodNotAllowed: ("method_not_allowed", "Method not allowed"),
    exceptions.NotAcceptable: ("not_acceptable", "No such representation"),
    exceptions.UnsupportedMediaType: ("unsupported_media_type", "The content type is not supported"),
    exceptions.Throttled: ("rate_limited", "Too many requests"),
}


def problem(*, code: str, status: int, title: str, detail: str, **facts: object) -> dict[str, object]:
    """The body of one problem document; `facts` are its extension members."""
    return {
        "type": f"{settings.PROBLEM_TYPE_BASE}{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": current_request_id(),
        **facts,
    }


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's hook: our errors, the framework's and a database that is away become problem documents; others are bugs."""
    known = _as_hub_error(error)
    if known is not None:
        body = problem(code=known.code, status=known.status, title=known.title, detail=known.detail, **known.facts)
        response = Response(body, status=known.status, headers=known.headers, content_type=CONTENT_TYPE)
    elif isinstance(error, exceptions.APIException):
        response = _framework_response(error)
    else:
        return None
    set_rollback()
    return response


def _as_hub_error(error: Exception) -> HubError | None:
    if isinstance(error, HubError):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, OperationalError | InterfaceError):
        return ServiceUnavailable("The database is away for the moment; nothing was done. Try again.")
    return None


def _framework_response(error: exceptions.APIException) -> Response:
    code, title = next(
        (entry for kind, entry in FRAMEWORK_CODES.items() if isinstance(error, kind)), ("error", "The request failed")
    )
    facts: dict[str, object] = {}
    detail = str(error.detail) if not isinstance(error, exceptions.ValidationError) else "Some fields are not valid."
    if isinstance(error, exceptions.ValidationError):
        facts["errors"] = field_errors(error.detail)
    headers = {}
    if isinstance(error, exceptions.APIException) and getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(error, exceptions.ValidationError) else error.status_code
    body = problem(code=code, status=int(status), title=title, detail=detail, **facts)
    return Response(body, status=int(status), headers=headers, content_type=CONTENT_TYPE)


def field_errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as a flat list of `{field, message}`; the field of a nested value is dotted."""
    if isinstance(detail, Mapping):
        return [
            entry
            for name, inner in detail.items()
            for entry in field_errors(inner, f"{path}.{name}" if path else str(name))
        ]
    if isinstance(detail, list | tuple):
        return [entry for inner in detail for entry in field_errors(inner, path)]
    return [{"field": path or "non_field_errors", "message": str(detail)}]


def problem_response(*, code: str, status: int, title: str, detail: str) -> JsonResponse:
    """A problem document outside of DRF (Django's own 404, 500 and 400 handlers)."""
    body = problem(code=code, status=status, title=title, detail=detail)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
