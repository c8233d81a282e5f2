"""Requests that the hub makes to itself, to follow up on one that was let in."""

from __future__ import annotations

from typing import Any

# Set in the WSGI environment by hub.serving when the hub asks itself on a client's behalf. No header can become this.
INTERNAL = "hub.internal"


def is_internal(request: Any) -> bool:
    """Whether it is one of those (Django's request or DRF's): it counts towards no rate limit."""
    return request.META.get(INTERNAL) is True
