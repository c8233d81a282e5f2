"""Shows personal data to somebody of the staff: for a reason, so often, and never without leaving a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import ServiceUnavailable
from hub.common.rate_limit import Bucket, LimiterAway, RateLimited, take
from hub.common.redis import redis_client
from users.models import LONGEST_REASON, PrivacyRequest, User
from users.notices import tell
from users.privacy.requests import ERASED

TOO_MANY = "You have revealed too much lately. Wait, or ask a colleague; every reveal is counted."
AWAY = "How much you have revealed lately cannot be seen for the moment; nothing was shown. Try again."
# A form that was sent is not taken again for so long; then it may be, and is another reveal with a record of its own.
ONCE_SECONDS = 24 * 3600


class RevealRefused(Exception):
    """Nothing was shown and nothing written; the class's docstring is what the person reads."""

    status = 422

    def __init__(self) -> None:
        self.detail = cleandoc(type(self).__doc__ or "")
        super().__init__(self.detail)


class ReasonMissing(RevealRefused):
    """Say why: at most 500 characters, such as the number of the case. The reason is kept, sealed."""


class RevealedAlready(RevealRefused):
    """This form was sent before, and what it asked for is shown once. Open the form again to look again."""

    status = 409


class NothingToReveal(RevealRefused):
    """There is nothing to show: it was erased, purged, or never there."""

    status = 404


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is to be shown: one object, `(kind, id)`, of the user `subject_id` (None: nobody knows whose).

    `read` gives {column: value} without what is not there; it is called in the transaction that records it, so that
    nothing sealed is opened before.
    """

    target: tuple[str, UUID]
    subject_id: UUID | None
    read: Callable[[], Mapping[str, Any]]


def reveal(*, what: Disclosure, staff: User, reason: str, once: UUID, ip: str | None) -> Mapping[str, Any]:
    """The values, once they are on record: a PrivacyRequest of the user whom it concerns, and an audit entry.

    `once` names the form that was sent: a second time it is refused. What concerns no known user has the entry alone.
    Raises RevealRefused, RateLimited (RATE_LIMIT_REVEAL) and, while nothing can be counted, ServiceUnavailable. With
    REVEAL_TELLS_USERS the user is told by mail. Whether the staff may do it is the door's to know. Not to be called
    inside a transaction.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ReasonMissing
    _take_once(once)
    _count(staff)
    values = _recorded(what, staff, reason, ip)
    _tell(what)
    return values


def _take_once(once: UUID) -> None:
    try:
        is_new = redis_client().set(f"hub:reveal:{once}", "1", nx=True, ex=ONCE_SECONDS)
    except redis.RedisError as error:
        raise ServiceUnavailable(AWAY) from error
    if not is_new:
        raise RevealedAlready


def _count(staff: User) -> None:
    """While Redis is away nobody looks at anything: what is not counted has no limit."""
    if settings.RATE_LIMIT_REVEAL is None:
        return
    try:
        taken = take([Bucket("reveal", str(staff.id), settings.RATE_LIMIT_REVEAL)], insist=True)
    except LimiterAway as error:
        raise ServiceUnavailable(AWAY) from error
    if not taken.is_admitted:
        raise RateLimited(taken, TOO_MANY)


def _recorded(what: Disclosure, staff: User, reason: str, ip: str | None) -> Mapping[str, Any]:
    try:
        with transaction.atomic():
            values = what.read()
            if not values:
                raise NothingToReveal
            request = _request(what, staff, reason, values)
            record(
                action=Action.PRIVACY_REVEALED,
                actor_id=staff.id,
                target=what.target,
                subject_id=what.subject_id,
                ip=ip,
                fields=sorted(values),
                privacy_request_id=request and request.id,
            )
    except IntegrityError as error:
        if ERASED in str(error):
            raise NothingToReveal from None
        raise
    return values


def _request(what: Disclosure, staff: User, reason: str, values: Mapping[str, Any]) -> PrivacyRequest | None:
    if what.subject_id is None or not User.objects.filter(id=what.subject_id).exists():
        return None
    now = timezone.now()
    return PrivacyRequest.objects.create(
        user_id=what.subject_id,
        kind=PrivacyRequest.Kind.REVEAL,
        asked_by=staff.id,
        reason=reason,
        status=PrivacyRequest.Status.DONE,
        counts={f"{what.target[0]}.{name}": 1 for name in sorted(values)},
        started_at=now,
        finished_at=now,
    )


def _tell(what: Disclosure) -> None:
    if what.subject_id is None or not settings.REVEAL_TELLS_USERS:
        return
    user = User.objects.filter(id=what.subject_id).first()
    if user is not None:
        tell(
            user=user,
            subject="Your data was looked at",
            body="Somebody of the staff of the AI Generation Hub has looked at personal data of your account, for a "
            "reason that is on record.\n\nGET /api/v1/me/privacy-requests shows when, and what kind of data.\n",
        )
