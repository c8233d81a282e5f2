"""What each operation is asked when it is measured.

A new GET is asked by itself, where its objects are known; a new write needs a line in WRITES.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count, cycle, islice
from typing import Any

from generations.services.submit import Order, submit
from tests.bench.accounts import Client, make_client
from tests.bench.requests import PROMPT, Ask
from tests.bench.rows import HOOK, TEXT, Rows, new_endpoints, new_file, new_keys
from tests.files import picture
from tests.routes import OPEN, Route, routes

Asks = list[Ask]
# Beside those of the API: what a load balancer asks.
PROBES = ("/livez", "/readyz")
# The names of the parameters of a path for which tests/bench/rows.py has an object.
KNOWN = frozenset({"generation_id", "media_id", "key_id", "endpoint_id", "delivery_id", "privacy_request_id"})
# What a GET is asked for beside its path, by the route's name.
QUERIES = {"usage-summary": "?group_by=day,model", "usage-export": "?format=jsonl"}
# An account has no more endpoints than that.
MOST_ENDPOINTS = 20
BOUNDARY = "a-boundary"

_numbers = count(1)


def operations() -> Iterator[tuple[str, Route | str]]:
    """(method, route) of all that is measured; a path that is open to all stands for itself."""
    yield from (("GET", path) for path in PROBES)
    yield from (("GET", f"/api/v1/{name}") for name in OPEN)
    yield from ((method, route) for route in routes() for method in route.methods)


def unknown() -> list[str]:
    """The operations that nobody has said how to ask."""
    return [f"{method} {route.path}" for method, route in operations() if not _is_known(method, route)]  # type: ignore[union-attr]


def _is_known(method: str, route: Route | str) -> bool:
    if isinstance(route, str) or (route.name, method) in WRITES:
        return True
    return method == "GET" and set(route.names) <= KNOWN


def asks(rows: Rows, method: str, route: Route | str, number: int) -> Asks:
    """So many requests, each of which succeeds."""
    if isinstance(route, str):
        return [Ask(method, route)] * number
    if (route.name, method) in WRITES:
        return WRITES[route.name, method](rows, route, number)
    return [Ask(method, route.at(**rows.ids) + QUERIES.get(route.name, ""), rows.client.key_text)] * number


def _same(method: str, body: Any) -> Callable[[Rows, Route, int], Asks]:
    """The same request each time."""

    def same(rows: Rows, route: Route, number: int) -> Asks:
        return [Ask(method, route.at(**rows.ids), rows.client.key_text, json.dumps(body).encode())] * number

    return same


def _each(method: str, name: str, make: Callable[[Rows, int], list[Any]]) -> Callable[[Rows, Route, int], Asks]:
    """Each request has an object of its own, which it uses up."""

    def each(rows: Rows, route: Route, number: int) -> Asks:
        return [
            Ask(method, route.at(**{name: made.pk}), rows.client.key_text, b"{}" if method == "POST" else b"")
            for made in make(rows, number)
        ]

    return each


def _uploads(rows: Rows, route: Route, number: int) -> Asks:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.png"\r\n\r\n'
    body = head.encode() + picture() + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return [Ask("POST", route.path, rows.client.key_text, body, kind)] * number


def _new_endpoints(rows: Rows, route: Route, number: int) -> Asks:
    """By as many accounts as it takes: each has its fill after MOST_ENDPOINTS."""
    accounts = _accounts(-(-number // MOST_ENDPOINTS))
    body = json.dumps({"url": HOOK, "events": ["generation.succeeded", "generation.failed"]}).encode()
    return [Ask("POST", route.path, client.key_text, body) for client in islice(cycle(accounts), number)]


def _exports(rows: Rows, route: Route, number: int) -> Asks:
    """Of as many accounts: each may have one under way."""
    return [Ask("POST", route.path, client.key_text, b"{}") for client in _accounts(number)]


def _erasures(rows: Rows, route: Route, number: int) -> Asks:
    """Of as many accounts: each can be erased once."""
    bodies = ((client, {"confirm": str(client.user.pk)}) for client in _accounts(number))
    return [Ask("POST", route.path, client.key_text, json.dumps(body).encode()) for client, body in bodies]


def _accounts(number: int) -> list[Client]:
    return [make_client(f"account-{next(_numbers)}") for _ in range(number)]


def _waiting(rows: Rows, number: int) -> list[Any]:
    return [submit(api_key=rows.client.key, order=Order(model=TEXT, prompt=PROMPT))[0] for _ in range(number)]


ORDER = {"model": TEXT, "prompt": PROMPT, "parameters": {"max_output_tokens": 400}}
WRITES: dict[tuple[str, str], Callable[[Rows, Route, int], Asks]] = {
    ("quotes", "POST"): _same("POST", ORDER),
    ("generations", "POST"): _same("POST", {**ORDER, "tags": ["campaign-7"], "max_cost": "0.05"}),
    ("generation-cancel", "POST"): _each("POST", "generation_id", _waiting),
    ("media-list", "POST"): _uploads,
    ("media", "DELETE"): _each("DELETE", "media_id", lambda rows, n: [new_file(rows.client) for _ in range(n)]),
    ("api-keys", "POST"): _same("POST", {"name": "nightly", "scopes": ["usage:read"]}),
    ("api-key", "DELETE"): _each("DELETE", "key_id", lambda rows, n: new_keys(rows.client, n)),
    ("api-key-rotate", "POST"): _each("POST", "key_id", lambda rows, n: new_keys(rows.client, n)),
    ("me-export", "POST"): _exports,
    ("me-erasure", "POST"): _erasures,
    ("webhook-endpoints", "POST"): _new_endpoints,
    ("webhook-endpoint", "PATCH"): _same("PATCH", {"description": "the one in Frankfurt"}),
    ("webhook-endpoint", "DELETE"): _each("DELETE", "endpoint_id", lambda rows, n: new_endpoints(rows.client, n)),
    ("webhook-endpoint-rotate-secret", "POST"): _same("POST", {}),
    ("webhook-delivery-redeliver", "POST"): _same("POST", {}),
}
