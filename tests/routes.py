"""Every route of the API, read from the URL table: what is added there is tested without being asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

API = "api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
# Routes that are open to all, and why.
OPEN = {
    "schema": "what the API is, is no secret; a client reads it before it has a key",
    "docs": "the same, for people",
}


@dataclass(frozen=True)
class Route:
    """One address with its view; `{name}` stands for what varies, as it does in the schema."""

    name: str
    path: str
    view: Any

    @property
    def names(self) -> list[str]:
        """Of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def methods(self) -> list[str]:
        return [method.upper() for method in METHODS if hasattr(self.view, method)]

    def at(self, **values: object) -> str:
        """The address of one object."""
        return self.path.format(**values)

    def scope(self, method: str) -> str:
        """What a key needs for it; a view without one fails here, as it does in service."""
        named = self.view.required_scope
        scope: str = named if isinstance(named, str) else named[method]
        return scope


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, text)
        else:
            yield text, pattern


def routes() -> list[Route]:
    """Every route below /api/v1 but those in OPEN."""
    found = [
        Route(pattern.name or "", "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text), pattern.callback.view_class)
        for text, pattern in _walk(get_resolver().url_patterns)
        if text.startswith(API) and pattern.name not in OPEN
    ]
    assert len(found) > 5, "the URL table could not be read"
    return found


def calls() -> list[Any]:
    """(route, method) of every operation, for pytest to name."""
    return [pytest.param(route, method, id=f"{method} {route.path}") for route in routes() for method in route.methods]
