"""Erases a person: everything that says who they were goes or is blanked, in one transaction; the ledger stays.

The order is what makes it safe against whatever the user does at this moment: the account is suspended and that is
committed; then its row is locked, which every writer of new rows of the user's waits for or is waited for; only then
is it decided, and done.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError, NotFound
from hub.common.personal_data import Counts, Erasure, all_holdings
from users.models import PrivacyRequest, User
from users.privacy import watch
from users.privacy.dispatch import FINISH, offer
from users.privacy.errors import AlreadyErased
from users.privacy.receipts import Receipt, receipt_of

# A surrogate is of no time: the moment of an erasure would tie it to the account.
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
DEADLOCK_TRIES = 3
Status = PrivacyRequest.Status
logger = logging.getLogger(__name__)


def erasure_blocks(user_id: UUID) -> list[str]:
    """The codes of everything that stands against erasing or purging that user now; empty when nothing does."""
    return [block.code for block in blocks_of(user_id)]


def blocks_of(user_id: UUID) -> list[HubError]:
    """The same as errors to raise, the most lasting first."""
    return [block for holdings in all_holdings() for block in holdings.blocks(user_id)]


def planned(user_id: UUID) -> Counts:
    """What an erasure would report at this moment, by the same queries; changes nothing."""
    return {name: count for holdings in all_holdings() for name, count in holdings.count(user_id).items()}


def anonymise(*, user_id: UUID, request: PrivacyRequest, despite: Collection[str] = ()) -> Receipt:
    """Erases the user and closes `request`, an open one of theirs of the kind `anonymise` (see open_request).

    Raises NotFound, AlreadyErased, and what stands against it (see erasure_blocks) unless its code is in `despite`;
    then nothing has changed. Objects in storage and what providers keep go after the commit, by a task and, should it
    die, by the sweep; then `verified_at` is set. Not to be called inside a transaction. A second call for the same
    request gives the same receipt.
    """
    done = PrivacyRequest.objects.filter(id=request.id, status=Status.DONE).first()
    if done is not None:
        return receipt_of(done)
    _refuse(user_id, despite)
    former = _suspended(user_id, request)
    try:
        return _erased_once(user_id, request, despite)
    except HubError:
        _restore(user_id, former)
        raise


def _erased_once(user_id: UUID, request: PrivacyRequest, despite: Collection[str]) -> Receipt:
    """In one transaction; begun anew where the database ended it because it and a writer waited for one another."""
    for tries_left in reversed(range(DEADLOCK_TRIES)):
        try:
            with transaction.atomic():
                return _erased(user_id, request, despite)
        except OperationalError as error:
            if not (isinstance(error.__cause__, DeadlockDetected) and tries_left):
                raise
            logger.info("erasure %s is begun anew: a writer was in its way", request.id)
    raise AssertionError("the last try returns or raises")


def _refuse(user_id: UUID, despite: Collection[str]) -> None:
    for block in blocks_of(user_id):
        if block.code not in despite:
            raise block


def _suspended(user_id: UUID, request: PrivacyRequest) -> str | None:
    """Nobody is let in under the account any more; gives the status until now, None when it was suspended already."""
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(id=user_id).first()
        if user is None:
            raise NotFound("There is no such account.")
        if user.status == User.Status.ANONYMISED:
            raise AlreadyErased
        if not user.is_active:
            return None
        User.objects.filter(id=user_id).update(status=User.Status.SUSPENDED)
        record(action=Action.USER_SUSPENDED, actor_id=request.asked_by, target=("user", user_id), reason="erasure")
        return str(user.status)


def _restore(user_id: UUID, former: str | None) -> None:
    if former is None:
        return
    with transaction.atomic():
        suspended = User.objects.filter(id=user_id, status=User.Status.SUSPENDED)
        if suspended.update(status=former):
            record(action=Action.USER_RESTORED, target=("user", user_id), reason="erasure")


def _erased(user_id: UUID, request: PrivacyRequest, despite: Collection[str]) -> Receipt:
    # Not no_key: whoever writes a new row of the user's holds a lock that only this one waits for.
    user = User.objects.select_for_update().get(id=user_id)
    if user.status == User.Status.ANONYMISED:
        raise AlreadyErased
    _refuse(user_id, despite)
    counts = erase_rows(user_id, request_id=request.id)
    closed = _close(request, counts)
    record(
        action=Action.USER_ANONYMISED, actor_id=request.asked_by, target=("user", user_id), rows=sum(counts.values())
    )
    watch.note()
    transaction.on_commit(lambda: offer(FINISH, request_id=request.id), robust=True)
    return receipt_of(closed)


def erase_rows(user_id: UUID, *, request_id: UUID) -> Counts:
    """Every app's part, the highest first, as rows point downwards. In the caller's transaction, the user locked."""
    surrogate = User.objects.create(
        id=uuid4(), created_at=NO_TIME, status=User.Status.SURROGATE, password=make_password(None)
    )
    erasure = Erasure(request_id, user_id, surrogate.id, secrets.token_hex(32))
    counts: Counts = {}
    for holdings in reversed(all_holdings()):
        counts |= holdings.erase(erasure)
    return counts


def _close(request: PrivacyRequest, counts: Counts) -> PrivacyRequest:
    """Raises AlreadyErased when the request was closed by somebody else."""
    still_open = PrivacyRequest.objects.filter(id=request.id, status__in=PrivacyRequest.OPEN)
    changed = still_open.update(
        status=Status.DONE, counts=counts, codes=[], reason=None, finished_at=timezone.now(), started_at=timezone.now()
    )
    if not changed:
        raise AlreadyErased
    return PrivacyRequest.objects.get(id=request.id)
