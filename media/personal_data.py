"""What this app holds of a person, and what becomes of it (see hub/common/personal_data.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from hub.common.personal_data import DELETE, EXPORT, PAGE, Counts, Erasure, ExportedFile, Holdings, Table, classified
from media import removing, stores
from media.models import Media, Removal
from media.sniffing import EXTENSIONS

OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """One of the user's files, by its own id."""

    name: str
    storage: str
    key: str

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Raises NotFound and ServiceUnavailable."""
        return cast(AbstractContextManager[BinaryIO], stores.opened(self.storage, self.key))


class MediaHoldings(Holdings):
    """The table, and the objects that its rows point to."""

    def outside(self, user_id: UUID) -> Counts:
        """Objects: of files that are not deleted."""
        return {OBJECTS: Media.objects.filter(owner_id=user_id, deleted_at=None).count()}

    def note(self, erasure: Erasure) -> Counts:
        """Each object is to go; those of files deleted before that are still there are waited for as well."""
        rows = Media.objects.filter(owner_id=erasure.user_id)
        removing.note_all(rows.filter(deleted_at=None), erasure_id=erasure.id)
        gone = rows.exclude(deleted_at=None).values_list("key", flat=True)
        Removal.objects.filter(key__in=gone).update(erasure_id=erasure.id)
        return {OBJECTS: rows.filter(deleted_at=None).count()}

    def clean_up(self, erasure_id: UUID) -> None:
        """Removes them; what the store does not let go is left to the sweep."""
        removing.carry_out_all(erasure_id=erasure_id)

    def pending(self, erasure_id: UUID) -> Counts:
        """Objects that are still to go, exports among them."""
        return {OBJECTS: Removal.objects.filter(erasure_id=erasure_id).count()}

    def files(self, user_id: UUID) -> Iterator[ExportedFile]:
        """Those that are not deleted, oldest first."""
        rows = Media.objects.filter(owner_id=user_id, deleted_at=None).order_by("id")
        page = list(rows[:PAGE])
        while page:
            for each in page:
                yield StoredMedia(f"media/{each.id}.{EXTENSIONS.get(each.mime_type, 'bin')}", each.storage, each.key)
            page = list(rows.filter(id__gt=page[-1].id)[:PAGE]) if len(page) == PAGE else []


HOLDINGS = MediaHoldings(
    Table(
        model=Media,
        of=lambda user_id: Media.objects.filter(owner_id=user_id),
        columns=classified(
            {
                DELETE: "owner storage key idempotency_key",
                DELETE | EXPORT: "id created_at reference position kind mime_type bytes sha256 width height"
                " duration_seconds expires_at deleted_at",
            }
        ),
    ),
    nobody={
        "media_removals": "objects that are about to go; whose they were is not in it, and it goes with them",
    },
)
