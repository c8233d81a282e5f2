"""Puts seals on the trail: batch after batch, each chained to the one before, and no writer waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from audit.encoding import canonical, moment_text
from audit.entries import Entry, read_entries
from audit.merkle import HASH_BYTES, root_of, seal_hash
from audit.models import AuditLog, AuditSeal
from hub.common.ids import uuid7
from hub.common.locks import try_transaction_lock

LOCK = "audit.seal"
VERSION = 1
# One seal takes at most this many entries: what is in memory at once, here and where it is verified.
MOST_ENTRIES = 4096
NOTHING_BEFORE = bytes(HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one call did. `is_busy`: another transaction was at work on the same, and nothing was done."""

    number: int | None = None
    count: int = 0
    is_busy: bool = False

    @property
    def is_full(self) -> bool:
        """Whether another call may find more."""
        return self.count == MOST_ENTRIES


def seal_next() -> Sealed:
    """One seal over the oldest entries that have none and are AUDIT_SETTLE_SECONDS old, in one transaction.

    Late entries (written earlier, committed later) are among them, whenever they come. A second call takes what is
    left; two at once never seal an entry twice: the second one is told `is_busy`. After a crash nothing of it is
    there. It waits for nobody: when another transaction holds one of the entries (an erasure), it is `is_busy` as well.
    """
    try:
        return _seal_next()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return Sealed(is_busy=True)
        raise


def _seal_next() -> Sealed:
    with transaction.atomic():
        if not try_transaction_lock(LOCK):
            return Sealed(is_busy=True)
        batch, now = _settled()
        if not batch:
            return Sealed()
        seal = _seal(batch, now)
        marked = AuditLog.objects.filter(id__in=[entry.id for entry in batch]).put_under(seal.number)
        if marked != len(batch):
            raise IntegrityError(
                f"{len(batch)} entries were read and {marked} marked: somebody else seals without the lock."
            )
    return Sealed(seal.number, seal.count)


def header_of(seal: AuditSeal) -> dict[str, Any]:
    """What the seal's hash covers; every other column follows from it or from the entries."""
    return {
        "version": seal.version,
        "trail": str(seal.trail),
        "number": seal.number,
        "previous": bytes(seal.previous).hex(),
        "root": bytes(seal.root).hex(),
        "count": seal.count,
        "first_at": moment_text(seal.first_at),
        "last_at": moment_text(seal.last_at),
        "covers_until": moment_text(seal.covers_until),
        "sealed_at": moment_text(seal.created_at),
    }


def hash_of(seal: AuditSeal) -> bytes:
    """The hash that its header has, whatever stands in its row."""
    return seal_hash(canonical(header_of(seal)))


def _settled() -> tuple[list[Entry], datetime | None]:
    """The oldest that may be sealed, and the database's time: the clocks of our own hosts do not matter here."""
    age = timedelta(seconds=settings.AUDIT_SETTLE_SECONDS)
    waiting = AuditLog.objects.waiting().filter(created_at__lt=Now() - age)
    rows = waiting.select_for_update(no_key=True, nowait=True)[:MOST_ENTRIES]
    found = list(read_entries(rows, now=Now()))
    return [entry for entry, _ in found], found[0][1][0] if found else None


def _seal(batch: Sequence[Entry], now: datetime | None) -> AuditSeal:
    assert now is not None
    last = AuditSeal.objects.order_by("-number").only("number", "hash", "trail", "covers_until").first()
    leaves = [entry.leaf for entry in batch]
    moments = [entry.created_at for entry in batch if entry.created_at is not None] or [now]
    seal = AuditSeal(
        created_at=now,
        number=last.number + 1 if last else 1,
        version=VERSION,
        trail=last.trail if last else uuid7(),
        previous=bytes(last.hash) if last else NOTHING_BEFORE,
        root=root_of(leaves),
        count=len(batch),
        first_at=min(moments),
        last_at=max(moments),
        covers_until=_covers_until(batch, max(moments), now, last),
        leaves=packed(zip((entry.id for entry in batch), leaves, strict=True)),
    )
    seal.hash = hash_of(seal)
    seal.save()
    return seal


def _covers_until(batch: Sequence[Entry], last_at: datetime, now: datetime, last: AuditSeal | None) -> datetime:
    # A full batch ended where it was full: what is younger was not looked at.
    is_full = len(batch) == MOST_ENTRIES
    reached = last_at if is_full else now - timedelta(seconds=settings.AUDIT_SETTLE_SECONDS)
    return max(reached, last.covers_until) if last else reached


def packed(leaves: Any) -> bytes:
    """Ids and hashes, as `AuditSeal.leaves` holds them."""
    return b"".join(entry_id.bytes + leaf for entry_id, leaf in leaves)


def unpacked(leaves: bytes) -> list[tuple[UUID, bytes]]:
    """The ids and hashes of a seal, in their order; a rest that is no whole one is left out."""
    size = 16 + HASH_BYTES
    whole = range(0, len(leaves) - size + 1, size)
    return [(UUID(bytes=leaves[at : at + 16]), leaves[at + 16 : at + size]) for at in whole]
