"""Reads requests, scoped by whose data they are about."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from hub.common.errors import NotFound
from users.models import PrivacyRequest, User


def requests_of(*, user: User) -> QuerySet[PrivacyRequest]:
    """Those about the user's data, newest first."""
    return PrivacyRequest.objects.filter(user=user).order_by("-created_at", "-id")


def request_of(*, user: User, request_id: UUID) -> PrivacyRequest:
    """One of them; raises NotFound, also for another user's."""
    found = requests_of(user=user).filter(id=request_id).first()
    if found is None:
        raise NotFound("There is no such request, or it is not yours.")
    return found
