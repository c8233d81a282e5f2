"""The header Prefer (RFC 7240), of which the hub knows `wait`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

HEADER = "Prefer"
APPLIED = "Preference-Applied"
LONGEST_WAIT_SECONDS = 60
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description=f"`wait=N`: answer when it has ended, or after N seconds (1 to {LONGEST_WAIT_SECONDS}).",
)


def wait_seconds(request: Request) -> int | None:
    """The N of `Prefer: wait=N`, None without one; other preferences are ignored, as the RFC wants it.

    Raises ValidationError for a wait that is no whole number from 1 to LONGEST_WAIT_SECONDS.
    """
    preferences = (each.partition(";")[0].partition("=") for each in request.headers.get(HEADER, "").split(","))
    waits = [value.strip().strip('"') for name, _, value in preferences if name.strip().lower() == "wait"]
    if not waits:
        return None
    # RFC 7240, 2: of a preference that stands twice the first counts.
    if not (waits[0].isascii() and waits[0].isdigit() and 1 <= int(waits[0][:9]) <= LONGEST_WAIT_SECONDS):
        raise serializers.ValidationError({HEADER: [f"wait takes whole seconds from 1 to {LONGEST_WAIT_SECONDS}."]})
    return int(waits[0])


def applied(seconds: int) -> dict[str, str]:
    """The header that tells the client that its wish was granted."""
    return {APPLIED: f"wait={seconds}"}
