"""From a problem document (RFC 9457) to an error of the family."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from generation_hub import errors
from generation_hub.decoding import decoded
from generation_hub.plan import Answer
from generation_hub.shapes.common import FieldError, Policy, RatePolicy

_BY_CODE: dict[str, type[errors.HubError]] = {
    "quota_exceeded": errors.QuotaExceeded,
    "quota_held": errors.QuotaHeld,
}
_BY_STATUS: dict[int, type[errors.HubError]] = {
    401: errors.AuthenticationFailed,
    402: errors.QuotaRefused,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
    422: errors.InvalidRequest,
    429: errors.RateLimited,
    503: errors.ServiceUnavailable,
}
_KNOWN = frozenset({"type", "title", "status", "detail", "code", "request_id", "errors", "policies"})


def error_of(answer: Answer) -> errors.HubError:
    """The error of an answer that is none of success; one without a problem document, as a proxy sends, has no code."""
    problem = _problem(answer)
    kind = _BY_CODE.get(str(problem.get("code"))) or _by_status(answer.status)
    return kind(
        str(problem.get("detail") or f"The answer was {answer.status}, without a problem document."),
        code=str(problem.get("code") or ""),
        status=answer.status,
        title=str(problem.get("title") or ""),
        errors=_all(FieldError, problem.get("errors")),
        policies=_all(Policy, problem.get("policies")),
        rates=_all(RatePolicy, problem.get("policies")),
        request_id=str(problem.get("request_id") or answer.headers.get("x-request-id", "")),
        retry_after=_seconds(answer.headers.get("retry-after", "")),
        facts={name: value for name, value in problem.items() if name not in _KNOWN},
    )


def _by_status(status: int) -> type[errors.HubError]:
    if status < 400:
        return errors.BadAnswer
    return _BY_STATUS.get(status) or (errors.HubFailed if status >= 500 else errors.RequestRefused)


def _problem(answer: Answer) -> Mapping[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        problem = answer.json()
    except errors.BadAnswer:
        return {}
    return problem if isinstance(problem, dict) else {}


def _all(shape: type[Any], given: object) -> list[Any]:
    """What of a list is as expected: an error must not hide behind another one."""
    found = []
    for each in given if isinstance(given, list) else ():
        try:
            found.append(decoded(shape, each))
        except errors.BadAnswer:
            continue
    return found


def _seconds(retry_after: str) -> float | None:
    """Of either form of the header; None when there is none, or none that can be read."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
