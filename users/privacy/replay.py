"""After a restore: the backup knows again whom the log says was erased. Erases them once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from hub.common.keyring import UnknownKey
from users.models import PrivacyRequest, User
from users.privacy import erasure_log
from users.privacy.erasure import anonymise
from users.privacy.erasure_log import Entry
from users.privacy.errors import ErasureBlocked, ErasureLogBroken, LegalHold, StaffNotErased
from users.privacy.finishing import finish_erasure
from users.privacy.receipts import digest_under
from users.privacy.requests import open_request

Kind, Status = PrivacyRequest.Kind, PrivacyRequest.Status
PAGE = 1000
# A hold or a right that the backup still has was gone when the account was erased, or it would not have been.
FORMER = (LegalHold.code, StaffNotErased.code)


@dataclass
class Replay:
    """What became of the log's entries: ids of requests."""

    entries: int = 0
    erased: list[UUID] = field(default_factory=list)
    waiting: dict[UUID, str] = field(default_factory=dict)


def replay_erasures(*, dry_run: bool = False) -> Replay:
    """Erases every account of the log that is there in clear; a second run finds none. Raises ErasureLogBroken.

    What waits for a job of the backup to end is in `waiting` with the code: run it again when workers have ended it.
    """
    done = Replay()
    for entry, user_id in _found(done):
        request_id = UUID(entry.request_id)
        if dry_run:
            done.erased.append(request_id)
            continue
        try:
            _erase_again(user_id, request_id)
            done.erased.append(request_id)
        except ErasureBlocked as block:
            done.waiting[request_id] = block.code
    return done


def _found(done: Replay) -> Iterator[tuple[Entry, UUID]]:
    """Accounts that are there in clear, by the digest of their ids under each key that the log was written with."""
    wanted: dict[str, dict[str, Entry]] = {}
    for entry in erasure_log.entries():
        done.entries += 1
        wanted.setdefault(entry.kid, {})[entry.digest] = entry
    for user_id in _accounts() if wanted else ():
        for kid, by_digest in wanted.items():
            if (digest := _digest(kid, user_id)) in by_digest:
                yield by_digest[digest], user_id


def _digest(kid: str, user_id: UUID) -> str:
    try:
        return digest_under(kid, user_id)
    except UnknownKey as error:
        raise ErasureLogBroken(f"The log of erasures was written with another index key. {error}") from error


def _accounts() -> Iterator[UUID]:
    """By key, page by page."""
    gone = (User.Status.ANONYMISED, User.Status.SURROGATE)
    rows = User.objects.exclude(status__in=gone).order_by("id").values_list("id", flat=True)
    page = list(rows[:PAGE])
    while page:
        yield from page
        page = list(rows.filter(id__gt=page[-1])[:PAGE])


def _erase_again(user_id: UUID, request_id: UUID) -> None:
    """Under the request of then. The backup may have it, open still; or another one that came to nothing."""
    request = PrivacyRequest.objects.filter(id=request_id).first()
    if request is None:
        request = PrivacyRequest.objects.filter(
            user_id=user_id, kind=Kind.ANONYMISE, status__in=PrivacyRequest.OPEN
        ).first()
    if request is None:
        request = open_request(user_id=user_id, kind=Kind.ANONYMISE, asked_by=None, request_id=request_id)
    if request.id == request_id:
        # The log has it; it is not to have it twice.
        PrivacyRequest.objects.filter(id=request_id, logged_at=None).update(logged_at=timezone.now())
    anonymise(user_id=user_id, request=request, despite=FORMER)
    finish_erasure(request_id=request.id)
