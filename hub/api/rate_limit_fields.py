"""The fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): structured lists of named items.

In RateLimit-Policy `q` is the requests of a window of `w` seconds; in RateLimit `r` is what may be sent now, and `t` in
how many seconds there is one more. Retry-After is never shorter than the `t` of what refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.common.rate_limit import Level

POLICY, LIMIT = "RateLimit-Policy", "RateLimit"
_NOTED = "hub.rate_limit_fields"


def note(request: Any, levels: Sequence[Level]) -> None:
    """Keeps them with the request (Django's or DRF's) until there is an answer to put them on."""
    request.META[_NOTED] = {
        POLICY: ", ".join(f'"{level.policy}";q={level.rate.requests};w={level.rate.seconds}' for level in levels),
        LIMIT: ", ".join(f'"{level.policy}";r={level.remaining};t={level.seconds}' for level in levels),
    }


def noted(request: Any) -> Mapping[str, str]:
    """The fields by name; none where nothing was counted."""
    fields: Mapping[str, str] = request.META.get(_NOTED, {})
    return fields
