"""The checkpoint that is written once a day, where AUDIT_CHECKPOINTS says (docs/AUDIT.md)."""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings

from audit.exporting import export, export_to_storage, exported_through
from audit.models import AuditSeal
from hub.common.places import in_storage
from hub.common.redis import redis_client

CLOCK = "clock"
OFF = "none"
# When it was last sent for, in Redis.
LAST_KEY = "hub:audit-checkpoint:last"
DAY_SECONDS = 24 * 3600
AGAIN_SECONDS = 3600
FIRST_OF_HASH = 8


def is_scheduled() -> bool:
    """Whether there is a place for it."""
    return bool(settings.AUDIT_CHECKPOINTS != OFF)


def is_due() -> bool:
    """Whether it is a day since it was sent for, or an hour since it failed."""
    last = redis_client().get(LAST_KEY)
    return is_scheduled() and (last is None or time.time() - float(str(last)) >= DAY_SECONDS)


def note_sent() -> None:
    """It is due again in a day."""
    redis_client().set(LAST_KEY, str(time.time()))


def note_failed() -> None:
    """It is due again in an hour, after the next seal: while nothing happens the database is not woken for it."""
    redis_client().set(LAST_KEY, str(time.time() - DAY_SECONDS + AGAIN_SECONDS))


def export_scheduled() -> str | None:
    """Writes the newest seal, or all since the last export when AUDIT_CHECKPOINT_ENTRIES; returns the file's name.

    None when there is nothing new or no place. The name is made of the seals and the last one's hash: a second run
    finds it there, and a restored database, whose seals may have the same numbers, overwrites none. Audited. Raises
    TrailBroken, OSError and ServiceUnavailable; then nothing is left in its place.
    """
    newest = AuditSeal.objects.order_by("-number").values_list("number", "hash").first()
    if newest is None or not is_scheduled():
        return None
    last, entries = newest[0], settings.AUDIT_CHECKPOINT_ENTRIES
    first = exported_through() + 1 if entries else last
    if first > last:
        return None
    name = _name(first, last, bytes(newest[1]))
    return name if _written(name, first=first, last=last, entries=entries) else None


def _name(first: int, last: int, last_hash: bytes) -> str:
    return f"seals-{first:09}-{last:09}-{last_hash.hex()[:FIRST_OF_HASH]}.jsonl"


def _written(name: str, *, first: int, last: int, entries: bool) -> bool:
    """False when it is there."""
    place = in_storage(settings.AUDIT_CHECKPOINTS)
    if place is not None:
        storage, folder = place
        key = f"{folder}/{name}"
        return export_to_storage(storage, key, first=first, last=last, entries=entries, asked_by=CLOCK) is not None
    folder_here = Path(settings.AUDIT_CHECKPOINTS)
    folder_here.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        export(path=folder_here / name, first=first, last=last, entries=entries, asked_by=CLOCK)
    except FileExistsError:
        return False
    return True
