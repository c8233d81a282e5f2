"""Takes requests in: an export, an erasure. What is asked for is carried out by a worker."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import AccountErased, HubError, NotFound
from hub.common.personal_data import Counts
from users.models import PrivacyRequest, User
from users.privacy import watch
from users.privacy.dispatch import ERASE, EXPORT, offer
from users.privacy.erasure import anonymise, blocks_of, planned
from users.privacy.errors import AlreadyErased, ErasureBlocked, PrivacyRequestOpen
from users.privacy.receipts import Receipt

logger = logging.getLogger(__name__)
Kind, Status = PrivacyRequest.Kind, PrivacyRequest.Status
_ONE_OPEN = "privacy_requests_one_open"
# What the database's trigger says.
ERASED = "the account was erased"
ASKED = {Kind.EXPORT: Action.PRIVACY_EXPORT_REQUESTED, Kind.ANONYMISE: Action.PRIVACY_ERASURE_REQUESTED}


def request_export(*, user: User, asked_by: UUID | None, reason: str = "") -> PrivacyRequest:
    """An export that a worker will build; audited. Raises PrivacyRequestOpen while there is one under way.

    Raises AccountErased when the account that asks was erased while its request was on its way.
    """
    with _told_as_its_owner(user, asked_by):
        request = open_request(user_id=user.id, kind=Kind.EXPORT, asked_by=asked_by, reason=reason)
    _send(EXPORT, request)
    return request


def request_erasure(*, user: User, asked_by: UUID | None, reason: str = "") -> PrivacyRequest:
    """An erasure that a worker will carry out; audited. Raises what stands against it, and PrivacyRequestOpen.

    What comes up afterwards and passes by itself (a job that is running) is waited for; what does not refuses it.
    Raises AccountErased as request_export does.
    """
    with _told_as_its_owner(user, asked_by):
        for block in blocks_of(user.id):
            raise block
        request = open_request(user_id=user.id, kind=Kind.ANONYMISE, asked_by=asked_by, reason=reason)
    _send(ERASE, request)
    return request


def plan_erasure(*, user: User) -> tuple[Counts, list[str]]:
    """For the account itself: what an erasure would report now, and the codes of what stands against it.

    Changes nothing. Raises AccountErased as request_export does.
    """
    blocks = blocks_of(user.id)
    if any(isinstance(block, AlreadyErased) for block in blocks):
        raise AccountErased
    return planned(user.id), [block.code for block in blocks]


@contextmanager
def _told_as_its_owner(user: User, asked_by: UUID | None) -> Iterator[None]:
    """Its key let the request in before the erasure ended: the client is told what every other route tells it."""
    try:
        yield
    except AlreadyErased:
        if asked_by == user.id:
            raise AccountErased from None
        raise


def erase_now(*, user_id: UUID, asked_by: UUID | None, reason: str = "") -> Receipt:
    """An erasure here and now, under a request of its own or the one that is open; audited. Raises as anonymise.

    What stands against it refuses it for good: nothing is tried again later.
    """
    for block in blocks_of(user_id):
        raise block
    pending = PrivacyRequest.objects.filter(user_id=user_id, kind=Kind.ANONYMISE, status__in=PrivacyRequest.OPEN)
    request = pending.first() or open_request(user_id=user_id, kind=Kind.ANONYMISE, asked_by=asked_by, reason=reason)
    try:
        return anonymise(user_id=user_id, request=request)
    except HubError as error:
        _refuse(request, error)
        raise


def open_request(
    *, user_id: UUID, kind: str, asked_by: UUID | None, reason: str = "", request_id: UUID | None = None
) -> PrivacyRequest:
    """The row alone, audited, for whoever carries it out at once (see anonymise).

    Raises PrivacyRequestOpen, NotFound and AlreadyErased.
    """
    if not User.objects.filter(id=user_id).exists():
        raise NotFound("There is no such account.")
    named = {} if request_id is None else {"id": request_id}
    try:
        with transaction.atomic():
            request = PrivacyRequest.objects.create(
                **named, user_id=user_id, kind=kind, asked_by=asked_by, reason=reason or None
            )
            record(
                action=ASKED[Kind(kind)],
                actor_id=asked_by,
                target=("privacy_request", request.id),
                subject_id=user_id,
            )
    except IntegrityError as error:
        if _ONE_OPEN in str(error):
            raise PrivacyRequestOpen from None
        if ERASED in str(error):
            raise AlreadyErased from None
        raise
    return request


def _send(task: str, request: PrivacyRequest) -> None:
    watch.note()
    transaction.on_commit(lambda: offer(task, request_id=request.id), robust=True)


def carry_out_erasure(*, request_id: UUID) -> None:
    """Erases, or notes what it waits for, or refuses. A second run finds it ended and does nothing."""
    request = PrivacyRequest.objects.filter(id=request_id, kind=Kind.ANONYMISE, status__in=PrivacyRequest.OPEN).first()
    if request is None:
        return
    try:
        anonymise(user_id=request.user_id, request=request)
    except ErasureBlocked as block:
        if block.passes:
            _wait(request, block)
        else:
            _refuse(request, block)
    except AlreadyErased as error:
        _refuse(request, error)


def _wait(request: PrivacyRequest, block: HubError) -> None:
    logger.info("erasure %s waits: %s", request.id, block.code)
    watch.note()
    PrivacyRequest.objects.filter(id=request.id, status__in=PrivacyRequest.OPEN).update(codes=[block.code])


def _refuse(request: PrivacyRequest, why: HubError) -> None:
    with transaction.atomic():
        refused = PrivacyRequest.objects.filter(id=request.id, status__in=PrivacyRequest.OPEN)
        if refused.update(status=Status.REFUSED, codes=[why.code], finished_at=timezone.now()):
            record(
                action=Action.PRIVACY_ERASURE_REFUSED,
                target=("privacy_request", request.id),
                subject_id=request.user_id,
                code=why.code,
            )
