"""Problem details (RFC 9457): the one shape of every error the API gives."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from hub.common.errors import AccountErased, HubError, NotFound, ServiceUnavailable
from hub.common.request_id import current_request_id
from hub.common.triggers import ERASED_OWNS_NOTHING
from hub.metrics import failures

logger = logging.getLogger(__name__)
# A name, not an address: a hub stands wherever its owner puts it.
TYPE_BASE = "urn:ai-generation-hub:error:"
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
OTHER = ("error", "The request failed")
# Ours in the place of the framework's words, where those quote what was sent.
OWN_WORDS: Mapping[type[exceptions.APIException], str] = {
    exceptions.MethodNotAllowed: "",
    exceptions.UnsupportedMediaType: "Bodies of this content type are not taken here.",
}
# What the client can do about it, where the framework's own words do not say.
ADVICE: Mapping[type[exceptions.APIException], str] = {
    exceptions.MethodNotAllowed: "The header Allow lists the methods of this address.",
    exceptions.NotAcceptable: "Answers are application/json: accept that.",
}
INVALID = "Some of what was sent is not valid; `errors` says what, field by field. Nothing was done."
NO_CHOICE = "This is none of the choices that there are."
AWAY = "The database is away for the moment. Try again; with one Idempotency-Key for both nothing is done twice."


def problem(*, code: str, status: int, title: str, detail: str, **facts: object) -> dict[str, object]:
    """The body of one problem document; `facts` are its extension members."""
    return {
        "type": f"{TYPE_BASE}{code}",
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
    if known is None and isinstance(error, exceptions.APIException):
        known = _from_framework(error, context)
    if known is None:
        return None
    set_rollback()
    body = problem(code=known.code, status=known.status, title=known.title, detail=known.detail, **known.facts)
    return Response(body, status=known.status, headers=known.headers, content_type=CONTENT_TYPE)


def _as_hub_error(error: Exception) -> HubError | None:
    if isinstance(error, HubError):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, IntegrityError) and ERASED_OWNS_NOTHING in _constraint(error):
        return AccountErased()
    if isinstance(error, OperationalError | InterfaceError):
        failures.note(error)
        # Its text may hold addresses; which kind it was is enough to look for it in the database's own log.
        logger.warning("the database is away: %s", type(error.__cause__ or error).__name__)
        return ServiceUnavailable(AWAY)
    return None


def _constraint(error: IntegrityError) -> str:
    """The name of the rule that the database saw broken; "" when it does not say."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def _from_framework(error: exceptions.APIException, context: Mapping[str, Any]) -> HubError:
    kind = next((kind for kind in FRAMEWORK_CODES if isinstance(error, kind)), exceptions.APIException)
    if isinstance(error, exceptions.ValidationError):
        known = HubError(INVALID, errors=field_errors(error.detail))
        known.status = HTTPStatus.UNPROCESSABLE_ENTITY.value
    else:
        said = OWN_WORDS.get(kind, error.detail)
        known = HubError(f"{said} {_advice(kind, context)}".strip(), headers=_headers(error))
        known.status = error.status_code
    known.code, known.title = FRAMEWORK_CODES.get(kind, OTHER)
    return known


def _advice(kind: type[exceptions.APIException], context: Mapping[str, Any]) -> str:
    if kind is not exceptions.UnsupportedMediaType:
        return ADVICE.get(kind, "")
    parsers: Any = getattr(context.get("view"), "parser_classes", None) or api_settings.DEFAULT_PARSER_CLASSES
    return f"Send the body as {parsers[0].media_type}."


def _headers(error: exceptions.APIException) -> dict[str, str]:
    """Those that DRF keeps on the error; Allow comes with the view."""
    wait = getattr(error, "wait", None)
    challenge = getattr(error, "auth_header", None)
    return ({"WWW-Authenticate": challenge} if challenge else {}) | ({"Retry-After": f"{wait:.0f}"} if wait else {})


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
    # The framework quotes what was sent: what is put in a wrong place may be a secret.
    is_choice = getattr(detail, "code", None) == "invalid_choice"
    return [{"field": path or "non_field_errors", "message": NO_CHOICE if is_choice else str(detail)}]


def problem_response(*, code: str, status: int, title: str, detail: str) -> JsonResponse:
    """A problem document outside of DRF (Django's own 404, 500 and 400 handlers)."""
    body = problem(code=code, status=status, title=title, detail=detail)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
