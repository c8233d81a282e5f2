"""What every operation of the schema has in common: the headers of its answers, examples of its refusals, its links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from hub.api.error_catalogue import Entry, entries
from hub.api.problems import CONTENT_TYPE, TYPE_BASE
from hub.api.rate_limit_fields import LIMIT, POLICY
from hub.common.request_id import HEADER

Json = dict[str, Any]
_REQUEST_ID = "01a204d1-382c-7601-9a4a-659f913aebb6"
_WHOLE_SECONDS = {"type": "string", "pattern": r"^\d+$"}
HEADERS: Mapping[str, Json] = {
    HEADER: {
        "description": "The request's id in every log line, ledger row and audit entry; your own when you send one.",
        "required": True,
        "schema": {"type": "string"},
        "example": _REQUEST_ID,
    },
    "Retry-After": {
        "description": "After how many seconds another try is worth it.",
        "schema": _WHOLE_SECONDS,
        "example": "5",
    },
    "WWW-Authenticate": {
        "description": "How to send a key.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'Bearer realm="hub"',
    },
    POLICY: {
        "description": "The caller's rate limits: `q` requests in `w` seconds, of the API key and of its account.",
        "schema": {"type": "string", "pattern": r'^"\w+";q=\d+;w=\d+(, "\w+";q=\d+;w=\d+)*$'},
        "example": '"key";q=6000;w=60, "user";q=12000;w=60',
    },
    LIMIT: {
        "description": "Where they stand: `r` requests may be sent now, and one more in `t` seconds.",
        "schema": {"type": "string", "pattern": r'^"\w+";r=\d+;t=\d+(, "\w+";r=\d+;t=\d+)*$'},
        "example": '"key";r=5999;t=1, "user";r=11999;t=1',
    },
}
# Of whoever was let in; not there while the limits cannot be asked.
_OF_CALLERS = (POLICY, LIMIT)
# By the status of the answer; X-Request-ID goes with all.
_OF_STATUS = {"401": ("WWW-Authenticate",), "402": ("Retry-After",), "429": ("Retry-After",), "503": ("Retry-After",)}
# The most telling one of those with this status, where an operation does not say more.
_TYPICAL = {
    "400": "malformed_json",
    "401": "api_key_missing",
    "402": "quota_exceeded",
    "403": "scope_missing",
    "422": "invalid_request",
    "429": "rate_limited",
}
_FACTS: Mapping[str, Json] = {
    "quota_exceeded": {
        "policies": [
            {
                "kind": "",
                "period": "month",
                "api_key_id": None,
                "limit_usd": "10.00",
                "spent_usd": "9.80",
                "held_usd": "0.15",
                "requested_usd": "0.40",
                "remaining_usd": "0.05",
                "resets_at": "2027-01-01T00:00:00Z",
            }
        ]
    },
    "rate_limited": {
        "violated-policies": ["key"],
        "policies": [
            {
                "name": "key",
                "requests": 6000,
                "window_seconds": 60,
                "burst": 6000,
                "remaining": 0,
                "retry_after_seconds": 1,
            },
            {
                "name": "user",
                "requests": 12000,
                "window_seconds": 60,
                "burst": 12000,
                "remaining": 5200,
                "retry_after_seconds": 0,
            },
        ],
    },
    "scope_missing": {"required_scope": "generations:write"},
    "invalid_request": {"errors": [{"field": "limit", "message": "A valid integer is required."}]},
}
_NAMED = re.compile(r"/\{(\w+)\}")


def complete(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """drf-spectacular's hook: the schema with headers, examples of refusals, and links from a list to its objects."""
    result["components"]["headers"] = {name: dict(header) for name, header in HEADERS.items()}
    known = {entry.code: entry for entry in entries()}
    for _, operation in _operations(result):
        operation.setdefault("summary", _summary(operation.get("description", "")))
        for status, response in operation["responses"].items():
            response["description"] = response.get("description") or HTTPStatus(int(status)).phrase
            _add_headers(status, response)
            _add_example(status, response, known)
    _add_links(result["paths"])
    return result


def _summary(description: str) -> str:
    """What comes before the first colon, semicolon or full stop."""
    return re.split(r"[:;.](?:\s|$)", description, maxsplit=1)[0]


def _operations(result: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in result["paths"].items():
        yield from ((path, operation) for operation in methods.values())


def _add_headers(status: str, response: Json) -> None:
    headers = response.setdefault("headers", {})
    for name in (HEADER, *_OF_STATUS.get(status, ()), *(() if status == "401" else _OF_CALLERS)):
        headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def _add_example(status: str, response: Json, known: Mapping[str, Entry]) -> None:
    content = response.get("content", {}).get(CONTENT_TYPE)
    if content is None or "examples" in content or "example" in content:
        return
    entry = known.get(_TYPICAL.get(status, "")) or next(
        (entry for entry in known.values() if str(entry.status) == status and not entry.is_for_operators), None
    )
    if entry is not None:
        content["examples"] = {entry.code: {"summary": entry.title, "value": _problem(entry)}}


def _problem(entry: Entry) -> Json:
    facts = _FACTS.get(entry.code, {})
    return {
        "type": f"{TYPE_BASE}{entry.code}",
        "title": entry.title,
        "status": entry.status,
        "detail": entry.meaning,
        "code": entry.code,
        "request_id": _REQUEST_ID,
        **facts,
    }


def _add_links(paths: Json) -> None:
    """From what makes or lists objects to what takes the id of one."""
    for path, methods in paths.items():
        place = path.rfind("/{")
        parents = [] if place < 0 else list(_sources(paths, path[:place]))
        [name] = _NAMED.findall(path[place:]) if place >= 0 else [""]
        for operation in methods.values():
            for responses, expression in parents:
                link = {"operationId": operation["operationId"], "parameters": {name: expression}}
                responses.setdefault("links", {})[operation["operationId"]] = link


def _sources(paths: Json, collection: str) -> Iterator[tuple[Json, str]]:
    """(response, where the id is in it) of the operations on the collection."""
    for method, operation in paths.get(collection, {}).items():
        for status, response in operation["responses"].items():
            if status in ("200", "201", "202") and "application/json" in response.get("content", {}):
                yield response, "$response.body#/results/0/id" if method == "get" else "$response.body#/id"
