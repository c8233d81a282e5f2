"""How often a caller may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from hub.api import rate_limit_fields
from hub.api.internal import is_internal
from hub.common.errors import ServiceUnavailable
from hub.common.rate_limit import Bucket, LimiterAway, RateLimited, take
from users.models import ApiKey

if TYPE_CHECKING:
    # DRF imports this module, named in its settings, before it has made APIView.
    from rest_framework.views import APIView

AWAY = "How much this account has done lately cannot be seen for the moment; nothing was held. Try again."


class RateLimits(BaseThrottle):
    """The rates of the key and of its account with all its keys: a request takes one out of both, or out of neither.

    Raises RateLimited. While Redis is away requests go on, without the fields; those in the view's `paid_methods` raise
    ServiceUnavailable. Nothing is counted where nobody was authenticated, nor of what the hub asks itself.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True, or an error that says what to wait for."""
        buckets = [] if is_internal(request) else _buckets(request.auth)
        if not buckets:
            return True
        is_paid = request.method in getattr(view, "paid_methods", ())
        try:
            taken = take(buckets, insist=is_paid)
        except LimiterAway as error:
            if is_paid:
                raise ServiceUnavailable(AWAY) from error
            return True
        rate_limit_fields.note(request, taken.levels)
        if not taken.is_admitted:
            raise RateLimited(taken)
        return True


def _buckets(key: object) -> list[Bucket]:
    """Those whose rates are set; a key keeps its own when its secret is rotated."""
    if not isinstance(key, ApiKey):
        return []
    owners = (("key", key.id, settings.RATE_LIMIT_KEY), ("user", key.owner_id, settings.RATE_LIMIT_USER))
    return [Bucket(policy, str(owner), rate) for policy, owner, rate in owners if rate is not None]
