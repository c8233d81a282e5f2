"""Files whose time is over, rows whose object is gone, and objects that nobody knows.

What goes from storage goes as ever: noted in the database first, removed by the sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from audit.actions import Action
from audit.services import record
from hub.common.purging import Counts, Key, Outcome, Part, Purge, Rows
from media import stores
from media.models import Media, Removal
from media.removing import note_at_once
from users.privacy.legal_hold import held_users

NAME = "purge_media"
# Exports and the log of erasures lie elsewhere, and have their own ends.
FOLDERS = ("generations", "uploads")
PAGE = 500


def purge_media(*, days: int, orphans: bool = True) -> Purge:
    """Files that have expired; with `orphans` also rows without their object and objects without a row, both so many
    days old. Files of accounts under legal hold stay, and those that a job works with."""
    before = timezone.now() - timedelta(days=days)
    there = Media.objects.filter(deleted_at=None).exclude(owner_id__in=held_users())
    expired = there.filter(expires_at__lte=timezone.now())
    parts: list[Part] = [Rows(name="expired", rows=expired, act=_expire, order=("expires_at", "pk"))]
    if orphans:
        parts += [RowsWithoutObject(there.filter(created_at__lt=before)), ObjectsWithoutRow(before)]
    says = "files that have expired"
    orphaned = f", and orphans of before {before:%Y-%m-%d %H:%M} UTC" if orphans else ""
    return Purge(NAME, says + orphaned, parts)


def _expire(rows: QuerySet[Media]) -> Counts:
    return {"media.expired": _delete(_not_in_use(rows), reason="expired")}


def _not_in_use(rows: QuerySet[Media]) -> list[Media]:
    """Locked against a submission that takes one of them at this moment."""
    uses = [import_string(path) for path in settings.MEDIA_USES]
    locked = list(rows.select_for_update(of=("self",)))
    return [each for each in locked if not any(is_used(each.id) for is_used in uses)]


def _delete(files: Sequence[Media], *, reason: str) -> int:
    """As delete_media does."""
    for each in files:
        record(
            action=Action.MEDIA_DELETED,
            actor_label=NAME,
            target=("media", each.id),
            subject_id=each.owner_id,
            kind=each.kind,
            bytes=each.bytes,
            reason=reason,
        )
    note_at_once((each.storage, each.key) for each in files)
    gone = Media.objects.filter(id__in=[each.id for each in files], deleted_at=None)
    return gone.update(deleted_at=Now(), idempotency_key="")


class RowsWithoutObject:
    """Rows whose object the store does not have: found by asking it for each one."""

    name = "rows_without_object"

    def __init__(self, rows: QuerySet[Media]) -> None:
        self._rows = rows

    def keys(self, after: Key | None, limit: int) -> Sequence[Key]:
        """Raises ServiceUnavailable: a store that is away has lost nothing."""
        return list(islice(self._lost(after), limit))

    def _lost(self, after: Key | None) -> Iterator[Key]:
        rows = self._rows.order_by("pk").values_list("pk", "storage", "key")
        page = list((rows if after is None else rows.filter(pk__gt=after[0]))[:PAGE])
        while page:
            yield from ((id,) for id, storage, key in page if not stores.exists(storage, key))
            page = list(rows.filter(pk__gt=page[-1][0])[:PAGE])

    def carry_out(self, keys: Sequence[Key], *, dry_run: bool) -> Outcome:
        """Each of them is deleted from here on, as its bytes are."""
        with transaction.atomic():
            files = _not_in_use(self._rows.filter(pk__in=[key[0] for key in keys]))
            count = _delete(files, reason="object_gone")
            transaction.set_rollback(dry_run)
        return Outcome({"media.without_object": count}, seen=len(keys))


class ObjectsWithoutRow:
    """Objects of files that no row that is not deleted names, and that are not about to go: found by a walk."""

    name = "objects_without_row"

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._walk: Iterator[Key] = iter(())

    def keys(self, after: Key | None, limit: int) -> Sequence[Key]:
        """Goes on where the walk is: a store has no keyset. Raises ServiceUnavailable."""
        if after is None:
            self._walk = self._unknown()
        return list(islice(self._walk, limit))

    def _unknown(self) -> Iterator[Key]:
        for storage in sorted({"file", *stores.REMOTE} & set(settings.STORAGES)):
            for folder in FOLDERS:
                walk = stores.walked(storage, folder)
                while page := list(islice(walk, PAGE)):
                    known = _known(storage, page)
                    yield from ((storage, key) for key in page if key not in known and self._is_old(storage, key))

    def carry_out(self, keys: Sequence[Key], *, dry_run: bool) -> Outcome:
        """Notes them; the sweep looks once more whether a row has come meanwhile."""
        with transaction.atomic():
            note_at_once((storage, key) for storage, key in keys)
            transaction.set_rollback(dry_run)
        return Outcome({"objects.without_row": len(keys)}, seen=len(keys))

    def _is_old(self, storage: str, key: str) -> bool:
        """What is young may be the work of somebody who has not written its row yet."""
        modified = stores.modified_at(storage, key)
        return modified is not None and modified < self._before


def _known(storage: str, keys: Sequence[str]) -> set[str]:
    kept = Media.objects.filter(storage=storage, key__in=keys, deleted_at=None)
    held = Media.objects.filter(storage=storage, key__in=keys, owner_id__in=held_users())
    going = Removal.objects.filter(storage=storage, key__in=keys)
    return {key for rows in (kept, held, going) for key in rows.values_list("key", flat=True)}
