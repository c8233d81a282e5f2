"""The client's own name for a request: sent again, it is not done again."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="A name of yours for this request, printable ASCII: sent again, it is not done again.",
)


def idempotency_key(request: Request) -> str:
    """The header's value, "" without one; raises ValidationError for one that no key can be."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        advice = f"This header has 1 to {LONGEST_KEY} printable ASCII characters; leave it out for none."
        raise serializers.ValidationError({HEADER: [advice]})
    return key
