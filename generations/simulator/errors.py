"""Google's two shapes of an error: the classic one, and that of interactions."""

from __future__ import annotations

import math
from typing import Any

from generations.simulator.wire import Answer, as_json

REASONS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Refusal(Exception):
    """An answer that is an error.

    `retry` (seconds) becomes RetryInfo in the classic shape and a Retry-After header in that of interactions.
    """

    def __init__(self, status: int, message: str, *, reason: str | None = None, retry: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason or REASONS[status]
        self.retry = retry


def error_answer(refusal: Refusal, *, interactions: bool) -> Answer:
    if interactions:
        return _of_interactions(refusal)
    return as_json({"error": classic_error(refusal)}, status=refusal.status)


def classic_error(refusal: Refusal) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.status, "message": refusal.message, "status": refusal.reason}
    if refusal.retry is not None:
        delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{refusal.retry:g}s"}
        error["details"] = [delay]
    return error


def _of_interactions(refusal: Refusal) -> Answer:
    headers = {} if refusal.retry is None else {"Retry-After": str(math.ceil(refusal.retry))}
    error = {"code": refusal.reason.lower(), "message": refusal.message}
    return as_json({"error": error}, status=refusal.status, headers=headers)
