"""Reads of media, scoped by their owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files import File
from django.db.models import QuerySet

from hub.common.errors import NotFound
from media import stores
from media.models import Media
from users.models import User

UPLOADED, GENERATED = SOURCES = ("uploaded", "generated")


def media_of(
    user: User,
    *,
    kind: str | None = None,
    source: str | None = None,
    generation: UUID | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> QuerySet[Media]:
    """What the user owns and has not deleted, newest first; made at or after the one moment and before the other.

    `source` is UPLOADED or GENERATED; `generation` is the id of the one that made it.
    """
    rules: dict[str, Any] = {
        "kind": kind,
        "reference__isnull": None if source is None else source == UPLOADED,
        "reference": generation,
        "created_at__gte": created_after,
        "created_at__lt": created_before,
    }
    given = {name: value for name, value in rules.items() if value is not None}
    return Media.objects.filter(owner=user, deleted_at=None, **given).order_by("-created_at", "-id")


def one_of(user: User, media_id: UUID) -> Media:
    """One of the user's; raises NotFound, also for another user's."""
    found = media_of(user).filter(id=media_id).first()
    if found is None:
        raise NotFound("There is no such media, or it is not yours.")
    return found


def files_by_reference(references: Iterable[UUID]) -> dict[UUID, list[Media]]:
    """The files that each piece of work made, in order, in one query."""
    grouped: dict[UUID, list[Media]] = defaultdict(list)
    for media in Media.objects.filter(reference__in=list(references), deleted_at=None).order_by(
        "reference", "position"
    ):
        if media.reference is not None:
            grouped[media.reference].append(media)
    return grouped


def opened(media: Media) -> File[bytes]:
    """The bytes, for reading; raises NotFound when the object is gone from storage."""
    return stores.opened(media.storage, media.key)
