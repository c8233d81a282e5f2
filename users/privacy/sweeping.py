"""Puts right what a crash, a lost message, or a store or provider that was away left open. May be repeated."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from users.models import PrivacyRequest, TokenRevocation
from users.privacy import watch
from users.privacy.dispatch import ERASE, EXPORT, FINISH, offer, offer_revocation
from users.privacy.exporting import LEASE

Kind, Status = PrivacyRequest.Kind, PrivacyRequest.Status
BATCH = 1000
# What was asked for a moment ago is on its way.
GRACE = timedelta(seconds=10)


def unfinished() -> QuerySet[PrivacyRequest]:
    """What is still to be done: requests that are open, and erasures that are not verified."""
    return PrivacyRequest.objects.filter(
        Q(status__in=PrivacyRequest.OPEN) | Q(kind=Kind.ANONYMISE, status=Status.DONE, verified_at=None)
    )


def sweep() -> int:
    """Sends each of them to the workers again, and tokens to revoke; returns how many there are.

    Raises kombu's OperationalError.
    """
    watch.clear()
    found = 0
    for request in unfinished().order_by("created_at")[:BATCH]:
        watch.note()
        found += 1
        if not _is_on_its_way(request):
            offer(_task(request), request_id=request.id)
    return found + _sweep_revocations()


def _sweep_revocations() -> int:
    """Of links that were ended; those of an erasure are asked for by what finishes it."""
    waiting = TokenRevocation.objects.filter(erasure_id=None).order_by("created_at")
    ids = list(waiting.values_list("id", flat=True)[:BATCH])
    for revocation_id in ids:
        watch.note()
        offer_revocation(revocation_id=revocation_id)
    return len(ids)


def _is_on_its_way(request: PrivacyRequest) -> bool:
    now = timezone.now()
    if request.status == Status.RUNNING:
        return request.started_at is not None and request.started_at > now - LEASE
    return (request.finished_at or request.created_at) > now - GRACE


def _task(request: PrivacyRequest) -> str:
    if request.kind == Kind.EXPORT:
        return EXPORT
    return FINISH if request.status == Status.DONE else ERASE
